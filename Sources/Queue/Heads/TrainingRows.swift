import Foundation
import GRDB

extension QueueStore {
    /// Hands out, page by page, every verdict that stands and every known answer, with the item's embeddings by a model.
    ///
    /// Splits are given first, as an export gives them, so that what is held out is never trained on. Labels are those of
    /// a snapshot: where several judged the item without knowing each other's verdict, the share of them that found a
    /// violation. Never among the rows: restricted items and those whose pictures a restricted one shows; erased ones;
    /// verdicts on content that was replaced since; embeddings by other weights. A gold item gives its known answer and
    /// nothing else, whoever judged it before: `allow` says of every policy that it is not violated.
    ///
    /// - parameter weights: SHA-256 of the model's weights. Where the queue knows others for the name, there are no rows.
    /// - parameter each: Called outside of any transaction, with at most ``SnapshotPages/size`` rows.
    @discardableResult
    public func trainingRows(
        model: String, weights: String, each page: ([TrainingRow]) throws -> Void
    ) throws -> TrainingExtent {
        let bound = try exportBound()
        let snapshot = Snapshot(lastEvent: bound.event, filter: nil)
        let last = try read { try snapshot.lastDecision(in: $0) }
        var extent = TrainingExtent(lastDecision: last, lastEvent: bound.event)
        let number = try read { db in
            try Int64.fetchOne(
                db, sql: "SELECT seq FROM model WHERE name = ? AND weights = ?",
                arguments: [model, weights.lowercased()])
        }
        guard let number else { return extent }
        try assignSplits(upTo: last)
        let reading = TrainingReading(
            model: number, snapshot: snapshot, shared: try SharedJudgements(upTo: bound.event, store: self),
            restricted: try RestrictedMedia(of: self), policies: try taxonomy().policies.map(\.id))
        for first in stride(from: Int64(1), through: last, by: Int(SnapshotPages.size)) {
            let rows = try read { try reading.decided(from: first, in: $0, counting: &extent) }
            extent.rows += rows.count
            if !rows.isEmpty { try page(rows) }
        }
        var item: Int64? = 0
        while let after = item {
            let (rows, next) = try read { try reading.gold(after: after, in: $0, counting: &extent) }
            item = next
            extent.rows += rows.count
            extent.gold += rows.count
            if !rows.isEmpty { try page(rows) }
        }
        return extent
    }
}

/// Reads the rows of one model. Values: each page is a transaction of its own.
private struct TrainingReading {
    let model: Int64
    let snapshot: Snapshot
    let shared: SharedJudgements
    let restricted: RestrictedMedia
    /// Of the taxonomy in force: what an item that violates nothing does not violate.
    let policies: [PolicyID]

