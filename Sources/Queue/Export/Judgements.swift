import Foundation
import GRDB

/// What several reviewers said about one item, each of them without knowing the others: soft labels, and how far they
/// agree with the verdict that stands.
struct Judgements: Sendable {
    struct Judgement: Sendable {
        var reviewer: String
        var verdict: Verdict
        /// The named ones with those above them: who finds `hate/threatening` finds `hate`.
        var policies: Set<PolicyID>
        var labels: [PolicyID: Bool]
        /// Policies of ``labels`` that the reviewer chose or deselected by hand.
        var byHand: Set<PolicyID> = []
    }

    /// One policy by everybody whose verdict says anything about it.
    struct SoftLabel: Sendable, Hashable {
        var policy: PolicyID
        /// The share that found a violation.
        var fraction: Double
        /// How many said either.
        var count: Int
    }

    private(set) var judgements: [Judgement]

    var reviewers: Int { judgements.count }

    /// In the order of the policies' ids.
    var softLabels: [SoftLabel] {
        Set(judgements.flatMap(\.labels.keys)).sorted().map { policy in
            let said = judgements.compactMap { $0.labels[policy] }
            let found = said.filter { $0 }.count
            return SoftLabel(policy: policy, fraction: Double(found) / Double(said.count), count: said.count)
        }
    }

    /// The share of the reviewers whose judgement is the same: an equal verdict and, where policies are named, one in
    /// common.
    func agreement(with verdict: Verdict, _ policies: [PolicyID]) -> Double {
        let policies = Self.withAncestors(policies)
        let same = judgements.filter {
            $0.verdict == verdict && ($0.policies == policies || !$0.policies.isDisjoint(with: policies))
        }
        return Double(same.count) / Double(judgements.count)
    }

    fileprivate static func withAncestors(_ policies: [PolicyID]) -> Set<PolicyID> {
        Set(policies.flatMap { [$0] + $0.ancestors })
    }
}

/// The judgements of items that two reviewers or more have judged, by item.
///
/// First, second and third verdicts count, each reviewer's latest; appeals and escalations do not, since whoever decides
/// those is told what was said before. Only verdicts on the item as it is now.
struct SharedJudgements: Sendable {
    private(set) var ofItem: [Int64: Judgements] = [:]

    /// - parameter lastEvent: What comes later is as if it had not been.
    init(upTo lastEvent: Int64, store: QueueStore) throws {
        let items = try Self.itemsDecidedAgain(upTo: lastEvent, store: store)
        for start in stride(from: 0, to: items.count, by: 1000) {
            let part = items[start..<min(start + 1000, items.count)].map(String.init).joined(separator: ",")
            let rows = try store.read { db in
                try Row.fetchAll(
                    db.cachedStatement(
                        sql: """
                            SELECT d.item, d.reviewer, d.verdict, d.policies, d.labels
                            FROM json_each(?) part CROSS JOIN decision d ON d.item = part.value
                                JOIN item i ON i.seq = d.item
                            WHERE d.event <= ? AND d.item_digest = i.digest AND ifnull(d.review, 0)
                                IN (\(ReviewRound.first.rawValue), \(ReviewRound.second.rawValue), \(ReviewRound.third.rawValue))
                            ORDER BY d.item, d.seq
                            """), arguments: ["[\(part)]", lastEvent])
            }
            add(rows)
        }
        ofItem = ofItem.filter { $0.value.reviewers > 1 }
    }

    /// Every row after an item's first supersedes another, and few rows do.
    private static func itemsDecidedAgain(upTo lastEvent: Int64, store: QueueStore) throws -> [Int64] {
        var items = Set<Int64>()
        var last: Int64 = 0
        while true {
            let rows = try store.read { db in
                try Row.fetchAll(
                    db.cachedStatement(
                        sql: """
                            SELECT supersedes, item FROM decision WHERE supersedes > ? AND event <= ?
                            ORDER BY supersedes LIMIT 20000
                            """), arguments: [last, lastEvent])
            }
            guard let end = rows.last else { return items.sorted() }
            last = end[0]
            items.formUnion(rows.map { $0[1] as Int64 })
        }
    }

    private mutating func add(_ rows: [Row]) {
        for row in rows {
            let item: Int64 = row["item"]
            let reviewer: String = row["reviewer"]
            ofItem[item, default: Judgements(judgements: [])].take(
                (row["verdict"] as String?).flatMap(Verdict.init).map { verdict in
                    let labels = StoredLabel.list(row["labels"])
                    return Judgements.Judgement(
                        reviewer: reviewer, verdict: verdict,
                        policies: Judgements.withAncestors(PolicyID.list(row["policies"])),
                        labels: labels.reduce(into: [:]) { $0[$1.policy] = $1.isViolation },
                        byHand: Set(labels.filter { $0.origin == .person }.map(\.policy)))
                }, of: reviewer)
        }
    }
}

extension Judgements {
    /// Puts a reviewer's later row in the place of an earlier one; an undo takes it away.
    fileprivate mutating func take(_ judgement: Judgement?, of reviewer: String) {
        judgements.removeAll { $0.reviewer.utf8.elementsEqual(reviewer.utf8) }
        if let judgement { judgements.append(judgement) }
    }
}

/// One label as a row of `decision` keeps it.
struct StoredLabel: Sendable, Hashable {
    var policy: PolicyID
    var isViolation: Bool
    var origin: LabelOrigin

    static func list(_ json: String) -> [StoredLabel] {
        guard case .object(let members)? = try? JSONValue(parsing: json) else { return [] }
        return members.compactMap { member in
            member.value["origin"]?.string.flatMap(LabelOrigin.init).map {
                StoredLabel(policy: PolicyID(member.key), isViolation: member.value["value"] == 1, origin: $0)
            }
        }
    }
}
