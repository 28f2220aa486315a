import Crypto
import Foundation

extension Recipe {
    /// How a policy's words are put to a model that reads picture and text together:
    ///
    ///     [prompts]
    ///     by = "matching"
    ///     max_tokens = 512
    ///
    /// or
    ///
    ///     [prompts]
    ///     by = "question"
    ///     max_tokens = 2048
    ///     question = "Question: does this picture show {}? Answer:"
    ///     yes = "yes"
    ///     no = "no"
    public struct Prompts: Sendable, Hashable {
        public enum Way: Sendable, Hashable {
            /// Each prompt, in each template, goes to the head that says whether a text fits the picture (BLIP, ALBEF).
            case matching
            /// Each prompt goes into a question that is answered with one of two tokens (Flamingo).
            case question(Question)

            /// What the recipe calls it, and scores that come of it.
            public var name: String {
                switch self {
                case .matching: "matching"
                case .question: "question"
                }
            }
        }

        public struct Question: Sendable, Hashable {
            /// With `{}` where a prompt goes.
            public let wording: String
            /// Each one token after the question.
            public let yes: String
            public let no: String

            public init(
                wording: String = "Question: does this picture show {}? Answer:", yes: String = "yes",
                no: String = "no"
            ) {
                self.wording = wording
                self.yes = yes
                self.no = no
            }
        }

        public let by: Way
        /// Longest text in tokens, the special ones and the question's included.
        public let maximumTokens: Int

        public init(by: Way, maximumTokens: Int) {
            self.by = by
            self.maximumTokens = maximumTokens
        }

        /// What a score that these words make names as its head, whatever the model, and what a calibration of it names:
        /// `matching@` or `question@` and twelve hex digits of the hash of all words.
        public func headID(of policy: ZeroShotPolicy) -> String {
            let hash =
                switch by {
                case .matching: policy.sha256
                case .question(let question):
                    SHA256.hash(
                        data: Data(
                            [policy.sha256, question.wording, question.yes, question.no].joined(separator: "\0").utf8)
                    ).hex
                }
            return "\(by.name)@\(hash.prefix(12))"
        }
    }
}

extension Recipe {
    /// What scores of a policy in words name as their head.
    func headID(of policy: ZeroShotPolicy) -> String { prompts?.headID(of: policy) ?? policy.headID }
}

extension Recipe.Prompts {
    init(_ table: RecipeFields) throws(RecipeError) {
        try table.allow(["by", "max_tokens", "question", "yes", "no"])
        maximumTokens = try table.integer("max_tokens", in: 3...65536)
        switch try table.string("by") {
        case "matching":
            by = .matching
            for key in ["question", "yes", "no"] where table.has(key) {
                throw table.fault(key, "belongs to `by = \"question\"`")
            }
        case "question":
            let question = Question(
                wording: try table.string("question"), yes: try table.string("yes"), no: try table.string("no"))
            guard question.wording.components(separatedBy: "{}").count == 2 else {
                throw table.fault("question", "has no `{}` where a prompt goes, or more than one")
            }
            by = .question(question)
        default: throw table.fault("by", "must be matching or question")
        }
    }

    /// As a recipe holds them.
    ///
    /// - Parameter quoted: makes a text a string of TOML.
    func toml(quoted: (String) -> String) -> [String] {
        let common = ["[prompts]", "by = \(quoted(by.name))", "max_tokens = \(maximumTokens)"]
        guard case .question(let question) = by else { return common }
        return common + [
            "question = \(quoted(question.wording))", "yes = \(quoted(question.yes))", "no = \(quoted(question.no))",
        ]
    }
}
