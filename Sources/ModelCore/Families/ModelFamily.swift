import Foundation

/// How a model is described to the engine: the value of `family` in a recipe.
public enum ModelFamily: String, Sendable, CaseIterable {
    case vit, deit, dinov2, clip, siglip, bert, roberta
    /// EVA, EVA-02 and their CLIP towers.
    case eva
    /// Parallel blocks with query-key normalisation.
    case vit22b = "vit-22b"
    /// Those that read picture and text together.
    case blip, albef, coca, flamingo
    case xlmRoberta = "xlm-roberta"
    /// A transformer that no publisher's layout describes: all is said by a mapping file.
    case transformer
    /// An ONNX file of a CNN that ends in average pooling and a linear classifier.
    case onnxClassifier = "onnx-classifier"

    /// What a checkpoint of this family can read.
    public var modalities: [Recipe.Modality] {
        switch self {
        case .vit, .deit, .dinov2, .vit22b, .onnxClassifier: [.image]
        case .bert, .roberta, .xlmRoberta: [.text]
        case .clip, .siglip, .blip, .albef, .coca, .flamingo, .transformer: [.image, .text]
        // Its CLIP towers have a text side, the picture models have none.
        case .eva: [.image, .text]
        }
    }
}

/// A folder with a published model: its configuration, its weights and what family they are of.
///
/// Three layouts are read:
///
/// | layout | configuration | weights |
/// |---|---|---|
/// | transformers | `config.json` with `model_type` | `model.safetensors` |
/// | timm | `config.json` with `architecture` | `model.safetensors` |
/// | OpenCLIP | `open_clip_config.json` | `open_clip_model.safetensors` |
///
/// A folder in none of these has a ``MappingFile``, which stands for the configuration and gives the tensors the names
/// of its family.
struct Checkpoint {
    enum Layout: Sendable {
        case transformers, timm, openCLIP
    }

    let folder: String
    let layout: Layout
    let family: ModelFamily
    let configuration: ConfigurationFile
    let weights: SafeTensors

    /// - Parameter weightsFile: nil takes the layout's usual name.
    /// - Throws: ``ConfigurationError``, of an unknown family with those that are known, or ``WeightsError``.
    init(folder: String, weightsFile: String? = nil) throws {
        let isOpenCLIP = FileManager.default.fileExists(atPath: folder + "/open_clip_config.json")
        let usual = isOpenCLIP ? "open_clip_model.safetensors" : "model.safetensors"
        try self.init(folder: folder, weights: SafeTensors(path: "\(folder)/\(weightsFile ?? usual)"))
    }

    /// - Parameter weights: of this folder, opened and checked by the caller.
    /// - Throws: ``ConfigurationError``, of an unknown family with those that are known.
    /// - Throws: also ``RecipeError`` and ``WeightsError`` of a mapping file.
    init(folder: String, weights: SafeTensors) throws {
        self.folder = folder
        if let mapping = try MappingFile.beside(folder) {
            (layout, configuration) = (.transformers, mapping.configuration)
            self.weights = try weights.renamed(by: mapping.tensors)
        } else {
            (layout, configuration) = try Self.configuration(in: folder)
            self.weights = weights
        }
        family = try Self.family(of: configuration, layout)
    }

    /// The folder of a model, found to be of the family that its recipe says.
    ///
    /// - Throws: as ``init(folder:weights:)``, and ``ConfigurationError/unsupported(path:key:reason:)`` for another family.
    init(of recipe: Recipe, folder: String, weights: SafeTensors) throws {
        try self.init(folder: folder, weights: weights)
        guard family == recipe.family else {
            throw ConfigurationError.unsupported(
                path: recipe.file, key: "family",
                reason: "is \(recipe.family.rawValue), and the checkpoint is of \(family.rawValue)")
        }
    }

    /// What family a folder is of, without opening its weights.
    ///
    /// - Throws: ``ConfigurationError``.
    static func family(in folder: String) throws(ConfigurationError) -> ModelFamily {
        let (layout, configuration) = try configuration(in: folder)
        return try family(of: configuration, layout)
    }

