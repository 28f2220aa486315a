import Foundation

/// What ``PlainLineReader`` leaves to the strict reader.
struct Unusual: Error {}

/// A place in the line. The grammar is RFC 8259's; everything else is unusual.
struct LineCursor {
    let bytes: UnsafeBufferPointer<UInt8>
    var index = 0

    /// The byte here; 0 at the end, which stands nowhere in valid JSON.
    var current: UInt8 { index < bytes.count ? bytes[index] : 0 }

    mutating func skipBlanks() {
        while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x09 || bytes[index] == 0x0D {
            index += 1
        }
    }

    /// The first byte of the value here.
    var kind: UInt8 {
        mutating get {
            skipBlanks()
            return current
        }
    }
    var isAtNull: Bool { mutating get { kind == UInt8(ascii: "n") } }
    var isAtObject: Bool { mutating get { kind == UInt8(ascii: "{") } }

    mutating func expect(_ byte: UInt8) throws(Unusual) {
        guard kind == byte else { throw Unusual() }
        index += 1
    }

    mutating func end() throws(Unusual) {
        skipBlanks()
        guard index == bytes.count else { throw Unusual() }
    }

    /// Whether another element follows; passes over the comma or the closing bracket.
    mutating func another(first isFirst: inout Bool, closing: UInt8 = UInt8(ascii: "}")) throws(Unusual) -> Bool {
        let byte = kind
        if byte == closing {
            index += 1
            return false
        }
        if isFirst {
            isFirst = false
            return true
        }
        guard byte == UInt8(ascii: ",") else { throw Unusual() }
        index += 1
        return true
    }

    /// What stands between the quotes, and whether escapes are in it; control characters are unusual.
    mutating func string() throws(Unusual) -> (bytes: UnsafeBufferPointer<UInt8>, isEscaped: Bool) {
        try expect(UInt8(ascii: "\""))
        let start = index
        var isEscaped = false
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") {
                index += 1
                return (UnsafeBufferPointer(rebasing: bytes[start..<index - 1]), isEscaped)
            }
            if byte == UInt8(ascii: "\\") {
                isEscaped = true
                index += 1
            } else if byte < 0x20 {
                throw Unusual()
            }
            index += 1
        }
        throw Unusual()
    }

    /// A key of printable ASCII without escapes, and the colon after it.
    mutating func plainKey() throws(Unusual) -> UnsafeBufferPointer<UInt8> {
        skipBlanks()
        let (key, isEscaped) = try string()
        guard !isEscaped, !key.isEmpty, key.allSatisfy({ $0 < 0x7F }) else { throw Unusual() }
        try expect(UInt8(ascii: ":"))
        return key
    }

    mutating func word() throws(Unusual) -> UnsafeBufferPointer<UInt8> {
        for word: StaticString in ["null", "true", "false"] {
            let count = word.utf8CodeUnitCount
            if index + count <= bytes.count, memcmp(bytes.baseAddress! + index, word.utf8Start, count) == 0 {
                index += count
                return UnsafeBufferPointer(rebasing: bytes[index - count..<index])
            }
        }
        throw Unusual()
    }

    /// A number that is its own canonical form: an integer of at most 15 digits, or a decimal of as many without
    /// exponent or trailing zeros and not below 0.0001.
    ///
    /// Up to 15 digits survive the way through a double, so the shortest text that gives the double back is the
    /// one that was read.
    mutating func number() throws(Unusual) -> (value: Double, bytes: UnsafeBufferPointer<UInt8>) {
        skipBlanks()
        let start = index
        let isNegative = current == UInt8(ascii: "-")
        if isNegative { index += 1 }
        let first = index
        var mantissa: UInt64 = 0
        while current >= 0x30, current <= 0x39, index - first < 16 {
            mantissa = mantissa &* 10 &+ UInt64(current - 0x30)
            index += 1
        }
        let whole = index - first
        guard whole >= 1, whole == 1 || bytes[first] != 0x30 else { throw Unusual() }
        var places = 0
        if current == UInt8(ascii: ".") {
            index += 1
            let fraction = index
            while current >= 0x30, current <= 0x39, index - fraction < 16 {
                mantissa = mantissa &* 10 &+ UInt64(current - 0x30)
                index += 1
            }
            places = index - fraction
            let isSmall = mantissa != 0 && places > 4 && mantissa < Self.powers[places - 4]
            guard places >= 1, places == 1 || bytes[index - 1] != 0x30, !isSmall else { throw Unusual() }
        }
        guard whole + places <= 15, current | 0x20 != UInt8(ascii: "e"), places > 0 || !isNegative || mantissa > 0
        else { throw Unusual() }
        let magnitude = Double(mantissa) / Double(Self.powers[places])
        return (isNegative ? -magnitude : magnitude, UnsafeBufferPointer(rebasing: bytes[start..<index]))
    }

    private static let powers: [UInt64] = (0...16).map { (0..<$0).reduce(1) { power, _ in power * 10 } }
}

// MARK: - Escapes

extension LineCursor {
    /// Undoes the escapes of a string into `decoded`, which it empties first.
    static func unescape(
        _ bytes: UnsafeBufferPointer<UInt8>, into decoded: inout [UInt8]
    ) throws(Unusual) {
        decoded.removeAll(keepingCapacity: true)
        var kept = 0
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "\\") else {
                index += 1
                continue
            }
            decoded.append(contentsOf: bytes[kept..<index])
            // The cursor has seen that something follows.
            switch bytes[index + 1] {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): decoded.append(bytes[index + 1])
            case UInt8(ascii: "n"): decoded.append(0x0A)
            case UInt8(ascii: "t"): decoded.append(0x09)
            case UInt8(ascii: "r"): decoded.append(0x0D)
            case UInt8(ascii: "u"):
                var code = try Self.fourHexDigits(bytes, at: index + 2)
                index += 4
                if (0xD800..<0xDC00).contains(code) {
                    guard index + 3 < bytes.count, bytes[index + 2] == UInt8(ascii: "\\"),
                        bytes[index + 3] == UInt8(ascii: "u")
                    else { throw Unusual() }
                    let low = try Self.fourHexDigits(bytes, at: index + 4)
                    guard (0xDC00..<0xE000).contains(low) else { throw Unusual() }
                    code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
                    index += 6
                }
                guard let scalar = Unicode.Scalar(code) else { throw Unusual() }
                decoded.append(contentsOf: UTF8.encode(scalar)!)
            default: throw Unusual()
            }
            index += 2
            kept = index
        }
        decoded.append(contentsOf: bytes[kept...])
    }

    private static func fourHexDigits(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) throws(Unusual) -> UInt32 {
        guard index + 4 <= bytes.count else { throw Unusual() }
        var code: UInt32 = 0
        for byte in bytes[index..<index + 4] {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): code = code << 4 | UInt32(byte - 0x30)
            case UInt8(ascii: "a")...UInt8(ascii: "f"): code = code << 4 | UInt32(byte - 0x57)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): code = code << 4 | UInt32(byte - 0x37)
            default: throw Unusual()
            }
        }
        return code
    }
}
