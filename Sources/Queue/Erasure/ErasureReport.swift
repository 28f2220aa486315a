/// What is to be erased.
public enum ErasureScope: Sendable, Hashable {
    case item(ItemID)
    /// Every item of an author, as the items themselves name them.
    case author(String)
    /// Retention: items that were taken in before a moment and that no verdict or undo has touched since.
    ///
    /// Undecided ones stay unless they are asked for: nobody has looked at them yet.
    case untouched(since: Timestamp, includingUndecided: Bool)
}

/// How to erase.
public struct ErasureRules: Sendable, Hashable {
    /// Who erases; it stands in the chain for good.
    public var by: String
    /// Why, such as the number of a request; it stands in the chain for good, so name nobody.
    public var reason: String?
    /// Erase also what somebody is reviewing right now: their lease is lost.
    public var endingLeases: Bool
    /// Erase also what is under legal hold: everything in the restricted queue.
    public var despiteHold: Bool
    /// Only count.
    public var isDryRun: Bool

    public init(
        by: String, reason: String? = nil, endingLeases: Bool = false, despiteHold: Bool = false, isDryRun: Bool = false
    ) {
        self.by = by
        self.reason = reason
        self.endingLeases = endingLeases
        self.despiteHold = despiteHold
        self.isDryRun = isDryRun
    }
}

/// What an erasure did, and what it could not do.
public struct ErasureReport: Sendable, Hashable {
    /// An earlier export that holds erased items. Nothing of this program's can erase there.
    public struct HoldingExport: Sendable, Hashable {
        public var folder: String
        public var exportedAt: Timestamp
        /// How many of the erased items.
        public var items: Int
        /// False where a filter, or the restricted queue, may have kept them out.
        public var isCertain: Bool
    }

    /// A head, or a calibration, that was fitted while verdicts on erased items stood: what it learnt of them is in its
    /// numbers, and nothing of this program's can take it out.
    public struct FittedHead: Sendable, Hashable {
        public var id: String
        /// How many of the erased items it may have been fitted on.
        public var items: Int
        /// Whether it scores now.
        public var isInUse: Bool
    }

    /// Items erased; in a dry run, those that would be.
    public var erased = 0
    /// Decisions and undos on them, which stay without note and scores.
    public var decisions = 0
    /// Left alone: somebody is reviewing them.
    public var underReview = 0
    /// Left alone: under legal hold.
    public var onHold = 0
    /// Left alone by retention: nobody has decided them.
    public var undecided = 0
    /// Media files deleted. Those that other items show as well stay.
    public var files = 0
    /// Files that were ingested by reference and lie elsewhere: delete them where they are.
    public var linkedOriginals: [String] = []
    public var exports: [HoldingExport] = []
    /// In the order in which they were recorded. Fit those in use again.
    public var heads: [FittedHead] = []
    /// Why traces may be left in the files; nil where none are. `finishErasure` goes on from there.
    public var unfinished: String?

    /// What `erase --json` and `purge --json` print.
    public var json: JSONValue {
        [
            "erased": .integer(Int64(erased)), "decisions": .integer(Int64(decisions)),
            "under_review": .integer(Int64(underReview)), "on_hold": .integer(Int64(onHold)),
            "undecided": .integer(Int64(undecided)), "files": .integer(Int64(files)),
            "linked_originals": .array(linkedOriginals.map { .string($0) }),
            "exports": .array(
                exports.map {
                    [
                        "folder": .string($0.folder), "exported_at": .string($0.exportedAt.rfc3339),
                        "items": .integer(Int64($0.items)), "certain": .bool($0.isCertain),
                    ]
                }),
            "heads": .array(
                heads.map {
                    ["head": .string($0.id), "items": .integer(Int64($0.items)), "in_use": .bool($0.isInUse)]
                }),
            "finished": .bool(unfinished == nil), "unfinished": .optional(unfinished),
        ]
    }
}
