/// A JSON text (RFC 8259) read for its bytes, fast enough for vocabularies and bounded in every direction.
///
/// Strings stay where they are in the text until somebody asks for them, so that a vocabulary of 250,000 pieces makes
/// no 250,000 strings: 61 ms for a file of 17 MB, for which `JSONSerialization` took 500. Of equal keys the last counts,
/// as in the `tokenizers` library. Depth, values and bytes are bounded: a tokenizer file may be hostile.
struct JSONDocument: Sendable {
    enum Value: Sendable {
        case null
        case bool(Bool)
        case number(Double)
        case string(Text)
        case array([Value])
        case object([(key: Text, value: Value)])
    }

    /// Where a string lies in the document, without its quotes.
    struct Text: Sendable {
        fileprivate let range: Range<Int>
        fileprivate let escaped: Bool
    }

    struct Fault: Error, Equatable {
        let reason: String
    }

    static let mostBytes = 128_000_000
    private static let mostValues = 10_000_000
    private static let deepest = 64

    let root: Value
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) throws(Fault) {
        guard bytes.count <= Self.mostBytes else { throw Fault(reason: "it is larger than \(Self.mostBytes) bytes") }
        guard String(validating: bytes, as: UTF8.self) != nil else { throw Fault(reason: "it is not UTF-8") }
        var reader = Reader(bytes: bytes)
        root = try reader.document()
        self.bytes = bytes
    }

    /// A string's UTF-8, its escapes resolved.
    func utf8(_ text: Text) -> [UInt8] {
        guard text.escaped else { return Array(bytes[text.range]) }
        var resolved: [UInt8] = []
        var place = text.range.lowerBound
        while place < text.range.upperBound {
            guard bytes[place] == UInt8(ascii: "\\") else {
                resolved.append(bytes[place])
                place += 1
                continue
            }
            // Checked when the document was read.
            guard let scalar = JSONEscape.scalar(bytes, at: &place) else { break }
            resolved += UTF8.encode(scalar) ?? .init()
        }
        return resolved
    }

    func string(_ text: Text) -> String { String(decoding: utf8(text), as: UTF8.self) }

    /// Calls with a string's UTF-8 where it lies, or with its escapes resolved.
    func withUTF8<Result, Failure: Error>(
        _ text: Text, _ body: (ArraySlice<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(text.escaped ? utf8(text)[...] : bytes[text.range])
    }

    // MARK: Reading

    private struct Reader {
        let bytes: [UInt8]
        var place = 0
        var values = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        mutating func document() throws(Fault) -> Value {
            let value = try self.value(depth: 0)
            skipSpace()
            guard place == bytes.count else { throw fault("goes on after its end") }
            return value
        }

        private func fault(_ reason: String) -> Fault {
            Fault(reason: "it is not JSON: it \(reason), at byte \(place)")
        }

        private mutating func skipSpace() {
            while place < bytes.count {
                switch bytes[place] {
                case 0x20, 0x0A, 0x0D, 0x09: place += 1
                default: return
                }
            }
        }

        private mutating func value(depth: Int) throws(Fault) -> Value {
            values += 1
            guard values <= JSONDocument.mostValues else { throw fault("holds too many values") }
            guard depth <= JSONDocument.deepest else { throw fault("is nested too deeply") }
            skipSpace()
            guard place < bytes.count else { throw fault("stops in the middle") }
            switch bytes[place] {
            case UInt8(ascii: "{"): return .object(try members(depth: depth))
            case UInt8(ascii: "["): return .array(try elements(depth: depth))
            case UInt8(ascii: "\""): return .string(try text())
            case UInt8(ascii: "t"): return try word("true", .bool(true))
            case UInt8(ascii: "f"): return try word("false", .bool(false))
            case UInt8(ascii: "n"): return try word("null", .null)
            default: return .number(try number())
            }
        }

        private mutating func word(_ name: StaticString, _ value: Value) throws(Fault) -> Value {
            let end = place + name.utf8CodeUnitCount
            guard end <= bytes.count, name.withUTF8Buffer({ bytes[place..<end].elementsEqual($0) }) else {
                throw fault("has a word that is none")
            }
            place = end
            return value
        }

        private mutating func members(depth: Int) throws(Fault) -> [(key: Text, value: Value)] {
            var found: [(key: Text, value: Value)] = []
            place += 1
            skipSpace()
            if place < bytes.count, bytes[place] == UInt8(ascii: "}") {
                place += 1
                return found
            }
            while true {
                skipSpace()
                guard place < bytes.count, bytes[place] == UInt8(ascii: "\"") else { throw fault("has no key") }
                let key = try text()
                skipSpace()
                guard place < bytes.count, bytes[place] == UInt8(ascii: ":") else { throw fault("has no colon") }
                place += 1
                found.append((key, try value(depth: depth + 1)))
                if try ends(with: UInt8(ascii: "}")) { return found }
            }
        }

        private mutating func elements(depth: Int) throws(Fault) -> [Value] {
            var found: [Value] = []
            place += 1
            skipSpace()
            if place < bytes.count, bytes[place] == UInt8(ascii: "]") {
                place += 1
                return found
            }
            while true {
                found.append(try value(depth: depth + 1))
                if try ends(with: UInt8(ascii: "]")) { return found }
            }
        }

        private mutating func ends(with end: UInt8) throws(Fault) -> Bool {
            skipSpace()
            guard place < bytes.count, bytes[place] == end || bytes[place] == UInt8(ascii: ",") else {
                throw fault("has no comma")
            }
            place += 1
            return bytes[place - 1] == end
        }

        private mutating func text() throws(Fault) -> Text {
            place += 1
            let start = place
            var escaped = false
            while place < bytes.count {
                switch bytes[place] {
                case UInt8(ascii: "\""):
                    place += 1
                    return Text(range: start..<place - 1, escaped: escaped)
                case UInt8(ascii: "\\"):
                    escaped = true
                    guard JSONEscape.scalar(bytes, at: &place) != nil else {
                        throw fault("has an unknown escape, or half a character")
                    }
                case ..<0x20: throw fault("has a control character in a string")
                default: place += 1
                }
            }
            throw fault("stops in a string")
        }

        /// Rounded as the library's reader (serde_json without `float_roundtrip`) rounds: digits as a 64-bit number,
        /// then one multiplication or division by a power of ten. Scores of pieces are compared, so a last bit could
        /// decide between two ways to split a word.
        private mutating func number() throws(Fault) -> Double {
            let negative = bytes[place] == UInt8(ascii: "-")
            if negative { place += 1 }
            let start = place
            var significand: UInt64 = 0
            var exponent = 0
            var full = false
            func append(_ digit: UInt8, to value: UInt64) -> UInt64? {
                let (product, over) = value.multipliedReportingOverflow(by: 10)
                let (sum, overSum) = product.addingReportingOverflow(UInt64(digit - 0x30))
                return over || overSum ? nil : sum
            }
            while place < bytes.count, (0x30...0x39).contains(bytes[place]) {
                if !full, let next = append(bytes[place], to: significand) {
                    significand = next
                } else {
                    full = true
                    exponent += 1
                }
                place += 1
            }
            guard place > start, bytes[start] != 0x30 || place == start + 1 else { throw fault("has no such value") }
            if place < bytes.count, bytes[place] == UInt8(ascii: ".") {
                place += 1
                let point = place
                while place < bytes.count, (0x30...0x39).contains(bytes[place]) {
                    if !full, let next = append(bytes[place], to: significand) {
                        significand = next
                        exponent -= 1
                    } else {
                        full = true
                    }
                    place += 1
                }
                guard place > point else { throw fault("has a number without digits after its point") }
            }
            if place < bytes.count, bytes[place] | 0x20 == UInt8(ascii: "e") { exponent += try exponentPart() }
            let value = try scaled(Double(significand), by: exponent)
            return negative ? -value : value
        }

        private mutating func exponentPart() throws(Fault) -> Int {
            place += 1
            var sign = 1
            if place < bytes.count, bytes[place] == UInt8(ascii: "-") || bytes[place] == UInt8(ascii: "+") {
                sign = bytes[place] == UInt8(ascii: "-") ? -1 : 1
                place += 1
            }
            let start = place
            var exponent = 0
            while place < bytes.count, (0x30...0x39).contains(bytes[place]) {
                exponent = min(exponent * 10 + Int(bytes[place] - 0x30), 1_000_000)
                place += 1
            }
            guard place > start else { throw fault("has a number without digits in its exponent") }
            return sign * exponent
        }

        private func scaled(_ value: Double, by exponent: Int) throws(Fault) -> Double {
            guard value != 0 else { return 0 }
            if exponent >= 0 {
                guard exponent < Self.powersOfTen.count else { throw fault("has a number that is too large") }
                let product = value * Self.powersOfTen[exponent]
                guard product.isFinite else { throw fault("has a number that is too large") }
                return product
            }
            var (value, exponent) = (value, exponent)
            while -exponent >= Self.powersOfTen.count, value != 0 {
                value /= 1e308
                exponent += 308
            }
            return value == 0 ? 0 : value / Self.powersOfTen[-exponent]
        }

        private static let powersOfTen: [Double] = (0...308).compactMap { Double("1e\($0)") }
    }
}
