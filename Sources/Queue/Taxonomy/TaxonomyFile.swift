import Foundation
import TOMLKit

extension Taxonomy {
    /// Reads a policy file.
    ///
    /// ```toml
    /// name = "default"
    /// version = 1
    /// prompts = { templates = ["a photo of {}."], negative = ["an everyday scene"] }  # for policies that name none
    ///
    /// [[policy]]
    /// id = "hate"
    /// title = "Hate"
    /// summary = "Attacks people for what they are."
    /// threshold = 0.5        # optional, as are all that follow
    /// severity = 3
    /// restricted = false
    /// soften = ["blur", "grey"]  # also "lines" and "detail"; `blurred = true` is an older word for ["blur"]
    /// reasons = ["Slur against a protected group"]  # offered for the note
    /// asks = { remove = "The account is closed." }   # asked about first: it cannot be undone downstream
    /// mappings = { openai = "hate", dsa = "STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH" }
    /// statement = { keywords = ["KEYWORD_HATE_SPEECH"], remove = "remove", restrict = "demote", clause = "Terms, 4" }
    /// prompts = { positive = ["a hateful symbol"], negative = ["a flag"], templates = ["a photo of {}."] }
    /// ```
    ///
    /// `prompts` says in what words a model that nobody has taught the policy is asked about it (``PolicyPrompts``); it may
    /// be a table of its own, `[policy.prompts]`.
    ///
    /// `statement` and the mapping `dsa` say what statements of reasons under the policy say (docs/statements.md).
    ///
    /// - throws: ``QueueError/notFound(_:)`` where there is no such file, ``QueueError/usage(_:)`` with file, line and
    ///   key for anything in it that is wrong, unknown keys included.
    public static func load(file path: String) throws -> Taxonomy {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw QueueError.notFound("There is no policy file \(Visible.text(path, limit: 400)).")
        }
        guard let source = String(validating: data, as: UTF8.self) else {
            throw QueueError.usage("\(Visible.text(path, limit: 400)): the file is not UTF-8.")
        }
        return try parse(source, named: path)
    }

    /// Reads a policy file's text; `name` stands for the file in errors.
    public static func parse(_ source: String, named name: String) throws -> Taxonomy {
        try TaxonomyFile(source: source, file: Visible.text(name, limit: 400)).taxonomy()
    }
}

private struct TaxonomyFile {
    let source: String
    let file: String

    func taxonomy() throws -> Taxonomy {
        let table: TOMLTable
        do {
            table = try TOMLTable(string: source)
        } catch let error as TOMLParseError {
            throw refusal(line: error.source.begin.line, Visible.text(error.description, limit: 300))
        }
        for key in table.keys where !["name", "version", "prompts", "policy"].contains(key) {
            throw refusal(line: line(of: key, inPolicy: nil), "unknown key \"\(Visible.text(key))\"")
        }
        guard let name = table["name"]?.string, !name.isEmpty else {
            throw refusal(line: line(of: "name", inPolicy: nil), "name: a text is needed")
        }
        guard let version = table["version"]?.int, version > 0 else {
            throw refusal(line: line(of: "version", inPolicy: nil), "version: a whole number from 1 is needed")
        }
        guard let entries = table["policy"]?.array, !entries.isEmpty else {
            throw refusal(line: 1, "at least one [[policy]] is needed")
        }
        let shared = try table["prompts"].map { try sharedPrompts($0) }
        var policies: [Policy] = []
        var positions: [PolicyID: Int] = [:]
        for (position, entry) in entries.enumerated() {
            guard let entry = entry.table else {
                throw refusal(line: line(of: "policy", inPolicy: nil), "policy: write [[policy]] tables")
            }
            let policy = try policy(entry, at: position, shared)
            if let fault = Taxonomy.fault(of: policy, after: positions) {
                let key = String(fault.prefix { $0 != ":" })
                throw refusal(line: line(of: key, inPolicy: position), fault)
            }
            positions[policy.id] = position
            policies.append(policy)
        }
        return try Taxonomy(name: name, version: version, policies: policies)
    }

