import Testing

@testable import ModelCore

@Suite struct OcclusionTests {
    @Test func `Squares overlap by half, and the whole picture is hidden once or more`() throws {
        let squares = Occlusion.Patches(width: 32, height: 32)
        #expect(squares.rows == 8 && squares.columns == 8 && squares.places.count == 49)
        let image = try #require(
            PixelImage(width: 32, height: 32, rgb: [UInt8](repeating: 200, count: 32 * 32 * 3)))
        let covered = squares.places.map { squares.hidden(image, at: $0, colour: [1, 2, 3]) }
        let untouched = (0..<32 * 32).filter { pixel in !covered.contains { $0.rgb[pixel * 3] == 1 } }
        #expect(untouched.isEmpty)
        let changed = (0..<32 * 32).filter { covered[0].rgb[$0 * 3..<$0 * 3 + 3].elementsEqual([1, 2, 3]) }
        #expect(changed.count == 8 * 8)
    }

    @Test func `A cell's value is the mean fall of the squares over it`() {
        let squares = Occlusion.Patches(width: 30, height: 20, cells: 3, covered: 2)
        // Places: (0,0), (0,1), (1,0), (1,1) of a 3 × 3 map.
        #expect(squares.map(falls: [4, 0, 0, -8]) == [4, 2, 0, 2, -1, -4, 0, -4, -8])
    }

    @Test func `A picture smaller than the map has as many cells as pixels`() {
        let squares = Occlusion.Patches(width: 3, height: 1)
        #expect(squares.rows == 1 && squares.columns == 3 && squares.places.count == 2)
        #expect(squares.map(falls: [1, 3]) == [1, 2, 3])
    }

    @Test func `The mean colour is rounded, channel by channel`() throws {
        let image = try #require(PixelImage(width: 2, height: 1, rgb: [0, 10, 255, 1, 20, 255]))
        #expect(image.meanColour == [1, 15, 255])
    }

    @Test func `A word is taken out with all of its pieces, and nothing else`() {
        let encoding = Tokenizer.Encoding(
            ids: [2, 10, 11, 12, 3], offsets: [0..<0, 0..<4, 4..<6, 7..<9, 0..<0], words: [nil, 0, 0, 1, nil],
            special: [true, false, false, false, true], truncated: false)
        let variants = Occlusion.withoutEachWord(encoding)
        #expect(variants.map(\.word) == [0, 1])
        #expect(variants.map(\.rest.ids) == [[2, 12, 3], [2, 10, 11, 3]])
        #expect(variants[0].rest.words == [nil, 1, nil] && variants[0].rest.offsets[1] == 7..<9)
    }
}
