import Foundation
import Media
import Testing

@Suite("JPEG")
struct JPEGTests {
    /// Upright: red top left, green top right, blue bottom left, white bottom right.
    private static let corners: RGBImage = {
        var image = RGBImage(width: 48, height: 32, red: 0, green: 0, blue: 0)
        for y in 0..<32 {
            for x in 0..<48 {
                image[x: x, y: y] =
                    switch (x < 24, y < 16) {
                    case (true, true): (255, 0, 0)
                    case (false, true): (0, 255, 0)
                    case (true, false): (0, 0, 255)
                    case (false, false): (255, 255, 255)
                    }
            }
        }
        return image
    }()

    /// The upright picture as a camera with that orientation stores it (Exif 2.32, 4.6.4 A: where row 0 and column 0
    /// of the stored picture lie in the upright one).
    private func stored(_ orientation: Int) -> RGBImage {
        let upright = Self.corners
        let swaps = orientation >= 5
        let size = swaps ? upright.size.transposed : upright.size
        var out = RGBImage(width: size.width, height: size.height, red: 0, green: 0, blue: 0)
        let (right, bottom) = (upright.width - 1, upright.height - 1)
        for row in 0..<size.height {
            for column in 0..<size.width {
                let (x, y) =
                    switch orientation {
                    case 2: (right - column, row)
                    case 3: (right - column, bottom - row)
                    case 4: (column, bottom - row)
                    case 5: (row, column)
                    case 6: (right - row, column)
                    case 7: (right - row, bottom - column)
                    case 8: (row, bottom - column)
                    default: (column, row)
                    }
                out[x: column, y: row] = upright[x: x, y: y]
            }
        }
        return out
    }

    @Test("all eight EXIF orientations come out upright, in both byte orders", arguments: 1...8, [true, false])
    func orientations(orientation: Int, littleEndian: Bool) throws {
        let plain = JPEGFile.encode(stored(orientation))
        let file = JPEGFile.adding(orientation: UInt16(orientation), littleEndian: littleEndian, to: plain)
        let decoded = try ImageDecoder().decode(file)
        #expect(decoded.originalSize == PixelSize(width: 48, height: 32))
        #expect(decoded.image.size == decoded.originalSize)
        #expect(close(decoded.image[x: 4, y: 4], (255, 0, 0)))
        #expect(close(decoded.image[x: 43, y: 4], (0, 255, 0)))
        #expect(close(decoded.image[x: 4, y: 27], (0, 0, 255)))
        #expect(close(decoded.image[x: 43, y: 27], (255, 255, 255)))
        // With a bound, the picture is scaled while it decodes: the bound is of the upright picture.
        let small = try ImageDecoder().decode(file, bound: PixelSize(width: 12, height: 100))
        #expect(small.image.size == PixelSize(width: 12, height: 8))
        #expect(close(small.image[x: 1, y: 1], (255, 0, 0)))
        #expect(close(small.image[x: 10, y: 1], (0, 255, 0)))
    }

    @Test("an orientation out of range, or EXIF that points outside itself, leaves the picture as it is")
    func brokenEXIF() throws {
        let plain = JPEGFile.encode(Self.corners)
        for orientation: UInt16 in [0, 9, 65535] {
            let file = JPEGFile.adding(orientation: orientation, littleEndian: true, to: plain)
            #expect(try ImageDecoder().decode(file).image.size == Self.corners.size)
        }
        let wild: [[UInt8]] = [
            [], [0x49], [0x49, 0x49, 42, 0, 255, 255, 255, 255], [0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 255, 255],
            [0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0], [0x4D, 0x4D, 0, 42, 0, 0, 0, 0],
        ]
        for tiff in wild {
            let file = JPEGFile.adding(marker: 0xE1, body: Array("Exif\0\0".utf8) + tiff, to: plain)
            #expect(try ImageDecoder().decode(file).image.size == Self.corners.size)
        }
    }

    @Test("a cut file shows its upper part, grey below, and says so")
    func truncated() throws {
        let whole = JPEGFile.encode(gradient(width: 200, height: 200))
        let decoded = try ImageDecoder().decode(Array(whole[..<(whole.count / 2)]))
        #expect(decoded.notes == [.truncated])
        #expect(close(decoded.image[x: 100, y: 2], gradient(width: 200, height: 200)[x: 100, y: 2], within: 60))
        let last = decoded.image[x: 100, y: 198]
        #expect(last.red == last.green && last.green == last.blue)
    }

    @Test("a file cut within its header is refused with a reason")
    func headless() {
        let whole = JPEGFile.encode(gradient(width: 20, height: 20))
        for length in [3, 10, 40] {
            #expect { try ImageDecoder().decode(Array(whole[..<length])) } throws: { error in
                guard case MediaError.corrupt(.jpeg, let detail) = error else { return false }
                return !detail.isEmpty
            }
        }
    }

    @Test("inks become colours")
    func cmyk() throws {
        // Adobe's inverted inks: 255 is none. No ink is white, full cyan has no red, full black is black.
        let inks: [UInt8] = [[255, 255, 255, 255], [0, 255, 255, 255], [255, 255, 255, 0]].flatMap { ink in
            (0..<16 * 16).flatMap { _ in ink }
        }
        let decoded = try ImageDecoder().decode(JPEGFile.encode(inks: inks, width: 16, height: 48))
        #expect(close(decoded.image[x: 8, y: 8], (255, 255, 255)))
        #expect(close(decoded.image[x: 8, y: 24], (0, 255, 255)))
        #expect(close(decoded.image[x: 8, y: 40], (0, 0, 0)))
    }

    @Test("a header that claims 100 megapixels is refused before anything is allocated")
    func tooLarge() {
        var file = JPEGFile.encode(gradient(width: 16, height: 16))
        // The frame header: marker, length, precision, then height and width.
        let frame = zip(file.indices, file.indices.dropFirst()).first { file[$0] == 0xFF && file[$1] == 0xC0 }?.0 ?? 0
        file.replaceSubrange(frame + 5..<frame + 9, with: [0x27, 0x10, 0x27, 0x10])
        #expect(throws: MediaError.tooManyPixels(size: PixelSize(width: 10_000, height: 10_000), limit: 64_000_000)) {
            try ImageDecoder().decode(file)
        }
    }
}

func close(
    _ a: (red: UInt8, green: UInt8, blue: UInt8), _ b: (red: UInt8, green: UInt8, blue: UInt8), within levels: Int = 12
) -> Bool {
    abs(Int(a.red) - Int(b.red)) <= levels && abs(Int(a.green) - Int(b.green)) <= levels
        && abs(Int(a.blue) - Int(b.blue)) <= levels
}
