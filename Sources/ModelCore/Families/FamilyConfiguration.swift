import Foundation

/// Why a checkpoint's `config.json` cannot be used.
public enum ConfigurationError: Error, CustomStringConvertible, Sendable, Equatable {
    case unreadable(path: String, reason: String)
    /// A value that the family's description does not cover.
    case unsupported(path: String, key: String, reason: String)

    public var description: String {
        switch self {
        case .unreadable(let path, let reason):
            "\(path) cannot be read: \(reason). Fetch the model again (`make deps`)."
        case .unsupported(let path, let key, let reason):
            "\(path): `\(key)` \(reason). Choose a checkpoint of a supported family."
        }
    }
}

/// The numbers of a published `config.json` that shape a transformer, checked: the file may be hostile, and they size
/// everything that is allocated afterwards.
struct FamilyConfiguration: Sendable, Equatable {
    var width: Int
    var layers: Int
    var heads: Int
    /// Width of the hidden layer of the MLP.
    var hidden: Int
    var epsilon: Double
    // Images.
    var imageSize = 0
    var patchSize = 0
    // Text.
    var vocabulary = 0
    var positions = 0
    var tokenTypes = 0

    var headWidth: Int { width / heads }

    /// Reads a DINOv2 configuration (`Dinov2Config` of the transformers project).
    static func dinov2(path: String) throws(ConfigurationError) -> FamilyConfiguration {
        let file = try ConfigurationFile(path: path)
        try file.require("model_type", "dinov2")
        try file.require("hidden_act", "gelu")
        try file.require("use_swiglu_ffn", false)
        let width = try file.integer("hidden_size", in: 1...8192)
        var found = try common(file, width: width, hidden: width * (try file.integer("mlp_ratio", in: 1...16)))
        found.imageSize = try file.integer("image_size", in: 1...4096)
        found.patchSize = try file.integer("patch_size", in: 1...256)
        guard found.imageSize % found.patchSize == 0 else {
            throw .unsupported(path: path, key: "image_size", reason: "is not a multiple of patch_size")
        }
        return found
    }

    /// Reads a BERT configuration (`BertConfig` of the transformers project).
    static func bert(path: String) throws(ConfigurationError) -> FamilyConfiguration {
        let file = try ConfigurationFile(path: path)
        try file.require("model_type", "bert")
        try file.require("hidden_act", "gelu")
        try file.require("position_embedding_type", "absolute")
        let width = try file.integer("hidden_size", in: 1...8192)
        var found = try common(file, width: width, hidden: try file.integer("intermediate_size", in: 1...65536))
        found.vocabulary = try file.integer("vocab_size", in: 1...1_000_000)
        found.positions = try file.integer("max_position_embeddings", in: 1...65536)
        found.tokenTypes = try file.integer("type_vocab_size", in: 1...16)
        return found
    }

    private static func common(
        _ file: ConfigurationFile, width: Int, hidden: Int
    ) throws(ConfigurationError) -> FamilyConfiguration {
        let heads = try file.integer("num_attention_heads", in: 1...256)
        guard width % heads == 0 else {
            throw .unsupported(path: file.path, key: "num_attention_heads", reason: "does not divide hidden_size")
        }
        return FamilyConfiguration(
            width: width, layers: try file.integer("num_hidden_layers", in: 1...128), heads: heads, hidden: hidden,
            epsilon: try file.number("layer_norm_eps", in: 0...0.1))
    }
}

/// A `config.json` whose values are read one by one with a range.
struct ConfigurationFile {
    let path: String
    private let values: [String: Any]

    init(path: String) throws(ConfigurationError) {
        self.path = path
        do {
            let data = try Data(contentsOf: URL(fileURLWithPath: path))
            guard data.count < 10_000_000, let object = try JSONSerialization.jsonObject(with: data) as? [String: Any]
            else { throw ConfigurationError.unreadable(path: path, reason: "it is not a JSON object") }
            values = object
        } catch let error as ConfigurationError {
            throw error
        } catch {
            throw .unreadable(path: path, reason: error.localizedDescription)
        }
    }

    func integer(_ key: String, in range: ClosedRange<Int>) throws(ConfigurationError) -> Int {
        guard let number = values[key] as? NSNumber, let integer = Int(exactly: number.doubleValue) else {
            throw .unsupported(path: path, key: key, reason: "is not a whole number")
        }
        guard range.contains(integer) else {
            throw .unsupported(path: path, key: key, reason: "is outside \(range.lowerBound) to \(range.upperBound)")
        }
        return integer
    }

    func number(_ key: String, in range: ClosedRange<Double>) throws(ConfigurationError) -> Double {
        guard let number = values[key] as? NSNumber, range.contains(number.doubleValue) else {
            throw .unsupported(path: path, key: key, reason: "is not a number that is understood")
        }
        return number.doubleValue
    }

    /// Three numbers, such as a mean per colour channel.
    func triple(_ key: String) throws(ConfigurationError) -> [Float] {
        guard let numbers = values[key] as? [NSNumber], numbers.count == 3 else {
            throw .unsupported(path: path, key: key, reason: "is not three numbers")
        }
        return numbers.map(\.floatValue)
    }

    /// A key that may be absent, but must have this value where it is there.
    func require<Value: Equatable & Sendable>(_ key: String, _ value: Value) throws(ConfigurationError) {
        guard let found = values[key] else { return }
        guard let found = found as? Value, found == value else {
            throw .unsupported(path: path, key: key, reason: "is not \(value)")
        }
    }
}
