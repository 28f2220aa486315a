import Media
import Testing

@testable import ReviewTUI

@Suite("Pictures by kitty's protocol")
struct KittyPreviewTests {
    /// Noise, which PNG cannot make small.
    private func noise(_ width: Int, _ height: Int) -> RGBImage {
        var seed: UInt32 = 7
        let pixels = (0..<width * height * 3).map { _ in
            // Numerical Recipes' linear congruence; its upper bits are the better ones.
            seed = seed &* 1_664_525 &+ 1_013_904_223
            return UInt8(seed >> 24)
        }
        return RGBImage(width: width, height: height, pixels: pixels)
    }

    @Test("the pixels arrive as they were, whatever the size", arguments: [(1, 1), (37, 23), (320, 240)])
    func pixels(width: Int, height: Int) throws {
        let image = noise(width, height)
        let id = KittyImageID(run: 9, counting: 3)
        let size = CellSize(columns: 12, rows: 5)
        let read = try KittyReader(KittyPreview().transmission(image, as: .placeholders(id, size)))
        let command = try #require(read.commands.first)
        #expect(read.commands.count == 1)
        #expect(try command.image() == image)
        #expect(
            command.keys.filter { $0.key != "m" }
                == ["a": "T", "f": "100", "U": "1", "i": "\(id.number)", "c": "12", "r": "5", "q": "2"])
    }

    @Test("chunks are full but for the last, and never longer than the protocol allows")
    func chunks() throws {
        let read = try KittyReader(
            KittyPreview().transmission(noise(320, 240), as: .direct(CellSize(columns: 1, rows: 1))))
        #expect(read.chunks.count > 3)
        #expect(read.chunks.dropLast().allSatisfy { $0 == 4096 })
        #expect((1...4096).contains(try #require(read.chunks.last)))
    }

    @Test("a direct placement has neither an id nor placeholders")
    func direct() throws {
        let bytes = KittyPreview().transmission(noise(8, 8), as: .direct(CellSize(columns: 3, rows: 2)))
        let keys = try #require(try KittyReader(bytes).commands.first).keys
        #expect(keys["i"] == nil && keys["U"] == nil)
        #expect(keys["c"] == "3" && keys["r"] == "2")
    }

    @Test("deleting names the id and frees the pixels")
    func deletion() throws {
        let id = KittyImageID(run: 200, counting: 0)
        let keys = try #require(try KittyReader(KittyPreview().deletion(of: id)).commands.first).keys
        #expect(keys == ["a": "d", "d": "I", "i": "\(200 << 24 | 16)", "q": "2"])
    }

    @Test("through tmux every escape code is wrapped by itself, its escapes doubled")
    func tmux() throws {
        let id = KittyImageID(run: 1, counting: 0)
        let image = noise(160, 120)
        let place = KittyPreview.Placement.placeholders(id, CellSize(columns: 4, rows: 3))
        let plain = KittyPreview().transmission(image, as: place)
        var wrapped = KittyPreview(throughTmux: true).transmission(image, as: place)[...]
        var unwrapped: [UInt8] = []
        while !wrapped.isEmpty {
            // As tmux reads it: up to an escape that is followed by a backslash and not preceded by another escape.
            try #require(wrapped.starts(with: Array("\u{1B}Ptmux;".utf8)))
            wrapped = wrapped.dropFirst(7)
            while wrapped.first != 0x1B || wrapped.dropFirst().first == 0x1B {
                let byte = try #require(wrapped.first)
                wrapped = wrapped.dropFirst()
                unwrapped.append(byte)
                if byte == 0x1B { wrapped = wrapped.dropFirst() }
            }
            try #require(wrapped.starts(with: [0x1B, UInt8(ascii: "\\")]))
            wrapped = wrapped.dropFirst(2)
        }
        #expect(unwrapped == plain)
    }

    @Test("rows and columns stand for themselves by kitty's own rule, 297 of each")
    func diacritics() throws {
        #expect(KittyImageID.mostCells == 297)
        #expect(KittyReader.diacritics.count == 297)
        let id = KittyImageID(run: 77, counting: 5)
        for number in 0..<297 {
            let cell = Cell(
                id.placeholder(row: number, column: 296 - number), style: Style(foreground: id.colour(depth: .indexed)))
            let found = try #require(KittyReader.placeholder(in: cell, depth: .indexed))
            #expect(found == (id.number, number, 296 - number))
        }
    }

    @Test("every id survives as a foreground colour", arguments: [ColorDepth.indexed, .truecolor])
    func colours(depth: ColorDepth) throws {
        var seen: Set<UInt32> = []
        for count in 0..<KittyImageID.count {
            let id = KittyImageID(run: 255, counting: count)
            let cell = Cell(id.placeholder(row: 0, column: 0), style: Style(foreground: id.colour(depth: depth)))
            #expect(KittyReader.placeholder(in: cell, depth: depth)?.id == id.number)
            seen.insert(id.number)
        }
        #expect(seen.count == 216)
        #expect(KittyImageID(run: 255, counting: 216) == KittyImageID(run: 255, counting: 0))
    }

    @Test("no colour, no id", arguments: [ColorDepth.mono, .eight, .sixteen])
    func fewColours(depth: ColorDepth) {
        #expect(KittyImageID(run: 1, counting: 1).colour(depth: depth) == nil)
    }

    @Test("an item's text cannot hold a placeholder: it is shown as a mark")
    func hostile() {
        let text = "\u{10EEEE}\u{305}\u{305}"
        #expect(!SafeText(text).pieces.map(\.text).joined().unicodeScalars.contains(KittyImageID.placeholder))
    }
}

