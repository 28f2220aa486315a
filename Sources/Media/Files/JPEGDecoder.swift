import CTurboJPEG

/// Decodes one JPEG through TurboJPEG, scaled down while decoding where the bound is much smaller than the picture.
struct JPEGDecoder {
    let limits: DecodeLimits

    /// - Throws: ``MediaError/tooManyPixels(size:limit:)`` from the header alone, ``MediaError/corrupt(_:detail:)``.
    func decode(_ bytes: UnsafeRawBufferPointer, bound: PixelSize?) throws(MediaError) -> DecodedImage {
        guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { throw .empty }
        guard let turbo = tjInitDecompress() else { throw .corrupt(.jpeg, detail: "out of memory") }
        defer { tjDestroy(turbo) }
        var (width, height, subsampling, colours) = (Int32(0), Int32(0), Int32(0), Int32(0))
        let header = tjDecompressHeader3(turbo, start, UInt(bytes.count), &width, &height, &subsampling, &colours)
        guard header == 0 || tjGetErrorCode(turbo) == TJERR_WARNING.rawValue, width > 0, height > 0 else {
            throw .corrupt(.jpeg, detail: printable(tjGetErrorStr2(turbo)))
        }
        let size = PixelSize(width: Int(width), height: Int(height))
        guard size.area <= limits.pixels else { throw .tooManyPixels(size: size, limit: limits.pixels) }

        let orientation = Orientation(jpeg: bytes)
        let scaled = scale(size, to: orientation.swapsSides ? bound?.transposed : bound)
        let inks = colours == TJCS_CMYK.rawValue || colours == TJCS_YCCK.rawValue
        let format = Int32(inks ? TJPF_CMYK.rawValue : TJPF_RGB.rawValue)
        let channels = inks ? 4 : 3
        var pixels = [UInt8](repeating: RowReducer.missing, count: scaled.area * channels)
        let result = tjDecompress2(
            turbo, start, UInt(bytes.count), &pixels, Int32(scaled.width), 0, Int32(scaled.height), format,
            Int32(TJFLAG_LIMITSCANS))
        var notes: Set<DecodeNote> = []
        if result != 0 {
            let detail = printable(tjGetErrorStr2(turbo))
            guard tjGetErrorCode(turbo) == TJERR_WARNING.rawValue else { throw .corrupt(.jpeg, detail: detail) }
            notes.insert(detail.contains("Premature end") ? .truncated : .damaged)
        }
        if inks { pixels = Self.mixInks(pixels, inverted: Self.hasAdobeMarker(bytes)) }
        let image = RGBImage(width: scaled.width, height: scaled.height, pixels: pixels)
        return DecodedImage(
            image: image.upright(from: orientation), originalSize: orientation.swapsSides ? size.transposed : size,
            format: .jpeg, notes: notes)
    }

    /// The smallest size TurboJPEG decodes to (an eighth to the whole) that is not below the size wanted.
    private func scale(_ size: PixelSize, to bound: PixelSize?) -> PixelSize {
        guard let bound else { return size }
        let wanted = size.fitted(in: bound)
        var count: Int32 = 0
        guard let factors = tjGetScalingFactors(&count) else { return size }
        var best = size
        for i in 0..<Int(count) {
            let scaled = PixelSize(
                width: Int(rt_tj_scaled(Int32(size.width), factors[i])),
                height: Int(rt_tj_scaled(Int32(size.height), factors[i])))
            if scaled.width >= wanted.width, scaled.height >= wanted.height, scaled.area < best.area { best = scaled }
        }
        return best
    }

    /// CMYK to RGB without a colour profile. Programs that write an Adobe marker store inks inverted.
    private static func mixInks(_ inks: [UInt8], inverted: Bool) -> [UInt8] {
        var pixels = [UInt8](repeating: 0, count: inks.count / 4 * 3)
        for i in 0..<inks.count / 4 {
            let black = UInt32(inverted ? inks[i * 4 + 3] : 255 - inks[i * 4 + 3])
            for channel in 0..<3 {
                let ink = UInt32(inverted ? inks[i * 4 + channel] : 255 - inks[i * 4 + channel])
                pixels[i * 3 + channel] = UInt8((ink * black + 127) / 255)
            }
        }
        return pixels
    }

    private static func hasAdobeMarker(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var segments = JPEGSegments(bytes)
        while let segment = segments.next() {
            if segment.marker == 0xEE, segment.body.starts(with: Array("Adobe".utf8)) { return true }
        }
        return false
    }
}
