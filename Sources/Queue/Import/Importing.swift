import Foundation
import GRDB

/// What an import did.
public struct ImportReport: Sendable, Hashable {
    /// Decisions recorded.
    public var decided = 0
    /// Records that say nothing: skipped or ignored by whoever annotated.
    public var ignored = 0
    public var rejected = 0
    /// The first hundred refused records; all of them go to the file of rejects.
    public var rejections: [IngestRejection] = []

    /// What `import --json` prints.
    public var json: JSONValue {
        [
            "decided": .optional(decided), "ignored": .optional(ignored), "rejected": .optional(rejected),
            "rejections": .array(rejections.map { ["line": .optional($0.line), "reason": .string($0.reason)] }),
        ]
    }
}

extension QueueStore {
    /// Records decisions that somebody made with another tool, each as if that reviewer had claimed the item here: under a
    /// lease, in the audit chain, followed by second reviews as they are set.
    ///
    /// Fifty records make a transaction. A refused record leaves nothing behind and the rest is kept. An import that was
    /// cut short can be run again: what is decided already is refused.
    ///
    /// - parameter reviewer: Who decided; the name stands in the record for good.
    /// - parameter rejects: Gets one JSON object for each refused record: `line`, `reason`, and `input` (or `input_base64`).
    /// - parameter progress: Called with the records looked at so far.
    /// - throws: ``QueueError/notFound(_:)`` where there is no file, ``QueueError/rejected(_:)`` where it is not of that
    ///   format at all. A refused record throws nothing.
    public func importDecisions(
        _ format: OutsideFormat, from path: String, reviewer: String, rejects: String? = nil,
        progress: (Int) -> Void = { _ in }
    ) throws -> ImportReport {
        try Self.reporting(self.path) {
            try Self.check(reviewer: reviewer)
            let descriptor = try openToRead(path)
            defer { close(descriptor) }
            var records = try format.records(
                of: ByteSource(descriptor: descriptor, name: Visible.text(path, limit: 400)))
            let refused = try rejects.map { try RejectsFile(path: $0, besides: descriptor) }
            var report = ImportReport()
            var done = 0
            while case let page = try Self.page(of: &records), !page.isEmpty {
                // Into a copy: a transaction that fails has done nothing.
                var next = report
                var refusals: [(RawItem, String)] = []
                try write { db in
                    (next, refusals) = (report, [])
                    let desk = try ImportDesk(store: self, reviewer: reviewer, db: db)
                    for raw in page {
                        do {
                            if try desk.record(raw, format) { next.decided += 1 } else { next.ignored += 1 }
                        } catch let refusal as Refusal {
                            refusals.append((raw, refusal.reason))
                        }
                    }
                }
                for (raw, reason) in refusals {
                    next.rejected += 1
                    if next.rejections.count < 100 {
                        next.rejections.append(IngestRejection(line: raw.line, reason: reason))
                    }
                    try refused?.append(raw, reason: reason)
                }
                report = next
                done += page.count
                progress(done)
            }
            return report
        }
    }

    private static func page(of records: inout any RawItems) throws -> [RawItem] {
        var page: [RawItem] = []
        while page.count < 50, let raw = try records.next() { page.append(raw) }
        return page
    }
}

/// Records decisions of one outside reviewer within a transaction.
private struct ImportDesk {
    let store: QueueStore
    let reviewer: String
    let db: Database
    let now: Timestamp
    let desk: ClaimDesk

    init(store: QueueStore, reviewer: String, db: Database) throws {
        self.store = store
        self.reviewer = reviewer
        self.db = db
        now = store.clock()
        try QueueStore.returnExpired(in: db, at: now)
        desk = try ClaimDesk(
            db: db, reviewer: reviewer, queue: nil, rules: ClaimRules(), now: now, mediaFolder: store.mediaFolder)
    }

    /// - returns: False for a record that says nothing.
    /// - throws: ``Refusal`` where the queue cannot take it; then nothing of it is left.
    func record(_ raw: RawItem, _ format: OutsideFormat) throws -> Bool {
        guard let outside = try format.decision(raw.value()) else { return false }
        do {
            try db.inSavepoint {
                let claim = try desk.lease(named: outside.item)
                try LeaseEvent.append("lease", [(claim.lease, reviewer)], in: db, at: now)
                let draft = try outside.draft(on: claim.item, scored: Set(claim.scores.map(\.policy)))
                _ = try store.decide(token: claim.lease.token, draft: draft, reviewer: reviewer, in: db, at: now)
                return .commit
            }
            return true
        } catch let error as QueueError {
            throw Refusal("\(error)")
        }
    }
}
