import Foundation

/// Why a checkpoint's configuration cannot be used.
public enum ConfigurationError: Error, CustomStringConvertible, Sendable, Equatable {
    case unreadable(path: String, reason: String)
    /// A value that the family's description does not cover.
    case unsupported(path: String, key: String, reason: String)
    /// A model of a kind that nobody described.
    case unknownFamily(path: String, found: String, known: [String])

    public var description: String {
        switch self {
        case .unreadable(let path, let reason):
            "\(path) cannot be read: \(reason). Fetch the model again (`make deps`)."
        case .unsupported(let path, let key, let reason):
            "\(path): `\(printable(key))` \(reason). Choose a checkpoint of a supported family."
        case .unknownFamily(let path, let found, let known):
            "\(path) is of the unknown family \(printable(found)). Known: \(known.joined(separator: ", "))."
        }
    }
}

/// A `config.json`, or a table inside one, whose values are read one by one with a range: the file may be hostile, and
/// its numbers size everything that is allocated afterwards.
///
/// Published files leave out what equals the reference implementation's default, so most readers take one.
struct ConfigurationFile {
    let path: String
    /// Of the table, ending in a dot; empty at the top.
    private let section: String
    private let values: [String: Any]

    init(path: String) throws(ConfigurationError) {
        do {
            let data = try Data(contentsOf: URL(fileURLWithPath: path))
            guard data.count < 10_000_000,
                let object = try JSONSerialization.jsonObject(with: data) as? [String: Any]
            else { throw ConfigurationError.unreadable(path: path, reason: "it is not a JSON object") }
            self.init(path: path, section: "", values: object)
        } catch let error as ConfigurationError {
            throw error
        } catch {
            throw .unreadable(path: path, reason: error.localizedDescription)
        }
    }

    /// Values that stand in another kind of file.
    init(path: String, values: [String: Any]) { self.init(path: path, section: "", values: values) }

    private init(path: String, section: String, values: [String: Any]) {
        self.path = path
        self.section = section
        self.values = values
    }

    /// A table inside this one; an empty one where it is absent.
    func table(_ key: String) throws(ConfigurationError) -> ConfigurationFile {
        guard let value = values[key], !(value is NSNull) else {
            return ConfigurationFile(path: path, section: section + key + ".", values: [:])
        }
        guard let table = value as? [String: Any] else { throw fault(key, "is not a table") }
        return ConfigurationFile(path: path, section: section + key + ".", values: table)
    }

    /// Whether a key is there and not null.
    func has(_ key: String) -> Bool { values[key].map { !($0 is NSNull) } ?? false }

    func integer(
        _ key: String, in range: ClosedRange<Int>, otherwise: Int? = nil
    ) throws(ConfigurationError) -> Int {
        if let otherwise, !has(key) { return otherwise }
        guard let number = values[key] as? NSNumber, let integer = Int(exactly: number.doubleValue) else {
            throw fault(key, "is not a whole number")
        }
        guard range.contains(integer) else {
            throw fault(key, "is outside \(range.lowerBound) to \(range.upperBound)")
        }
        return integer
    }

