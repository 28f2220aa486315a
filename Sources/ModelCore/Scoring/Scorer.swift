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
    private let directions: DirectionCache
    private let admitsUncalibrated: Bool
    private let executor = InferenceExecutor(label: "reviewtui.scorer")
    private var textual: [String: TextModel] = [:]
    private var visual: [String: any VisionModel] = [:]

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - models: `name` or `name@version` of those to use; nil for every model whose weights are ready.
    ///   - admittingUncalibrated: whether directions that nobody calibrated score, too. Their numbers are no
    ///     probabilities, and are marked so (``Assessment/PolicyScore/isCalibrated``).
    ///   - directionCache: a folder that keeps zero-shot directions between runs; nil keeps none.
    /// - Throws: ``RecipeError`` for a model that is unknown, missing or corrupt.
    public init(
        library: ModelLibrary, engine: Engine, models: [String]? = nil, admittingUncalibrated: Bool = true,
        directionCache: String? = nil
    ) throws {
        var chosen: [Recipe] = []
        if let models {
            for name in models {
                let recipe = try library.recipe(name)
                _ = try library.readyFolder(of: recipe)
                if !chosen.contains(recipe) { chosen.append(recipe) }
            }
        } else {
            chosen = library.recipes.filter { library.status(of: $0) == .ready }
        }
        self.library = library
        self.engine = engine
        directions = DirectionCache(folder: directionCache)
        admitsUncalibrated = admittingUncalibrated
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
    /// - Parameter method: nil for what the head or the recipe says.
    /// - Returns: one assessment a text, in their order.
    /// - Throws: ``RecipeError``, ``EngineError``, ``WeightsError``, ``ConfigurationError`` or ``ScorerError``;
    ///   ``ExplanationError`` where the method does not apply to the model.
    public func assess(
        texts: [String], model: String, explain: ExplainRequest = .flagged, by method: ExplanationMethod? = nil
    ) throws -> [Assessment] {
        let recipe = try library.recipe(model)
        guard recipe.modality == .text else { throw ScorerError.wrongModality(model: recipe.id, modality: "pictures") }
        return try sound(textModel(recipe).assess(texts, explain: explain, by: method))
    }

    /// As ``assess(texts:model:explain:by:)``, but a text that fails takes no other with it.
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
    /// - Throws: as ``assess(texts:model:explain:by:)``.
    public func assess(
        images: [PixelImage], model: String, explain: ExplainRequest = .flagged, by method: ExplanationMethod? = nil
    ) throws -> [Assessment] {
        try sound(visionModel(recipe(of: model, fitting: images)).assess(images, explain: explain, by: method))
    }

    /// - Throws: ``ScorerError`` where the model takes no pictures, or pictures of another size.
    private func recipe(of model: String, fitting images: [PixelImage]) throws -> Recipe {
        let recipe = try library.recipe(model)
        guard recipe.modality == .image, let settings = recipe.image else {
            throw ScorerError.wrongModality(model: recipe.id, modality: "texts")
        }
        for image in images where image.width != settings.width || image.height != settings.height {
            throw ScorerError.wrongSize(
                model: recipe.id, wanted: "\(settings.width)×\(settings.height)",
                given: "\(image.width)×\(image.height)")
        }
        return recipe
    }

    // MARK: Explaining with any method and any direction

    /// The methods that say something true of a model, in the order they are declared.
    ///
    /// - Throws: as ``assess(texts:model:explain:by:)``.
    public func methods(of model: String) throws -> [ExplanationMethod.Kind] {
        let recipe = try library.recipe(model)
        let check: (ExplanationMethod) throws -> Void
        switch recipe.modality {
        case .text: check = try textModel(recipe).check
        case .image: check = try visionModel(recipe).check
        }
        return ExplanationMethod.Kind.allCases.filter { (try? check(ExplanationMethod($0))) != nil }
    }

    /// The words of a text and their relevance to directions that need be in no head: for measuring methods.
    ///
    /// - Parameter directions: each as long as the model's embeddings.
    /// - Returns: one a direction; one in all where the method is about none.
    /// - Throws: as ``assess(texts:model:explain:by:)``.
    public func relevance(
        of text: String, model: String, to directions: [[Float]], by method: ExplanationMethod
    ) throws -> [ModelExplanation.Relevance] {
        let recipe = try library.recipe(model)
        guard recipe.modality == .text else { throw ScorerError.wrongModality(model: recipe.id, modality: "pictures") }
        return try sound(textModel(recipe).relevance(of: text, to: directions, by: method), of: recipe, method)
    }

    /// As ``relevance(of:model:to:by:)-(String,_,_,_)``, the places of a picture.
    public func relevance(
        of image: PixelImage, model: String, to directions: [[Float]], by method: ExplanationMethod
    ) throws -> [ModelExplanation.Relevance] {
        let recipe = try recipe(of: model, fitting: [image])
        return try sound(visionModel(recipe).relevance(of: image, to: directions, by: method), of: recipe, method)
    }

    private func sound(
        _ found: [ModelExplanation.Relevance], of recipe: Recipe, _ method: ExplanationMethod
    ) throws(ScorerError) -> [ModelExplanation.Relevance] {
        guard found.allSatisfy(\.isSound) else {
            throw .unsound(model: recipe.id, what: "its explanation (\(method.kind.rawValue))")
        }
        return found
    }

    /// Embeddings only, many pictures at a time. Not normalised; none where the model has none.
    ///
    /// - Throws: as ``assess(texts:model:explain:by:)``.
    public func embeddings(of images: [PixelImage], model: String) throws -> [[Float]] {
        try visionModel(recipe(of: model, fitting: images)).embeddings(of: images)
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

    /// - Parameter policies: that a model that reads picture and text together is asked about; nil for those that the
    ///   library has words for and no head knows.
    func visionModel(
        _ recipe: Recipe, heads: [Head], asking policies: [ZeroShotPolicy]? = nil
    ) throws -> any VisionModel {
        let folder = try library.readyFolder(of: recipe)
        switch recipe.family {
        case .onnxClassifier:
            return try ClassifierVisionModel(recipe: recipe, folder: folder, engine: engine)
        case .bert, .roberta, .xlmRoberta:
            throw ScorerError.wrongModality(model: recipe.id, modality: "texts")
        case .blip, .albef, .coca, .flamingo:
            return try jointModel(recipe, folder: folder, heads: heads, asking: policies)
        case .vit, .deit, .dinov2, .clip, .siglip, .eva, .vit22b, .transformer:
            return try TransformerVisionModel(
                recipe: recipe, folder: folder, weights: library.weights(of: recipe), heads: heads, engine: engine)
        }
    }

    /// A model that reads picture and text together: by its embedding, by a policy's words, or both.
    private func jointModel(
        _ recipe: Recipe, folder: String, heads: [Head], asking policies: [ZeroShotPolicy]?
    ) throws -> any VisionModel {
        let weights = try library.weights(of: recipe)
        let checkpoint = try Checkpoint(of: recipe, folder: folder, weights: weights)
        let policies =
            policies
            ?? library.policiesInWords(for: recipe).filter {
                admitsUncalibrated || library.isCalibrated($0, for: recipe)
            }
        func embedder() throws -> TransformerVisionModel {
            try TransformerVisionModel(
                recipe: recipe, folder: folder, weights: weights, heads: heads, engine: engine)
        }
        func joint() throws -> JointModel {
            let colours = try recipe.image?.normalization.map { ($0.mean, $0.deviation) } ?? checkpoint.colours()
            return try JointModel(recipe, checkpoint, input: .bytes(mean: colours.0, deviation: colours.1))
        }
        if recipe.prompts != nil {
            return try PromptedVisionModel(
                recipe: recipe, model: joint(), embedder: checkpoint.hasImageEmbedding ? embedder() : nil,
                heads: heads, asking: policies, calibrated: library.calibrationEntries(for: recipe), engine: engine)
        }
        // Words that made no direction are no captions either.
        let scored = Set(heads.filter { $0.origin == .zeroShot }.flatMap { $0.policies.map(\.policy) })
        let captions = policies.filter { scored.contains($0.policy) }
        guard checkpoint.family == .coca, !captions.isEmpty else { return try embedder() }
        return try CaptionedVisionModel(
            recipe: recipe, model: embedder(), joint: joint(), side: TextSide(recipe, checkpoint), asking: captions,
            engine: engine)
    }

    // MARK: Heads

    /// A model's heads: those that were fitted, then a zero-shot one for each policy that none of them knows.
    func heads(for recipe: Recipe) throws -> [Head] {
        let fitted = library.heads(of: recipe)
        let heads = try (fitted + zeroShotHeads(for: recipe, besides: fitted))
            .map { $0.calibrated(by: library.calibrations) }
        return heads.compactMap { library.admitted($0, admittingUncalibrated: admitsUncalibrated) }
    }

    /// What a model makes of policies' words: a head for each that has words enough for it, whether a fitted one is in use
    /// or not. What a fit on verdicts starts from.
    ///
    /// - Parameter policies: ids.
    /// - Returns: none for a model that reads no words.
    /// - Throws: ``RecipeError``, ``EngineError``, ``WeightsError`` or ``ScorerError``.
    public func wordHeads(for policies: [String], model: String) throws -> [Head] {
        let recipe = try library.recipe(model)
        guard ZeroShot.isThinkable(recipe) else { return [] }
        return try zeroShotHeads(
            for: recipe, asking: library.zeroShot.filter { policies.contains($0.policy) }, explain: nil)
    }

    private func zeroShotHeads(for recipe: Recipe, besides fitted: [Head]) throws -> [Head] {
        let asked = library.policiesInWords(for: recipe)
            .filter { admitsUncalibrated || library.isCalibrated($0, for: recipe) }
        return try zeroShotHeads(
            for: recipe, asking: asked, explain: fitted.lazy.compactMap(\.explain).first { $0.contrast == .none })
    }

    private func zeroShotHeads(
        for recipe: Recipe, asking asked: [ZeroShotPolicy], explain: Head.Explain?
    ) throws -> [Head] {
        // A model that reads picture and text together has no directions for words.
        guard !asked.isEmpty, recipe.prompts == nil else { return [] }
        let checkpoint = try Checkpoint(
            of: recipe, folder: library.readyFolder(of: recipe), weights: library.weights(of: recipe))
        let zeroShot: ZeroShot
        do {
            zeroShot = try ZeroShot(recipe, checkpoint)
        } catch {
            // A model of pictures that lacks the side for texts is none the worse for it.
            guard recipe.modality == .image else { throw error }
            return []
        }
        let policies = asked.filter(zeroShot.suffices)
        let keys = policies.map { DirectionCache.key($0, recipe, precision: engine.precision) }
        var known: [String: ZeroShot.Direction] = [:]
        for key in keys { known[key] = directions.direction(key, width: zeroShot.side.encoder.embeddingWidth) }
        let missing = zip(policies, keys).filter { known[$0.1] == nil }
        if !missing.isEmpty {
            let side = zeroShot.side
            let reader = ProjectedEncoder(side.encoder, name: recipe.id, engine: engine)
            let made = try zeroShot.directions(for: missing.map { $0.0 }) { texts in
                try reader.embeddings(of: side.inputs(side.encode(texts)))
            }
            for ((policy, key), direction) in zip(missing, made) {
                guard direction.vector.allSatisfy(\.isFinite) else {
                    throw ScorerError.unsound(model: recipe.id, what: "its direction for \(policy.policy)")
                }
                directions.keep(direction, as: key)
                known[key] = direction
            }
        }
        return zip(policies, keys).compactMap { policy, key in
            known[key].map {
                Head(
                    zeroShot: policy, $0, model: recipe.id, weightsSHA256: recipe.weightsSHA256, explain: explain)
            }
        }
    }
}

/// A loaded image model.
protocol VisionModel {
    func prepare(explain: ExplainRequest) throws
    /// - Parameter method: nil for what the recipe says.
    /// - Returns: one assessment a picture, in their order.
    func assess(_ images: [PixelImage], explain: ExplainRequest, by method: ExplanationMethod?) throws -> [Assessment]
    /// - Throws: ``ExplanationError`` where the method does not apply.
    func check(_ method: ExplanationMethod) throws(ExplanationError)
    /// Relevance to directions, one map each; one in all where the method is about none.
    func relevance(
        of image: PixelImage, to directions: [[Float]], by method: ExplanationMethod
    ) throws -> [ModelExplanation.Relevance]
    func embeddings(of images: [PixelImage]) throws -> [[Float]]
}
