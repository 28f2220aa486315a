import Foundation
import Media

/// Draws a picture in pixels for terminals that speak kitty's graphics protocol
/// (sw.kovidgoyal.net/kitty/graphics-protocol).
///
/// ```swift
/// let bytes = KittyPreview().transmission(image, as: .placeholders(id, size))   // to the terminal, shows nothing yet
/// let cell = Cell(id.placeholder(row: 0, column: 0), style: …)                  // shows the picture's first cell
/// ```
///
/// Pixels travel as PNG in base64: half of what they are as plain levels, and far less where the picture is flat.
struct KittyPreview: Sendable {
    /// Whether tmux stands between and must hand the sequences on: it does with `allow-passthrough on`.
    var throughTmux = false

    /// How a transmitted picture comes onto the screen.
    enum Placement: Hashable, Sendable {
        /// At the cursor, scaled into so many cells. The terminal forgets it when it scrolls away.
        case direct(CellSize)
        /// Where cells hold the placeholders of its id. At most ``KittyImageID/mostCells`` columns and rows.
        case placeholders(KittyImageID, CellSize)
    }

    /// Base64 bytes of one escape code: the protocol's limit, and a multiple of four as it demands.
    static let chunkBytes = 4096

    /// The bytes that hand a picture over, in as many escape codes as it takes. The terminal answers nothing (`q=2`).
    func transmission(_ image: RGBImage, as placement: Placement) -> [UInt8] {
        let place =
            switch placement {
            case .direct(let size): "c=\(size.columns),r=\(size.rows)"
            case .placeholders(let id, let size): "U=1,i=\(id.number),c=\(size.columns),r=\(size.rows)"
            }
        let payload = Array(Data(PNGEncoder.encode(image)).base64EncodedData())
        var bytes: [UInt8] = []
        bytes.reserveCapacity(payload.count + payload.count / 64 + 128)
        for start in stride(from: 0, to: payload.count, by: Self.chunkBytes) {
            let end = min(payload.count, start + Self.chunkBytes)
            let first = start == 0 ? "a=T,f=100,\(place)," : ""
            bytes += escape("\(first)q=2,m=\(end < payload.count ? 1 : 0)", payload[start..<end])
        }
        return bytes
    }

    /// The bytes that make the terminal forget a picture, its pixels too.
    func deletion(of id: KittyImageID) -> [UInt8] { escape("a=d,d=I,i=\(id.number),q=2", []) }

    /// The bytes that end a transmission of which the rest will not come. The terminal throws away what it has.
    var ending: [UInt8] { escape("q=2,m=0", []) }

    private func escape(_ control: String, _ payload: ArraySlice<UInt8>) -> [UInt8] {
        let body = Array("_G\(control)".utf8) + (payload.isEmpty ? [] : [UInt8(ascii: ";")] + payload)
        // tmux's passthrough: the sequence in a DCS of tmux's own, each escape in it doubled.
        guard throughTmux else { return [0x1B] + body + [0x1B, UInt8(ascii: "\\")] }
        return Array("\u{1B}Ptmux;\u{1B}\u{1B}".utf8) + body + Array("\u{1B}\u{1B}\\\u{1B}\\".utf8)
    }
}

/// Names a picture to the terminal, and in the cells that show it: by their foreground colour and a third diacritic.
///
/// Every program in a terminal window shares the same names. The console takes one byte at random for the run and
/// counts in the other, so that it does not overwrite the pictures of its neighbour in tmux.
struct KittyImageID: Hashable, Sendable {
    /// The most significant byte.
    let run: UInt8
    /// The least significant byte: an entry of the colour cube of xterm's palette, 16 to 231, which survives as an
    /// indexed foreground colour and means the same on every terminal.
    let entry: UInt8

    /// Columns or rows of one picture: there are no more diacritics.
    static let mostCells = rowColumnDiacritics.count
    /// Pictures that are told apart.
    static let count = 216

    /// - Parameter number: counted over ``count`` and round again.
    init(run: UInt8, counting number: Int) {
        self.run = run
        entry = UInt8(16 + number % Self.count)
    }

