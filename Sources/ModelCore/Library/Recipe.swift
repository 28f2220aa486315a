import Foundation
import TOMLKit

/// What `models/NAME.toml` says of one model: what it is, which files it needs and how it is fed.
public struct Recipe: Sendable, Hashable {
    public typealias Family = ModelFamily

    public enum Modality: String, Sendable, CaseIterable {
        case image, text
    }

    /// One policy that the model scores by itself, without a head.
    public struct Output: Sendable, Hashable {
        public let policy: String
        /// The class whose probability is the score, and the one it is held against.
        public let row: Int
        public let against: Int
        public let threshold: Double?
    }

    /// How pictures are made ready.
    public struct ImageSettings: Sendable, Hashable {
        /// Size in pixels the caller scales to, the whole picture squashed into it.
        public let width: Int
        public let height: Int
        public let filter: ImageInput.Filter
        /// Side of the middle square that the model sees; nil where it sees everything.
        public let crop: Int?
        /// Subtracted from 0...255 channel values, in blue, green, red order: what the classifier that ends in average
        /// pooling wants. The others have none.
        public let meanBGR: [Float]
        /// Mean and deviation of the channels in 0...1, red first; nil where they are read from the
        /// `preprocessor_config.json` beside the weights.
        public let normalization: Normalization?

        public struct Normalization: Sendable, Hashable {
            public let mean: [Float]
            public let deviation: [Float]
        }
    }

    public struct TextSettings: Sendable, Hashable {
        /// Longest input in tokens, the two special ones included.
        public let maximumTokens: Int
        public let pooling: String
    }

    public let file: String
    public let name: String
    public let version: String
    public let family: Family
    public let modality: Modality
    public let licence: String
    /// Where the weights come from, for people.
    public let source: String
    /// The folder inside a store; nil for a model that was added, whose files lie beside its recipe.
    public let folder: String?
    /// A file of weights, or the `.safetensors.index.json` of a checkpoint in shards.
    public let weightsFile: String
    /// 64 hex digits: what ``CheckedWeights`` makes of the weights.
    public let weightsSHA256: String
    /// SHA-256 of the other files that a score depends on (configuration, vocabulary …), by name. None for recipes
    /// from before `model add`.
    public let files: [String: String]
    public let image: ImageSettings?
    public let text: TextSettings?
    /// Of a model that reads picture and text together: how it is asked about policies in words; nil where it is not.
    public let prompts: Prompts?
    public let outputs: [Output]
    public let relevance: RelevanceMethod

    /// `name@version`.
    public var id: String { "\(name)@\(version)" }
    /// The folder that the recipe lies in.
    var home: String { (file as NSString).deletingLastPathComponent }

    /// - Throws: ``RecipeError`` with file, line and key.
    public init(path: String) throws(RecipeError) {
        let fields = try RecipeFields(path: path)
        try fields.allow([
            "name", "version", "family", "modality", "licence", "source", "folder", "weights", "files",
            "image", "text", "prompts", "output", "explain",
        ])
        file = path
        name = try fields.word("name")
        version = try fields.word("version")
        family = try fields.choice("family")
        modality = try fields.choice("modality")
        licence = try fields.string("licence")
        source = try fields.string("source")
        folder = fields.has("folder") ? try fields.word("folder") : nil

        let weights = try fields.table("weights")
        try weights.allow(["file", "sha256"])
        weightsFile = try weights.word("file")
        weightsSHA256 = try weights.digest("sha256")
        var files: [String: String] = [:]
        if let table = try fields.optionalTable("files") {
            for name in table.keys {
                guard RecipeFields.isWord(name) else { throw table.fault(name, "is not a plain name of a file") }
                files[name] = try table.digest(name)
            }
        }
        self.files = files

        image = try fields.optionalTable("image").map { (table) throws(RecipeError) in try ImageSettings(table) }
        text = try fields.optionalTable("text").map { (table) throws(RecipeError) in try TextSettings(table) }
        guard (modality == .image ? image != nil : text != nil) else {
            throw fields.fault(modality.rawValue, "is missing: the modality needs this table")
        }
        prompts = try fields.optionalTable("prompts").map { (table) throws(RecipeError) in try Prompts(table) }
        guard prompts == nil || modality == .image else {
            throw fields.fault("prompts", "are put to models of pictures only")
        }
        var outputs: [Output] = []
        for table in try fields.tables("output") { outputs.append(try Output(table)) }
        self.outputs = outputs

        let explain = try fields.optionalTable("explain")
        try explain?.allow(["method", "layers"])
        let kind: RelevanceMethod.Kind = try explain?.optionalChoice("method") ?? .legrad
        let layers = try explain?.integer("layers", in: 1...128, otherwise: 0) ?? 0
        relevance = RelevanceMethod(kind, layers: layers > 0 ? .last(layers) : nil)
    }
}

extension Recipe.Output {
    fileprivate init(_ table: RecipeFields) throws(RecipeError) {
        try table.allow(["policy", "row", "against", "threshold"])
        policy = try table.string("policy")
        row = try table.integer("row", in: 0...65535)
        against = try table.integer("against", in: 0...65535)
        threshold = try table.optionalNumber("threshold", in: 0...1)
    }
}

extension Recipe.ImageSettings {
    init(_ table: RecipeFields) throws(RecipeError) {
        try table.allow(["width", "height", "filter", "crop", "mean_bgr", "mean", "deviation"])
        width = try table.integer("width", in: 1...4096)
        height = try table.integer("height", in: 1...4096)
        filter = try table.choice("filter")
        let crop = try table.integer("crop", in: 0...4096, otherwise: 0)
        guard crop <= min(width, height) else { throw table.fault("crop", "is larger than the picture") }
        self.crop = crop > 0 ? crop : nil
        meanBGR = try table.numbers("mean_bgr", count: 3, otherwise: [0, 0, 0]).map(Float.init)
        guard table.has("mean") || table.has("deviation") else {
            normalization = nil
            return
        }
        let mean = try table.numbers("mean", count: 3, otherwise: [])
        let deviation = try table.numbers("deviation", count: 3, otherwise: [])
        guard mean.count == 3 else { throw table.fault("mean", "must be 3 numbers beside deviation") }
        guard deviation.count == 3, deviation.allSatisfy({ $0 > 0 }) else {
            throw table.fault("deviation", "must be 3 numbers above 0 beside mean")
        }
        normalization = Normalization(mean: mean.map(Float.init), deviation: deviation.map(Float.init))
    }
}

extension Recipe.TextSettings {
    init(_ table: RecipeFields) throws(RecipeError) {
        try table.allow(["max_tokens", "pooling"])
        maximumTokens = try table.integer("max_tokens", in: 3...65536)
        pooling = try table.string("pooling")
        guard TextPooling(rawValue: pooling) != nil else { throw table.fault("pooling", "is neither mean nor cls") }
    }
}
