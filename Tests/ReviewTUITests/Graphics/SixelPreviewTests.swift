import Media
import Testing

@testable import ReviewTUI

@Suite("Pictures as sixels")
struct SixelPreviewTests {
    private func gradient(_ width: Int, _ height: Int) -> RGBImage {
        var image = RGBImage(width: width, height: height, red: 0, green: 0, blue: 0)
        for y in 0..<height {
            for x in 0..<width {
                image[x: x, y: y] = (
                    UInt8(x * 255 / max(1, width - 1)), UInt8(y * 255 / max(1, height - 1)),
                    UInt8((x + y) * 255 / max(1, width + height - 2))
                )
            }
        }
        return image
    }

    @Test(
        "every pixel is painted exactly once, in close to its own colour",
        arguments: [(160, 90), (37, 23), (6, 6), (1, 1), (1, 13), (300, 5)])
    func faithful(width: Int, height: Int) throws {
        let image = gradient(width, height)
        let decoded = try SixelDecoder(SixelPreview().encode(image, size: image.size))
        #expect(decoded.width == width && decoded.height == height)
        #expect(decoded.registers.count <= 256)
        var error = 0.0
        for y in 0..<height {
            for x in 0..<width {
                let register = try #require(decoded.pixels[y * width + x])
                let color = try #require(decoded.registers[register])
                let wanted = image[x: x, y: y]
                for (percent, level) in [
                    (color.red, wanted.red), (color.green, wanted.green), (color.blue, wanted.blue),
                ] {
                    error += abs(Double(percent) * 2.55 - Double(level))
                }
            }
        }
        // 256 colours for a plane through colour space: a few levels off on average.
        #expect(error / Double(width * height * 3) < 6)
    }

    @Test("a picture of few colours keeps each of them to the percent")
    func fewColors() throws {
        var image = RGBImage(width: 40, height: 30, red: 255, green: 128, blue: 0)
        for x in 0..<40 { for y in 0..<10 { image[x: x, y: y] = (0, 64, 255) } }
        image[x: 39, y: 29] = (1, 2, 3)
        let decoded = try SixelDecoder(SixelPreview().encode(image, size: image.size))
        #expect(decoded.registers.count == 3)
        func color(_ x: Int, _ y: Int) throws -> [Int] {
            let register = try #require(decoded.pixels[y * 40 + x])
            let found = try #require(decoded.registers[register])
            return [found.red, found.green, found.blue]
        }
        #expect(try color(0, 0) == [0, 25, 100])
        #expect(try color(0, 29) == [100, 50, 0])
        #expect(try color(39, 29) == [0, 1, 1])
    }

    @Test("a terminal with few colour registers gets no more colours than it has", arguments: [2, 16, 64])
    func registers(limit: Int) throws {
        let image = gradient(80, 60)
        let decoded = try SixelDecoder(SixelPreview(colors: limit).encode(image, size: image.size))
        #expect(decoded.registers.count == limit)
        #expect(decoded.registers.keys.allSatisfy { $0 < limit })
    }

    @Test("the picture is scaled to the size asked for, and the size held in range")
    func scaled() throws {
        let image = gradient(80, 60)
        let decoded = try SixelDecoder(SixelPreview().encode(image, size: PixelSize(width: 33, height: 18)))
        #expect(decoded.width == 33 && decoded.height == 18)
        #expect(decoded.pixels.allSatisfy { $0 != nil })
        let tiny = try SixelDecoder(SixelPreview().encode(image, size: PixelSize(width: -4, height: 0)))
        #expect(tiny.width == 1 && tiny.height == 1)
    }
}
