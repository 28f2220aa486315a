import Foundation
import Media
import Testing

@Suite("PNG")
struct PNGTests {
    @Test("what is written is what is read")
    func roundTrip() throws {
        for (width, height) in [(1, 1), (7, 3), (300, 200)] {
            let image = gradient(width: width, height: height)
            let decoded = try ImageDecoder().decode(PNGEncoder.encode(image))
            #expect(decoded == DecodedImage(image: image, originalSize: image.size, format: .png))
        }
    }

    @Test("a picture far over its bound is reduced while it is read, to the same look")
    func reduced() throws {
        let image = gradient(width: 1003, height: 601)
        let bound = PixelSize(width: 50, height: 50)
        let decoded = try ImageDecoder().decode(PNGEncoder.encode(image), bound: bound)
        #expect(decoded.originalSize == image.size)
        #expect(decoded.image.size == PixelSize(width: 50, height: 30))
        let whole = image.fitting(bound, filter: .area)
        for (x, y) in [(3, 2), (25, 15), (45, 27)] {
            let (a, b) = (decoded.image[x: x, y: y], whole[x: x, y: y])
            // Blue is a sawtooth far finer than a pixel.
            #expect(close((a.red, a.green, 0), (b.red, b.green, 0), within: 3))
        }
    }

    @Test("a header that claims 100 megapixels is refused before anything is allocated")
    func tooLarge() {
        var file = PNGEncoder.encode(gradient(width: 4, height: 4))
        file.replaceSubrange(16..<24, with: [0, 0, 0x27, 0x10, 0, 0, 0x27, 0x10])
        #expect(throws: MediaError.tooManyPixels(size: PixelSize(width: 10_000, height: 10_000), limit: 64_000_000)) {
            try ImageDecoder().decode(file)
        }
        // Sides whose product leaves 64 bits would overflow a careless check.
        file.replaceSubrange(16..<24, with: [255, 255, 255, 255, 255, 255, 255, 255])
        #expect(throws: MediaError.self) { try ImageDecoder().decode(file) }
    }

    @Test("a cut file shows its upper part, grey below, and says so")
    func truncated() throws {
        let image = ResizeTests.noise.resized(to: PixelSize(width: 230, height: 170), filter: .nearest)
        let whole = PNGEncoder.encode(image)
        let decoded = try ImageDecoder().decode(Array(whole[..<(whole.count / 2)]))
        #expect(decoded.notes == [.truncated])
        #expect(decoded.image[x: 100, y: 0] == image[x: 100, y: 0])
        #expect(decoded.image[x: 100, y: 169] == (128, 128, 128))
    }

    @Test("a wrong checksum is refused")
    func checksum() {
        var file = PNGEncoder.encode(gradient(width: 40, height: 40))
        file[file.count - 13] ^= 1
        #expect(throws: MediaError.corrupt(.png, detail: "IDAT: CRC error")) { try ImageDecoder().decode(file) }
    }

    @Test("transparent parts show a grey checkerboard", .enabled(if: hasData("pngsuite"), "\(missingData)"))
    func transparency() throws {
        // 32×32, a transparent background.
        let file = try contents(sharedData.appendingPathComponent("pngsuite/png/tbbn3p08.png"))
        let decoded = try ImageDecoder().decode(file)
        #expect(decoded.notes == [.transparent])
        #expect(decoded.image[x: 0, y: 0] == (153, 153, 153))
        #expect(decoded.image[x: 5, y: 0] == (102, 102, 102))
        #expect(decoded.image[x: 0, y: 5] == (102, 102, 102))
    }
}
