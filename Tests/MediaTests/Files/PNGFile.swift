/// A PNG made byte by byte, for shapes that no library writes.
enum PNGFile {
    /// An Adam7-interlaced, wholly transparent black square: 8-bit grey with alpha, all samples and filters zero.
    ///
    /// Its pixels are one stream of zeros, compressed with fixed Huffman codes to 1/160: a literal 0, then copies of
    /// 258 at distance 1.
    static func interlacedGreyAlpha(side: Int) -> [UInt8] {
        var header = bigEndian(UInt32(side)) + bigEndian(UInt32(side))
        header += [8, 4, 0, 0, 1]
        var raw = 0
        // Adam7: first column, first row, steps of each pass.
        for (x, y, dx, dy) in [
            (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2),
        ] {
            raw += (side - y + dy - 1) / dy * (1 + 2 * ((side - x + dx - 1) / dx))
        }
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
            + chunk("IHDR", header) + chunk("IDAT", zeros(raw)) + chunk("IEND", [])
    }

    /// A zlib stream of `count` zero bytes (RFC 1950, 1951).
    private static func zeros(_ count: Int) -> [UInt8] {
        var out: [UInt8] = [0x78, 0x01]
        var bits: UInt64 = 0
        var used: UInt64 = 0
        func put(_ value: UInt64, _ length: UInt64) {
            bits |= value << used
            used += length
            while used >= 8 {
                out.append(UInt8(truncatingIfNeeded: bits))
                bits >>= 8
                used -= 8
            }
        }
        put(1, 1)  // the last block
        put(1, 2)  // fixed codes
        put(0b0000_1100, 8)  // literal 0 is 00110000, first bit first
        let copies = (count - 1) / 258
        // Length 258 is code 285 = 11000101, without extra bits; distance 1 is code 0, five bits.
        for _ in 0..<copies { put(0b0_0000_1010_0011, 13) }
        for _ in 0..<(count - 1 - copies * 258) { put(0b0000_1100, 8) }
        put(0, 7)  // end of block
        if used > 0 { put(0, 8 - used) }
        // Adler-32 of zeros: the low half stays 1, the high half counts the bytes.
        return out + bigEndian(UInt32(count % 65521) << 16 | 1)
    }

    private static func chunk(_ kind: String, _ body: [UInt8]) -> [UInt8] {
        let content = Array(kind.utf8) + body
        var crc: UInt32 = .max
        content.withUnsafeBufferPointer { bytes in
            for byte in bytes {
                crc = table[Int((crc ^ UInt32(byte)) & 255)] ^ (crc >> 8)
            }
        }
        return bigEndian(UInt32(body.count)) + content + bigEndian(~crc)
    }

    private static let table: [UInt32] = (0..<256).map { start in
        (0..<8).reduce(UInt32(start)) { crc, _ in crc & 1 == 1 ? 0xEDB8_8320 ^ (crc >> 1) : crc >> 1 }
    }

    private static func bigEndian(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