    func number(
        _ key: String, in range: ClosedRange<Double>, otherwise: Double? = nil
    ) throws(ConfigurationError) -> Double {
        if let otherwise, !has(key) { return otherwise }
        guard let number = values[key] as? NSNumber, range.contains(number.doubleValue) else {
            throw fault(key, "is not a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number.doubleValue
    }

    func flag(_ key: String, otherwise: Bool) throws(ConfigurationError) -> Bool {
        if !has(key) { return otherwise }
        guard let flag = values[key] as? Bool else { throw fault(key, "is neither true nor false") }
        return flag
    }

    func text(_ key: String, otherwise: String? = nil) throws(ConfigurationError) -> String {
        if let otherwise, !has(key) { return otherwise }
        guard let text = values[key] as? String else { throw fault(key, "is not a text") }
        return text
    }

    /// A whole number, or the two equal ones of a list.
    func side(
        _ key: String, in range: ClosedRange<Int>, otherwise: Int? = nil
    ) throws(ConfigurationError) -> Int {
        guard let pair = values[key] as? [NSNumber] else { return try integer(key, in: range, otherwise: otherwise) }
        guard pair.count == 2, pair[0] == pair[1], let side = Int(exactly: pair[0].doubleValue), range.contains(side)
        else { throw fault(key, "is not a square from \(range.lowerBound) to \(range.upperBound)") }
        return side
    }

    /// Three numbers, such as a mean per colour channel.
    func triple(_ key: String, otherwise: [Float]? = nil) throws(ConfigurationError) -> [Float] {
        if let otherwise, !has(key) { return otherwise }
        guard let numbers = values[key] as? [NSNumber], numbers.count == 3 else {
            throw fault(key, "is not three numbers")
        }
        return numbers.map(\.floatValue)
    }

    /// A key that may be absent, but must have this value where it is there.
    func require<Value: Equatable & Sendable>(_ key: String, _ value: Value) throws(ConfigurationError) {
        guard has(key) else { return }
        guard let found = values[key] as? Value, found == value else { throw fault(key, "is not \(value)") }
    }

    func fault(_ key: String, _ reason: String) -> ConfigurationError {
        .unsupported(path: path, key: section + key, reason: reason)
    }
}

extension ConfigurationFile {
    /// The activation under one of the names that the transformers project knows.
    func activation(_ key: String, otherwise: Activation) throws(ConfigurationError) -> Activation {
        guard has(key) else { return otherwise }
        switch try text(key) {
        case "gelu": return .gelu
        case "gelu_pytorch_tanh", "gelu_new", "gelu_tanh": return .tanhGELU
        case "quick_gelu": return .quickGELU
        case "relu": return .relu
        case "silu", "swish": return .silu
        default: throw fault(key, "is none of gelu, gelu_pytorch_tanh, gelu_new, quick_gelu, relu, silu")
        }
    }
}

/// The numbers that shape any transformer, checked.
struct TransformerSize: Sendable, Hashable {
    let width: Int
    let layers: Int
    let heads: Int
    /// Of the feed-forward part.
    let hidden: Int
    let epsilon: Double

    /// - Parameters:
    ///   - table: of transformers' keys.
    ///   - usual: what the reference implementation takes for keys that are absent.
    init(
        _ table: ConfigurationFile, usual: (width: Int, layers: Int, heads: Int, hidden: Int, epsilon: Double)
    ) throws(ConfigurationError) {
        try self.init(
            table, usual: usual, hidden: try table.integer("intermediate_size", in: 1...65536, otherwise: usual.hidden))
    }

    init(
        _ table: ConfigurationFile, usual: (width: Int, layers: Int, heads: Int, hidden: Int, epsilon: Double),
        hidden: Int
    ) throws(ConfigurationError) {
        try self.init(
            width: table.integer("hidden_size", in: 1...16384, otherwise: usual.width),
            layers: table.integer("num_hidden_layers", in: 1...128, otherwise: usual.layers),
            heads: table.integer("num_attention_heads", in: 1...256, otherwise: usual.heads), hidden: hidden,
            epsilon: table.number("layer_norm_eps", in: 0...0.1, otherwise: usual.epsilon),
            fault: table.fault("num_attention_heads", "does not divide the width"))
    }

    /// - Parameter fault: thrown where the heads do not divide the width.
    init(
        width: Int, layers: Int, heads: Int, hidden: Int, epsilon: Double, fault: ConfigurationError
    ) throws(ConfigurationError) {
        guard width % heads == 0 else { throw fault }
        self.width = width
        self.layers = layers
        self.heads = heads
        self.hidden = hidden
        self.epsilon = epsilon
    }
}
