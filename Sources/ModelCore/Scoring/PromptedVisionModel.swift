/// A model of pictures that is asked about policies in words and reads the picture to answer: BLIP and ALBEF by their
/// matching head, Flamingo by questions. ``PolicyPrompts`` has the formula of a score.
///
/// Where the model has an embedding too, heads that were fitted on it score and are explained as those of any other
/// model, and the words ask for the rest.
///
/// A policy that is asked about is explained by the prompt that decided: its map, mean over the texts that it was put in.
final class PromptedVisionModel: VisionModel {
    private let recipe: Recipe
    private let reader: PictureReader
    private let prompts: PolicyPrompts
    private let encodings: [Tokenizer.Encoding]
    private let projection: Projection
    private let precision: Engine.Options.Precision
    /// The encoder by itself, for what is projected from its embedding; nil where the model has none.
    private let embedder: TransformerVisionModel?

    /// - Parameters:
    ///   - heads: fitted on the model's embedding.
    ///   - policies: that it is asked about.
    /// - Throws: what ``JointModel`` throws, and ``PromptError`` for a prompt that cannot be put to it.
    init(
        recipe: Recipe, model: JointModel, embedder: TransformerVisionModel?, heads: [Head],
        asking policies: [ZeroShotPolicy], calibrated entries: [Calibration.Entry], engine: Engine
    ) throws {
        self.recipe = recipe
        self.embedder = embedder
        // No part of these graphs is quantized.
        precision = engine.precision.ofFileNetworks
        reader = try PictureReader(model, name: recipe.id, engine: engine)
        projection = Projection(model: recipe.id, heads: heads)
        guard let way = recipe.prompts else {
            throw RecipeError.invalid(
                file: recipe.file, line: 0, key: "prompts", reason: "is missing: it says how the model is asked")
        }
        prompts = PolicyPrompts(policies, way: way, calibrated: entries)
        encodings = try prompts.texts.map { (text) throws(PromptError) in try model.texts.encode(text) }
    }

    func prepare(explain: ExplainRequest) throws {
        guard prompts.asked.isEmpty else { return try reader.prepare() }
        try embedder?.prepare(explain: explain)
    }

    func check(_ method: ExplanationMethod) throws(ExplanationError) {
        switch method.kind {
        case .crossAttention, .crossGradient:
            guard !prompts.asked.isEmpty else {
                throw .notApplicable(method: method.kind.rawValue, reason: "it is asked about no policy in words")
            }
            try reader.check(method)
        case .occlusion: try method.requireNoParts()
        default:
            guard let embedder, prompts.asked.isEmpty || !projection.heads.isEmpty else {
                throw .notApplicable(
                    method: method.kind.rawValue,
                    reason: "it scores by reading the picture from a policy's words, not by an embedding")
            }
            try embedder.check(method)
        }
    }

    func assess(
        _ images: [PixelImage], explain: ExplainRequest, by method: ExplanationMethod?
    ) throws -> [Assessment] {
        if let method { try check(method) }
        guard !prompts.asked.isEmpty else {
            return try embedder?.assess(images, explain: explain, by: method) ?? images.map { _ in silence(explain) }
        }
        let pictures = try reader.encode(images)
        let odds = try reader.scores(of: encodings, in: pictures)
        return try images.indices.map { index in
            let readings = prompts.asked.map { PolicyPrompts.reading(of: $0, odds: odds[index]) }
            let fitted = try projection.scores(of: pictures[index].embedding)
            let scores = fitted + zip(prompts.asked, readings).map(PolicyPrompts.score)
            let wanted = Projection.wanted(explain, among: scores)
            var explanations: [ModelExplanation] = []
            if let embedder, method?.kind.cross == nil {
                let policies = fitted.map(\.policy).filter(wanted.contains)
                if !policies.isEmpty {
                    explanations = try embedder.assess([images[index]], explain: .policies(policies), by: method)[0]
                        .explanations
                }
            }
            let asked = zip(prompts.asked, readings).filter { wanted.contains($0.0.policy) }
            explanations += try self.explanations(
                of: asked.map { ($0.policy, $1) }, in: pictures[index], images[index], by: method)
            return Assessment(
                model: recipe.id, weightsSHA256: recipe.weightsSHA256, precision: precision,
                embedding: pictures[index].embedding, scores: scores, explanations: explanations,
                untrained: Projection.untrained(explain, scores: scores), notes: [])
        }
    }