    /// The encoder of pictures.
    ///
    /// - Parameters:
    ///   - size: of the pictures; nil takes the one the model was trained with.
    ///   - input: in what form they come in.
    /// - Throws: ``ConfigurationError``.
    func imageEncoder(size: ImageSize? = nil, input: PatchEmbedding.Input) throws(ConfigurationError) -> Encoder {
        switch (layout, family) {
        case (.openCLIP, _): try openCLIPImageEncoder(size: size, input: input)
        case (_, .transformer): try plainImageEncoder(size: size, input: input)
        case (.timm, _): try timmEncoder(size: size, input: input)
        case (_, .vit), (_, .deit): try vitEncoder(size: size, input: input)
        case (_, .dinov2): try dinov2Encoder(size: size, input: input)
        case (_, .clip): try clipImageEncoder(size: size, input: input)
        case (_, .siglip): try siglipImageEncoder(size: size, input: input)
        case (_, .blip): try blipImageEncoder(size: size, input: input)
        case (_, .albef): try albefImageEncoder(size: size, input: input)
        case (_, .flamingo): throw configuration.fault("model_type", Self.onlyAnswers)
        default: throw configuration.fault("model_type", "has no encoder of pictures")
        }
    }

    /// The encoder of texts.
    ///
    /// - Parameter pooling: of a family that leaves it to its user, BERT and its kin; the others know.
    /// - Throws: ``ConfigurationError``.
    func textEncoder(pooling: TextPooling = .mean) throws(ConfigurationError) -> Encoder {
        switch (layout, family) {
        case (.openCLIP, _): try openCLIPTextEncoder()
        case (_, .transformer): try plainTextEncoder()
        case (.transformers, .bert), (.transformers, .roberta), (.transformers, .xlmRoberta):
            try bertEncoder(pooling: pooling)
        case (.transformers, .clip): try clipTextEncoder()
        case (.transformers, .siglip): try siglipTextEncoder()
        case (.transformers, .blip): try blipTextEncoder()
        case (.transformers, .albef): try albefTextEncoder()
        case (_, .flamingo): throw configuration.fault("model_type", Self.onlyAnswers)
        default: throw configuration.fault("model_type", "has no encoder of texts")
        }
    }

    /// Whether pictures have an embedding by themselves.
    var hasImageEmbedding: Bool { family != .flamingo }

    private static let onlyAnswers = "is of a model that answers questions about pictures and embeds nothing"

    // MARK: Which family

    private static func configuration(in folder: String) throws(ConfigurationError) -> (Layout, ConfigurationFile) {
        func isHere(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(folder)/\(name)") }
        // Some publishers put two layouts into one folder: the weights that were fetched say which is meant.
        let weights = ["open_clip_model.safetensors", "open_clip_model.safetensors.index.json"]
        if isHere("open_clip_config.json"), weights.contains(where: isHere) || !isHere("config.json") {
            return (.openCLIP, try ConfigurationFile(path: folder + "/open_clip_config.json"))
        }
        let file = try ConfigurationFile(path: folder + "/config.json")
        return (file.has("architecture") && !file.has("model_type") ? .timm : .transformers, file)
    }

    private static func family(
        of file: ConfigurationFile, _ layout: Layout
    ) throws(ConfigurationError) -> ModelFamily {
        switch layout {
        case .transformers:
            let name = try file.text("model_type")
            switch name {
            case "vit": return .vit
            case "deit": return .deit
            case "dinov2", "dinov2_with_registers": return .dinov2
            case "clip", "clip_vision_model", "clip_text_model": return .clip
            case "siglip", "siglip_vision_model", "siglip_text_model": return .siglip
            case "blip": return .blip
            case "albef": return .albef
            case "idefics": return .flamingo
            case "bert": return .bert
            case "roberta": return .roberta
            case "xlm-roberta": return .xlmRoberta
            case ModelFamily.transformer.rawValue: return .transformer
            default: throw unknown(file, name)
            }
        case .timm: return try timmFamily(of: file, try file.text("architecture"))
        case .openCLIP:
            let model = try file.table("model_cfg")
            if model.has("multimodal_cfg") { return .coca }
            let vision = try model.table("vision_cfg")
            return vision.has("timm_model_name")
                ? try timmFamily(of: vision, try vision.text("timm_model_name")) : .clip
        }
    }

    private static func timmFamily(
        of file: ConfigurationFile, _ name: String
    ) throws(ConfigurationError) -> ModelFamily {
        guard let architecture = TimmArchitecture(name) else { throw unknown(file, name) }
        return architecture.family
    }

    private static func unknown(_ file: ConfigurationFile, _ name: String) -> ConfigurationError {
        .unknownFamily(
            path: file.path, found: name,
            known: ModelFamily.allCases.map(\.rawValue).filter {
                ![ModelFamily.onnxClassifier.rawValue, ModelFamily.transformer.rawValue].contains($0)
            })
    }
}

/// How the embedding of a text comes from the tokens of the last layer, where the family leaves it open.
enum TextPooling: String, Sendable {
    /// Mean over the tokens that are not padding.
    case mean
    /// The first token, [CLS].
    case classToken = "cls"
}

// MARK: What families share

extension Checkpoint {
    /// The prefix under which a checkpoint keeps its encoder: a model with a head on top has one, a bare one has not.
    func prefix(of tensor: String, among candidates: [String]) -> String {
        candidates.first { weights.entries[$0 + tensor] != nil } ?? ""
    }

