import GRDB

/// What becomes of an item after a verdict.
enum FollowUp {
    /// The verdict that is asked for next, and the line that the item moves to for it; nil where the item is done.
    ///
    /// A second reviewer disagrees with the first where the verdicts differ, or where both name policies and none in
    /// common. Then a third verdict decides.
    static func next(
        after round: ReviewRound, _ draft: DecisionDraft, on item: Int64, in db: Database
    ) throws -> (round: ReviewRound, line: Int?)? {
        if round != .gold, let line = try taker(of: draft, in: db) { return (.escalated, line) }
        return try another(after: round, draft, on: item, in: db).map { ($0, nil) }
    }

    private static func another(
        after round: ReviewRound, _ draft: DecisionDraft, on item: Int64, in db: Database
    ) throws -> ReviewRound? {
        switch round {
        case .first: return try ReviewSettings.read(in: db).asksForSecond(after: draft) ? .second : nil
        case .second: return try agrees(draft, on: item, in: db) ? nil : .third
        case .third, .appeal, .escalated: return nil
        case .gold: return .gold
        }
    }

    /// The line that takes an escalated item: the one that is named, else the one for escalations. Nil where there is none:
    /// then an escalation ends the item as any verdict does.
    ///
    /// - throws: ``QueueError`` for a line that is not there.
    private static func taker(of draft: DecisionDraft, in db: Database) throws -> Int? {
        guard draft.verdict == .escalate else { return nil }
        if let name = draft.escalatesTo { return try KnownLine.named(name, in: db).code }
        return try KnownLine.all(in: db).first { $0.line.name == .escalations }?.code
    }

    private static func agrees(_ draft: DecisionDraft, on item: Int64, in db: Database) throws -> Bool {
        let statement = try db.cachedStatement(
            sql: """
                SELECT verdict, policies FROM decision d
                WHERE d.item = ? AND d.review IS NULL AND d.verdict IS NOT NULL AND NOT EXISTS (
                    SELECT 1 FROM decision undo WHERE undo.supersedes = d.seq AND undo.verdict IS NULL)
                ORDER BY d.seq DESC LIMIT 1
                """)
        // The first verdict can have been undone since: then there is nothing to disagree with.
        guard let row = try Row.fetchOne(statement, arguments: [item]), let verdict = row["verdict"] as String? else {
            return true
        }
        guard verdict == draft.verdict.rawValue else { return false }
        let policies = PolicyID.list(row["policies"])
        return draft.verdict == .allow || policies.isEmpty || !draft.policies.isDisjoint(with: policies)
    }
}
