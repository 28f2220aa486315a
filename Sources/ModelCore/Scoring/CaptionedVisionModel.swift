/// CoCa: scores by its embeddings as any model of two towers, and explains a policy that it was asked about in words by the
/// words as a caption, too.
///
/// The prompt that is taken is the one that the picture is most like: its text embeddings, mean over templates, have the
/// highest cosine with the picture's. The score is contrastive, so a map says where the decoder looks when it says these
/// words (`cross-attention`), or what makes them likelier (`cross-grad`); neither is a part of the score.
final class CaptionedVisionModel: VisionModel {
    private let recipe: Recipe
    private let model: TransformerVisionModel
    private let reader: PictureReader
    private let side: TextSide
    private let words: ProjectedEncoder
    /// Prompts in their templates, by policy.
    private let captions: [String: [[String]]]
    /// Each prompt's direction, by policy.
    private var directions: [String: [[Float]]] = [:]

    /// - Parameter policies: those that it scores by their words.
    init(
        recipe: Recipe, model: TransformerVisionModel, joint: JointModel, side: TextSide,
        asking policies: [ZeroShotPolicy],
        engine: Engine
    ) throws {
        self.recipe = recipe
        self.model = model
        self.side = side
        words = ProjectedEncoder(side.encoder, name: recipe.id, engine: engine)
        reader = try PictureReader(joint, name: recipe.id, engine: engine)
        captions = Dictionary(
            policies.map { policy in (policy.policy, policy.positive.map { policy.filled([$0]) }) }
        ) { $1 }
    }

    func prepare(explain: ExplainRequest) throws { try model.prepare(explain: explain) }

    func check(_ method: ExplanationMethod) throws(ExplanationError) {
        guard try method.cross() != nil else { return try model.check(method) }
        guard !captions.isEmpty else {
            throw .notApplicable(method: method.kind.rawValue, reason: "it is asked about no policy in words")
        }
        try reader.check(method)
    }

    func assess(
        _ images: [PixelImage], explain: ExplainRequest, by method: ExplanationMethod?
    ) throws -> [Assessment] {
        guard let method, let cross = try method.cross() else {
            return try model.assess(images, explain: explain, by: method)
        }
        try check(method)
        let found = try model.assess(images, explain: .none, by: nil)
        return try zip(images, found).map { image, plain in
            let wanted = Projection.wanted(explain, among: plain.scores)
            let asked = plain.scores.map(\.policy).filter { wanted.contains($0) && captions[$0] != nil }
            let picture = asked.isEmpty ? nil : try reader.encode([image])[0]
            let explanations = try asked.compactMap { policy in
                try picture.map { picture in
                    let caption = try decisive(policy, plain.embedding)
                    let map = try reader.map(of: side.encode(caption), in: picture, by: cross)
                    return ModelExplanation(
                        model: recipe.id, policy: policy, method: method.kind.rawValue, signed: method.kind.isSigned,
                        relevance: reader.grid(map))
                }
            }
            return Assessment(
                model: plain.model, weightsSHA256: plain.weightsSHA256, precision: plain.precision,
                embedding: plain.embedding, scores: plain.scores, explanations: explanations,
                untrained: Projection.untrained(explain, scores: plain.scores), notes: plain.notes)
        }
    }

    /// The texts of the prompt that a picture is most like.
    private func decisive(_ policy: String, _ embedding: [Float]) throws -> [String] {
        let prompts = captions[policy] ?? []
        if directions[policy] == nil {
            directions[policy] = try prompts.map { texts in
                let units = try words.embeddings(of: side.inputs(side.encode(texts))).map(Projection.unit)
                return ZeroShot.unitMean(units).map(Float.init)
            }
        }
        let unit = Projection.unit(embedding)
        let cosines = (directions[policy] ?? []).map { Projection.dot($0, unit) }
        let best = cosines.indices.max { (cosines[$0], $1) < (cosines[$1], $0) }
        return best.map { prompts[$0] } ?? []
    }

    func relevance(
        of image: PixelImage, to directions: [[Float]], by method: ExplanationMethod
    ) throws -> [ModelExplanation.Relevance] {
        try model.relevance(of: image, to: directions, by: method)
    }

    func embeddings(of images: [PixelImage]) throws -> [[Float]] { try model.embeddings(of: images) }
}
