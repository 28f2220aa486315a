import GRDB

/// A line that items wait in, and which ones.
///
/// An item goes to the first line whose every condition it meets; `default` takes the rest, and `restricted` comes
/// before all.
public struct QueueLine: Sendable, Hashable {
    public var name: QueueName
    /// The item has a score over its threshold, or a report, for one of these policies or one beneath; empty asks for
    /// nothing, as do the other lists.
    public var policies: [PolicyID]
    public var sources: [String]
    /// Language tags; `de` takes `de-AT` too.
    public var languages: [String]
    /// What a reviewer must have, all of it, to be given items of this line.
    public var skills: [String]

    public init(
        name: QueueName, policies: [PolicyID] = [], sources: [String] = [], languages: [String] = [],
        skills: [String] = []
    ) {
        self.name = name
        self.policies = policies
        self.sources = sources
        self.languages = languages
        self.skills = skills
    }

    /// What `queue list --json` prints.
    public var json: JSONValue {
        func list(_ words: [String]) -> JSONValue { .array(words.map { .string($0) }) }
        return [
            "name": .string(name.rawValue), "policies": list(policies.map(\.rawValue)), "sources": list(sources),
            "languages": list(languages), "skills": list(skills),
        ]
    }
}

/// A line with its number in the database.
struct KnownLine {
    var code: Int
    var line: QueueLine

