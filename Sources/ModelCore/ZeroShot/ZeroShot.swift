import Foundation

/// Makes directions out of words, with a model's own reading of them.
///
/// A zero-shot score is a projection like a head's. With ê the normalised embedding of the input, t⁺ the normalised mean
/// of the normalised embeddings of all positive prompts in all templates, and t⁻ the same of the negative ones,
///
///     score = sigmoid(s·(t⁺ − t⁻)·ê + b)
///
/// which is, by what was trained:
///
/// * a softmax over two classes with the scale s of the checkpoint and b = 0 (CLIP, EVA-CLIP, CoCa): sigmoid of the
///   difference of the two logits;
/// * SigLIP's probability of the pair, with s and b of the checkpoint. Negative prompts lower it: there it is no longer
///   the probability of a pair, but not above it either for whoever matches them;
/// * for a model of texts, whose training has no scale to read, the scale 20 of the loss that sentence encoders are
///   commonly trained with, and for b the logarithm of the odds that one item in twenty violates a policy.
///
/// Sources: Radford et al. 2021, "Learning Transferable Visual Models From Natural Language Supervision", 3.1.4 (the mean
/// over templates, in the space of embeddings); Zhai et al. 2023; Reimers & Gurevych 2019's library, whose
/// `MultipleNegativesRankingLoss` has the scale 20.
struct ZeroShot {
    /// What a model can be asked about.
    enum Question: Sendable, Hashable {
        /// How a picture compares with texts.
        case picture(LogitScale)
        /// How a text compares with texts.
        case text
    }

    let question: Question
    let side: TextSide

    /// At or over this an uncalibrated score preselects its policy: probabilities of models that nobody has calibrated
    /// are too sure of themselves.
    static let uncalibratedThreshold = 0.9
    static let sentenceScale = 20.0
    /// Share of items that are taken to violate a policy before a text is read.
    static let prior = 0.05

    /// The side of a model that answers questions in words.
    ///
    /// - Throws: ``ConfigurationError``, ``WeightsError`` or ``TokenizerError`` for what it lacks.
    init(_ recipe: Recipe, _ checkpoint: Checkpoint) throws {
        switch recipe.modality {
        case .text: question = .text
        case .image: question = .picture(try checkpoint.logitScale())
        }
        side = try TextSide(recipe, checkpoint)
    }

    /// Whether pictures of such a model can be asked about in words at all; text models always can.
    static func isThinkable(_ recipe: Recipe) -> Bool {
        switch (recipe.modality, recipe.family) {
        case (.text, _), (.image, .clip), (.image, .siglip), (.image, .eva), (.image, .coca), (.image, .transformer):
            true
        default: false
        }
    }

    /// Whether the words suffice: a model that only compares needs something to compare with.
    func suffices(_ policy: ZeroShotPolicy) -> Bool {
        guard !texts(for: policy).positive.isEmpty else { return false }
        if case .picture(let logit) = question, logit.bias != nil { return true }
        return !policy.negative.isEmpty
    }

    /// One direction a policy.
    ///
    /// - Parameter embed: texts → their embeddings, not normalised.
    func directions(
        for policies: [ZeroShotPolicy], embed: ([String]) throws -> [[Float]]
    ) rethrows -> [Direction] {
        let wanted = policies.map(texts)
        let all = Array(Set(wanted.flatMap { $0.positive + $0.negative })).sorted()
        let embeddings = Dictionary(uniqueKeysWithValues: zip(all, try embed(all).map(Projection.unit)))
        func mean(_ texts: [String]) -> [Double] { Self.unitMean(texts.compactMap { embeddings[$0] }) }
        return zip(policies, wanted).map { policy, texts in
            let (positive, negative) = (mean(texts.positive), mean(texts.negative))
            let vector = positive.indices.map { Float(scale * (positive[$0] - (negative.isEmpty ? 0 : negative[$0]))) }
            return Direction(vector: vector, bias: bias)
        }
    }

    struct Direction: Sendable, Hashable, Codable {
        /// As long as the model's embeddings.
        let vector: [Float]
        let bias: Double
    }

    // MARK: Parts

    private func texts(for policy: ZeroShotPolicy) -> (positive: [String], negative: [String]) {
        switch question {
        case .picture: (policy.filled(policy.positive), policy.filled(policy.negative))
        case .text: ([policy.description].filter { !$0.isEmpty } + policy.positive, policy.negative)
        }
    }

    private var scale: Double {
        switch question {
        case .picture(let logit): logit.scale
        case .text: Self.sentenceScale
        }
    }

    private var bias: Double {
        switch question {
        case .picture(let logit): logit.bias ?? 0
        case .text: log(Self.prior / (1 - Self.prior))
        }
    }

    /// Mean of unit vectors, scaled to length 1; empty for none.
    static func unitMean(_ units: [[Float]]) -> [Double] {
        guard let width = units.first?.count else { return [] }
        var sum = [Double](repeating: 0, count: width)
        for unit in units { for index in 0..<width { sum[index] += Double(unit[index]) } }
        let length = sum.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return length > 0 ? sum.map { $0 / length } : sum
    }
}
