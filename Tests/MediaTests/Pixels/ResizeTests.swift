import Media
import Testing

@Suite("Resizing")
struct ResizeTests {
    /// The picture that `tools/fixtures/pillow_resize.py` resizes.
    static let noise: RGBImage = {
        var state: UInt32 = 1
        let pixels = (0..<23 * 17 * 3).map { _ -> UInt8 in
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(state >> 24)
        }
        return RGBImage(width: 23, height: 17, pixels: pixels)
    }()

    @Test("every filter is within one level of Pillow's", arguments: PillowNumbers.all)
    func pillow(numbers: PillowNumbers) throws {
        let size = PixelSize(width: numbers.width, height: numbers.height)
        let resized = Self.noise.resized(to: size, filter: numbers.filter)
        let digits = Array(numbers.hex.utf8)
        let expected = stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
        }
        try #require(expected.count == resized.pixels.count)
        let worst = zip(resized.pixels, expected).map { abs(Int($0) - Int($1)) }.max() ?? 0
        #expect(worst <= 1)
        // Off by one only where rounding order differs, not everywhere.
        let different = zip(resized.pixels, expected).count { $0 != $1 }
        #expect(different * 10 < expected.count * 4, "\(different) of \(expected.count) differ")
    }

    @Test("a flat picture stays flat under every filter", arguments: ResizeFilter.allCases)
    func flat(filter: ResizeFilter) {
        let image = RGBImage(width: 37, height: 19, red: 255, green: 0, blue: 129)
        for size in [PixelSize(width: 5, height: 3), PixelSize(width: 80, height: 60)] {
            #expect(
                image.resized(to: size, filter: filter)
                    == RGBImage(width: size.width, height: size.height, red: 255, green: 0, blue: 129))
        }
    }

    @Test("enlarging by nearest repeats pixels")
    func nearest() {
        let image = RGBImage(width: 2, height: 1, pixels: [1, 2, 3, 4, 5, 6])
        let large = image.resized(to: PixelSize(width: 4, height: 2), filter: .nearest)
        #expect(large.pixels == [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6, 1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6])
    }

    @Test("fitting keeps the shape, never enlarges and never reaches nothing")
    func fitting() {
        #expect(
            PixelSize(width: 1920, height: 1080).fitted(in: PixelSize(width: 800, height: 800))
                == PixelSize(width: 800, height: 450))
        #expect(
            PixelSize(width: 30, height: 20).fitted(in: PixelSize(width: 800, height: 800))
                == PixelSize(width: 30, height: 20))
        #expect(
            PixelSize(width: 10_000, height: 2).fitted(in: PixelSize(width: 50, height: 50))
                == PixelSize(width: 50, height: 1))
        #expect(
            PixelSize(width: 3, height: 2).filled(in: PixelSize(width: 90, height: 90))
                == PixelSize(width: 90, height: 60))
        #expect(
            gradient(width: 300, height: 7).fitting(PixelSize(width: 30, height: 30)).size
                == PixelSize(width: 30, height: 1))
    }

    @Test("the shortest edge is met exactly and the longer one truncated, as transformers does it")
    func shortestEdge() {
        #expect(gradient(width: 31, height: 21).resized(shortestEdge: 14).size == PixelSize(width: 20, height: 14))
        #expect(gradient(width: 21, height: 31).resized(shortestEdge: 14).size == PixelSize(width: 14, height: 20))
    }

    @Test("crops are cut where they are asked for and clipped to the picture")
    func crops() {
        let image = gradient(width: 10, height: 8)
        let part = image.cropped(x: 3, y: 2, size: PixelSize(width: 4, height: 5))
        #expect(part.size == PixelSize(width: 4, height: 5))
        #expect(part[x: 0, y: 0] == image[x: 3, y: 2])
        #expect(part[x: 3, y: 4] == image[x: 6, y: 6])
        #expect(image.cropped(x: 8, y: 7, size: PixelSize(width: 9, height: 9)).size == PixelSize(width: 2, height: 1))
        let middle = image.centreCropped(to: PixelSize(width: 5, height: 4))
        #expect(middle[x: 0, y: 0] == image[x: 2, y: 2])
    }
}
