import CPNG

/// Decodes one PNG through libpng: every bit depth, grey, palettes, alpha, interlacing; gamma as the file states it.
struct PNGDecoder {
    let limits: DecodeLimits

    /// - Throws: ``MediaError/tooManyPixels(size:limit:)`` from the header alone, ``MediaError/corrupt(_:detail:)``.
    func decode(_ bytes: UnsafeRawBufferPointer, bound: PixelSize?) throws(MediaError) -> DecodedImage {
        guard let start = bytes.baseAddress else { throw .empty }
        // The size stands at fixed offsets: a lying header is refused before libpng sees it.
        if bytes.count >= 24, bytes[12..<16].elementsEqual("IHDR".utf8) {
            let claimed = PixelSize(width: bigEndian(bytes, at: 16), height: bigEndian(bytes, at: 20))
            try checkPixels(claimed)
        }
        var reader = rt_png_reader()
        defer { rt_png_close(&reader) }
        guard rt_png_open(&reader, start.assumingMemoryBound(to: UInt8.self), bytes.count, 8 << 20) == 0 else {
            throw corrupt(&reader)
        }
        let size = PixelSize(width: Int(reader.width), height: Int(reader.height))
        try checkPixels(size)
        let orientation = Orientation(tiff: UnsafeRawBufferPointer(start: reader.exif, count: Int(reader.exif_count)))
        let chunks = PNGChunks(bytes)
        guard rt_png_prepare(&reader, chunks.cut ? 1 : 0) == 0, reader.row_bytes == size.width * Int(reader.channels)
        else {
            throw corrupt(&reader)
        }

        var rows = CheckeredRows(
            reducer: RowReducer(size: size, bound: orientation.swapsSides ? bound?.transposed : bound))
        let trouble =
            reader.passes > 1 ? interlaced(&reader, size, into: &rows) : progressive(&reader, size, into: &rows)
        var notes = rows.sawTransparency ? Set([DecodeNote.transparent]) : []
        if trouble != 0 || rt_png_finish(&reader) != 0 {
            let detail = message(&reader)
            // A cut file shows what it has. A wrong checksum is refused: nobody knows what the file should have been.
            let cut = reader.ran_out != 0
            guard rows.count > 0, cut || !detail.contains("CRC error") else { throw corrupt(&reader) }
            if trouble != 0 { notes.insert(cut ? .truncated : .damaged) }
        }
        if chunks.animated { notes.insert(.animated) }
        let image = rows.reducer.finish().upright(from: orientation)
        return DecodedImage(
            image: image, originalSize: orientation.swapsSides ? size.transposed : size, format: .png, notes: notes)
    }

    // MARK: - Rows

    private func progressive(_ reader: inout rt_png_reader, _ size: PixelSize, into rows: inout CheckeredRows) -> Int32
    {
        var row = [UInt8](repeating: 0, count: reader.row_bytes)
        for _ in 0..<size.height {
            let failed = rt_png_read_row(&reader, &row)
            if failed != 0 { return failed }
            rows.take(row[...], channels: Int(reader.channels))
        }
        return 0
    }

    /// Interlaced pictures need all rows at once: each pass refines them.
    private func interlaced(_ reader: inout rt_png_reader, _ size: PixelSize, into rows: inout CheckeredRows) -> Int32 {
        let stride = reader.row_bytes
        var whole = [UInt8](repeating: RowReducer.missing, count: stride * size.height)
        var failed: Int32 = 0
        var got = 0
        passes: for _ in 0..<reader.passes {
            for y in 0..<size.height {
                failed = whole.withUnsafeMutableBufferPointer { buffer in
                    buffer.baseAddress.map { rt_png_read_row(&reader, $0 + y * stride) } ?? 1
                }
                if failed != 0 { break passes }
                got += 1
            }
        }
        if got == 0 { return failed }
        for y in 0..<size.height { rows.take(whole[y * stride..<(y + 1) * stride], channels: Int(reader.channels)) }
        return failed
    }

    // MARK: - Checks

    private func checkPixels(_ size: PixelSize) throws(MediaError) {
        let (area, overflow) = size.width.multipliedReportingOverflow(by: size.height)
        if overflow || area > limits.pixels { throw .tooManyPixels(size: size, limit: limits.pixels) }
    }

    private func corrupt(_ reader: inout rt_png_reader) -> MediaError {
        .corrupt(.png, detail: message(&reader))
    }

    private func message(_ reader: inout rt_png_reader) -> String {
        printable(rt_png_message(&reader))
    }

    private func bigEndian(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int {
        bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
    }
}

/// What the list of a PNG's chunks shows before anything is decoded.
private struct PNGChunks {
    /// An acTL chunk stands before the pixels (APNG 1.0).
    private(set) var animated = false
    /// A chunk of pixels ends beyond the file.
    private(set) var cut = false

    init(_ bytes: UnsafeRawBufferPointer) {
        var at = 8
        while at + 8 <= bytes.count {
            let length = bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
            let kind = bytes[at + 4..<at + 8]
            if kind.elementsEqual("acTL".utf8) { animated = true }
            if at + length + 12 > bytes.count {
                cut = kind.elementsEqual("IDAT".utf8)
                return
            }
            at += length + 12
        }
    }
}

/// A C library's message with everything but printable ASCII replaced: parts of it may come from the file.
func printable(_ message: UnsafePointer<CChar>?) -> String {
    guard let message else { return "" }
    return printable(String(cString: message).utf8)
}

func printable(_ bytes: some Sequence<UInt8>) -> String {
    String(decoding: bytes.prefix(120).map { $0 >= 0x20 && $0 < 0x7F ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
}
