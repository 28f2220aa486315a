import Media
import Testing

@testable import ReviewTUI

@Suite("Pictures as symbols")
struct SymbolPreviewTests {
    /// Left half red, right half blue, lower half of each darker.
    private static let quarters: RGBImage = {
        var image = RGBImage(width: 101, height: 67, red: 200, green: 0, blue: 0)
        for y in 0..<67 {
            for x in 0..<101 {
                let level: UInt8 = y < 34 ? 220 : 90
                image[x: x, y: y] = x < 50 ? (level, 0, 0) : (0, 0, level)
            }
        }
        return image
    }()

    @Test(
        "every depth and alphabet fills exactly the cells asked for, one safe character each",
        arguments: ColorDepth.allCases)
    func fills(depth: ColorDepth) {
        for symbols in [SymbolPreview.Symbols.blocks, .ascii] {
            let preview = SymbolPreview(colors: depth, symbols: symbols)
            let buffer = preview.draw(Self.quarters, size: CellSize(columns: 21, rows: 9))
            #expect(buffer.size == CellSize(columns: 21, rows: 9))
            for cell in buffer.cells {
                let scalars = Array(cell.text.unicodeScalars)
                #expect(scalars.count == 1)
                let value = scalars.first?.value ?? 0
                #expect((0x20...0x7E).contains(value) || (symbols == .blocks && (0x2580...0x259F).contains(value)))
            }
        }
    }

    @Test("colours stand where they stand in the picture, whatever its row length")
    func places() {
        for width in [99, 100, 101, 102] {
            let image = Self.quarters.resized(to: PixelSize(width: width, height: 67), filter: .nearest)
            let buffer = SymbolPreview().draw(image, size: CellSize(columns: 20, rows: 10))
            for (row, column, red, blue) in [(1, 1, 220, 0), (1, 18, 0, 220), (8, 1, 90, 0), (8, 18, 0, 90)] {
                let color = averageColor(buffer[row, column])
                #expect(
                    abs(Int(color.red) - red) < 12 && abs(Int(color.blue) - blue) < 12, "\(width): \(row),\(column)")
            }
        }
    }

    @Test("an edge inside a cell is drawn inside it")
    func edges() {
        var image = RGBImage(width: 16, height: 16, red: 0, green: 0, blue: 0)
        for y in 0..<8 { for x in 0..<16 { image[x: x, y: y] = (255, 255, 255) } }
        let cell = SymbolPreview().draw(image, size: CellSize(columns: 1, rows: 1))[0, 0]
        let white = RGB(255, 255, 255)
        let black = RGB(0, 0, 0)
        let upper = cell.text == "▀" && cell.style.foreground == white && cell.style.background == black
        let lower = cell.text == "▄" && cell.style.foreground == black && cell.style.background == white
        #expect(upper || lower)
    }

    @Test("indexed colours are exact entries of the cube and the grey ramp")
    func indexed() {
        let buffer = SymbolPreview(colors: .indexed).draw(Self.quarters, size: CellSize(columns: 20, rows: 10))
        for cell in buffer.cells {
            for color in [cell.style.foreground, cell.style.background].compactMap({ $0 }) {
                #expect(RGB(xterm: color.xtermIndex) == color)
            }
        }
    }

    @Test("a muted colour keeps its hue among 256, and a grey stays grey")
    func hue() {
        let wood = RGB(xterm: RGB(130, 70, 30).xtermIndex)
        #expect(wood.red > wood.green && wood.green > wood.blue)
        #expect(RGB(xterm: RGB(128, 128, 128).xtermIndex) == RGB(128, 128, 128))
        #expect(RGB(0, 0, 0).xtermIndex == 16 && RGB(255, 255, 255).xtermIndex == 231)
    }

    @Test("without colour no cell has one, and brighter parts have more ink on dark, less on light")
    func mono() {
        var image = RGBImage(width: 64, height: 32, red: 10, green: 10, blue: 10)
        for y in 0..<32 { for x in 32..<64 { image[x: x, y: y] = (240, 240, 240) } }
        for dark in [true, false] {
            let ascii = SymbolPreview(colors: .mono, symbols: .ascii, darkBackground: dark)
                .draw(image, size: CellSize(columns: 8, rows: 4))
            #expect(ascii.cells.allSatisfy { $0.style == .plain })
            #expect(ascii[1, 1].text == (dark ? " " : "@") && ascii[1, 6].text == (dark ? "@" : " "))
            let blocks = SymbolPreview(colors: .mono, symbols: .blocks, darkBackground: dark)
                .draw(image, size: CellSize(columns: 8, rows: 4))
            #expect(blocks[1, 1].text == (dark ? " " : "█") && blocks[1, 6].text == (dark ? "█" : " "))
        }
    }

    @Test("sides out of range are held between 1 and 1000")
    func clamped() {
        let image = RGBImage(width: 3, height: 2, red: 9, green: 9, blue: 9)
        #expect(SymbolPreview().draw(image, size: CellSize(columns: 0, rows: -5)).size == CellSize(columns: 1, rows: 1))
        #expect(
            SymbolPreview(colors: .mono, symbols: .ascii).draw(image, size: CellSize(columns: 5000, rows: 1)).size
                == CellSize(columns: 1000, rows: 1))
    }

    /// The mean of a cell's two colours, which is close enough where both are nearly the same.
    private func averageColor(_ cell: Cell) -> RGB {
        let a = cell.style.foreground ?? cell.style.background ?? RGB(0, 0, 0)
        let b = cell.style.background ?? a
        if cell.text == " " { return b }
        if cell.text == "█" { return a }
        return RGB(
            UInt8((Int(a.red) + Int(b.red)) / 2), UInt8((Int(a.green) + Int(b.green)) / 2),
            UInt8((Int(a.blue) + Int(b.blue)) / 2))
    }
}