    private func policy(_ entry: TOMLTable, at position: Int, _ shared: PolicyPrompts?) throws -> Policy {
        let known = [
            "id", "title", "summary", "threshold", "severity", "restricted", "blurred", "soften", "reasons", "asks",
            "mappings", "statement", "prompts",
        ]
        func refuse(_ key: String, _ reason: String) -> QueueError {
            refusal(line: line(of: key, inPolicy: position), "\(Visible.text(key)): \(reason)")
        }
        for key in entry.keys where !known.contains(key) {
            throw refuse(key, "unknown key (known are \(known.joined(separator: ", ")))")
        }
        func optional<Value>(_ key: String, _ kind: String, _ read: (TOMLValueConvertible) -> Value?) throws -> Value? {
            guard let value = entry[key] else { return nil }
            guard let read = read(value) else { throw refuse(key, "\(kind) is needed") }
            return read
        }
        guard let id = try optional("id", "a text", { $0.string }) else { throw refuse("id", "every policy needs one") }
        guard let title = try optional("title", "a text", { $0.string }), !title.isEmpty else {
            throw refuse("title", "every policy needs one")
        }
        var mappings: [String: String] = [:]
        if let table = try optional("mappings", "a table of texts", { $0.table }) {
            for key in table.keys {
                guard let value = table[key]?.string else { throw refuse("mappings", "a table of texts is needed") }
                mappings[key] = value
            }
        }
        return Policy(
            id: PolicyID(id), title: title,
            summary: try optional("summary", "a text", { $0.string }) ?? "",
            threshold: try optional("threshold", "a number", { $0.double ?? $0.int.map(Double.init) }) ?? 0.5,
            severity: try optional("severity", "a whole number", { $0.int }) ?? 2,
            restricted: try optional("restricted", "true or false", { $0.bool }) ?? false,
            soften: try softening(entry, refuse), reasons: try reasons(entry, refuse),
            asks: try optional("asks", "a table", { $0.table }).map { try question($0) { refuse("asks", $0) } },
            mappings: mappings,
            statement: try optional("statement", "a table", { $0.table }).map {
                try statement($0) { refuse("statement", $0) }
            },
            prompts: try optional("prompts", "a table", { $0.table }).map {
                var prompts = try prompts($0, known: PolicyPrompts.keys) { refuse("prompts", $0) }
                if prompts.templates.isEmpty { prompts.templates = shared?.templates ?? [] }
                if prompts.negative.isEmpty { prompts.negative = shared?.negative ?? [] }
                return prompts
            })
    }

    private func softening(
        _ entry: TOMLTable, _ refuse: (String, String) -> QueueError
    ) throws -> Set<Softening> {
        var softening: Set<Softening> = []
        if let value = entry["blurred"] {
            guard let isBlurred = value.bool else { throw refuse("blurred", "true or false is needed") }
            if isBlurred { softening.insert(.blur) }
        }
        for word in try texts(entry, "soften", refuse) {
            guard let known = Softening(rawValue: word) else {
                let words = Softening.allCases.map(\.rawValue).joined(separator: ", ")
                throw refuse("soften", "\"\(Visible.text(word))\" softens nothing; there are \(words)")
            }
            softening.insert(known)
        }
        return softening
    }

    private func reasons(_ entry: TOMLTable, _ refuse: (String, String) -> QueueError) throws -> [String] {
        let reasons = try texts(entry, "reasons", refuse)
        if let fault = reasons.lazy.compactMap(PolicyText.fault).first { throw refuse("reasons", fault) }
        guard reasons.count <= PolicyText.countLimit else {
            throw refuse("reasons", "more than \(PolicyText.countLimit) are no help to anybody")
        }
        return reasons
    }

    private func texts(
        _ entry: TOMLTable, _ key: String, _ refuse: (String, String) -> QueueError
    ) throws -> [String] {
        guard let value = entry[key] else { return [] }
        guard let texts = value.array?.map(\.string), !texts.contains(nil) else {
            throw refuse(key, "a list of texts is needed")
        }
        return texts.compactMap { $0 }
    }

