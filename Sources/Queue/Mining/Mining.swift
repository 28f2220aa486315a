import Crypto
import Foundation
import GRDB

extension QueueStore {
    /// Finds the items from whose verdicts most is to be learnt, or whose verdicts are likeliest to be wrong.
    ///
    /// Pending ones come next in their line and take the place of what the same strategy had put there; decided ones go to
    /// a second reviewer, who is not told. Both say so in the decision that follows (``DecisionRecord/mined``), and the audit
    /// chain keeps how many were chosen, with a digest of which. The share of claims that is drawn uniformly is as it was.
    ///
    /// - parameter progress: Called with the items looked at so far.
    /// - throws: ``QueueError/usage(_:)`` for a count out of 0...``MiningRules/countLimit``, an unknown policy or model, and
    ///   for ``MiningStrategy/diversity`` and ``MiningStrategy/labelErrors``, for which models are needed: work their
    ///   items out, then call ``bringForward(_:_:looked:)`` or
    ///   ``sendToSecondReview(_:_:looked:)``.
    public func mine(_ rules: MiningRules, progress: (Int) -> Void = { _ in }) throws -> MiningReport {
        try check(rules)
        switch rules.strategy {
        case .entropy, .margin, .disagreement: return try mineHardItems(rules, progress: progress)
        case .human: return try mineContradictedLabels(rules, progress: progress)
        case .twins: return try mineContradictingTwins(rules, progress: progress)
        case .diversity, .labelErrors:
            throw QueueError.usage(
                "The strategy \(rules.strategy.rawValue) needs a model's embeddings: name one with --model.")
        }
    }

    /// Whether rules can be followed.
    public func check(_ rules: MiningRules) throws {
        let least = rules.strategy.choosesPending ? 0 : 1
        guard (least...MiningRules.countLimit).contains(rules.count) else {
            throw QueueError.usage("A mining takes \(least) to \(MiningRules.countLimit) items.")
        }
        if let policy = rules.policy { try read { try Self.check(policy, in: taxonomyInForce($0).taxonomy) } }
        if let model = rules.model { _ = try modelNumber(named: model) }
    }

    /// The full name of a model that has said something here: a name without a version means the newest.
    ///
    /// - throws: ``QueueError/usage(_:)`` where there is none.
    public func modelName(_ name: String) throws -> String {
        let known = try read { try String.fetchAll($0, sql: "SELECT name FROM model") }
        if known.contains(where: { $0.utf8.elementsEqual(name.utf8) }) { return name }
        let versions = known.filter { $0.utf8.starts(with: (name + "@").utf8) }
        guard let newest = versions.max(by: { $0.compare($1, options: .numeric) == .orderedAscending }) else {
            throw Self.unknownModel(name)
        }
        return newest
    }

    private static func unknownModel(_ name: String) -> QueueError {
        .usage("The model \"\(Visible.text(name))\" has scored nothing here: reviewtui stats names those that have.")
    }

    func modelNumber(named name: String) throws -> Int64 {
        try read { db in
            let seq = try Int64.fetchOne(db, sql: "SELECT seq FROM model WHERE name = ?", arguments: [name])
            guard let seq else { throw Self.unknownModel(name) }
            return seq
        }
    }

    private func mineHardItems(_ rules: MiningRules, progress: (Int) -> Void) throws -> MiningReport {
        var search = HardItems(rules)
        let candidates = rules.count > 0 ? try search.find(in: self, progress: progress) : []
        let found = try read { db in
            try candidates.compactMap { candidate -> MinedItem? in
                guard let id = try Self.id(ofItem: candidate.item, in: db) else { return nil }
                return MinedItem(
                    item: id, value: candidate.reading.value, reason: candidate.reading.reason(of: rules.strategy))
            }
        }
        return try bringForward(found, rules, looked: search.looked)
    }

