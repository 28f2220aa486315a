import GRDB

extension QueueStore {
    /// Decided items with twins of which at least half, the item counted with them, have the opposite verdict: one found a
    /// violation and the other none. Of a pair that is both, of a larger group the smaller side.
    ///
    /// What twins are says ``twins(of:limit:)``. The value is the share of the decided ones in the group, the item among
    /// them, that say the opposite.
    func mineContradictingTwins(_ rules: MiningRules, progress: (Int) -> Void) throws -> MiningReport {
        var looked = 0
        var candidates: Set<Int64> = []
        var texts = MixedTexts()
        while try read({ try texts.step(in: $0) }) { progress(looked + texts.looked) }
        candidates.formUnion(texts.mixed())
        looked += texts.looked
        try findMixedPictures { item, isMixed in
            looked += 1
            if isMixed { candidates.insert(item) }
            if looked % 100 == 0 { progress(looked) }
        }
        var best = BestFirst<MinedItem>(limit: rules.count + 64)
        for item in candidates.sorted() {
            if let found = try contradiction(of: item, policy: rules.policy) { best.add(found, value: found.value) }
        }
        return try sendToSecondReview(best.sorted(), rules, looked: looked)
    }

    /// Goes through the pictures of decided items and says of each whether one that looks like it has the opposite verdict.
    private func findMixedPictures(_ visit: (Int64, Bool) -> Void) throws {
        var last: Int64 = 0
        while true {
            let page = try read { db in
                try Row.fetchAll(
                    db.cachedStatement(
                        sql: """
                            SELECT p.seq, p.item, p.hash, p.turns, d.verdict FROM (
                                SELECT seq, item, hash, turns, quality FROM likeness WHERE seq > ? ORDER BY seq LIMIT 500) p
                                LEFT JOIN work w ON w.item = p.item
                                    AND p.quality >= \(Likeness.leastQuality) AND p.hash IS NOT NULL
                                LEFT JOIN decision d ON d.seq = w.decision AND \(SecondLook.eligible)
                            ORDER BY p.seq
                            """), arguments: [last])
            }
            guard let end = page.last else { return }
            last = end[0]
            for row in page {
                guard let side = (row[4] as String?).flatMap(Verdict.init)?.findsViolation else { continue }
                let item: Int64 = row[1]
                let near = try look(for: [LikenessIndex.hashes(row[2]) + LikenessIndex.hashes(row[3])])
                let others = try read { db in try Self.sides(ofLikenesses: near.prefix(1000).map(\.row), in: db) }
                visit(item, others.contains { $0.item != item && $0.findsViolation == !side })
            }
        }
    }

    private static func sides(
        ofLikenesses rows: [Int64], in db: Database
    ) throws -> [(item: Int64, findsViolation: Bool?)] {
        let list = "[" + rows.map(String.init).joined(separator: ",") + "]"
        return try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT l.item, d.verdict FROM json_each(?) wanted CROSS JOIN likeness l ON l.seq = wanted.value
                        JOIN work w ON w.item = l.item JOIN decision d ON d.seq = w.decision
                    """), arguments: [list]
        ).map { ($0[0], (($0[1] as String?).flatMap(Verdict.init))?.findsViolation) }
    }

    /// What the twins of an item say against it; nil where fewer than half of the group do.
    private func contradiction(of item: Int64, policy: PolicyID?) throws -> MinedItem? {
        let own = try read { db in
            try Row.fetchOne(
                db.cachedStatement(
                    sql: """
                        SELECT i.id, d.verdict, d.policies FROM work w JOIN decision d ON d.seq = w.decision
                            JOIN item i ON i.seq = w.item
                        WHERE w.item = ? AND \(SecondLook.eligible)
                        """), arguments: [item])
        }
        guard let own, let verdict = Verdict(rawValue: own[1]), let side = verdict.findsViolation else { return nil }
        let id = ItemID(own[0] as String)
        let decided = try twins(of: id, limit: 200)?.twins.filter(\.isDecided) ?? []
        let twins = try read { db in
            try decided.compactMap { try Self.standing(on: $0.item, in: db) }.filter {
                $0.verdict.findsViolation != nil
            }
        }
        let named = policy.map { wanted in
            { (policies: [PolicyID]) in policies.contains { $0 == wanted || $0.ancestors.contains(wanted) } }
        }
        let opposite = twins.filter { twin in
            twin.verdict.findsViolation == !side && (named?(side ? PolicyID.list(own[2]) : twin.policies) ?? true)
        }
        let value = Double(opposite.count) / Double(twins.count + 1)
        guard value >= 0.5 else { return nil }
        return MinedItem(item: id, value: value, reason: .twins(Array(opposite.prefix(3))), verdict: verdict)
    }

    private static func standing(on id: ItemID, in db: Database) throws -> MinedItem.Twin? {
        let row = try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT d.verdict, d.policies, w.queue FROM item i JOIN work w ON w.item = i.seq
                        JOIN decision d ON d.seq = w.decision
                    WHERE i.id = ?
                    """), arguments: [id.rawValue])
        guard let row, let verdict = (row[0] as String?).flatMap(Verdict.init) else { return nil }
        let isRestricted = row[2] as Int == QueueCode.restricted
        return MinedItem.Twin(item: isRestricted ? nil : id, verdict: verdict, policies: PolicyID.list(row[1]))
    }
}

/// Finds equal texts with opposite verdicts, along the index of their keys.
private struct MixedTexts {
    /// Of a text that came in thousands of times, enough to tell which side is the smaller.
    private static let membersLimit = 1000

    private var key: Int64?
    private var sides: (violating: [Int64], clean: [Int64]) = ([], [])
    private var cursor: (key: Int64, item: Int64) = (.min, .min)
    private var found: [Int64] = []
    private var window = SearchWindow()
    private(set) var looked = 0

    /// Items of the smaller side of each text, or of both where they are as large.
    mutating func mixed() -> [Int64] {
        close()
        return found
    }

    mutating func step(in db: Database) throws -> Bool {
        let start = ContinuousClock.now
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT p.key, p.item, d.verdict FROM (
                        SELECT key, item FROM text_key WHERE (key, item) > (?, ?) ORDER BY key, item LIMIT ?) p
                        LEFT JOIN work w ON w.item = p.item LEFT JOIN decision d ON d.seq = w.decision
                    ORDER BY p.key, p.item
                    """), arguments: [cursor.key, cursor.item, window.rows])
        var count = 0
        while let row = try rows.next() {
            count += 1
            cursor = (row[0], row[1])
            if cursor.key != key {
                close()
                key = cursor.key
            }
            switch (row[2] as String?).flatMap(Verdict.init)?.findsViolation {
            case true? where sides.violating.count < Self.membersLimit: sides.violating.append(cursor.item)
            case false? where sides.clean.count < Self.membersLimit: sides.clean.append(cursor.item)
            default: break
            }
        }
        looked += count
        let wasFull = count == Int(window.rows)
        window.took(ContinuousClock.now - start)
        return wasFull
    }

    private mutating func close() {
        if !sides.violating.isEmpty, !sides.clean.isEmpty {
            if sides.violating.count <= sides.clean.count { found += sides.violating }
            if sides.clean.count <= sides.violating.count { found += sides.clean }
        }
        sides = ([], [])
    }
}
