/// Writes compact JSON that no terminal can be steered with.
///
/// Beyond what JSON demands, DEL, the C1 controls, the bidirectional controls and the line separators are written as
/// `\uXXXX`: the text means the same to every parser, and a moderator who prints it sees what is there.
public struct JSONWriter: Sendable {
    /// UTF-8.
    public private(set) var bytes: [UInt8] = []

    public init() {}

    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Forgets what was written and keeps the memory.
    public mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    public mutating func append(_ value: JSONValue, sortingKeys: Bool = false) {
        switch value {
        case .null: append(raw: "null")
        case .bool(let flag): append(raw: flag ? "true" : "false")
        case .integer(let integer): append(raw: String(integer))
        case .number(let number): append(raw: number.isFinite ? "\(number)" : "null")
        case .digits(let digits): append(raw: digits)
        case .string(let string): append(string: string)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                append(element, sortingKeys: sortingKeys)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            let ordered =
                sortingKeys ? members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) } : members
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in ordered.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                append(string: member.key)
                bytes.append(UInt8(ascii: ":"))
                append(member.value, sortingKeys: sortingKeys)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    /// Text that is JSON already, such as a stored canonical object.
    public mutating func append(raw json: String) { bytes.append(contentsOf: json.utf8) }

    /// The same from bytes that are known to be UTF-8.
    mutating func append(raw utf8: UnsafeBufferPointer<UInt8>) { bytes.append(contentsOf: utf8) }

    /// A string from bytes that are known to be UTF-8.
    mutating func append(utf8: UnsafeBufferPointer<UInt8>) {
        bytes.append(UInt8(ascii: "\""))
        append(contentsOf: utf8)
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func append(utf8: [UInt8]) { utf8.withUnsafeBufferPointer { append(utf8: $0) } }

    /// Lower-case hex digits, without quotes.
    mutating func append(hex data: UnsafeBufferPointer<UInt8>) {
        for byte in data {
            bytes.append(Self.hexDigits[Int(byte >> 4)])
            bytes.append(Self.hexDigits[Int(byte & 15)])
        }
    }

    /// A number from 0 to 99 with a leading zero.
    mutating func append(twoDigits number: Int64) {
        bytes.append(0x30 + UInt8(number / 10))
        bytes.append(0x30 + UInt8(number % 10))
    }

    /// Takes back what was written from a place on, and writes something else.
    mutating func replace(from start: Int, with other: [UInt8]) {
        bytes.removeLast(bytes.count - start)
        bytes.append(contentsOf: other)
    }

    public mutating func append(string: String) {
        var string = string
        bytes.append(UInt8(ascii: "\""))
        string.withUTF8 { append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func append(contentsOf utf8: UnsafeBufferPointer<UInt8>) {
        var kept = 0
        var index = 0
        while index < utf8.count {
            let byte = utf8[index]
            if byte >= 0x20, byte < 0x7F, byte != 0x22, byte != 0x5C {
                index += 1
                continue
            }
            guard let (scalar, length) = Self.escaped(utf8, at: index) else {
                index += 1
                continue
            }
            bytes.append(contentsOf: utf8[kept..<index])
            append(escape: scalar)
            index += length
            kept = index
        }
        bytes.append(contentsOf: utf8[kept...])
    }

    /// The scalar that starts at a byte and its length in bytes, where it must not be written as itself.
    private static func escaped(_ utf8: UnsafeBufferPointer<UInt8>, at index: Int) -> (UInt16, Int)? {
        let byte = utf8[index]
        if byte < 0x80 { return (UInt16(byte), 1) }
        switch byte {
        case 0xC2 where utf8[index + 1] < 0xA0:  // C1 controls
            return (UInt16(utf8[index + 1]), 2)
        case 0xD8 where utf8[index + 1] == 0x9C:  // Arabic letter mark
            return (0x061C, 2)
        case 0xE2 where utf8[index + 1] == 0x80 && [0x8E, 0x8F].contains(utf8[index + 2]):  // LRM, RLM
            return (0x2000 + UInt16(utf8[index + 2] - 0x80), 3)
        case 0xE2 where utf8[index + 1] == 0x80 && (0xA8...0xAE).contains(utf8[index + 2]):  // separators, embeddings
            return (0x2000 + UInt16(utf8[index + 2] - 0x80), 3)
        case 0xE2 where utf8[index + 1] == 0x81 && (0xA6...0xA9).contains(utf8[index + 2]):  // isolates
            return (0x2040 + UInt16(utf8[index + 2] - 0x80), 3)
        default: return nil
        }
    }

    private mutating func append(escape scalar: UInt16) {
        switch scalar {
        case 0x22: append(raw: "\\\"")
        case 0x5C: append(raw: "\\\\")
        case 0x0A: append(raw: "\\n")
        case 0x0D: append(raw: "\\r")
        case 0x09: append(raw: "\\t")
        default:
            bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "u")])
            for shift in [12, 8, 4, 0] as [UInt16] { bytes.append(Self.hexDigits[Int(scalar >> shift & 15)]) }
        }
    }

    private static let hexDigits = Array("0123456789abcdef".utf8)
}
