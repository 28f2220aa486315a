/// What a policy says about the statements of reasons that decisions under it give; the category is its mapping `dsa`.
public struct PolicyStatement: Hashable, Sendable {
    /// `KEYWORD_…` of the DSA Transparency Database.
    public var keywords: [String]
    /// What `remove` does; nil for removal.
    public var remove: Measure?
    /// What `restrict` does; nil for an age restriction.
    public var restrict: Measure?
    /// The law that a violation breaks; nil where it breaks the terms only.
    public var law: String?
    /// The clause of the terms; nil for the policy's own title.
    public var clause: String?

    public init(
        keywords: [String] = [], remove: Measure? = nil, restrict: Measure? = nil, law: String? = nil,
        clause: String? = nil
    ) {
        self.keywords = keywords
        self.remove = remove
        self.restrict = restrict
        self.law = law
        self.clause = clause
    }
}

extension PolicyStatement {
    static let keys = ["keywords", "remove", "restrict", "law", "clause"]

    /// As it is stored with the taxonomy: what is not said is left out.
    var json: JSONValue {
        var members: [JSONMember] = []
        if !keywords.isEmpty { members.append(JSONMember("keywords", .array(keywords.map { .string($0) }))) }
        for (key, value) in [
            ("remove", remove?.rawValue), ("restrict", restrict?.rawValue), ("law", law), ("clause", clause),
        ] {
            if let value { members.append(JSONMember(key, .string(value))) }
        }
        return .object(members)
    }

    init(json: JSONValue) {
        keywords = (json["keywords"]?.array ?? []).compactMap(\.string)
        remove = json["remove"]?.string.flatMap(Measure.init)
        restrict = json["restrict"]?.string.flatMap(Measure.init)
        law = json["law"]?.string
        clause = json["clause"]?.string
    }

    /// Why the database would refuse it; nil where it would not.
    static func fault(of policy: Policy) -> String? {
        if let category = policy.mappings["dsa"], !StatementVocabulary.categories.contains(category) {
            return "mappings: dsa: \"\(Visible.text(category))\" is no category of the DSA Transparency Database"
        }
        guard let statement = policy.statement else { return nil }
        if let keyword = statement.keywords.first(where: { !StatementVocabulary.keywords.contains($0) }) {
            return "statement: \"\(Visible.text(keyword))\" is no keyword of the DSA Transparency Database"
        }
        for (key, text) in [("law", statement.law), ("clause", statement.clause)] {
            guard let text else { continue }
            if text.isEmpty || text.unicodeScalars.count > StatementDraft.referenceLimit || text.utf8.contains(0) {
                return "statement: \(key) has 1 to \(StatementDraft.referenceLimit) characters"
            }
        }
        return nil
    }
}
