import Foundation
import Media
import Testing

@Suite("WebP")
struct WebPTests {
    private func decode(_ file: [UInt8], bound: PixelSize? = nil) throws -> DecodedImage {
        try ImageDecoder().decode(file, bound: bound)
    }

    @Test("lossless pixels come back as they were, lossy ones nearly")
    func pixels() throws {
        let picture = gradient(width: 61, height: 37)
        let decoded = try decode(WebPFile.lossless(picture))
        #expect(decoded.image == picture && decoded.format == .webp && decoded.notes.isEmpty)
        #expect(decoded.originalSize == picture.size)
        let near = try decode(WebPFile.lossy(RGBImage(width: 40, height: 30, red: 200, green: 90, blue: 20)))
        #expect(near.image.size == PixelSize(width: 40, height: 30))
        let (red, green, blue) = near.image[x: 20, y: 15]
        #expect(abs(Int(red) - 200) < 6 && abs(Int(green) - 90) < 6 && abs(Int(blue) - 20) < 6)
    }

    @Test("within a bound it keeps its shape and its colours")
    func bounded() throws {
        let picture = gradient(width: 400, height: 200)
        let decoded = try decode(WebPFile.lossless(picture), bound: PixelSize(width: 100, height: 100))
        #expect(decoded.image.size == PixelSize(width: 100, height: 50))
        #expect(decoded.originalSize == picture.size)
        let left = decoded.image[x: 2, y: 25]
        let right = decoded.image[x: 97, y: 25]
        #expect(left.0 < 20 && right.0 > 235)
    }

    @Test("a checkerboard shows through where it is transparent", arguments: [true, false])
    func alpha(lossless: Bool) throws {
        let (width, height) = (96, 96)
        var pixels: [UInt8] = []
        for _ in 0..<height { for x in 0..<width { pixels += [250, 10, 10, x < 48 ? 255 : 0] } }
        let file =
            lossless
            ? WebPFile.lossless(rgba: pixels, width: width, height: height)
            : WebPFile.lossy(rgba: pixels, width: width, height: height)
        let decoded = try decode(file)
        #expect(decoded.notes == [.transparent])
        #expect(decoded.image[x: 10, y: 10].0 > 230)
        let board = Set((0..<height).map { decoded.image[x: 90, y: $0].0 })
        #expect(board == [102, 153], "\(board)")
    }

    @Test("EXIF orientation turns it upright, with JPEG's mark before the chunk and without", arguments: [true, false])
    func orientation(mark: Bool) throws {
        var stored = RGBImage(width: 48, height: 32, red: 0, green: 0, blue: 200)
        for y in 0..<32 { for x in 0..<24 { stored[x: x, y: y] = (200, 0, 0) } }
        let decoded = try decode(WebPFile.adding(orientation: 6, mark: mark, to: stored))
        #expect(decoded.image.size == PixelSize(width: 32, height: 48) && decoded.originalSize == decoded.image.size)
        #expect(decoded.image[x: 16, y: 4].0 == 200 && decoded.image[x: 16, y: 44].2 == 200)
    }

    @Test("of an animation the first frame is shown where it stands, and that there are others is said")
    func animation() throws {
        let red = RGBImage(width: 20, height: 10, red: 200, green: 0, blue: 0)
        let green = RGBImage(width: 60, height: 40, red: 0, green: 200, blue: 0)
        let decoded = try decode(
            WebPFile.animation([(red, 10, 6), (green, 0, 0)], width: 60, height: 40))
        #expect(decoded.image.size == PixelSize(width: 60, height: 40))
        #expect(decoded.notes == [.animated, .transparent])
        #expect(decoded.image[x: 10, y: 6] == (200, 0, 0) && decoded.image[x: 29, y: 15] == (200, 0, 0))
        #expect([102, 153].contains(decoded.image[x: 30, y: 15].0), "beside it shows the board")
        let whole = try decode(WebPFile.animation([(green, 0, 0), (red, 0, 0)], width: 60, height: 40))
        #expect(whole.notes == [.animated] && whole.image == green)
    }

    @Test("a cut file shows the rows that are there and says so; without any it is refused")
    func cut() throws {
        let file = WebPFile.lossless(gradient(width: 300, height: 300))
        let decoded = try decode(Array(file.prefix(file.count * 2 / 3)))
        #expect(decoded.notes == [.truncated] && decoded.image.size == PixelSize(width: 300, height: 300))
        #expect(decoded.image[x: 5, y: 299] == (128, 128, 128) && decoded.image[x: 299, y: 2].0 > 250)
        for length in [13, 20, 24, 30] {
            #expect(throws: MediaError.self, "\(length)") { try decode(Array(file.prefix(length))) }
        }
    }

    @Test("damage is refused or shown, and ends nothing", arguments: 0..<4)
    func damaged(kind: Int) throws {
        let picture = gradient(width: 80, height: 60)
        let file =
            switch kind {
            case 0: WebPFile.lossless(picture)
            case 1: WebPFile.lossy(picture)
            case 2: WebPFile.adding(orientation: 6, mark: true, to: picture)
            default: WebPFile.animation([(picture, 2, 2), (picture, 0, 0)], width: 90, height: 70)
            }
        var shown = 0
        for position in 12..<min(file.count, 400) {
            var broken = file
            broken[position] ^= 0xFF
            do throws(MediaError) {
                let decoded = try ImageDecoder(limits: DecodeLimits(pixels: 1_000_000)).decode(broken)
                #expect(decoded.image.pixels.count == decoded.image.size.area * 3)
                shown += 1
            } catch {
                #expect(!"\(error)".unicodeScalars.contains { $0.properties.generalCategory == .control })
            }
        }
        #expect(shown < 388, "some of it must have been seen")
    }

    @Test("a picture that claims too much is refused from its header")
    func limits() throws {
        let claim = WebPFile.riff(
            WebPFile.header(flags: 0x02, width: 1 << 24, height: 1 << 24) + WebPFile.chunk("ANIM", [0, 0, 0, 0, 0, 0]))
        #expect(throws: MediaError.self) { try decode(claim) }
        let large = WebPFile.lossless(RGBImage(width: 1_000, height: 900, red: 1, green: 2, blue: 3))
        #expect(throws: MediaError.tooManyPixels(size: PixelSize(width: 1_000, height: 900), limit: 800_000)) {
            try ImageDecoder(limits: DecodeLimits(pixels: 800_000)).decode(large)
        }
    }

    @Test("the worker process decodes it like the others")
    func worker() async throws {
        let path = NSTemporaryDirectory() + "reviewtui-webp-\(UUID().uuidString).webp"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let picture = gradient(width: 64, height: 48)
        try Data(WebPFile.lossless(picture)).write(to: URL(fileURLWithPath: path))
        let decoder = MediaDecoder(executable: program, arguments: ["media-worker"])
        let decoded = try await decoder.decode(path: path, bound: PixelSize(width: 64, height: 48))
        #expect(decoded.image == picture && decoded.format == .webp)
    }
}
