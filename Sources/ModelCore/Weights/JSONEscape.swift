/// One escape in a JSON string (RFC 8259, section 7), for the readers of checkpoint headers and of tokenizer files.
enum JSONEscape {
    /// - Parameter place: of the backslash; afterwards behind the escape.
    /// - Returns: what it stands for; nil where it is none, is cut, or is half of a surrogate pair.
    static func scalar<Bytes: RandomAccessCollection<UInt8>>(
        _ bytes: Bytes, at place: inout Int
    ) -> Unicode.Scalar? where Bytes.Index == Int {
        guard place + 1 < bytes.endIndex else { return nil }
        let letter = bytes[place + 1]
        place += 2
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
        case UInt8(ascii: "b"): return "\u{08}"
        case UInt8(ascii: "f"): return "\u{0C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            guard let unit = unit(bytes, at: &place) else { return nil }
            guard (0xD800..<0xDC00).contains(unit) else { return Unicode.Scalar(unit) }
            guard bytes.endIndex - place >= 2, bytes[place] == UInt8(ascii: "\\"),
                bytes[place + 1] == UInt8(ascii: "u")
            else { return nil }
            place += 2
            guard let low = self.unit(bytes, at: &place), (0xDC00..<0xE000).contains(low) else { return nil }
            return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
        default: return nil
        }
    }

    /// Four hex digits.
    private static func unit<Bytes: RandomAccessCollection<UInt8>>(
        _ bytes: Bytes, at place: inout Int
    ) -> UInt32? where Bytes.Index == Int {
        guard bytes.endIndex - place >= 4 else { return nil }
        var value: UInt32 = 0
        for byte in bytes[place..<place + 4] {
            switch byte {
            case 0x30...0x39: value = value << 4 | UInt32(byte - 0x30)
            case 0x41...0x46, 0x61...0x66: value = value << 4 | UInt32(byte & 0xDF - 0x37)
            default: return nil
            }
        }
        place += 4
        return value
    }
}