    /// The size of the input: what was asked for, or the model's own.
    func size(
        _ wanted: ImageSize?, side: Int, patch: Int, _ table: ConfigurationFile
    )
        throws(ConfigurationError) -> ImageSize
    {
        let size = wanted ?? ImageSize(height: side, width: side)
        guard side % patch == 0 else { throw table.fault("image_size", "is not a multiple of patch_size") }
        guard size.height % patch == 0, size.width % patch == 0, size.height > 0, size.width > 0 else {
            throw table.fault("patch_size", "\(patch) does not divide a picture of \(size.width)×\(size.height)")
        }
        return size
    }

    /// Image and patch sizes under transformers' keys.
    func grid(
        _ table: ConfigurationFile, imageSize: Int, patchSize: Int
    )
        throws(ConfigurationError) -> (side: Int, patch: Int)
    {
        try table.require("num_channels", 3)
        return (
            try table.side("image_size", in: 1...4096, otherwise: imageSize),
            try table.side("patch_size", in: 1...256, otherwise: patchSize)
        )
    }
}

extension Attention {
    /// Four linear layers of one width under the names that follow `prefix`.
    static func separate(
        _ prefix: String, query: String, key: String, value: String, output: String, width: Int, heads: Int,
        bias: Bool = true
    ) -> Attention {
        Attention(
            query: Linear(prefix + query, from: width, to: width, bias: bias),
            key: Linear(prefix + key, from: width, to: width, bias: bias),
            value: Linear(prefix + value, from: width, to: width, bias: bias),
            output: Linear(prefix + output, from: width, to: width), heads: heads)
    }

    /// One fused matrix of queries, keys and values, as `nn.MultiheadAttention` and timm have it.
    static func fused(
        weight: String, bias: String?, output: String, width: Int, heads: Int
    ) -> Attention {
        let parts = Linear.fused(weight: weight, bias: bias, from: width, to: [width, width, width])
        return Attention(
            query: parts[0], key: parts[1], value: parts[2], output: Linear(output, from: width, to: width),
            heads: heads)
    }
}

extension FeedForward {
    static func plain(up: String, down: String, width: Int, hidden: Int, _ activation: Activation) -> FeedForward {
        FeedForward(
            inner: .plain(up: Linear(up, from: width, to: hidden)), activation: activation,
            down: Linear(down, from: hidden, to: width))
    }
}

// MARK: How pictures are made ready

extension Checkpoint {
    /// Mean and deviation per channel of values in 0...1, as the layout publishes them: `preprocessor_config.json`,
    /// `pretrained_cfg` or `preprocess_cfg`.
    ///
    /// - Throws: ``ConfigurationError``.
    func colours() throws(ConfigurationError) -> (mean: [Float], deviation: [Float]) {
        let (table, mean, deviation): (ConfigurationFile, String, String)
        switch layout {
        case .transformers:
            table = try ConfigurationFile(path: folder + "/preprocessor_config.json")
            (mean, deviation) = ("image_mean", "image_std")
        case .timm: (table, mean, deviation) = (try configuration.table("pretrained_cfg"), "mean", "std")
        case .openCLIP: (table, mean, deviation) = (try configuration.table("preprocess_cfg"), "mean", "std")
        }
        let found = (mean: try table.triple(mean), deviation: try table.triple(deviation))
        guard found.deviation.allSatisfy({ $0 > 0 && $0.isFinite }), found.mean.allSatisfy(\.isFinite) else {
            throw table.fault(deviation, "is not three positive numbers")
        }
        return found
    }
}