    var number: UInt32 { UInt32(run) << 24 | UInt32(entry) }

    /// What shows one cell of the picture. Rows and columns are held below ``mostCells``.
    func placeholder(row: Int, column: Int) -> Grapheme {
        var grapheme = Grapheme(Self.placeholder)
        for number in [row, column, Int(run)] {
            grapheme.append(rowColumnDiacritics[min(Self.mostCells - 1, max(0, number))])
        }
        return grapheme
    }

    /// The foreground colour that carries ``entry``; nil where a terminal has too few colours for it.
    func colour(depth: ColorDepth) -> RGB? {
        switch depth {
        case .mono, .eight, .sixteen: nil
        case .indexed: RGB(xterm: Int(entry))
        // The three levels are bytes of the number themselves.
        case .truecolor: RGB(0, 0, entry)
        }
    }

    static let placeholder: Unicode.Scalar = "\u{10EEEE}"
}

/// What stands for the numbers 0 to 296 above a placeholder: combining marks of class 230 from Unicode 6.0 that have no
/// decomposition and that no normalisation joins with a letter (kitty's `rowcolumn-diacritics.txt`).
private let rowColumnDiacritics: [Unicode.Scalar] = {
    let ranges: [ClosedRange<UInt32>] = [
        0x305...0x305, 0x30D...0x30E, 0x310...0x310, 0x312...0x312, 0x33D...0x33F, 0x346...0x346, 0x34A...0x34C,
        0x350...0x352, 0x357...0x357, 0x35B...0x35B, 0x363...0x36F, 0x483...0x487, 0x592...0x595, 0x597...0x599,
        0x59C...0x5A1, 0x5A8...0x5A9, 0x5AB...0x5AC, 0x5AF...0x5AF, 0x5C4...0x5C4, 0x610...0x617, 0x657...0x65B,
        0x65D...0x65E, 0x6D6...0x6DC, 0x6DF...0x6E2, 0x6E4...0x6E4, 0x6E7...0x6E8, 0x6EB...0x6EC, 0x730...0x730,
        0x732...0x733, 0x735...0x736, 0x73A...0x73A, 0x73D...0x73D, 0x73F...0x741, 0x743...0x743, 0x745...0x745,
        0x747...0x747, 0x749...0x74A, 0x7EB...0x7F1, 0x7F3...0x7F3, 0x816...0x819, 0x81B...0x823, 0x825...0x827,
        0x829...0x82D, 0x951...0x951, 0x953...0x954, 0xF82...0xF83, 0xF86...0xF87, 0x135D...0x135F, 0x17DD...0x17DD,
        0x193A...0x193A, 0x1A17...0x1A17, 0x1A75...0x1A7C, 0x1B6B...0x1B6B, 0x1B6D...0x1B73, 0x1CD0...0x1CD2,
        0x1CDA...0x1CDB, 0x1CE0...0x1CE0, 0x1DC0...0x1DC1, 0x1DC3...0x1DC9, 0x1DCB...0x1DCC, 0x1DD1...0x1DE6,
        0x1DFE...0x1DFE, 0x20D0...0x20D1, 0x20D4...0x20D7, 0x20DB...0x20DC, 0x20E1...0x20E1, 0x20E7...0x20E7,
        0x20E9...0x20E9, 0x20F0...0x20F0, 0x2CEF...0x2CF1, 0x2DE0...0x2DFF, 0xA66F...0xA66F, 0xA67C...0xA67D,
        0xA6F0...0xA6F1, 0xA8E0...0xA8F1, 0xAAB0...0xAAB0, 0xAAB2...0xAAB3, 0xAAB7...0xAAB8, 0xAABE...0xAABF,
        0xAAC1...0xAAC1, 0xFE20...0xFE26, 0x10A0F...0x10A0F, 0x10A38...0x10A38, 0x1D185...0x1D189, 0x1D1AA...0x1D1AD,
        0x1D242...0x1D244,
    ]
    return ranges.flatMap { $0.compactMap(Unicode.Scalar.init) }
}()
