/// Why a text is not the JSON that the contract asks for.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    public var reason: String
    /// Position of the offending byte, counted from 1.
    public var byte: Int

    public var description: String { "\(reason) at byte \(byte)" }
}

extension JSONValue {
    /// Reads one JSON text, strictly: RFC 8259, valid UTF-8, no key twice in an object, at most 64 levels deep, no
    /// number beyond a double's range.
    ///
    /// - throws: ``JSONError`` with the byte at which the text went wrong.
    public init(parsing text: String) throws(JSONError) {
        try self.init(parsing: Array(text.utf8))
    }

    /// The same from UTF-8 bytes, valid or not.
    public init(parsing bytes: [UInt8]) throws(JSONError) {
        var reader = JSONReader(bytes)
        self = try reader.document()
    }
}

/// A strict recursive-descent reader that reports byte positions.
///
/// Foundation's decoder accepts a key twice (which of the two did the moderator see?) and repairs nothing but reports
/// no position either.
struct JSONReader {
    static let depthLimit = 64

    private let bytes: [UInt8]
    private var index = 0
    private var depth = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(JSONError) -> JSONValue {
        let value = try value()
        skipBlanks()
        guard index == bytes.count else { throw error("malformed JSON: something follows the value") }
        return value
    }

    private func error(_ reason: String, at offset: Int? = nil) -> JSONError {
        JSONError(reason: reason, byte: (offset ?? index) + 1)
    }

    /// The byte here, or 0 past the end: no valid JSON has a 0 outside a string, and a string checks for it.
    private var current: UInt8 { index < bytes.count ? bytes[index] : 0 }

