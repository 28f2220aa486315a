import CWebP

/// Decodes one WebP through libwebp: lossy and lossless, alpha, and the first frame of an animation.
struct WebPDecoder {
    let limits: DecodeLimits

    /// - Throws: ``MediaError/tooManyPixels(size:limit:)`` from the headers alone, ``MediaError/corrupt(_:detail:)``.
    func decode(_ bytes: UnsafeRawBufferPointer, bound: PixelSize?) throws(MediaError) -> DecodedImage {
        guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { throw .empty }
        var info = rt_webp_info()
        let isMissing = rt_webp_open(start, bytes.count, &info) != 0
        let canvas = PixelSize(width: Int(info.canvas_width), height: Int(info.canvas_height))
        try checkPixels(canvas)
        let frame = PixelSize(width: Int(info.width), height: Int(info.height))
        try checkPixels(frame)
        guard !isMissing, let data = info.frame else { throw .corrupt(.webp, detail: "it ends before the picture") }
        let (x, y) = (Int(info.x), Int(info.y))
        guard frame.area > 0, x >= 0, y >= 0, x + frame.width <= canvas.width, y + frame.height <= canvas.height else {
            throw .corrupt(.webp, detail: "a frame lies outside of the picture")
        }
        let channels = info.has_alpha != 0 ? 4 : 3
        var pixels = [UInt8](repeating: RowReducer.missing, count: frame.area * channels)
        if channels == 4 { for alpha in stride(from: 3, to: pixels.count, by: 4) { pixels[alpha] = 255 } }
        var rows: Int32 = 0
        let status = rt_webp_decode(
            data, info.frame_count, info.width, info.height, info.has_alpha, &pixels, pixels.count, &rows)
        var notes: Set<DecodeNote> = info.animated != 0 ? [.animated] : []
        if status != Int32(VP8_STATUS_OK.rawValue) {
            // A cut file shows what it has, as browsers do.
            guard rows > 0 else { throw .corrupt(.webp, detail: Self.words(for: status)) }
            notes.insert(status == Int32(VP8_STATUS_SUSPENDED.rawValue) ? .truncated : .damaged)
        }

        let orientation = Self.orientation(UnsafeRawBufferPointer(start: info.exif, count: info.exif_count))
        var upright = CheckeredRows(
            reducer: RowReducer(size: canvas, bound: orientation.swapsSides ? bound?.transposed : bound))
        let length = frame.width * channels
        if frame == canvas {
            for row in 0..<canvas.height {
                upright.take(pixels[row * length..<(row + 1) * length], channels: channels)
            }
        } else {
            // What the first frame of an animation leaves free is transparent.
            let clear = [UInt8](repeating: 0, count: canvas.width * 4)
            for row in 0..<canvas.height {
                var line = clear
                if row >= y, row < y + frame.height {
                    for column in 0..<frame.width {
                        let source = (row - y) * length + column * channels
                        for channel in 0..<3 { line[(x + column) * 4 + channel] = pixels[source + channel] }
                        line[(x + column) * 4 + 3] = channels == 4 ? pixels[source + 3] : 255
                    }
                }
                upright.take(line[...], channels: 4)
            }
        }
        if upright.sawTransparency { notes.insert(.transparent) }
        return DecodedImage(
            image: upright.reducer.finish().upright(from: orientation),
            originalSize: orientation.swapsSides ? canvas.transposed : canvas, format: .webp, notes: notes)
    }

    private func checkPixels(_ size: PixelSize) throws(MediaError) {
        let (area, overflow) = size.width.multipliedReportingOverflow(by: size.height)
        if overflow || area > limits.pixels { throw .tooManyPixels(size: size, limit: limits.pixels) }
    }

    /// The chunk holds a TIFF structure; some programs write JPEG's mark of one before it.
    private static func orientation(_ exif: UnsafeRawBufferPointer) -> Orientation {
        let mark = Array("Exif\0\0".utf8)
        return Orientation(tiff: exif.starts(with: mark) ? UnsafeRawBufferPointer(rebasing: exif.dropFirst(6)) : exif)
    }

    private static func words(for status: Int32) -> String {
        switch UInt32(bitPattern: status) {
        case VP8_STATUS_OUT_OF_MEMORY.rawValue: "out of memory"
        case VP8_STATUS_SUSPENDED.rawValue, VP8_STATUS_NOT_ENOUGH_DATA.rawValue: "it ends before the picture"
        case VP8_STATUS_UNSUPPORTED_FEATURE.rawValue: "it asks for what libwebp does not know"
        default: "its data is damaged"
        }
    }
}
