import Foundation

/// Policies in words, put to a model that says of each text how well it fits a picture: which texts those are, and what
/// the model's answers come to.
///
/// With ℓ(x) the log-odds that the model gives a text x (of a match, of the answer "yes"), the templates T, and the
/// positive and negative prompts P⁺ and P⁻ of a policy,
///
///     ℓ(p)  = mean over T of ℓ(p in the template)
///     logit = max over P⁺ of ℓ(p) − max over P⁻ of ℓ(p)
///     score = curve(logit)
///
/// One prompt that fits is enough, so the best one decides: a policy names different things, and a picture shows one of
/// them. Without negative prompts the second maximum is 0, and the score of a single prompt is the probability that the
/// model was trained to give. The curve is the sigmoid unless a ``Calibration`` was fitted for the model, the policy and
/// its words: until then the score orders pictures and is a probability in form only.
///
/// The mean over templates is that of Radford et al. 2021, 3.1.4, who average embeddings; here there are none, so what
/// is averaged is what the model says.
struct PolicyPrompts: Sendable {
    /// One prompt, and where it stands in ``texts``: once a template.
    struct Prompt: Sendable, Hashable {
        let words: String
        let texts: [Int]
    }

    struct Asked: Sendable, Hashable {
        let policy: String
        /// What scores name as their head.
        let head: String
        let positive: [Prompt]
        let negative: [Prompt]
        let calibration: CalibrationCurve
        let isCalibrated: Bool
        let threshold: Double?
    }

    /// What a model said of a policy.
    struct Reading: Sendable, Hashable {
        let logit: Double
        /// The prompts that decided.
        let positive: Prompt
        let negative: Prompt?
    }

    /// Every text once, however many policies share it.
    let texts: [String]
    /// Those that have a positive prompt, in the order they came in.
    let asked: [Asked]

    /// - Parameters:
    ///   - way: how the model is asked.
    ///   - entries: of calibrations that were fitted on the model's weights.
    init(_ policies: [ZeroShotPolicy], way: Recipe.Prompts, calibrated entries: [Calibration.Entry] = []) {
        var texts: [String] = []
        var places: [String: Int] = [:]
        func place(_ text: String) -> Int {
            if let known = places[text] { return known }
            places[text] = texts.count
            texts.append(text)
            return texts.count - 1
        }
        func prompts(_ words: [String], of policy: ZeroShotPolicy) -> [Prompt] {
            words.map { Prompt(words: $0, texts: way.texts(of: $0, in: policy).map(place)) }
        }
        asked = policies.filter { !$0.positive.isEmpty }.map { policy in
            let head = way.headID(of: policy)
            let entry = entries.first { $0.policy == policy.policy && $0.head == head }
            return Asked(
                policy: policy.policy, head: head, positive: prompts(policy.positive, of: policy),
                negative: prompts(policy.negative, of: policy), calibration: entry?.curve ?? .identity,
                isCalibrated: entry != nil,
                threshold: entry == nil ? max(ZeroShot.uncalibratedThreshold, policy.threshold ?? 0) : entry?.threshold)
        }
        self.texts = texts
    }

    /// - Parameter odds: ℓ of each of ``texts``.
    static func reading(of asked: Asked, odds: [Double]) -> Reading {
        let positive = best(asked.positive, odds)
        let negative = best(asked.negative, odds)
        return Reading(
            logit: (positive?.odds ?? 0) - (negative?.odds ?? 0), positive: positive?.prompt ?? asked.positive[0],
            negative: negative?.prompt)
    }

    static func score(of asked: Asked, _ reading: Reading) -> Assessment.PolicyScore {
        Assessment.PolicyScore(
            policy: asked.policy, probability: asked.calibration.probability(ofLogit: reading.logit),
            threshold: asked.threshold, head: asked.head, isCalibrated: asked.isCalibrated)
    }

    /// ℓ of a prompt.
    static func odds(of prompt: Prompt, _ odds: [Double]) -> Double {
        prompt.texts.reduce(0) { $0 + odds[$1] } / Double(prompt.texts.count)
    }

    /// The first of the best: words are put in an order, and equal ones are no accident of it.
    private static func best(_ prompts: [Prompt], _ odds: [Double]) -> (prompt: Prompt, odds: Double)? {
        let each = prompts.map { (prompt: $0, odds: Self.odds(of: $0, odds)) }
        return each.dropFirst().reduce(each.first) { best, next in
            best.map { next.odds > $0.odds ? next : $0 }
        }
    }
}

extension Recipe.Prompts {
    /// Everything that is put to the model for one prompt of a policy.
    func texts(of prompt: String, in policy: ZeroShotPolicy) -> [String] {
        switch by {
        case .matching: policy.filled([prompt])
        // A template makes a caption of a prompt; a question has words of its own around it.
        case .question(let question): [question.wording.replacing("{}", with: prompt)]
        }
    }
}

/// Why a policy's words cannot be put to a model.
public enum PromptError: Error, CustomStringConvertible, Sendable, Equatable {
    case tooLong(text: String, limit: Int)
    /// A text in which a token stands that is the mark of a picture.
    case pictureMark(text: String)
    /// A tokenizer without a token that the family needs.
    case noToken(folder: String, token: String)
    /// An answer that is not one token after the question, or the same one as the other answer.
    case noAnswer(folder: String, answer: String)

    public var description: String {
        switch self {
        case .tooLong(let text, let limit):
            "The prompt \"\(printable(text))\" is longer than the \(limit) tokens that the model reads. Shorten it in "
                + "the policy file."
        case .pictureMark(let text):
            "The prompt \"\(printable(text))\" holds a mark that stands for a picture. Take it out of the policy file."
        case .noToken(let folder, let token):
            "The tokenizer in \(folder) has no token \(printable(token)), which the model needs to be asked. Put the "
                + "publisher's tokenizer.json there."
        case .noAnswer(let folder, let answer):
            "The tokenizer in \(folder) does not make one token of its own of the answer \"\(printable(answer))\" after "
                + "the question. Choose other answers or another question (`prompts` of the recipe)."
        }
    }
}