@Suite("A kitty picture on the screen")
struct KittyScreenTests {
    private static let id = KittyImageID(run: 42, counting: 7)
    private static let size = CellSize(columns: 30, rows: 9)

    private func reviewer(depth: ColorDepth = .indexed) -> Reviewer {
        var abilities = ScreenAbilities()
        abilities.colours = depth
        abilities.graphics = .kitty(cell: PixelSize(width: 10, height: 20), throughTmux: false)
        return Reviewer(
            [Sample.picture("photo-1"), Sample.harmless], columns: 120, rows: 40, abilities: abilities,
            preview: .some { _ in
                .picture(
                    Picture(
                        cells: CellBuffer(size: CellSize(columns: 0, rows: 0)),
                        pixels: PixelPicture(
                            form: .kitty(Self.id), bytes: [1], forgetting: [2], size: Self.size),
                        pixelWidth: 300, pixelHeight: 180, format: "PNG"))
            })
    }

    /// Positions of the screen by the part of the picture they show.
    private func grid(_ frame: Frame, depth: ColorDepth = .indexed) -> [[Int]: (row: Int, column: Int)] {
        var found: [[Int]: (row: Int, column: Int)] = [:]
        for row in 0..<frame.cells.size.rows {
            for column in 0..<frame.cells.size.columns {
                guard let part = KittyReader.placeholder(in: frame.cells[row, column], depth: depth) else { continue }
                #expect(part.id == Self.id.number)
                found[[part.row, part.column]] = (row, column)
            }
        }
        return found
    }

    @Test("its cells hold every row and column once, side by side", arguments: [ColorDepth.indexed, .truecolor])
    func whole(depth: ColorDepth) throws {
        let frame = reviewer(depth: depth).frame
        let parts = grid(frame, depth: depth)
        #expect(parts.count == Self.size.columns * Self.size.rows)
        let placed = try #require(frame.picture)
        for (part, place) in parts { #expect(place == (placed.row + part[0], placed.column + part[1])) }
    }

    @Test("a pop-up hides the cells it covers and no others, and the picture stays with the terminal")
    func popUp() throws {
        var mia = reviewer()
        let before = mia.frame
        mia.press("?")
        let under = mia.frame
        #expect(under.picture == before.picture)
        #expect(grid(under).count < grid(before).count)
        mia.press("esc")
        #expect(mia.frame == before)
    }

    @Test("the next item's screen has neither the cells nor the picture")
    func gone() throws {
        var mia = reviewer()
        mia.press("a")
        #expect(mia.screen.contains("What a lovely harbour"))
        #expect(mia.frame.picture == nil)
        #expect(grid(mia.frame).isEmpty)
    }

    @Test("the driver hands it over once, before its cells, and takes it back by its id; moving it needs nothing")
    func driver() throws {
        let placed = try #require(reviewer().frame.picture)
        #expect(placed.driver.showsBeforeCells)
        #expect(placed.driver.show(placed, synchronized: true) == [[1]])
        #expect(placed.driver.erase(placed) == [2])
        #expect(placed.driver.area(of: placed) == nil)
        var moved = placed
        moved.row += 1
        #expect(moved.stands(for: placed))
        #expect(!placed.stands(for: nil))
    }

    @Test("it is handed over in whole escape codes, and can be broken off between any two", arguments: [false, true])
    func pieces(throughTmux: Bool) throws {
        let kitty = KittyPreview(throughTmux: throughTmux)
        let id = KittyImageID(run: 7, counting: 3)
        var seed: UInt32 = 1
        let noise = (0..<120 * 90 * 3).map { _ -> UInt8 in
            seed = seed &* 1_664_525 &+ 1_013_904_223
            return UInt8(seed >> 24)
        }
        let bytes = kitty.transmission(
            RGBImage(width: 120, height: 90, pixels: noise), as: .placeholders(id, CellSize(columns: 12, rows: 5)))
        let placed = PlacedPicture(
            picture: PixelPicture(
                form: .kitty(id), bytes: bytes, forgetting: kitty.deletion(of: id), ending: kitty.ending,
                size: CellSize(columns: 12, rows: 5)), row: 3, column: 4)
        let pieces = placed.driver.show(placed, synchronized: false)
        #expect(pieces.count > 3 && Array(pieces.joined()) == bytes)
        for piece in pieces { #expect(piece.starts(with: pieces[0].prefix(2)) && piece.suffix(2) == [0x1B, 0x5C]) }
        #expect(placed.driver.breakOff(placed, synchronized: false) == kitty.ending + kitty.deletion(of: id))
    }
}
