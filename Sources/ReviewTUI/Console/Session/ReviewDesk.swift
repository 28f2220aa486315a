import Queue

/// What the console asks of a queue, in the console's own words.
///
/// Calls block and are made one after another, off the main actor. They throw ``ConsoleFailure``.
protocol ReviewDesk: Sendable {
    func page(_ request: PageRequest) throws -> ListPage
    /// An item as it is now, without claiming it; nil where it waits no longer.
    func detail(_ id: ItemID) throws -> ItemContents?
    /// A lease on the next item, or on a certain one; nil where there is none to be had.
    func claim(_ purpose: ClaimPurpose) throws -> Claim?
    func renew(_ lease: Lease) throws -> Lease
    func release(_ lease: Lease) throws
    /// Gives an item back so that the next claim brings another.
    func skip(_ lease: Lease) throws
    /// Returns when the decision is durable.
    func decide(_ lease: Lease, _ draft: DecisionDraft) throws -> DecisionReceipt
    /// Takes the reviewer's latest decision back, and claims its item again where that is possible.
    func undo() throws -> UndoneDecision
    /// What an undo would take back together: the verdicts of a group, the one that led it first; else the latest alone.
    func latestVerdicts() throws -> [DecisionRecord]
    /// Takes one verdict back by its id, and claims its item again if that is asked for and possible.
    func takeBack(_ decision: String, reclaiming: Bool) throws -> UndoneDecision
    /// Puts the reviewer's look at a hidden or softened picture on record.
    func recordReveal(_ id: ItemID, _ what: RevealedContent) throws
    /// The items that look or read like one, with what was decided on them; nil where it is gone.
    func twins(_ id: ItemID) throws -> TwinGroup?
    /// An item and its twins, to be shown and decided together; nil where it is gone.
    func group(_ id: ItemID) throws -> ContactGroup?
    /// Claims one member of a group and decides it, in one call, so that nothing is left claimed.
    func decide(member id: ItemID, _ draft: DecisionDraft) throws -> MemberOutcome
    func counts() throws -> QueueCounts
    /// This reviewer's latest verdicts and undos, newest first.
    func history() throws -> [DecisionRecord]
    /// Adds to this reviewer's own account of today.
    func record(_ exposure: Exposure) throws
    /// That account: the last seven days, today last.
    func exposure() throws -> [ExposureDay]
    /// What a screen about the work shows. May take seconds.
    func work(_ view: WorkView) throws -> WorkReading
    /// What happened to an item, and its author's others; nil where it is gone. Of a veiled one no more than how it came in.
    func itemHistory(_ id: ItemID, veiled: Bool, ascii: Bool) throws -> ItemHistoryPages?
    /// Changes when another process writes.
    func dataVersion() throws -> Int
}

/// An item to look at.
struct ItemContents: Hashable, Sendable {
    var item: Item
    var scores: [Score]
    var explanations: [Explanation]
}

struct UndoneDecision: Hashable, Sendable {
    var item: ItemID
    var verdict: Verdict
    var claim: Claim?
}
