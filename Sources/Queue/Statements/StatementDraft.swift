/// What a reviewer wants a statement of reasons to say, where that differs from what follows from the policy and the
/// item. All of it is optional.
///
/// The database is public and must hold no personal data (Article 24(5) of Regulation (EU) 2022/2065): quote no post.
public struct StatementDraft: Sendable, Hashable {
    /// Why the content may not stay as it was.
    public enum Ground: String, CaseIterable, Sendable, Codable {
        /// It breaks a law.
        case illegal
        /// It breaks the platform's terms.
        case terms
    }

    /// How the content came to be looked at.
    public enum Source: String, CaseIterable, Sendable, Codable {
        /// A notice under Article 16.
        case notice
        case trustedFlagger = "trusted-flagger"
        /// Any other notification, such as an authority's.
        case other
        case ownInitiative = "own-initiative"

        var code: String {
            switch self {
            case .notice: "SOURCE_ARTICLE_16"
            case .trustedFlagger: "SOURCE_TRUSTED_FLAGGER"
            case .other: "SOURCE_TYPE_OTHER_NOTIFICATION"
            case .ownInitiative: "SOURCE_VOLUNTARY"
            }
        }
    }

    public var ground: Ground?
    /// The law, or the clause of the terms. At most 500 characters.
    public var reference: String?
    /// Why the content breaks it. At most 2,000 characters.
    public var explanation: String?
    /// The facts and circumstances relied on. At most 5,000 characters.
    public var facts: String?
    /// Replaces the policy's measure where it is not empty.
    public var measures: Set<Measure>
    /// The last day of the measures, `YYYY-MM-DD`; nil where they have no end.
    public var until: String?
    /// `STATEMENT_CATEGORY_…`, or the same without that prefix.
    public var category: String?
    /// `EU`, `EEA`, or countries of the latter by their two letters; the EEA where it is empty.
    public var territory: Set<String>
    public var source: Source?
    /// Whether automated means found the content.
    public var automatedDetection: Bool?

    public init(
        ground: Ground? = nil, reference: String? = nil, explanation: String? = nil, facts: String? = nil,
        measures: Set<Measure> = [], until: String? = nil, category: String? = nil, territory: Set<String> = [],
        source: Source? = nil, automatedDetection: Bool? = nil
    ) {
        self.ground = ground
        self.reference = reference
        self.explanation = explanation
        self.facts = facts
        self.measures = measures
        self.until = until
        self.category = category
        self.territory = territory
        self.source = source
        self.automatedDetection = automatedDetection
    }
}

extension StatementDraft {
    static let referenceLimit = 500
    static let explanationLimit = 2000
    static let factsLimit = 5000

    /// The category with its prefix.
    var fullCategory: String? {
        category.map { $0.hasPrefix("STATEMENT_CATEGORY_") ? $0 : "STATEMENT_CATEGORY_" + $0 }
    }

    /// The countries, with `EU` and `EEA` spelt out.
    var countries: Set<String> {
        territory.reduce(into: []) { countries, name in
            switch name {
            case "EU": countries.formUnion(StatementVocabulary.union)
            case "EEA": countries.formUnion(StatementVocabulary.countries)
            default: countries.insert(name)
            }
        }
    }

    /// - throws: ``QueueError/usage(_:)`` for what the database would refuse.
    func check(verdict: Verdict, decidedAt: Timestamp) throws {
        guard verdict.needsPolicy else {
            throw QueueError.usage("The verdict \(verdict) restricts nothing, so it has no statement of reasons.")
        }
        let texts = [
            (reference, Self.referenceLimit, "law or clause"), (explanation, Self.explanationLimit, "explanation"),
            (facts, Self.factsLimit, "facts"),
        ]
        for (text, limit, name) in texts {
            guard let text else { continue }
            let isBlank = text.unicodeScalars.allSatisfy(\.properties.isWhitespace)
            guard !isBlank, text.unicodeScalars.count <= limit, !text.utf8.contains(0) else {
                throw QueueError.usage("A statement's \(name) has 1 to \(limit) characters, and no NUL among them.")
            }
        }
        guard ground != .illegal || reference != nil else {
            throw QueueError.usage("A statement on the ground of illegality must name the law.")
        }
        if let category = fullCategory, !StatementVocabulary.categories.contains(category) {
            throw QueueError.usage(
                """
                There is no category \(Visible.text(category)); there are \
                \(StatementVocabulary.categories.sorted().joined(separator: ", ")).
                """)
        }
        if let country = countries.sorted().first(where: { !StatementVocabulary.countries.contains($0) }) {
            throw QueueError.usage(
                "\"\(Visible.text(country))\" is no territory: name EU, EEA, or countries of the EEA by two letters.")
        }
        for kind in Measure.Kind.allCases where kind != .visibility {
            let same = measures.filter { $0.kind == kind }.map(\.rawValue).sorted()
            guard same.count < 2 else {
                throw QueueError.usage("The measures \(same.joined(separator: " and ")) exclude each other: name one.")
            }
        }
        if let until {
            let day = until.utf8.count == 10 ? Timestamp(rfc3339: until + "T00:00:00Z") : nil
            guard day != nil, until >= decidedAt.day, until <= StatementDraft.lastDay else {
                throw QueueError.usage(
                    "Measures end on a day YYYY-MM-DD between that of the decision and \(StatementDraft.lastDay).")
            }
        }
    }

    /// The database takes no day after this one.
    static let lastDay = "2038-01-01"
}

extension Timestamp {
    /// The day in UTC, `YYYY-MM-DD`.
    var day: String { String(rfc3339.prefix(10)) }
}
