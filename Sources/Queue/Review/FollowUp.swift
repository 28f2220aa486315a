import GRDB

/// What becomes of an item after a verdict.
enum FollowUp {
    /// The verdict that is asked for next; nil where the item is done.
    ///
    /// A second reviewer disagrees with the first where the verdicts differ, or where both name policies and none in
    /// common. Then a third verdict decides.
    static func next(
        after round: ReviewRound, _ draft: DecisionDraft, on item: Int64, earlier: Int64?, in db: Database
    ) throws -> ReviewRound? {
        switch round {
        case .first: return try ReviewSettings.read(in: db).asksForSecond(after: draft) ? .second : nil
        case .second: return try agrees(draft, with: earlier, in: db) ? nil : .third
        case .third, .appeal: return nil
        case .gold: return .gold
        }
    }

    private static func agrees(_ draft: DecisionDraft, with earlier: Int64?, in db: Database) throws -> Bool {
        let statement = try db.cachedStatement(sql: "SELECT verdict, policies FROM decision WHERE seq = ?")
        // The first verdict can have been undone since: then there is nothing to disagree with.
        guard let earlier, let row = try Row.fetchOne(statement, arguments: [earlier]),
            let verdict = row["verdict"] as String?
        else { return true }
        guard verdict == draft.verdict.rawValue else { return false }
        let policies = PolicyID.list(row["policies"])
        return draft.verdict == .allow || policies.isEmpty || !draft.policies.isDisjoint(with: policies)
    }
}
