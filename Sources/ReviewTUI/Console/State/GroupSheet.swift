import Queue

/// The group of the item in focus, open over the screen: a grid of small pictures and first words, from which one verdict
/// decides all that wait and were not picked out.
struct GroupSheet: Hashable, Sendable {
    /// The item in focus.
    let lead: ItemID
    /// The lead first; empty until they are read.
    private(set) var members: [SheetMember] = []
    private(set) var isCut = false
    /// False where items came in since texts were last compared.
    private(set) var isComplete = true
    var index = 0
    /// Picked out by hand.
    private(set) var excepted: Set<ItemID> = []
    /// Whether one member fills the screen instead of all.
    var isLarge = false
    /// Whether its pictures are grey, whatever their policies ask for.
    var isGrey = false
    /// Small pictures, by item, once asked for.
    private(set) var thumbnails: [ItemID: PreviewSlot] = [:]
    var large = PreviewSlot()
    /// A verdict on the group that is being recorded.
    var work: GroupVerdictWork?

    init(lead: ItemID) { self.lead = lead }

    var isRead: Bool { !members.isEmpty }

    var selected: SheetMember? { members.indices.contains(index) ? members[index] : nil }

    /// Whether a verdict on the group would decide this one: the lead, and what waits and was not picked out.
    func isIn(_ member: SheetMember) -> Bool {
        member.id == lead || member.standing == .waiting && !excepted.contains(member.id)
    }

    /// What was read of the group, first or again: the selection and what was picked out stay.
    mutating func take(_ members: [SheetMember], isCut: Bool, isComplete: Bool) {
        let before = selected?.id
        self.members = members
        (self.isCut, self.isComplete) = (isCut, isComplete)
        index = members.firstIndex { $0.id == before } ?? min(index, max(0, members.count - 1))
        excepted.formIntersection(members.map(\.id))
    }

    /// Picks a member out, or takes it in again.
    mutating func except(_ id: ItemID) {
        if excepted.remove(id) == nil { excepted.insert(id) }
    }

    /// Notes that a small picture is wanted; true where it was not asked for like this.
    mutating func want(_ request: PreviewRequest, of id: ItemID) -> Bool {
        thumbnails[id, default: PreviewSlot()].want(request)
    }

    mutating func take(_ made: PreviewContent, for request: PreviewRequest) {
        large.take(made, for: request)
        for id in thumbnails.keys where thumbnails[id]?.wanted == request { thumbnails[id]?.take(made, for: request) }
    }
}

/// One item of the group, with what is shown of it: safe words, and a picture unless that is hidden.
struct SheetMember: Hashable, Sendable {
    enum Standing: Hashable, Sendable {
        case waiting
        /// The name is safe to show.
        case held(by: String)
        case decided(Decided)
        case handedOn, restricted

        /// Why a verdict on the group leaves it, in words that follow a count; of what waits, only what was picked out.
        var leftBehind: String {
            switch self {
            case .waiting: phrase("excepted")
            case .held(let holder): phrase("held by \(holder)")
            case .decided: phrase("decided before")
            case .handedOn: phrase("to be decided by itself")
            case .restricted: phrase("restricted")
            }
        }
    }

    struct Decided: Hashable, Sendable {
        var decision: String
        var verdict: Verdict
        /// Safe to show, as is the name.
        var policies: String
        var reviewer: String
        /// Whether it is the reviewer's own, so that they can take it back.
        var isOwn: Bool
    }

    let id: ItemID
    /// The id, safe to show.
    let name: String
    let standing: Standing
    let distance: Int?
    let hasSameText: Bool
    /// Nil where it has none.
    let text: SafeText?
    /// The first picture; nil where there is none, or none may be shown.
    let media: MediaReference?
    /// What its policies, and those of the item in focus, take from its pictures.
    let softenedBy: Set<Softening>

    /// What makes it a twin: "12 bits away", "same text".
    var likeness: String {
        let bits = distance.map { bits in
            switch bits {
            case 0: phrase("same picture")
            case 1: phrase("1 bit away")
            default: phrase("\(bits) bits away")
            }
        }
        let words = [bits, hasSameText ? phrase("same text") : nil].compactMap { $0 }
        return words.isEmpty ? phrase("before you") : words.joined(separator: ", ")
    }
}

