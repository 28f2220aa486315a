import ArgumentParser
import Foundation
import Media

/// Draws one image to stdout by the console's own code.
struct PreviewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preview", abstract: "Draw one image in the terminal, as the console would.")

    enum Format: String, CaseIterable, ExpressibleByArgument {
        case sixel, symbols, ascii, kitty, iterm2
    }

    @Argument(help: ArgumentHelp("A PNG, JPEG or WebP file.", valueName: "file"))
    var file: String

    @Option(help: "How to draw it.")
    var format: Format = .symbols

    @Option(help: ArgumentHelp("Cells to draw it in.", valueName: "columnsxrows"))
    var size: String?

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let (area, cell) = try target()
        let decoded = try await decode(in: area, cell: cell)
        if options.json {
            Output.result(Self.json(decoded))
        } else if format == .sixel {
            let pixels = PreviewGeometry.sixelPixels(for: decoded.originalSize, in: area, cell: cell, enlarging: false)
            FileHandle.standardOutput.write(Data(SixelPreview().encode(decoded.image, size: pixels) + [0x0A]))
        } else if format == .kitty {
            let cells = PreviewGeometry.scaledCells(for: decoded.originalSize, in: area, cell: cell, enlarging: false)
            let kitty = KittyPreview(throughTmux: ProcessInfo.processInfo.environment["TMUX"] != nil)
            let bytes = kitty.transmission(decoded.image, as: .direct(cells))
            FileHandle.standardOutput.write(Data(bytes + [0x0A]))
        } else if format == .iterm2 {
            let cells = PreviewGeometry.scaledCells(for: decoded.originalSize, in: area, cell: cell, enlarging: false)
            FileHandle.standardOutput.write(Data(InlineImagePreview().encode(decoded.image, in: cells) + [0x0A]))
        } else {
            let cells = PreviewGeometry.cells(for: decoded.originalSize, in: area, cell: cell)
            let preview = SymbolPreview(colors: colors, symbols: format == .ascii ? .ascii : .blocks)
            Output.result(preview.draw(decoded.image, size: cells).ansi(depth: colors))
        }
        for note in decoded.notes.sorted(by: { $0.rawValue < $1.rawValue }) { Output.say("\(note)") }
    }

    private func decode(in area: CellSize, cell: PixelSize) async throws -> DecodedImage {
        let bound = PixelSize(width: area.columns * cell.width, height: area.rows * cell.height)
        do throws(MediaError) {
            return try await MediaDecoder.ownProcess().decode(path: file, bound: bound)
        } catch {
            throw CommandFailure(error.exitStatus, "\(file): \(error)")
        }
    }

    private var colors: ColorDepth {
        let environment = ProcessInfo.processInfo.environment
        if environment["NO_COLOR"].map({ !$0.isEmpty }) == true { return .mono }
        return ["truecolor", "24bit"].contains(environment["COLORTERM"]) ? .truecolor : .indexed
    }

    /// The area to draw in: what was asked for, else the terminal's, one row left for the prompt.
    private func target() throws -> (area: CellSize, cell: PixelSize) {
        let window = TerminalWindow(descriptor: STDOUT_FILENO)
        let cell = window?.cell ?? PreviewGeometry.assumedCell
        var area = CellSize(columns: 80, rows: 24)
        if let cells = window?.cells { area = CellSize(columns: cells.columns, rows: max(1, cells.rows - 1)) }
        if let size {
            let sides = size.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
            guard sides.count == 2, let columns = sides[0], let rows = sides[1], (1...1000).contains(columns),
                (1...1000).contains(rows)
            else {
                throw CommandFailure(
                    .usage, "--size wants columns and rows from 1 to 1000, like 80x24; it was \(size).")
            }
            area = CellSize(columns: columns, rows: rows)
        }
        return (area, cell)
    }

    /// Numbers and fixed words only: nothing in it comes from the file's bytes as text.
    private static func json(_ decoded: DecodedImage) -> String {
        let notes = decoded.notes.map { "\"\($0)\"" }.sorted().joined(separator: ",")
        return """
            {"format":"\(decoded.format.name)","width":\(decoded.originalSize.width),\
            "height":\(decoded.originalSize.height),"notes":[\(notes)]}
            """
    }
}
