import Foundation

/// Scores and explains texts and pictures with the models of a library.
///
///     let scorer = try Scorer(library: library, engine: engine)
///     for model in scorer.textModels {
///         let found = try await scorer.assess(texts: ["…"], model: model, explain: .flagged)
///     }
///     for input in scorer.imageInputs {
///         let pixels = …  // scaled to input.width × input.height
///         let found = try await scorer.assess(images: [pixels], model: input.model, explain: .flagged)
///     }
///
/// Networks are compiled when they are first used and kept. All work is done on one thread of the scorer's own (the
/// engine spreads each inference over the cores), so nothing it does blocks Swift's shared threads.
public actor Scorer {
    /// Ids of the text models, sorted.
    public nonisolated let textModels: [String]
    /// The image models with the picture size each wants, sorted by id.
    public nonisolated let imageInputs: [ImageInput]

    let library: ModelLibrary
    private let engine: Engine
    private let executor = InferenceExecutor(label: "reviewtui.scorer")
    private var textual: [String: TextModel] = [:]
    private var visual: [String: any VisionModel] = [:]

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameter models: `name` or `name@version` of those to use; nil for every model whose weights are ready.
    /// - Throws: ``RecipeError`` for a model that is unknown, missing or corrupt.
    public init(library: ModelLibrary, engine: Engine, models: [String]? = nil) throws {
        var chosen: [Recipe] = []
        if let models {
            for name in models {
                let recipe = try library.recipe(name)
                _ = try library.readyFolder(of: recipe)
                if !chosen.contains(recipe) { chosen.append(recipe) }
            }
        } else {
            chosen = library.recipes.filter { library.describe($0).status == .ready }
        }
        self.library = library
        self.engine = engine
        textModels = chosen.filter { $0.modality == .text }.map(\.id).sorted()
        imageInputs = chosen.compactMap { recipe in
            recipe.image.map {
                ImageInput(model: recipe.id, width: $0.width, height: $0.height, filter: $0.filter)
            }
        }.sorted { $0.model < $1.model }
    }

    /// Loads and compiles a model ahead of its first use.
    ///
    /// - Parameter explain: as it will be asked for.
    public func prepare(model: String, explain: ExplainRequest = .flagged) throws {
        let recipe = try library.recipe(model)
        switch recipe.modality {
        case .text: try textModel(recipe).prepare(explain: explain)
        case .image: try visionModel(recipe).prepare(explain: explain)
        }
    }

    /// Assesses texts with one model, each on its own.
    ///
    /// - Returns: one assessment a text, in their order.
    /// - Throws: ``RecipeError``, ``EngineError``, ``WeightsError``, ``ConfigurationError`` or ``ScorerError``.
    public func assess(
        texts: [String], model: String, explain: ExplainRequest = .flagged
    ) throws -> [Assessment] {
        let recipe = try library.recipe(model)
        guard recipe.modality == .text else { throw ScorerError.wrongModality(model: recipe.id, modality: "pictures") }
        return try sound(textModel(recipe).assess(texts, explain: explain))
    }

    /// As ``assess(texts:model:explain:)``, but a text that fails takes no other with it.
    ///
    /// - Throws: what keeps the model from assessing anything at all.
    public func assessEach(
        texts: [String], model: String, explain: ExplainRequest = .flagged
    ) throws -> [Result<Assessment, any Error>] {
        try prepare(model: model, explain: explain)
        return Self.halving(texts[...]) { try assess(texts: Array($0), model: model, explain: explain) }
    }

    /// As ``assess(images:model:explain:)``, but a picture that fails takes no other with it.
    ///
    /// - Throws: what keeps the model from assessing anything at all.
    public func assessEach(
        images: [PixelImage], model: String, explain: ExplainRequest = .flagged
    ) throws -> [Result<Assessment, any Error>] {
        try prepare(model: model, explain: explain)
        return Self.halving(images[...]) { try assess(images: Array($0), model: model, explain: explain) }
    }

    /// Together where that goes well; else each half by itself, down to the single inputs that fail.
    private static func halving<Input>(
        _ inputs: ArraySlice<Input>, _ assess: (ArraySlice<Input>) throws -> [Assessment]
    ) -> [Result<Assessment, any Error>] {
        guard !inputs.isEmpty else { return [] }
        do {
            return try assess(inputs).map { .success($0) }
        } catch {
            guard inputs.count > 1 else { return [.failure(error)] }
            let half = inputs.count / 2
            return halving(inputs.prefix(half), assess) + halving(inputs.dropFirst(half), assess)
        }
    }

    /// Assesses pictures with one model; they must have the size that ``imageInputs`` says.
    ///
    /// - Returns: one assessment a picture, in their order.
    /// - Throws: as ``assess(texts:model:explain:)``.
    public func assess(
        images: [PixelImage], model: String, explain: ExplainRequest = .flagged
    ) throws -> [Assessment] {
        let recipe = try library.recipe(model)
        guard recipe.modality == .image, let settings = recipe.image else {
            throw ScorerError.wrongModality(model: recipe.id, modality: "texts")
        }
        for image in images where image.width != settings.width || image.height != settings.height {
            throw ScorerError.wrongSize(
                model: recipe.id, wanted: "\(settings.width)×\(settings.height)",
                given: "\(image.width)×\(image.height)")
        }
        return try sound(visionModel(recipe).assess(images, explain: explain))
    }

    /// The one place that every assessment passes: none with a number that is not finite leaves the scorer.
    func sound(_ assessments: [Assessment]) throws(ScorerError) -> [Assessment] {
        for assessment in assessments {
            if let what = assessment.unsound { throw .unsound(model: assessment.model, what: what) }
        }
        return assessments
    }

    private func textModel(_ recipe: Recipe) throws -> TextModel {
        if let loaded = textual[recipe.id] { return loaded }
        let loaded = try textModel(recipe, heads: heads(for: recipe))
        textual[recipe.id] = loaded
        return loaded
    }

    private func visionModel(_ recipe: Recipe) throws -> any VisionModel {
        if let loaded = visual[recipe.id] { return loaded }
        let loaded = try visionModel(recipe, heads: heads(for: recipe))
        visual[recipe.id] = loaded
        return loaded
    }

    // MARK: Loading, with any heads

    func textModel(_ recipe: Recipe, heads: [Head]) throws -> TextModel {
        try TextModel(
            recipe: recipe, folder: library.readyFolder(of: recipe), weights: library.weights(of: recipe),
            heads: heads, engine: engine)
    }

    func visionModel(_ recipe: Recipe, heads: [Head]) throws -> any VisionModel {
        let folder = try library.readyFolder(of: recipe)
        switch recipe.family {
        case .onnxClassifier:
            return try ClassifierVisionModel(recipe: recipe, folder: folder, engine: engine)
        case .bert, .roberta, .xlmRoberta:
            throw ScorerError.wrongModality(model: recipe.id, modality: "texts")
        case .vit, .deit, .dinov2, .clip, .siglip, .eva, .vit22b, .blip, .albef, .coca, .flamingo:
            return try TransformerVisionModel(
                recipe: recipe, folder: folder, weights: library.weights(of: recipe), heads: heads, engine: engine)
        }
    }

    func heads(for recipe: Recipe) -> [Head] { library.heads.filter { $0.model == recipe.id } }
}

/// A loaded image model.
protocol VisionModel {
    func prepare(explain: ExplainRequest) throws
    /// - Returns: one assessment a picture, in their order.
    func assess(_ images: [PixelImage], explain: ExplainRequest) throws -> [Assessment]
}
