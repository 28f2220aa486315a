import GRDB

extension QueueStore {
    /// People's labels that a model contradicts, the furthest first.
    ///
    /// A label counts that a person gave by hand or before the model was shown (origin `person`); the model's present score
    /// must lie on the other side of its threshold. The value is |label − probability|, one minus the model's confidence in
    /// the label.
    func mineContradictedLabels(_ rules: MiningRules, progress: (Int) -> Void) throws -> MiningReport {
        var search = ContradictedLabels(rules: rules, model: try rules.model.map { try modelNumber(named: $0) })
        while try search.step(in: self) { progress(search.looked) }
        return try sendToSecondReview(search.found(), rules, looked: search.looked)
    }
}

private struct ContradictedLabels {
    let rules: MiningRules
    let model: Int64?
    private var best: BestFirst<MinedItem>
    private var cursor: Int64 = 0
    private var window = SearchWindow()
    private(set) var looked = 0

    init(rules: MiningRules, model: Int64?) {
        (self.rules, self.model) = (rules, model)
        best = BestFirst(limit: rules.count + 64)
    }

    mutating func found() -> [MinedItem] { best.sorted() }

    /// Looks at the next rows of the record, in a read so short that no writer waits for it; false at its end.
    mutating func step(in store: QueueStore) throws -> Bool {
        let start = ContinuousClock.now
        var search = self
        let goesOn = try store.read { db in try search.look(in: db, taxonomy: store.taxonomyInForce(db).taxonomy) }
        self = search
        window.took(ContinuousClock.now - start)
        return goesOn
    }

    private mutating func look(in db: Database, taxonomy: Taxonomy) throws -> Bool {
        let last = try Int64.fetchOne(db.cachedStatement(sql: "SELECT max(seq) FROM decision")) ?? 0
        guard cursor < last else { return false }
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT d.item, i.id, d.verdict, d.labels FROM decision d CROSS JOIN work w ON w.item = d.item
                        CROSS JOIN item i ON i.seq = d.item
                    WHERE d.seq > ? AND d.seq <= ? AND w.decision = d.seq AND instr(d.labels, '"person"') > 0
                        AND \(SecondLook.eligible)
                    ORDER BY d.seq
                    """), arguments: [cursor, cursor + window.rows])
        while let row = try rows.next() {
            looked += 1
            guard let verdict = Verdict(rawValue: row[2]) else { continue }
            let labels = StoredLabel.list(row[3]).filter { label in
                label.origin == .person
                    && (rules.policy.map { label.policy == $0 || label.policy.ancestors.contains($0) } ?? true)
            }
            guard !labels.isEmpty else { continue }
            let scores = try scores(of: row[0], in: db)
            if let item = furthest(labels, scores, taxonomy, ItemID(row[1] as String), verdict) {
                best.add(item, value: item.value)
            }
        }
        cursor += window.rows
        return true
    }

    private func scores(of item: Int64, in db: Database) throws -> [Score] {
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT m.name, s.policy, s.value, s.threshold FROM score s JOIN model m ON m.seq = s.model
                        LEFT JOIN computation c ON c.seq = s.computation
                    WHERE s.item = ? AND coalesce(c.calibrated, 1) <> 0 AND (?2 IS NULL OR s.model = ?2)
                    """), arguments: [item, model])
        return rows.map { Score(model: $0[0], policy: PolicyID($0[1] as String), value: $0[2], threshold: $0[3]) }
    }

    private func furthest(
        _ labels: [StoredLabel], _ scores: [Score], _ taxonomy: Taxonomy, _ id: ItemID, _ verdict: Verdict
    ) -> MinedItem? {
        var found: MinedItem?
        for label in labels {
            for score in scores where score.policy == label.policy {
                let value = label.isViolation ? 1 - score.value : score.value
                guard taxonomy.isProposed(by: score) != label.isViolation, value > found?.value ?? 0 else { continue }
                found = MinedItem(
                    item: id, value: value,
                    reason: .contradicted(
                        policy: label.policy, isViolation: label.isViolation, model: score.model,
                        probability: score.value), verdict: verdict)
            }
        }
        return found
    }
}
