import Foundation

/// What a model did with the built-in inputs of `model check`.
public struct ModelCheck: Sendable, Hashable {
    /// `name@version`.
    public let model: String
    /// Of the weights, read anew.
    public let weightsSHA256: String
    /// Numbers of an embedding; 0 for a model without one.
    public let width: Int
    /// Policies it scored.
    public let policies: [String]
    /// Methods that explained, without doubles.
    public let methods: [String]
    public let seconds: Double
}

extension Scorer {
    /// Reads a model's files anew, compiles its networks and runs them on two built-in inputs.
    ///
    /// A sound model gives finite numbers in the shapes that its description promises, explains a direction, and does
    /// not say the same of both inputs.
    ///
    /// - Throws: ``RecipeError``, ``EngineError``, ``WeightsError``, ``ConfigurationError`` or ``ScorerError``.
    public func check(model: String) throws -> ModelCheck {
        let started = Date()
        let recipe = try library.recipe(model)
        if let advice = library.status(of: recipe, anew: true).advice {
            throw RecipeError.notReady(model: recipe.id, reason: advice)
        }
        let found = try builtIn(recipe, heads: heads(for: recipe), explain: .flagged, asking: asked(recipe))
        let width = found[0].embedding.count
        guard found[0].embedding != found[1].embedding || found[0].scores != found[1].scores else {
            throw ScorerError.indifferent(model: recipe.id)
        }
        var explanations = found.flatMap(\.explanations)
        if width > 0 {
            // A model that waits for its first head must be able to explain one.
            let direction = (0..<width).map { Float($0 % 7) - 3 }
            let probe = Head(probing: recipe.id, weightsSHA256: recipe.weightsSHA256, direction: direction)
            explanations += try builtIn(recipe, heads: [probe], explain: .policies(["probe"]), asking: [])
                .flatMap(\.explanations)
        }
        return ModelCheck(
            model: recipe.id, weightsSHA256: recipe.weightsSHA256, width: width,
            policies: found[0].scores.map(\.policy).filter { $0 != Self.probe.policy },
            methods: Set(explanations.map(\.method)).sorted(),
            seconds: Date().timeIntervalSince(started))
    }

    /// The policies that a model is asked about in words; one of ours where nobody named any, so that a model that can
    /// only be asked is asked something.
    private func asked(_ recipe: Recipe) -> [ZeroShotPolicy] {
        let policies = library.policiesInWords(for: recipe)
        return policies.isEmpty && recipe.prompts != nil ? [Self.probe] : policies
    }

    private static let probe = ZeroShotPolicy(
        policy: "probe", description: "", templates: ["a photo of {}."], positive: ["a bright disc"],
        negative: ["an empty street"], threshold: nil)

    private func builtIn(
        _ recipe: Recipe, heads: [Head], explain: ExplainRequest, asking policies: [ZeroShotPolicy]
    ) throws -> [Assessment] {
        switch recipe.modality {
        case .text:
            let texts = ["The committee moved the meeting to Tuesday.", "Zwei Wörter 👍"]
            return try sound(textModel(recipe, heads: heads).assess(texts, explain: explain))
        case .image:
            guard let settings = recipe.image else {
                throw ScorerError.wrongModality(model: recipe.id, modality: "texts")
            }
            let model = try visionModel(recipe, heads: heads, asking: policies)
            let pictures = [false, true].compactMap { Self.disc(settings.width, settings.height, inverted: $0) }
            return try sound(model.assess(pictures, explain: explain, by: nil))
        }
    }

    /// A bright disc off the middle of a slope of colours, or its negative.
    private static func disc(_ width: Int, _ height: Int, inverted: Bool) -> PixelImage? {
        var rgb: [UInt8] = []
        rgb.reserveCapacity(width * height * 3)
        for y in 0..<height {
            for x in 0..<width {
                let (dx, dy) = (3 * x - width, 3 * y - height)
                let inside = dx * dx + dy * dy < min(width, height) * min(width, height) / 2
                for value in [inside ? 240 : 255 * x / width, inside ? 200 : 255 * y / height, inside ? 40 : 128] {
                    rgb.append(UInt8(clamping: inverted ? 255 - value : value))
                }
            }
        }
        return PixelImage(width: width, height: height, rgb: rgb)
    }
}