    /// Puts pending items before what waits in their line, in place of those that an earlier mining by the same strategy put
    /// there.
    ///
    /// What is no longer pending, is restricted, or was chosen by another strategy is passed over.
    ///
    /// - parameter found: The hardest first; may be more than ``MiningRules/count``, so that enough are left.
    /// - parameter looked: For the report.
    public func bringForward(_ found: [MinedItem], _ rules: MiningRules, looked: Int) throws -> MiningReport {
        try check(rules)
        guard !rules.isDryRun else { return MiningReport(items: Array(found.prefix(rules.count)), looked: looked) }
        return try write { db in
            let now = clock()
            try Self.returnExpired(in: db, at: now)
            let taxonomy = try taxonomyInForce(db).taxonomy
            let returned = try BringingForward.takeBack(rules.strategy, taxonomy: taxonomy, in: db)
            let seqs = try found.map { try Self.seq(ofItem: $0.item, in: db) }
            let brought = Set(
                try BringingForward.bring(
                    seqs.compactMap { $0 }, upTo: rules.count, by: rules.strategy, in: db, at: now))
            let chosen = zip(found, seqs).filter { $0.1.map(brought.contains) ?? false }
            try Self.append(rules, chosen.map(\.0.item), returned: returned, in: db, at: now)
            return MiningReport(items: chosen.map(\.0), looked: looked, returned: returned)
        }
    }

    /// Sends decided items to a second reviewer, who is not told and has not judged them; where the two differ a third
    /// decides. The verdict stands meanwhile.
    ///
    /// What has not the first verdict standing on it is passed over: items that wait, that were looked at again already, that
    /// were appealed or handed on; so are restricted and gold items.
    ///
    /// - parameter found: The likeliest error first; may be more than ``MiningRules/count``.
    public func sendToSecondReview(_ found: [MinedItem], _ rules: MiningRules, looked: Int) throws -> MiningReport {
        try check(rules)
        guard !rules.isDryRun else { return MiningReport(items: Array(found.prefix(rules.count)), looked: looked) }
        return try write { db in
            let send = try db.cachedStatement(
                sql: """
                    UPDATE work SET state = \(WorkState.awaiting), review = \(ReviewRound.second.rawValue), mined = ?
                    WHERE item = (SELECT w.item FROM work w JOIN decision d ON d.seq = w.decision
                        WHERE w.item = ? AND \(SecondLook.eligible))
                    """)
            var sent: [MinedItem] = []
            for candidate in found where sent.count < rules.count {
                guard let seq = try Self.seq(ofItem: candidate.item, in: db) else { continue }
                try send.execute(arguments: [rules.strategy.rawValue, seq])
                if db.changesCount == 1 { sent.append(candidate) }
            }
            try Self.append(rules, sent.map(\.item), returned: 0, in: db, at: clock())
            return MiningReport(items: sent, looked: looked)
        }
    }

    static func seq(ofItem id: ItemID, in db: Database) throws -> Int64? {
        try Int64.fetchOne(db.cachedStatement(sql: "SELECT seq FROM item WHERE id = ?"), arguments: [id.rawValue])
    }

    static func id(ofItem seq: Int64, in db: Database) throws -> ItemID? {
        try String.fetchOne(db.cachedStatement(sql: "SELECT id FROM item WHERE seq = ?"), arguments: [seq])
            .map { ItemID($0) }
    }

    /// The event of a mining: strategy and numbers in the clear, and a digest over a commitment to each item under its own
    /// key, in the order in which they were chosen.
    static func append(
        _ rules: MiningRules, _ items: [ItemID], returned: Int, in db: Database, at now: Timestamp
    ) throws {
        guard !items.isEmpty || returned > 0 else { return }
        var digest = SHA256()
        for id in items {
            guard let seq = try seq(ofItem: id, in: db), let key = try AuditChain.key(ofItem: seq, in: db) else {
                continue
            }
            let text: JSONValue = ["item": .string(id.rawValue), "strategy": .string(rules.strategy.rawValue)]
            digest.update(data: AuditChain.commitment(to: text.canonicalText, key: key))
        }
        try AuditChain.append(
            kind: "mining",
            body: [
                "count": .integer(Int64(items.count)), "digest": .string(digest.finalize().hex),
                "model": .optional(rules.model), "policy": .optional(rules.policy?.rawValue),
                "returned": .integer(Int64(returned)), "strategy": .string(rules.strategy.rawValue),
            ], in: db, at: now)
    }
}