extension SheetMember {
    /// - parameter lead: the item in focus: what looks like a picture that is softened or hidden is so, too.
    init(_ member: ContactGroup.Member, lead: Focus, reviewer: String, taxonomy: [Policy], ascii: Bool) {
        func safe(_ text: String) -> String { SafeText.line(text, limit: 60, ascii: ascii) }
        let item = member.item
        id = item.id
        name = safe(item.id.rawValue)
        distance = member.distance
        hasSameText = member.hasSameText
        let violated = Set(
            member.scores.filter { score in score.proposes(taxonomy.first { $0.id == score.policy }) }.map(\.policy)
                + item.reports.map { PolicyID($0.reason) })
        let named = violated.union(violated.flatMap(\.ancestors))
        let isRestricted =
            member.standing == .restricted || taxonomy.contains { $0.restricted && named.contains($0.id) }
        switch member.standing {
        case _ where isRestricted: standing = .restricted
        case .waiting: standing = .waiting
        case .held(let holder): standing = .held(by: safe(holder))
        case .handedOn: standing = .handedOn
        case .restricted: standing = .restricted
        case .decided(let record):
            standing =
                record.verdict.map { verdict in
                    .decided(
                        Decided(
                            decision: record.decision, verdict: verdict,
                            policies: safe(record.policies.map(\.rawValue).joined(separator: ", ")),
                            reviewer: record.reviewer == reviewer ? phrase("you") : safe(record.reviewer),
                            isOwn: record.reviewer == reviewer))
                } ?? .handedOn
        }
        text = isRestricted ? nil : item.text.map { SafeText($0, limit: 4_000, ascii: ascii) }
        media = isRestricted || lead.restricted ? nil : item.media.first
        softenedBy = Set(taxonomy.softening(under: named).keys).union(lead.softenedBy.keys)
    }
}

/// A verdict on the group, under way: one item after the other, so that nothing else waits for all of them.
struct GroupVerdictWork: Hashable, Sendable {
    let verdict: Verdict
    /// What is recorded on the lead; the others get the same without what was seen of the lead alone.
    let draft: DecisionDraft
    /// Those still to be decided, after the one that is on its way.
    var rest: [ItemID]
    var done: [ItemID] = []
    /// Why items were left, in words that follow a count: "held by ann", "excepted".
    var left: [String] = []
    /// The decision on the lead, once that is durable.
    var leadDecision: String?
    /// Whether the reviewer stopped it.
    var isStopped = false
    /// Whether something that was meant was not recorded.
    var hasFailed = false
    /// Everything in the group, for "7 of 9".
    let total: Int

    /// What is recorded on a member other than the lead: policies, severity and note of the lead, nothing shown, since of
    /// its scores and explanations nothing was.
    func memberDraft(ledBy decision: String) -> DecisionDraft {
        DecisionDraft(
            verdict: verdict, policies: draft.policies, severity: draft.severity, note: draft.note,
            escalatesTo: draft.escalatesTo, group: GroupMark(lead: decision, size: draft.group?.size ?? 1))
    }

    /// "1 held by ann, 2 excepted", the most frequent first.
    var leftInWords: String {
        var counts: [String: Int] = [:]
        for reason in left { counts[reason, default: 0] += 1 }
        return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) \($0.key)" }
            .joined(separator: ", ")
    }
}

/// What became of one member of a group that a verdict fell on.
enum MemberOutcome: Hashable, Sendable {
    case decided(DecisionReceipt)
    case held(by: String?)
    /// Somebody was faster, or it waits for somebody else.
    case decidedBefore
    case failed(ConsoleFailure)
}

/// Verdicts of a group being taken back, one after the other.
struct GroupUndoWork: Hashable, Sendable {
    /// Those still to be taken back, after the one on its way.
    var rest: [DecisionRecord]
    let total: Int
    let verdict: Verdict
    var done: [ItemID] = []
    /// Why some stay.
    var left: [String] = []
    /// The lead, in the reviewer's hands again.
    var claim: Claim?
}
