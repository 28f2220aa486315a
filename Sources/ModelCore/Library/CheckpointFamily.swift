import Foundation

/// Which family a checkpoint is of, and whether its tensors are those that the family needs.
///
/// The one place where `model add` and the families meet.
enum CheckpointFamily {
    /// `model_type` of the transformers project → family.
    private static let byModelType: [String: Recipe.Family] = ["dinov2": .dinov2, "bert": .bert]

    /// The family that a `config.json` describes.
    ///
    /// - Throws: ``CheckpointError/unknownFamily(path:found:known:)``.
    static func recognised(in folder: String) throws(CheckpointError) -> Recipe.Family {
        let path = folder + "/config.json"
        let fields = try PublishedPreprocessing.object(path) ?? [:]
        let type = fields["model_type"] as? String
        if let family = type.flatMap({ byModelType[$0] }) { return family }
        let found = type ?? fields["architecture"] as? String ?? "no model_type"
        throw .unknownFamily(path: path, found: printable(found), known: byModelType.keys.sorted())
    }

    static func modality(of family: Recipe.Family) -> Recipe.Modality {
        switch family {
        case .dinov2, .onnxClassifier: .image
        case .bert: .text
        }
    }

    /// How many tokens a text model can tell apart by their places.
    static func positions(in folder: String) throws -> Int {
        try FamilyConfiguration.bert(path: folder + "/config.json").positions
    }

    /// Describes a model's networks without compiling them, so that a tensor that is missing or of another shape is
    /// found before the model is kept.
    ///
    /// - Throws: ``WeightsError``, ``ConfigurationError`` or what reading the vocabulary throws.
    static func rehearse(_ recipe: Recipe, folder: String, weights: SafeTensors) throws {
        switch recipe.family {
        case .dinov2:
            let model = DINOv2(
                configuration: try .dinov2(path: folder + "/config.json"), weights: weights,
                inputSize: recipe.image.map { ($0.height, $0.width) } ?? (224, 224), input: .normalized)
            let patch = model.configuration.patchSize
            guard model.inputSize.height % patch == 0, model.inputSize.width % patch == 0 else {
                throw CheckpointError.undecided(
                    path: folder,
                    reason:
                        "pictures of \(model.inputSize.height)×\(model.inputSize.width) pixels are not whole patches of \(patch)."
                )
            }
            _ = try model.scoreGraph()
            _ = try model.explainGraph(RelevanceMethod())
        case .bert:
            let model = BERT(
                configuration: try .bert(path: folder + "/config.json"), weights: weights,
                pooling: recipe.text.flatMap { BERT.Pooling(rawValue: $0.pooling) } ?? .mean)
            _ = try model.scoreGraph()
            _ = try model.explainGraph(RelevanceMethod())
            _ = try WordPiece(vocabulary: folder + "/vocab.txt")
        case .onnxClassifier:
            throw CheckpointError.undecided(path: folder, reason: "an ONNX classifier needs a recipe of its own.")
        }
    }
}