    private func question(_ table: TOMLTable, refuse: (String) -> QueueError) throws -> PolicyQuestion {
        var sentences: [Verdict: String] = [:]
        for key in table.keys {
            guard let verdict = PolicyQuestion.verdicts.first(where: { $0.rawValue == key }) else {
                let known = PolicyQuestion.verdicts.map(\.rawValue).joined(separator: ", ")
                throw refuse("\"\(Visible.text(key))\" is no verdict that names policies; there are \(known)")
            }
            guard let sentence = table[key]?.string else { throw refuse("\(key) needs a sentence: what happens then?") }
            if let fault = PolicyText.fault(of: sentence) { throw refuse("\(key): \(fault)") }
            sentences[verdict] = sentence
        }
        guard !sentences.isEmpty else { throw refuse("name a verdict and what happens then") }
        return PolicyQuestion(sentences)
    }

    /// Templates and negative prompts for the policies that name none.
    private func sharedPrompts(_ value: TOMLValueConvertible) throws -> PolicyPrompts {
        func refuse(_ reason: String) -> QueueError {
            refusal(line: line(of: "prompts", inPolicy: nil), "prompts: \(reason)")
        }
        guard let table = value.table else { throw refuse("a table is needed") }
        return try prompts(table, known: ["templates", "negative"], refuse: refuse)
    }

    private func prompts(
        _ table: TOMLTable, known: [String], refuse: (String) -> QueueError
    ) throws -> PolicyPrompts {
        for key in table.keys where !known.contains(key) {
            throw refuse("unknown key \(Visible.text(key)) (known are \(known.joined(separator: ", ")))")
        }
        func texts(_ key: String) throws -> [String] {
            guard let value = table[key] else { return [] }
            guard let texts = value.array?.map(\.string), !texts.contains(nil) else {
                throw refuse("\(key) must be a list of texts")
            }
            return texts.compactMap { $0 }
        }
        return PolicyPrompts(
            templates: try texts("templates"), positive: try texts("positive"), negative: try texts("negative"))
    }

    private func statement(_ table: TOMLTable, refuse: (String) -> QueueError) throws -> PolicyStatement {
        for key in table.keys where !PolicyStatement.keys.contains(key) {
            let known = PolicyStatement.keys.joined(separator: ", ")
            throw refuse("unknown key \(Visible.text(key)) (known are \(known))")
        }
        func text(_ key: String) throws -> String? {
            guard let value = table[key] else { return nil }
            guard let text = value.string else { throw refuse("\(key) must be a text") }
            return text
        }
        func measure(_ key: String) throws -> Measure? {
            try text(key).map { name in
                guard let measure = Measure(rawValue: name) else {
                    let known = Measure.allCases.map(\.rawValue).joined(separator: ", ")
                    throw refuse("\"\(Visible.text(name))\" is no measure; there are \(known)")
                }
                return measure
            }
        }
        let keywords = try table["keywords"].map { value in
            guard let words = value.array?.map(\.string), !words.contains(nil) else {
                throw refuse("keywords must be a list of texts")
            }
            return words.compactMap { $0 }
        }
        return PolicyStatement(
            keywords: keywords ?? [], remove: try measure("remove"), restrict: try measure("restrict"),
            law: try text("law"), clause: try text("clause"))
    }

    private func refusal(line: Int, _ reason: String) -> QueueError { .usage("\(file):\(line): \(reason)") }

    /// The line, from 1, on which a key stands: TOMLKit keeps positions for syntax errors only.
    private func line(of key: String, inPolicy position: Int?) -> Int {
        var policy = -1
        var headerLine = 1
        for (index, line) in source.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let trimmed = line.drop { $0 == " " || $0 == "\t" }
            if trimmed.hasPrefix("[") {
                let isPolicy = trimmed.hasPrefix("[[")
                if isPolicy { policy += 1 }
                if policy == position {
                    if isPolicy { headerLine = index + 1 }
                    if trimmed.hasPrefix("[policy.\(key)]") { return index + 1 }
                }
                if position == nil, trimmed.hasPrefix("[\(key)]") || trimmed.hasPrefix("[[\(key)]]") {
                    return index + 1
                }
            } else if policy == position ?? -1 {
                let word = trimmed.prefix { $0 != "=" && $0 != " " && $0 != "\t" && $0 != "." }
                if word == key || word == "\"\(key)\"" { return index + 1 }
            }
        }
        return headerLine
    }
}