    /// The lines in the order in which they are tried.
    static func all(in db: Database) throws -> [KnownLine] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT code, name, policies, sources, languages, skills FROM queue WHERE retired = 0 ORDER BY position
                """)
        return try Row.fetchAll(statement).map { row in
            func list(_ column: String) throws -> [String] {
                let text: String = row[column]
                guard let words = try? JSONValue(parsing: text).array?.compactMap(\.string) else {
                    throw QueueError.failed("The line \(row["name"] as String) is damaged: set it anew.")
                }
                return words
            }
            guard let name = QueueName(rawValue: row["name"]) else {
                throw QueueError.failed("A line of this queue has a name that is none: restore it from a backup.")
            }
            return KnownLine(
                code: row["code"],
                line: QueueLine(
                    name: name, policies: try list("policies").map { PolicyID($0) }, sources: try list("sources"),
                    languages: try list("languages"), skills: try list("skills")))
        }
    }

    /// - throws: ``QueueError/usage(_:)`` with the known names where there is no such line.
    static func named(_ name: QueueName, in db: Database) throws -> KnownLine {
        let known = try all(in: db)
        guard let line = known.first(where: { $0.line.name == name }) else {
            let names = known.map(\.line.name.rawValue).joined(separator: ", ")
            throw QueueError.usage("There is no queue \"\(name)\": there are \(names).")
        }
        return line
    }

    /// The number of a line, retired ones included.
    static func code(of name: QueueName, in db: Database) throws -> Int {
        switch name {
        case .default: return QueueCode.default
        case .restricted: return QueueCode.restricted
        default:
            let statement = try db.cachedStatement(sql: "SELECT code FROM queue WHERE name = ?")
            guard let code = try Int.fetchOne(statement, arguments: [name.rawValue]) else {
                return try named(name, in: db).code
            }
            return code
        }
    }

    static func name(ofCode code: Int, in db: Database) throws -> QueueName {
        switch code {
        case QueueCode.default: return .default
        case QueueCode.restricted: return .restricted
        default:
            let statement = try db.cachedStatement(sql: "SELECT name FROM queue WHERE code = ?")
            return try String.fetchOne(statement, arguments: [code]).flatMap(QueueName.init) ?? .default
        }
    }
}

extension QueueStore {
    /// The lines that take items, in the order in which they are tried: `default`, which takes the rest, first.
    public func queues() throws -> [QueueLine] {
        try read { try KnownLine.all(in: $0).map(\.line) }
    }

    /// Makes a line, or gives one other conditions. Call ``reroute(progress:)`` to move what already waits.
    ///
    /// - throws: ``QueueError/usage(_:)`` for an unknown policy, or conditions on `default`, `restricted` or
    ///   `escalations`, which have their own; skills they may have.
    public func set(_ line: QueueLine) throws {
        try write { db in
            let taxonomy = try taxonomyInForce(db).taxonomy
            if let unknown = line.policies.first(where: { taxonomy[$0] == nil }) {
                throw QueueError.usage(
                    "There is no policy \"\(Visible.text(unknown.rawValue))\": reviewtui policy list shows those there are."
                )
            }
            let takesByRule = ![.default, .restricted, .escalations].contains(line.name)
            if !takesByRule, !(line.policies.isEmpty && line.sources.isEmpty && line.languages.isEmpty) {
                throw QueueError.usage("The queue \"\(line.name)\" has its own conditions: only its skills can be set.")
            }
            if takesByRule, line.policies.isEmpty, line.sources.isEmpty, line.languages.isEmpty {
                throw QueueError.usage("A queue needs a condition: name a policy, a source or a language.")
            }
            for word in line.sources + line.languages + line.skills { try Self.check(word: word) }
            func list(_ words: [String]) -> String { JSONValue.array(words.map { .string($0) }).text }
            try db.execute(
                sql: """
                    INSERT INTO queue (name, position, policies, sources, languages, skills)
                    VALUES (?1, (SELECT max(position) + 1 FROM queue), ?2, ?3, ?4, ?5)
                    ON CONFLICT (name) DO UPDATE SET policies = ?2, sources = ?3, languages = ?4, skills = ?5,
                        retired = 0
                    """,
                arguments: [
                    line.name.rawValue, list(line.policies.map(\.rawValue)), list(line.sources), list(line.languages),
                    list(line.skills),
                ])
            try AuditChain.append(kind: "queue", body: ["set": line.json], in: db, at: clock())
        }
    }

    /// Takes a line out of use: no item goes there any more. Call ``reroute(progress:)`` to move those that wait in it.
    public func retire(_ name: QueueName) throws {
        guard name != .default, name != .restricted else {
            throw QueueError.usage("The queue \"\(name)\" is always there.")
        }
        try write { db in
            let known = try KnownLine.named(name, in: db)
            try db.execute(sql: "UPDATE queue SET retired = 1 WHERE code = ?", arguments: [known.code])
            try AuditChain.append(kind: "queue", body: ["retired": .string(name.rawValue)], in: db, at: clock())
        }
    }

    /// Moves every undecided item to the line that its scores, source and language now lead to, and out of retired lines
    /// the decided ones too: an undo must not strand them there.
    ///
    /// A thousand items to a transaction, so nobody waits for long. Restricted items stay where they are.
    ///
    /// - parameter progress: Called with the number of items looked at.
    /// - returns: How many items moved.
    @discardableResult
    public func reroute(progress: (Int) -> Void = { _ in }) throws -> Int {
        var (last, looked, moved): (Int64, Int, Int) = (0, 0, 0)
        while true {
            let page = try write { db in
                let router = try Router(db: db, taxonomy: taxonomyInForce(db).taxonomy)
                let items = try Row.fetchAll(
                    db,
                    sql: """
                        SELECT item, queue FROM work WHERE item > ? AND (state <> \(WorkState.decided)
                            OR queue IN (SELECT code FROM queue WHERE retired = 1)) ORDER BY item LIMIT 1000
                        """, arguments: [last])
                for row in items where row["queue"] as Int != QueueCode.restricted {
                    let code = try router.code(ofStored: row["item"])
                    guard code != row["queue"] as Int else { continue }
                    try db.cachedStatement(sql: "UPDATE work SET queue = ? WHERE item = ?")
                        .execute(arguments: [code, row["item"] as Int64])
                    moved += 1
                }
                return (count: items.count, last: items.last?["item"] as Int64?)
            }
            guard let end = page.last else { return moved }
            (last, looked) = (end, looked + page.count)
            progress(looked)
        }
    }

    /// What a reviewer can do, in order.
    public func skills(of reviewer: String) throws -> [String] {
        try read { try Self.skills(of: reviewer, in: $0) }
    }

    static func skills(of reviewer: String, in db: Database) throws -> [String] {
        let statement = try db.cachedStatement(sql: "SELECT skill FROM skill WHERE reviewer = ? ORDER BY skill")
        return try String.fetchAll(statement, arguments: [reviewer])
    }

    /// Says what a reviewer can do, in place of what was said before.
    public func setSkills(_ skills: [String], of reviewer: String) throws {
        try Self.check(reviewer: reviewer)
        for skill in skills { try Self.check(word: skill) }
        try write { db in
            try db.execute(sql: "DELETE FROM skill WHERE reviewer = ?", arguments: [reviewer])
            for skill in Set(skills) {
                try db.execute(sql: "INSERT INTO skill VALUES (?, ?)", arguments: [reviewer, skill])
            }
            let words = Set(skills).sorted().map { JSONValue.string($0) }
            try AuditChain.append(
                kind: "skills", body: ["reviewer": .string(reviewer), "skills": .array(words)], in: db, at: clock())
        }
    }

    private static func check(word: String) throws {
        let isPlain = word.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
        guard isPlain, (1...200).contains(word.utf8.count) else {
            throw QueueError.usage("\"\(Visible.text(word))\" is no source, language or skill: use 1 to 200 bytes.")
        }
    }
}
