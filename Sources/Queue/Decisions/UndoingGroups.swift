import GRDB

extension QueueStore {
    /// The verdicts that the reviewer's next undo would take back together: those of a group, where the latest that stands
    /// is of one, and that one alone otherwise. The decision that led the group comes first, then the others in their
    /// order.
    ///
    /// Each is undone by itself (``undo(reviewer:decision:reclaiming:lifetime:)``), and may be refused by itself, where
    /// somebody has decided the item since.
    ///
    /// - returns: Empty where there is nothing to undo.
    public func latestVerdicts(of reviewer: String) throws -> [DecisionRecord] {
        try read { db in
            let latest = try Self.records(
                where: "d.reviewer = ? \(Self.notTakenBack) ORDER BY d.seq DESC LIMIT 1",
                [reviewer], in: db)
            guard let latest = latest.first, let group = latest.group else { return latest }
            let lead = group.lead ?? latest.decision
            return try Self.records(
                where: """
                    d.reviewer = ? AND d.seq >= (SELECT seq FROM decision WHERE id = ?) \(Self.notTakenBack)
                        AND (d.id = ? OR json_extract(d.shown, '$.group.lead') = ?) ORDER BY d.seq
                    """, [reviewer, lead, lead, lead], in: db)
        }
    }

    /// Over the aliases of ``records(where:_:in:)``. As for an undo: what an erasure has blanked is past undoing.
    private static let notTakenBack = """
        AND d.verdict IS NOT NULL AND i.subject_key IS NOT NULL
            AND (later.seq IS NULL OR (later.verdict IS NOT NULL AND later.reviewer <> d.reviewer))
        """
}