    func decided(from first: Int64, in db: Database, counting extent: inout TrainingExtent) throws -> [TrainingRow] {
        let found = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT d.item, i.id, d.id, d.labels, \(Snapshot.sampled), d.decided_at, s.split, s.cluster
                    FROM decision d CROSS JOIN item i ON i.seq = d.item CROSS JOIN work w ON w.item = d.item
                        LEFT JOIN split_member s ON s.item = d.item
                    WHERE d.seq >= ? AND d.seq < ? AND w.queue <> \(QueueCode.restricted) AND d.item_digest = i.digest
                        AND NOT EXISTS (SELECT 1 FROM gold g WHERE g.item = d.item) AND \(snapshot.condition)
                    ORDER BY d.seq
                    """), arguments: [first, first + SnapshotPages.size] + snapshot.arguments)
        var rows: [TrainingRow] = []
        for row in found {
            let item: Int64 = row[0]
            let labels = shared.ofItem[item]?.trainingLabels ?? Self.labels(row[3])
            guard !labels.isEmpty else { continue }
            guard let embeddings = try embeddings(of: item, in: db, counting: &extent) else { continue }
            rows.append(
                TrainingRow(
                    item: ItemID(row[1] as String), decision: row[2], embeddings: embeddings, labels: labels,
                    split: (row[6] as Int?).flatMap(Split.init), cluster: row[7] ?? item, sampled: row[4],
                    isGold: false, decidedAt: Timestamp(milliseconds: row[5])))
        }
        return rows
    }

    func gold(
        after item: Int64, in db: Database, counting extent: inout TrainingExtent
    ) throws -> (rows: [TrainingRow], next: Int64?) {
        let found = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT g.item, i.id, g.verdict, g.policies, g.added_at, s.split, s.cluster
                    FROM gold g JOIN item i ON i.seq = g.item JOIN work w ON w.item = g.item
                        LEFT JOIN split_member s ON s.item = g.item
                    WHERE g.item > ? AND w.queue <> \(QueueCode.restricted) ORDER BY g.item LIMIT \(SnapshotPages.size)
                    """), arguments: [item])
        var rows: [TrainingRow] = []
        for row in found {
            let item: Int64 = row[0]
            let labels = answer(Verdict(rawValue: row[2]), PolicyID.list(row[3]))
            guard !labels.isEmpty, let embeddings = try embeddings(of: item, in: db, counting: &extent) else {
                continue
            }
            rows.append(
                TrainingRow(
                    item: ItemID(row[1] as String), decision: nil, embeddings: embeddings, labels: labels,
                    split: (row[5] as Int?).flatMap(Split.init), cluster: row[6] ?? item, sampled: nil, isGold: true,
                    decidedAt: Timestamp(milliseconds: row[4])))
        }
        return (rows, found.count == Int(SnapshotPages.size) ? found.last?[0] : nil)
    }

    /// Nil where there are none, or where a picture of the item may not be learnt from.
    private func embeddings(of item: Int64, in db: Database, counting extent: inout TrainingExtent) throws -> [[Float]]?
    {
        let statement = try db.cachedStatement(
            sql: "SELECT vector FROM embedding WHERE item = ? AND model = ? ORDER BY position")
        let vectors = try Data.fetchAll(statement, arguments: [item, model])
        guard !vectors.isEmpty else {
            extent.withoutEmbedding += 1
            return nil
        }
        guard try restricted.isEmpty || !showsRestricted(item, in: db) else {
            extent.withheld += 1
            return nil
        }
        return vectors.map(StoredRelevance.vector)
    }

    private func showsRestricted(_ item: Int64, in db: Database) throws -> Bool {
        let media = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT m.sha256, l.hash FROM media m
                        LEFT JOIN likeness l ON l.item = m.item AND l.position = m.position
                    WHERE m.item = ?
                    """), arguments: [item])
        return media.contains { restricted.holds(sha256: ($0[0] as Data).hex, pdq: ($0[1] as Data?)?.hex) }
    }

    private static func labels(_ json: String) -> [PolicyID: TrainingLabel] {
        StoredLabel.list(json).reduce(into: [:]) { labels, label in
            labels[label.policy] = TrainingLabel(target: label.isViolation ? 1 : 0, origin: label.origin)
        }
    }

    private func answer(_ verdict: Verdict?, _ named: [PolicyID]) -> [PolicyID: TrainingLabel] {
        func labels(_ policies: [PolicyID], _ target: Double) -> [PolicyID: TrainingLabel] {
            policies.reduce(into: [:]) { $0[$1] = TrainingLabel(target: target, origin: .person) }
        }
        return switch verdict {
        case .allow: labels(policies, 0)
        case .remove, .restrict: labels(named.flatMap { [$0] + $0.ancestors }, 1)
        case .escalate, nil: [:]
        }
    }
}

extension Judgements {
    /// Soft labels, with where they come from.
    fileprivate var trainingLabels: [PolicyID: TrainingLabel] {
        softLabels.reduce(into: [:]) { labels, soft in
            let isPersonal = judgements.contains { $0.byHand.contains(soft.policy) }
            labels[soft.policy] = TrainingLabel(
                target: soft.fraction, origin: isPersonal ? .person : .model, judges: soft.count)
        }
    }
}
