import Foundation
import GRDB

/// A taxonomy that was read, with its number in the database.
struct KnownTaxonomy: Sendable {
    var taxonomy: Taxonomy
    var seq: Int64
}

extension QueueStore {
    /// The taxonomy in force.
    public func taxonomy() throws -> Taxonomy {
        try read { try taxonomyInForce($0).taxonomy }
    }

    /// Puts a taxonomy in force where it differs from the one that is; the earlier ones are kept.
    ///
    /// - throws: ``QueueError/usage(_:)`` where it lacks a policy that is in force: ids never go away.
    public func install(_ taxonomy: Taxonomy) throws {
        try write { try Self.install(taxonomy, in: $0, at: clock()) }
    }

    static func install(_ taxonomy: Taxonomy, in db: Database, at time: Timestamp) throws {
        if try Int.fetchOne(db, sql: "SELECT count(*) FROM taxonomy") != 0 {
            let installed = try installedTaxonomy(db).taxonomy
            if installed == taxonomy { return }
            if let lost = installed.policies.first(where: { taxonomy[$0.id] == nil }) {
                throw QueueError.usage("The new policies lack \"\(lost.id)\": an id that was in use must stay.")
            }
        }
        try db.execute(
            sql: "INSERT INTO taxonomy (name, version, body, installed_at) VALUES (?, ?, ?, ?)",
            arguments: [taxonomy.name, taxonomy.version, taxonomy.json.canonicalText, time.milliseconds])
        try AuditChain.append(
            kind: "policies", body: ["taxonomy": taxonomy.json, "number": .integer(db.lastInsertedRowID)], in: db,
            at: time)
    }

    /// The taxonomy in force and its number, read from its row only when that number has changed.
    func taxonomyInForce(_ db: Database) throws -> (taxonomy: Taxonomy, seq: Int64) {
        let newest = try Int64.fetchOne(db.cachedStatement(sql: "SELECT max(seq) FROM taxonomy"))
        if let known = knownTaxonomy.withLock({ $0 }), known.seq == newest { return (known.taxonomy, known.seq) }
        let installed = try Self.installedTaxonomy(db)
        knownTaxonomy.withLock { $0 = KnownTaxonomy(taxonomy: installed.taxonomy, seq: installed.seq) }
        return installed
    }

    /// The taxonomy in force and its number in the database.
    static func installedTaxonomy(_ db: Database) throws -> (taxonomy: Taxonomy, seq: Int64) {
        let row = try Row.fetchOne(db, sql: "SELECT seq, name, version, body FROM taxonomy ORDER BY seq DESC LIMIT 1")
        guard let row else { throw QueueError.failed("This queue has no policies: run reviewtui init.") }
        guard let json = try? JSONValue(parsing: row["body"] as String) else {
            throw QueueError.failed("The stored policies cannot be read: restore the queue from a backup.")
        }
        return (try Taxonomy(name: row["name"], version: row["version"], json: json), row["seq"])
    }
}

extension Taxonomy {
    /// What is stored, and what `policy list --json` prints.
    public var json: JSONValue {
        [
            "name": .string(name), "version": .integer(Int64(version)),
            "policies": .array(policies.map(Self.json)),
        ]
    }

    private static func json(_ policy: Policy) -> JSONValue {
        var members = [
            JSONMember("id", .string(policy.id.rawValue)), JSONMember("title", .string(policy.title)),
            JSONMember("summary", .string(policy.summary)), JSONMember("threshold", .number(policy.threshold)),
            JSONMember("severity", .integer(Int64(policy.severity))),
            JSONMember("restricted", .bool(policy.restricted)),
            JSONMember("soften", .array(policy.soften.sorted().map { .string($0.rawValue) })),
            JSONMember(
                "mappings",
                .object(policy.mappings.sorted { $0.key < $1.key }.map { JSONMember($0.key, .string($0.value)) })),
        ]
        if !policy.reasons.isEmpty {
            members.append(JSONMember("reasons", .array(policy.reasons.map { .string($0) })))
        }
        if let asks = policy.asks { members.append(JSONMember("asks", asks.json)) }
        if let statement = policy.statement { members.append(JSONMember("statement", statement.json)) }
        if let prompts = policy.prompts { members.append(JSONMember("prompts", prompts.json)) }
        return .object(members)
    }

    /// Taxonomies from before there were other softenings say `blurred`.
    private static func softening(of entry: JSONValue) -> Set<Softening> {
        let named = (entry["soften"]?.array ?? []).compactMap { $0.string.flatMap(Softening.init) }
        return Set(named).union(entry["blurred"] == .bool(true) ? [.blur] : [])
    }

    init(name: String, version: Int, json: JSONValue) throws {
        guard case .array(let entries)? = json["policies"] else {
            throw QueueError.failed("The stored policies cannot be read: restore the queue from a backup.")
        }
        let policies = entries.map { entry in
            var mappings: [String: String] = [:]
            if case .object(let members)? = entry["mappings"] {
                for member in members { mappings[member.key] = member.value.string }
            }
            return Policy(
                id: PolicyID(entry["id"]?.string ?? ""), title: entry["title"]?.string ?? "",
                summary: entry["summary"]?.string ?? "", threshold: entry["threshold"]?.double ?? 0.5,
                severity: Int(entry["severity"]?.int64 ?? 2), restricted: entry["restricted"] == .bool(true),
                soften: Self.softening(of: entry), reasons: (entry["reasons"]?.array ?? []).compactMap(\.string),
                asks: entry["asks"].map { PolicyQuestion(json: $0) }, mappings: mappings,
                statement: entry["statement"].map { PolicyStatement(json: $0) },
                prompts: entry["prompts"].map { PolicyPrompts(json: $0) })
        }
        try self.init(name: name, version: version, policies: policies)
    }
}
