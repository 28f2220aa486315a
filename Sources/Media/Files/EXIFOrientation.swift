extension Orientation {
    /// Reads the orientation from a JPEG's first APP1 segment with EXIF in it.
    ///
    /// Upright where there is none or where it is malformed. Reads only markers before the first scan, and of EXIF
    /// only the first directory's entry list: no offset in the file is followed twice, so the work is bounded by the
    /// file's size.
    init(jpeg bytes: UnsafeRawBufferPointer) {
        self = .upright
        var segments = JPEGSegments(bytes)
        while let segment = segments.next() {
            if segment.marker == 0xE1, segment.body.starts(with: Array("Exif\0\0".utf8)) {
                self = Orientation(tiff: UnsafeRawBufferPointer(rebasing: segment.body.dropFirst(6)))
                return
            }
        }
    }

    /// Reads the orientation from a TIFF structure, as it stands in EXIF segments and PNG's eXIf chunk.
    init(tiff: UnsafeRawBufferPointer) {
        self = .upright
        guard tiff.count >= 8 else { return }
        let little: Bool
        switch (tiff[0], tiff[1]) {
        case (0x49, 0x49): little = true
        case (0x4D, 0x4D): little = false
        default: return
        }
        func short(_ at: Int) -> Int {
            little ? Int(tiff[at]) | Int(tiff[at + 1]) << 8 : Int(tiff[at]) << 8 | Int(tiff[at + 1])
        }
        func long(_ at: Int) -> Int {
            little ? short(at) | short(at + 2) << 16 : short(at) << 16 | short(at + 2)
        }
        let directory = long(4)
        guard short(2) == 42, directory >= 8, directory <= tiff.count - 2 else { return }
        for entry in 0..<short(directory) {
            let at = directory + 2 + entry * 12
            guard at + 12 <= tiff.count else { return }
            // Tag Orientation, type SHORT, one value, which stands in the first two bytes of the value field.
            if short(at) == 0x0112, short(at + 2) == 3, long(at + 4) == 1 {
                self = UInt8(exactly: short(at + 8)).flatMap(Orientation.init(rawValue:)) ?? .upright
                return
            }
        }
    }
}

/// Walks the marker segments of a JPEG up to the first scan.
struct JPEGSegments {
    private let bytes: UnsafeRawBufferPointer
    private var position = 2

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The next segment with a body; nil at the first scan, the end, or anything that is no marker.
    mutating func next() -> (marker: UInt8, body: Slice<UnsafeRawBufferPointer>)? {
        while position + 4 <= bytes.count, bytes[position] == 0xFF {
            let marker = bytes[position + 1]
            if marker == 0xFF {
                position += 1
                continue
            }
            if marker == 0xDA || marker == 0xD9 { return nil }
            if marker == 0x01 || (0xD0...0xD8).contains(marker) {
                position += 2
                continue
            }
            let length = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
            let start = position + 4
            guard length >= 2, start + length - 2 <= bytes.count else { return nil }
            position = start + length - 2
            return (marker, bytes[start..<position])
        }
        return nil
    }
}
