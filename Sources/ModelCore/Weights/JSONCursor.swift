/// Walks through the little JSON that checkpoint headers are made of: objects, texts, whole numbers, lists of those.
///
/// Headers lie in mapped memory and are read where they lie; ``JSONDocument`` keeps what it read, for tokenizer files.
/// It never recurses by itself: the caller says what comes next, and anything else is a fault. So neither a deep nor a
/// huge document costs more than one pass over its bytes.
struct JSONCursor {
    struct Fault: Error {
        let reason: String
    }

    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    /// - Parameter bytes: must stay valid as long as the cursor is used.
    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// An object. `body` gets each member's name and must consume its value.
    mutating func eachMember(
        _ body: (inout JSONCursor, String) throws(Fault) -> Void
    ) throws(Fault) {
        try expect("{", or: "an object is missing")
        if take("}") { return }
        repeat {
            let name = try text()
            try expect(":", or: "a colon is missing")
            try body(&self, name)
        } while take(",")
        try expect("}", or: "an object does not end")
    }

    /// An object whose values are all texts, which nobody needs.
    mutating func skipTexts() throws(Fault) {
        try eachMember { (cursor, _) throws(Fault) in _ = try cursor.text() }
    }

    /// Any value, read past without looking: texts are stepped over, brackets counted.
    mutating func skipValue() throws(Fault) {
        var depth = 0
        repeat {
            skipSpace()
            guard position < bytes.count else { throw Fault(reason: "a value does not end") }
            switch bytes[position] {
            case UInt8(ascii: "\""): _ = try text()
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                position += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                position += 1
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                guard depth > 0 else { throw Fault(reason: "a value is missing") }
                position += 1
            default: try skipWord()
            }
        } while depth > 0
        guard depth == 0 else { throw Fault(reason: "a bracket is closed that was not open") }
    }

    /// A list of whole numbers from 0 up.
    mutating func integers(atMost limit: Int, fault: String) throws(Fault) -> [Int] {
        guard take("[") else { throw Fault(reason: fault) }
        var found: [Int] = []
        if take("]") { return found }
        repeat {
            guard found.count < limit, let number = integer() else { throw Fault(reason: fault) }
            found.append(number)
        } while take(",")
        guard take("]") else { throw Fault(reason: fault) }
        return found
    }

    /// A text, escapes resolved.
    mutating func text() throws(Fault) -> String {
        try expect("\"", or: "a text is missing")
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                defer { position += 1 }
                return try Self.decoded(bytes[start..<position])
            case UInt8(ascii: "\\"):
                position = start
                return try escapedText()
            case 0..<0x20: throw Fault(reason: "a text holds a control character")
            default: position += 1
            }
        }
        throw Fault(reason: "a text does not end")
    }

    /// Nothing but white space may be left.
    mutating func end() throws(Fault) {
        skipSpace()
        guard position == bytes.count else { throw Fault(reason: "the JSON goes on behind its end") }
    }

    // MARK: Machinery

    private static func decoded(_ bytes: some Sequence<UInt8>) throws(Fault) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Fault(reason: "a text is not UTF-8")
        }
        return text
    }

    private mutating func escapedText() throws(Fault) -> String {
        var plain: [UInt8] = []
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return try Self.decoded(plain)
            case UInt8(ascii: "\\"):
                guard let scalar = JSONEscape.scalar(bytes, at: &position) else {
                    throw Fault(reason: "a text holds a malformed escape")
                }
                plain += UTF8.encode(scalar) ?? .init()
            case 0..<0x20: throw Fault(reason: "a text holds a control character")
            default:
                plain.append(bytes[position])
                position += 1
            }
        }
        throw Fault(reason: "a text does not end")
    }

    /// Digits only: no sign, fraction, exponent or leading zero, and no more than fit.
    private mutating func integer() -> Int? {
        skipSpace()
        let start = position
        var value = 0
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) {
            guard position - start < 18 else { return nil }
            value = value * 10 + Int(bytes[position] - 0x30)
            position += 1
        }
        let length = position - start
        guard length > 0, length == 1 || bytes[start] != 0x30 else { return nil }
        return value
    }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    /// A number, `true`, `false` or `null`: all up to the next mark.
    private mutating func skipWord() throws(Fault) {
        let marks = [UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "}"), UInt8(ascii: "]")]
        guard bytes[position] > 0x20 else { throw Fault(reason: "a control character stands between values") }
        while position < bytes.count, bytes[position] > 0x20, !marks.contains(bytes[position]) { position += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar, or reason: String) throws(Fault) {
        guard take(character) else { throw Fault(reason: "the header is not a JSON object of the format: \(reason)") }
    }
}
