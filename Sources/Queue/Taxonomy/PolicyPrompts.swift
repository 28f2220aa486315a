import Foundation

/// In what words a model that reads language is asked about a policy that nobody has taught it yet.
///
/// Every positive prompt is put into every template, and what comes out stands for the policy; the negative prompts, put
/// into the same templates, stand for what it is to be told apart from. Models of texts are asked with the policy's
/// summary and the prompts as they are.
public struct PolicyPrompts: Hashable, Sendable {
    /// Sentences with `{}` where a prompt goes: `a photo of {}.`
    public var templates: [String]
    /// What a violation shows: `a bleeding wound`. At least one.
    public var positive: [String]
    /// What looks like one and is none, or is simply everyday: `people at a party`.
    public var negative: [String]

    public init(templates: [String] = [], positive: [String], negative: [String] = []) {
        self.templates = templates
        self.positive = positive
        self.negative = negative
    }
}

extension PolicyPrompts {
    static let keys = ["templates", "positive", "negative"]

    /// Prompts or templates of one list, and scalars of one of them: beyond these a model cuts them off or takes minutes.
    static let countLimit = 64
    static let lengthLimit = 300

    /// As it is stored with the taxonomy.
    var json: JSONValue {
        [
            "templates": .array(templates.map { .string($0) }), "positive": .array(positive.map { .string($0) }),
            "negative": .array(negative.map { .string($0) }),
        ]
    }

    init(json: JSONValue) {
        func texts(_ key: String) -> [String] { (json[key]?.array ?? []).compactMap(\.string) }
        self.init(templates: texts("templates"), positive: texts("positive"), negative: texts("negative"))
    }

    /// Why no model can be asked in these words; nil where it can.
    static func fault(of prompts: PolicyPrompts) -> String? {
        if prompts.positive.isEmpty { return "positive needs at least one text" }
        for (key, texts) in [
            ("templates", prompts.templates), ("positive", prompts.positive), ("negative", prompts.negative),
        ] {
            if let reason = fault(ofTexts: texts, isTemplate: key == "templates") { return "\(key) \(reason)" }
        }
        return nil
    }

    static func fault(ofTexts texts: [String], isTemplate: Bool) -> String? {
        if texts.count > countLimit { return "has more than \(countLimit) texts" }
        for text in texts {
            let scalars = text.unicodeScalars
            if scalars.allSatisfy({ $0 == " " }) || scalars.count > lengthLimit {
                return "holds a text that has not 1 to \(lengthLimit) characters"
            }
            if scalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
                return "holds a text with a control character"
            }
            let places = text.components(separatedBy: "{}").count - 1
            if places != (isTemplate ? 1 : 0) {
                return isTemplate
                    ? "holds a text without one {} for the prompt"
                    : "holds a text with {}, which belongs into templates"
            }
        }
        return nil
    }
}
