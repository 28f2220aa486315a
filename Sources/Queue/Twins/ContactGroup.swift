import Foundation
import GRDB

/// An item and its twins, each with what a contact sheet shows of it and whether one verdict may decide it with the others.
public struct ContactGroup: Sendable, Hashable {
    /// The item itself, then those that wait, the most alike first, then the others in the same order.
    public var members: [Member]
    /// Whether there may be more twins than are listed.
    public var isCut: Bool
    /// Whether every text had been looked at (``TwinGroup/isComplete``).
    public var isComplete: Bool

    public struct Member: Sendable, Hashable {
        public var item: Item
        public var scores: [Score]
        /// In how many bits of 256 the most alike pictures differ; nil where no pictures match, and for the item itself.
        public var distance: Int?
        /// Whether the texts are equal after normalisation.
        public var hasSameText: Bool
        public var standing: Standing
    }

    public enum Standing: Sendable, Hashable {
        /// For its first verdict, in nobody else's hands: the only standing in which a verdict on the group decides it.
        case waiting
        /// By somebody else.
        case held(by: String)
        /// The verdict that stands.
        case decided(DecisionRecord)
        /// For a verdict on an appeal or an escalation: somebody asked for a look at this very item.
        case handedOn
        /// In the restricted line: such items are decided one by one.
        case restricted
    }
}

extension QueueStore {
    /// The group of an item: itself and its ``twins(of:limit:)``, those that wait before all where there are too many; nil
    /// where there is no such item.
    ///
    /// - parameter reviewer: Who looks: what they hold themselves is as good as waiting.
    /// - parameter limit: At most so many twins.
    public func contactGroup(of id: ItemID, reviewer: String, limit: Int = 119) throws -> ContactGroup? {
        guard let group = try twins(of: id, first: .undecided, limit: limit) else { return nil }
        let itself = TwinGroup.Twin(item: id, distance: nil, hasSameText: false, isDecided: false)
        var members: [ContactGroup.Member] = []
        // Short reads: without WAL a writer waits for each.
        let all = [itself] + group.twins
        for start in stride(from: 0, to: all.count, by: 20) {
            members += try read { db in
                try all[start...].prefix(20).compactMap { try member($0, for: reviewer, in: db) }
            }
        }
        guard let first = members.first, first.item.id == id else { return nil }
        let waiting = members.dropFirst().filter { $0.standing == .waiting }
        let others = members.dropFirst().filter { $0.standing != .waiting }
        func nearest(_ members: [ContactGroup.Member]) -> [ContactGroup.Member] {
            members.enumerated().sorted {
                ($0.element.distance ?? 0, $0.offset) < ($1.element.distance ?? 0, $1.offset)
            }
            .map(\.element)
        }
        return ContactGroup(
            members: [first] + nearest(waiting) + nearest(others), isCut: group.isCut, isComplete: group.isComplete)
    }

    /// Nil where it has been erased meanwhile.
    private func member(
        _ twin: TwinGroup.Twin, for reviewer: String, in db: Database
    ) throws -> ContactGroup.Member? {
        let row = try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT w.item, w.queue, w.state, w.review, w.lease_reviewer, w.lease_expires, w.decision
                    FROM item i JOIN work w ON w.item = i.seq WHERE i.id = ?
                    """), arguments: [twin.item.rawValue])
        guard let row else { return nil }
        let stored = StoredItem(db: db, mediaFolder: mediaFolder)
        let seq: Int64 = row["item"]
        return ContactGroup.Member(
            item: try stored.item(seq), scores: try stored.scores(seq), distance: twin.distance,
            hasSameText: twin.hasSameText, standing: try standing(row, for: reviewer, in: db))
    }

    private func standing(_ row: Row, for reviewer: String, in db: Database) throws -> ContactGroup.Standing {
        if row["queue"] as Int == QueueCode.restricted { return .restricted }
        var state: Int = row["state"]
        if state == WorkState.leased {
            let round = ReviewRound(rawValue: row["review"]) ?? .first
            if round == .first, row["lease_expires"] as Int64? ?? 0 > clock().milliseconds {
                let holder: String = row["lease_reviewer"]
                return holder.utf8.elementsEqual(reviewer.utf8) ? .waiting : .held(by: holder)
            }
            state = round.waitingState
        }
        if state == WorkState.decided, let decision: Int64 = row["decision"],
            let record = try Self.records(where: "d.seq = ?", [decision], in: db).first
        {
            return .decided(record)
        }
        return state == WorkState.pending ? .waiting : .handedOn
    }
}
