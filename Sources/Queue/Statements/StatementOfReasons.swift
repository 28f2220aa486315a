/// Writes the statement of reasons that a restriction owes its author (Article 17 of Regulation (EU) 2022/2065), in the
/// attributes of the DSA Transparency Database (Article 24(5)).
///
/// Nothing of the item is in it but its kind, its language and the day it was made: the database is public.
struct StatementOfReasons {
    let verdict: Verdict
    /// The violated policies.
    let policies: Set<PolicyID>
    /// Those of them that a model preselected and the reviewer only confirmed.
    let preselected: Set<PolicyID>
    let draft: StatementDraft
    let item: Item
    /// The scores that stand when the verdict falls.
    let scores: [Score]
    let taxonomy: Taxonomy
    let decision: String
    let decidedAt: Timestamp

    /// The statement as the database's API takes it.
    var json: JSONValue {
        var members: [JSONMember] = []
        func add(_ key: String, _ value: JSONValue) { members.append(JSONMember(key, value)) }
        addMeasures(to: &members)
        addGround(to: &members)
        add("decision_facts", .string(draft.facts ?? facts))
        let categories = self.categories
        add("category", .string(categories[0]))
        if categories.count > 1 { add("category_addition", .array(categories.dropFirst().map { .string($0) })) }
        let keywords = Set(draft.category == nil ? ranked.flatMap { $0.statement?.keywords ?? [] } : [])
        if !keywords.isEmpty { add("category_specification", .array(keywords.sorted().map { .string($0) })) }
        let types = Self.contentTypes(of: item)
        add("content_type", .array(types.map { .string($0) }))
        if types.contains("CONTENT_TYPE_OTHER") { add("content_type_other", "A file of another kind") }
        if let language { add("content_language", .string(language)) }
        add("content_date", .string(contentDay))
        add("application_date", .string(decidedAt.day))
        let countries = draft.territory.isEmpty ? StatementVocabulary.countries : draft.countries
        add("territorial_scope", .array(countries.sorted().map { .string($0) }))
        add("source_type", .string((draft.source ?? (item.reports.isEmpty ? .ownInitiative : .notice)).code))
        add("automated_detection", isDetectedAutomatically ? "Yes" : "No")
        // A person decided; a policy that a model preselected and the person confirmed was found by both.
        add(
            "automated_decision",
            policies.isDisjoint(with: preselected) ? "AUTOMATED_DECISION_NOT_AUTOMATED" : "AUTOMATED_DECISION_PARTIALLY"
        )
        add("puid", .string(decision))
        return .object(members)
    }

    // MARK: - What follows from the policies

    /// The violated policies, the gravest first; of equally grave ones the taxonomy's first.
    private var ranked: [Policy] {
        let violated = taxonomy.policies.enumerated().filter { policies.contains($0.element.id) }
        return violated.sorted { (-$0.element.severity, $0.offset) < (-$1.element.severity, $1.offset) }
            .map(\.element)
    }

    /// The gravest policy's category first, each once.
    private var categories: [String] {
        if let category = draft.fullCategory { return [category] }
        var categories: [String] = []
        for policy in ranked {
            let category = inherited(by: policy) { $0.mappings["dsa"] } ?? "STATEMENT_CATEGORY_OTHER_VIOLATION_TC"
            if !categories.contains(category) { categories.append(category) }
        }
        return categories.isEmpty ? ["STATEMENT_CATEGORY_OTHER_VIOLATION_TC"] : categories
    }

    /// What the policy says, or else the nearest above it.
    private func inherited<Value>(by policy: Policy, _ value: (Policy) -> Value?) -> Value? {
        for id in [policy.id] + policy.id.ancestors {
            if let found = taxonomy[id].flatMap(value) { return found }
        }
        return nil
    }

    private func addMeasures(to members: inout [JSONMember]) {
        var measures = draft.measures
        if measures.isEmpty {
            let own = ranked.first.flatMap { policy in
                inherited(by: policy) { verdict == .remove ? $0.statement?.remove : $0.statement?.restrict }
            }
            measures = [own ?? (verdict == .remove ? .remove : .ageRestrict)]
        }
        for kind in Measure.Kind.allCases {
            let codes = measures.filter { $0.kind == kind }.map(\.code).sorted()
            guard let first = codes.first else { continue }
            let value: JSONValue = kind == .visibility ? .array(codes.map { .string($0) }) : .string(first)
            members.append(JSONMember(kind.attribute, value))
            if let until = draft.until { members.append(JSONMember(kind.endAttribute, .string(until))) }
        }
    }