    /// What a model says that has no embedding and is asked nothing.
    private func silence(_ explain: ExplainRequest) -> Assessment {
        Assessment(
            model: recipe.id, weightsSHA256: recipe.weightsSHA256, precision: precision, embedding: [], scores: [],
            explanations: [], untrained: Projection.untrained(explain, scores: []), notes: [])
    }

    // MARK: Explanations

    private func explanations(
        of asked: [(policy: String, reading: PolicyPrompts.Reading)], in picture: PictureReader.Encoded,
        _ image: PixelImage, by method: ExplanationMethod?
    ) throws -> [ModelExplanation] {
        let method = method ?? ExplanationMethod(.crossGradient)
        let found: [ModelExplanation.Relevance]
        if let cross = try method.cross() {
            found = try asked.map { _, reading in
                let texts = reading.positive.texts.map { encodings[$0] }
                return reader.grid(try reader.map(of: texts, in: picture, by: cross))
            }
        } else if method.kind == .occlusion {
            found = try falls(of: asked.map(\.reading), in: image)
        } else {
            return []
        }
        return zip(asked, found).map { asked, relevance in
            ModelExplanation(
                model: recipe.id, policy: asked.policy, method: method.kind.rawValue, signed: method.kind.isSigned,
                relevance: relevance)
        }
    }

    /// How far a policy's logit falls where a square is hidden. What decided is asked again, not every prompt: 49 pictures
    /// are read.
    private func falls(
        of readings: [PolicyPrompts.Reading], in image: PixelImage
    ) throws -> [ModelExplanation.Relevance] {
        guard !readings.isEmpty else { return [] }
        let squares = Occlusion.Patches(width: image.width, height: image.height)
        let colour = image.meanColour
        let decisive = Set(readings.flatMap { $0.positive.texts + ($0.negative?.texts ?? []) }).sorted()
        let texts = decisive.map { encodings[$0] }
        func logits(_ images: [PixelImage]) throws -> [[Double]] {
            try reader.scores(of: texts, in: reader.encode(images)).map { found in
                var odds = [Double](repeating: 0, count: encodings.count)
                for (text, value) in zip(decisive, found) { odds[text] = value }
                return readings.map { reading in
                    PolicyPrompts.odds(of: reading.positive, odds)
                        - (reading.negative.map { PolicyPrompts.odds(of: $0, odds) } ?? 0)
                }
            }
        }
        let whole = try logits([image])[0]
        let hidden = try stride(from: 0, to: squares.places.count, by: Self.hiddenBatch).flatMap { start in
            try logits(
                squares.places[start..<min(start + Self.hiddenBatch, squares.places.count)]
                    .map { squares.hidden(image, at: $0, colour: colour) })
        }
        return readings.indices.map { index in
            .grid(
                rows: squares.rows, columns: squares.columns,
                values: squares.map(falls: hidden.map { Float(whole[index] - $0[index]) }))
        }
    }

    /// Pictures that are held in memory at a time.
    private static let hiddenBatch = 8

    /// - Throws: ``ExplanationError`` for methods that explain prompts, and for a model without an embedding.
    func relevance(
        of image: PixelImage, to directions: [[Float]], by method: ExplanationMethod
    ) throws -> [ModelExplanation.Relevance] {
        guard let embedder else {
            throw ExplanationError.notApplicable(
                method: method.kind.rawValue, reason: "it has no embedding, so no direction to be explained")
        }
        return try embedder.relevance(of: image, to: directions, by: method)
    }

    func embeddings(of images: [PixelImage]) throws -> [[Float]] {
        try embedder?.embeddings(of: images) ?? images.map { _ in [] }
    }
}
