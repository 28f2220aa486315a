import CTurboJPEG
import Media

/// A JPEG made here, so that tests know exactly what is in it.
enum JPEGFile {
    static func encode(_ image: RGBImage, quality: Int32 = 95) -> [UInt8] {
        compress(image.pixels, width: image.width, height: image.height, format: TJPF_RGB, quality: quality)
    }

    /// CMYK samples as they stand in the file, four a pixel. TurboJPEG writes them as YCCK with an Adobe marker.
    static func encode(inks: [UInt8], width: Int, height: Int) -> [UInt8] {
        compress(inks, width: width, height: height, format: TJPF_CMYK, quality: 100)
    }

    private static func compress(_ pixels: [UInt8], width: Int, height: Int, format: TJPF, quality: Int32) -> [UInt8] {
        guard let turbo = tjInitCompress() else { return [] }
        defer { tjDestroy(turbo) }
        var out: UnsafeMutablePointer<UInt8>?
        var count: UInt = 0
        let failed = tjCompress2(
            turbo, pixels, Int32(width), 0, Int32(height), Int32(format.rawValue), &out, &count,
            Int32(TJSAMP_444.rawValue), quality, 0)
        defer { tjFree(out) }
        return failed == 0 ? Array(UnsafeBufferPointer(start: out, count: Int(count))) : []
    }

    /// Puts an EXIF segment with an orientation right after the start marker.
    static func adding(orientation: UInt16, littleEndian: Bool, to jpeg: [UInt8]) -> [UInt8] {
        func short(_ value: UInt16) -> [UInt8] {
            let bytes = [UInt8(value & 255), UInt8(value >> 8)]
            return littleEndian ? bytes : bytes.reversed()
        }
        func long(_ value: UInt16) -> [UInt8] { littleEndian ? short(value) + [0, 0] : [0, 0] + short(value) }
        var tiff: [UInt8] = Array((littleEndian ? "II" : "MM").utf8) + short(42) + long(8)
        tiff += short(2)
        // A tag before it (ImageDescription, far away), so that the entry must be searched for.
        tiff += short(0x010E) + short(2) + long(4) + long(0)
        tiff += short(0x0112) + short(3) + long(1) + short(orientation) + [0, 0]
        tiff += long(0)
        return adding(marker: 0xE1, body: Array("Exif\0\0".utf8) + tiff, to: jpeg)
    }

    static func adding(marker: UInt8, body: [UInt8], to jpeg: [UInt8]) -> [UInt8] {
        let length = body.count + 2
        return jpeg[..<2] + [0xFF, marker, UInt8(length >> 8), UInt8(length & 255)] + body + jpeg[2...]
    }
}