    private func addGround(to members: inout [JSONMember]) {
        let policy = ranked.first
        let law = policy.flatMap { inherited(by: $0) { $0.statement?.law } }
        let clause = policy.flatMap { inherited(by: $0) { $0.statement?.clause } }
        let isIllegal = draft.ground.map { $0 == .illegal } ?? (law != nil)
        let named = policy.map { "\($0.title) (\($0.id)), policies \"\(taxonomy.name)\" version \(taxonomy.version)" }
        let reference = draft.reference ?? (isIllegal ? law : clause) ?? named ?? "Terms and conditions"
        let summary = policy.map { $0.summary.isEmpty ? $0.title : $0.summary }
        let explanation = draft.explanation ?? summary ?? "The content violates the terms."
        let kind = isIllegal ? "illegal" : "incompatible"
        members.append(
            JSONMember("decision_ground", .string("DECISION_GROUND_\(kind.uppercased())_CONTENT")))
        members.append(
            JSONMember(
                isIllegal ? "illegal_content_legal_ground" : "incompatible_content_ground",
                .string(Self.cut(reference, StatementDraft.referenceLimit))))
        members.append(
            JSONMember("\(kind)_content_explanation", .string(Self.cut(explanation, StatementDraft.explanationLimit))))
    }

    /// How it came to be looked at and what was found, with nothing of the item.
    private var facts: String {
        let origin =
            switch draft.source {
            case .trustedFlagger: "A trusted flagger gave notice of the content."
            case .other: "The platform was notified of the content."
            case .notice: "The platform received a notice about the content."
            case .ownInitiative: "The platform looked at the content on its own initiative."
            case nil:
                switch item.reports.count {
                case 0: "The platform looked at the content on its own initiative."
                case 1: "The platform received a notice about the content."
                default: "The platform received \(item.reports.count) notices about the content."
                }
            }
        let detection = isDetectedAutomatically ? " An automated classifier had marked it." : ""
        let found = ranked.map { "\($0.title) (\($0.id))" }.joined(separator: "; ")
        return Self.cut(
            "\(origin)\(detection) A person reviewed it and found that it violates: \(found).",
            StatementDraft.factsLimit)
    }

    // MARK: - What follows from the item

    /// A notice found what a person gave notice of; else a score over its threshold did.
    private var isDetectedAutomatically: Bool {
        if let automatedDetection = draft.automatedDetection { return automatedDetection }
        return item.reports.isEmpty && scores.contains(where: taxonomy.isProposed)
    }

    /// By the ending of the file's name as the source gave it: the queue opens no media.
    static func contentTypes(of item: Item) -> [String] {
        var types = Set(
            item.media.map { media in
                let name = media.path.split(separator: "/").last ?? ""
                let ending = name.split(separator: ".").count > 1 ? name.split(separator: ".").last ?? "" : ""
                return contentTypes[ending.lowercased()] ?? "CONTENT_TYPE_OTHER"
            })
        if item.text != nil { types.insert("CONTENT_TYPE_TEXT") }
        return types.sorted()
    }

    private static let contentTypes: [String: String] = {
        let endings = [
            "CONTENT_TYPE_IMAGE": "png jpg jpeg webp gif bmp tif tiff avif heic heif svg",
            "CONTENT_TYPE_VIDEO": "mp4 m4v mov webm mkv avi mpg mpeg ogv 3gp",
            "CONTENT_TYPE_AUDIO": "mp3 m4a aac ogg oga opus wav flac",
            "CONTENT_TYPE_TEXT": "txt md html htm pdf",
        ]
        var types: [String: String] = [:]
        for (type, list) in endings { for ending in list.split(separator: " ") { types[String(ending)] = type } }
        return types
    }()

    /// The language's two letters, where the database knows them.
    private var language: String? {
        let first = item.language?.split { $0 == "-" || $0 == "_" }.first.map { $0.uppercased() }
        return first.flatMap { StatementVocabulary.languages.contains($0) ? $0 : nil }
    }

    /// The day on which the content was made; of content without one, or with one that cannot be, the day on which it
    /// was flagged, or decided.
    private var contentDay: String {
        let days = [item.createdAt, item.flaggedAt].compactMap { $0 }.filter { $0 <= decidedAt }.map(\.day)
        return days.first { $0 >= "2000-01-01" && $0.utf8.count == 10 } ?? decidedAt.day
    }

    private static func cut(_ text: String, _ limit: Int) -> String {
        var scalars = String.UnicodeScalarView()
        scalars.append(contentsOf: text.unicodeScalars.prefix(limit))
        return String(scalars)
    }
}
