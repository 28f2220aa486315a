/// A JSON text as a tree, for ingestion, the audit chain and everything that is printed with `--json`.
///
/// Build one with literals and write it with ``text``:
///
/// ```swift
/// let document: JSONValue = ["id": .string(item.id.rawValue), "scores": .array(scores)]
/// print(document.text)
/// ```
///
/// Objects keep the order of their members, and keys are compared by their UTF-8 bytes.
public enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// A finite number with a fraction or an exponent. One that is not finite is written as `null`.
    case number(Double)
    /// An integer beyond 64 bits, as its digits: upstream ids must not be rounded.
    case digits(String)
    case string(String)
    case array([JSONValue])
    case object([JSONMember])

    /// The value of an object's member; nil where this is no object or has no such key.
    public subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }

    /// A string, or null where there is none.
    public static func optional(_ string: String?) -> JSONValue { string.map { .string($0) } ?? .null }

    /// An integer, or null where there is none.
    public static func optional(_ integer: (some BinaryInteger)?) -> JSONValue {
        integer.map { .integer(Int64($0)) } ?? .null
    }

    /// A number, or null where there is none.
    public static func optional(_ number: Double?) -> JSONValue { number.map { .number($0) } ?? .null }
}

/// One key and value of a JSON object.
public struct JSONMember: Sendable, Hashable {
    public var key: String
    public var value: JSONValue

    public init(_ key: String, _ value: JSONValue) {
        self.key = key
        self.value = value
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(nilLiteral: ()) { self = .null }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { JSONMember($0, $1) })
    }
}

extension JSONValue {
    /// The value as one line of compact JSON that is safe on a terminal (see ``JSONWriter``).
    public var text: String {
        var writer = JSONWriter()
        writer.append(self)
        return writer.text
    }

    /// ``text`` with the members of every object sorted by the bytes of their keys: equal values, equal bytes.
    public var canonicalText: String { String(decoding: canonicalBytes, as: UTF8.self) }

    /// ``canonicalText`` as UTF-8.
    var canonicalBytes: [UInt8] {
        var writer = JSONWriter()
        writer.append(self, sortingKeys: true)
        return writer.bytes
    }
}

extension JSONValue {
    /// The text of a JSON string; nil for anything else.
    public var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// A number of either kind; nil for anything else.
    public var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        case .digits(let digits): Double(digits)
        default: nil
        }
    }

    /// An integer within 64 bits; nil for anything else.
    public var int64: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// The elements of an array; nil for anything else.
    public var array: [JSONValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }
}