    private mutating func skipBlanks() {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            default: return
            }
        }
    }

    private mutating func value() throws(JSONError) -> JSONValue {
        skipBlanks()
        guard index < bytes.count else { throw error("malformed JSON: it ends too early") }
        switch current {
        case UInt8(ascii: "{"): return try nested { (reader) throws(JSONError) in try reader.object() }
        case UInt8(ascii: "["): return try nested { (reader) throws(JSONError) in try reader.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw error("malformed JSON: a value was expected")
        }
    }

    private mutating func nested(
        _ read: (inout JSONReader) throws(JSONError) -> JSONValue
    ) throws(JSONError) -> JSONValue {
        depth += 1
        guard depth <= Self.depthLimit else { throw error("JSON nested more than \(Self.depthLimit) levels deep") }
        index += 1
        let value = try read(&self)
        depth -= 1
        return value
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for offset in 0..<word.utf8CodeUnitCount {
            guard current == word.utf8Start[offset] else { throw error("malformed JSON: \(word) was expected") }
            index += 1
        }
        return value
    }

    // MARK: - Objects and arrays

    private mutating func object() throws(JSONError) -> JSONValue {
        var members: [JSONMember] = []
        // Comparing each with each is fastest for the few keys of a post; a set keeps a hostile line linear.
        var seen: Set<ItemID> = []
        skipBlanks()
        if current == UInt8(ascii: "}") {
            index += 1
            return .object([])
        }
        while true {
            skipBlanks()
            let start = index
            guard current == UInt8(ascii: "\"") else { throw error("malformed JSON: a key was expected") }
            let key = try string()
            if members.count == 8 { seen = Set(members.map { ItemID($0.key) }) }
            let isDuplicate =
                members.count < 8
                ? members.contains { $0.key.utf8.elementsEqual(key.utf8) } : !seen.insert(ItemID(key)).inserted
            if isDuplicate { throw error("malformed JSON: key \"\(Visible.text(key))\" stands twice", at: start) }
            skipBlanks()
            guard current == UInt8(ascii: ":") else { throw error("malformed JSON: a colon was expected") }
            index += 1
            members.append(JSONMember(key, try value()))
            if try !anotherElement(before: UInt8(ascii: "}")) { return .object(members) }
        }
    }

    private mutating func array() throws(JSONError) -> JSONValue {
        var elements: [JSONValue] = []
        skipBlanks()
        if current == UInt8(ascii: "]") {
            index += 1
            return .array([])
        }
        while true {
            elements.append(try value())
            if try !anotherElement(before: UInt8(ascii: "]")) { return .array(elements) }
        }
    }

    private mutating func anotherElement(before closing: UInt8) throws(JSONError) -> Bool {
        skipBlanks()
        guard index < bytes.count else { throw error("malformed JSON: it ends too early") }
        switch current {
        case UInt8(ascii: ","):
            index += 1
            return true
        case closing:
            index += 1
            return false
        default: throw error("malformed JSON: a comma or closing bracket was expected")
        }
    }

    // MARK: - Strings

    private mutating func string() throws(JSONError) -> String {
        let opening = index
        index += 1
        var start = index
        var unescaped: [UInt8] = []
        var isASCII = true
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""):
                let tail = bytes[start..<index]
                if !isASCII, let invalid = UTF8Check.firstInvalid(in: bytes[(opening + 1)..<index]) {
                    throw error("invalid UTF-8", at: invalid)
                }
                index += 1
                if unescaped.isEmpty { return String(decoding: tail, as: UTF8.self) }
                unescaped.append(contentsOf: tail)
                return String(decoding: unescaped, as: UTF8.self)
            case UInt8(ascii: "\\"):
                unescaped.append(contentsOf: bytes[start..<index])
                unescaped.append(contentsOf: String(try escape()).utf8)
                start = index
            case 0..<0x20: throw error("malformed JSON: a raw control character inside a string")
            default:
                isASCII = isASCII && byte < 0x80
                index += 1
            }
        }
        throw error("malformed JSON: a string does not end", at: opening)
    }

    private mutating func escape() throws(JSONError) -> Unicode.Scalar {
        let start = index
        index += 1
        let kind = current
        index += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(kind)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): break
        default: throw error("malformed JSON: unknown escape", at: start)
        }
        var code = try fourHexDigits()
        if (0xD800..<0xDC00).contains(code), current == UInt8(ascii: "\\"), index + 1 < bytes.count,
            bytes[index + 1] == UInt8(ascii: "u")
        {
            index += 2
            let low = try fourHexDigits()
            guard (0xDC00..<0xE000).contains(low) else { throw error("half a surrogate pair", at: start) }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw error("half a surrogate pair", at: start) }
        return scalar
    }

    private mutating func fourHexDigits() throws(JSONError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(current)).hexDigitValue, current < 0x80 else {
                throw error("malformed JSON: four hex digits were expected")
            }
            code = code << 4 + UInt32(digit)
            index += 1
        }
        return code
    }

    // MARK: - Numbers

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = index
        let isNegative = current == UInt8(ascii: "-")
        if isNegative { index += 1 }
        var mantissa: UInt64 = 0
        var isExact = true
        var exponent = 0
        let firstDigit = index
        isExact = digits(into: &mantissa) && isExact
        guard index > firstDigit, index == firstDigit + 1 || bytes[firstDigit] != UInt8(ascii: "0") else {
            throw error("malformed JSON: not a number", at: start)
        }
        var isInteger = true
        if current == UInt8(ascii: ".") {
            isInteger = false
            index += 1
            let fraction = index
            isExact = digits(into: &mantissa) && isExact
            guard index > fraction else { throw error("malformed JSON: not a number", at: start) }
            exponent = fraction - index
        }
        if current | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            exponent += try exponentPart(start: start)
        }
        if isInteger { return integer(from: start, magnitude: isExact ? mantissa : nil, isNegative: isNegative) }
        // Clinger (1990): with both parts exact in a double, one operation rounds correctly.
        if isExact, mantissa <= 1 << 53, abs(exponent) < Self.powersOfTen.count {
            let power = Self.powersOfTen[abs(exponent)]
            let magnitude = exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
            return .number(isNegative ? -magnitude : magnitude)
        }
        guard let value = Double(String(decoding: bytes[start..<index], as: UTF8.self)), value.isFinite else {
            throw error("a number out of range", at: start)
        }
        return .number(value)
    }

    /// Reads digits onto a mantissa; false once they no longer fit.
    private mutating func digits(into mantissa: inout UInt64) -> Bool {
        var fits = true
        while current >= UInt8(ascii: "0"), current <= UInt8(ascii: "9") {
            let (product, overflow) = mantissa.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(current - UInt8(ascii: "0")))
            fits = fits && !overflow && !carry
            mantissa = sum
            index += 1
        }
        return fits
    }

    private mutating func exponentPart(start: Int) throws(JSONError) -> Int {
        index += 1
        let isNegative = current == UInt8(ascii: "-")
        if isNegative || current == UInt8(ascii: "+") { index += 1 }
        let first = index
        var magnitude: UInt64 = 0
        let fits = digits(into: &magnitude)
        guard index > first else { throw error("malformed JSON: not a number", at: start) }
        let bounded = fits ? Int(min(magnitude, 100_000)) : 100_000
        return isNegative ? -bounded : bounded
    }

    private func integer(from start: Int, magnitude: UInt64?, isNegative: Bool) -> JSONValue {
        if let magnitude {
            if !isNegative, let value = Int64(exactly: magnitude) { return .integer(value) }
            if isNegative, magnitude == 0 { return .number(-0.0) }
            if isNegative, magnitude <= 1 << 63 { return .integer(Int64(truncatingIfNeeded: 0 &- magnitude)) }
        }
        return .digits(String(decoding: bytes[start..<index], as: UTF8.self))
    }

    private static let powersOfTen: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]
}
