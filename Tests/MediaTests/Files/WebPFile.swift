import CWebP
import Media

/// A WebP made here, so that tests know exactly what is in it.
enum WebPFile {
    static func lossless(_ image: RGBImage) -> [UInt8] {
        taken { out in
            WebPEncodeLosslessRGB(image.pixels, Int32(image.width), Int32(image.height), Int32(image.width * 3), out)
        }
    }

    static func lossy(_ image: RGBImage, quality: Float = 95) -> [UInt8] {
        taken { out in
            WebPEncodeRGB(image.pixels, Int32(image.width), Int32(image.height), Int32(image.width * 3), quality, out)
        }
    }

    /// Four bytes a pixel.
    static func lossless(rgba pixels: [UInt8], width: Int, height: Int) -> [UInt8] {
        taken { out in WebPEncodeLosslessRGBA(pixels, Int32(width), Int32(height), Int32(width * 4), out) }
    }

    static func lossy(rgba pixels: [UInt8], width: Int, height: Int) -> [UInt8] {
        taken { out in WebPEncodeRGBA(pixels, Int32(width), Int32(height), Int32(width * 4), 95, out) }
    }

    private static func taken(_ encode: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>) -> Int) -> [UInt8] {
        var out: UnsafeMutablePointer<UInt8>?
        let count = encode(&out)
        defer { WebPFree(out) }
        return Array(UnsafeBufferPointer(start: out, count: count))
    }

    // MARK: - Containers (WebP Container Specification: "Extended File Format", "Animation")

    /// The chunks behind `RIFF size WEBP`.
    static func chunks(of file: [UInt8]) -> [UInt8] { Array(file.dropFirst(12)) }

    static func chunk(_ name: String, _ body: [UInt8]) -> [UInt8] {
        Array(name.utf8) + little(body.count, 4) + body + (body.count % 2 == 1 ? [0] : [])
    }

    static func riff(_ chunks: [UInt8]) -> [UInt8] {
        Array("RIFF".utf8) + little(chunks.count + 4, 4) + Array("WEBP".utf8) + chunks
    }

    /// - Parameter flags: 0x02 animation, 0x08 EXIF, 0x10 alpha.
    static func header(flags: UInt8, width: Int, height: Int) -> [UInt8] {
        chunk("VP8X", [flags, 0, 0, 0] + little(width - 1, 3) + little(height - 1, 3))
    }

    /// The picture with an EXIF chunk that holds its orientation.
    static func adding(orientation: UInt8, mark: Bool, to image: RGBImage) -> [UInt8] {
        let tiff: [UInt8] =
            Array("II".utf8) + little(42, 2) + little(8, 4) + little(1, 2) + little(0x0112, 2) + little(3, 2)
            + little(1, 4)
            + little(Int(orientation), 4) + little(0, 4)
        let exif = (mark ? Array("Exif\0\0".utf8) : []) + tiff
        return riff(
            header(flags: 0x08, width: image.width, height: image.height) + chunks(of: lossless(image))
                + chunk("EXIF", exif))
    }

    /// Frames at their places on a canvas.
    static func animation(_ frames: [(image: RGBImage, x: Int, y: Int)], width: Int, height: Int) -> [UInt8] {
        let shown = frames.map { frame in
            chunk(
                "ANMF",
                little(frame.x / 2, 3) + little(frame.y / 2, 3) + little(frame.image.width - 1, 3)
                    + little(frame.image.height - 1, 3) + little(100, 3) + [0] + chunks(of: lossless(frame.image)))
        }
        return riff(
            header(flags: 0x12, width: width, height: height) + chunk("ANIM", little(0, 4) + little(0, 2))
                + shown.flatMap { $0 })
    }

    private static func little(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
}
