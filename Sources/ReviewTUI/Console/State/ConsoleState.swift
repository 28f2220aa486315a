import Queue

/// Numbers for the title bar.
struct QueueCounts: Hashable, Sendable {
    var pending: Int
    var leased: Int
    var decided: Int
}

/// The sentence under the item, and whether it is good news.
struct StatusLine: Hashable, Sendable {
    enum Tone: Hashable, Sendable { case neutral, good, bad }

    var text: String
    var tone: Tone
}

/// What keys go to.
enum Mode: Hashable, Sendable {
    case review
    case help(scroll: Int)
    case policies(PolicyPicker)
    /// How grave the violation is: one more key says it.
    case severity
    /// A verdict that cannot be undone downstream waits for an answer.
    case question(FinalQuestion)
    /// Short reasons to put into the note.
    case reasons(ReasonList)
    /// Words or a box of the item are being marked.
    case marking(Marking)
    /// A screen about the work as a whole, in place of the review's.
    case work(WorkScreen)
    /// What this reviewer decided last, newest first; one of them is selected.
    case history([DecisionRecord], selected: Int)
    /// What happened to the item, and its author's others.
    case itemHistory(ItemHistoryPages)
    /// The contact sheet of ``ConsoleState/sheet``.
    case sheet
    case prompt(Prompt)
    /// The reviewer's own exposure, the last seven days, today last.
    case wellbeing([ExposureDay])
    /// The screen is covered, since then (milliseconds since 1970).
    case pause(since: Int64)
}

/// The list of all policies, open over the item.
struct PolicyPicker: Hashable, Sendable {
    var index = 0
    /// Letters of a policy's key, as far as they were typed.
    var typed = ""
    /// The verdict that waits for a policy; nil where the picker was opened for itself.
    var pending: VerdictCommand?
}

/// One line of input.
struct Prompt: Hashable, Sendable {
    enum Purpose: Hashable, Sendable {
        case note, question, command, search, filter

        /// Whether what is typed belongs to the item on the screen and to no other.
        var isAboutItem: Bool { self == .note || self == .question }
    }

    var purpose: Purpose
    var text: String
    /// Which of the earlier lines is shown, 0 for the newest, and what had been typed instead; nil for a line of one's own.
    var recalled: Recalled?

    struct Recalled: Hashable, Sendable {
        var index: Int
        var instead: String
    }

    /// Why the text is no query.
    var error: QuerySyntaxError?

    /// A template that stands in place of what was typed.
    var offered: Offered?

    struct Offered: Hashable, Sendable {
        /// Which of those that begin as typed.
        var index: Int
        var instead: String
    }
}

/// The preview on the screen and the one on its way.
struct PreviewSlot: Hashable, Sendable {
    var wanted: PreviewRequest?
    /// What was last made, and from which request.
    var shown: PreviewRequest?
    var content: PreviewContent?
}

/// Items next to the one the list points at, not claimed, so that moving there shows them at once.
struct Nearby: Hashable, Sendable {
    var read: [ItemID: Focus] = [:]
    /// On their way.
    var asked: Set<ItemID> = []
}

/// Everything the console shows. Changed only by ``update(_:_:at:)``; drawn by `ReviewScreen`.
struct ConsoleState: Hashable, Sendable {
    let reviewer: String
    /// Policies of the taxonomy, in its order.
    let taxonomy: [Policy]
    let policyKeys: PolicyKeys
    var keymap: Keymap
    var size: CellSize
    var abilities: ScreenAbilities

    var list = ListWindow()
    /// What the list is narrowed to.
    var filter = ItemQuery.everything
    /// Where the list's selection went ahead of the focus; nil when they stand together.
    var selection: ItemID?
    var focus: Focus?
    /// Read ahead while the reviewer goes through the list; nil while they go by verdicts.
    var nearby: Nearby?
    /// Claimed ahead of need, with its preview.
    var ahead: [Focus] = []
    var aheadPreview = PreviewSlot()
    /// A claim of whatever comes next is on its way.
    var nextIsAsked = false
    /// Heavy items in a row among those that the queue gave.
    var heavyRun = 0
    /// When the queue last had nothing to give, in milliseconds since 1970; nil while it has.
    var drySince: Int64?
    /// Tokens whose renewal is on its way.
    var renewing: Set<String> = []
    /// Keys pressed ahead of their item, in their order.
    var waiting: [WaitingInput] = []
    /// Claims, and undos that claim, on their way: leaving waits for them, so that their leases are given back.
    var claimsUnderWay = 0
    /// A window whose content is being read; nil where none was asked for, or another key has been pressed since.
    var awaitedWindow: CommandID?
    /// What was recorded last, for doing the same again.
    var lastVerdict: DecisionDraft?
    /// The key that is being carried out; a question is not answered by the key that asked it.
    var keyInHand: Key?
    /// The group of the item in focus, while it is open, under other dialogs, too.
    var sheet: GroupSheet?
    /// Verdicts of a group that are being taken back.
    var groupUndo: GroupUndoWork?
    /// An undo is under way: what a verdict key would land on is about to change.
    var undoIsAsked = false

    /// Whether every item is judged once before scores and explanations are shown.
    var isBlindFirst = false
    var explains = true
    var overlay = OverlayStyle.heat
    var opacity = OverlayOpacity.strong
    var wellbeing = WellbeingSettings()
    var meter = ExposureMeter()
    var refit = RefitState()
    var preview = PreviewSlot()
    /// The picture over the whole screen; nil while it stands among the rest.
    var zoom: Zoom?
    var zoomPreview = PreviewSlot()
    var counts: QueueCounts?
    /// What was read for the screens about the work.
    var work: [WorkView: WorkSlot] = [:]
    /// When they were last read, in milliseconds since 1970.
    var countedAt: Int64 = 0
    /// Whether somebody else changed the queue since.
    var countIsDue = false
    /// An end of the list that the selection goes to when its page has come.
    var jump: PageRequest.Anchor?
    var status = StatusLine(text: "", tone: .neutral)
    var mode = Mode.review
    /// Lines entered before, newest first, for each purpose.
    var entered: [Prompt.Purpose: [String]] = [:]
    /// Milliseconds since 1970, as of the last event.
    var now: Int64 = 0
    var isQuitting = false
    /// The item that was on the screen when its lease was given back: gone from it if somebody took it meanwhile.
    var cameBackTo: ItemID?
    /// When a key was last pressed, in milliseconds since 1970.
    var touchedAt: Int64 = 0

    init(
        reviewer: String, taxonomy: [Policy], keymap: Keymap = .standard, size: CellSize,
        abilities: ScreenAbilities = ScreenAbilities()
    ) {
        self.reviewer = reviewer
        self.taxonomy = taxonomy
        policyKeys = PolicyKeys(taxonomy)
        self.keymap = keymap
        self.size = size
        self.abilities = abilities
    }

    /// Leases to give back when the console ends.
    var leases: [Lease] { ([focus?.lease] + ahead.map(\.lease)).compactMap { $0 } }

    /// Whether the explanation of an item is to be seen.
    func explains(_ focus: Focus) -> Bool { explains && !isVeiled(focus) }

    /// Whether what models and others say of an item is kept back until a first call: on the screen, and in previews that
    /// are made ahead.
    func isVeiled(_ focus: Focus) -> Bool { isBlindFirst && focus.firstCall == nil }

    /// The item the list points at.
    var selected: ItemID? { selection ?? focus?.id }

    /// Whether the reviewer has gone, as far as keys tell.
    var isAway: Bool { now - touchedAt > Self.awayMilliseconds }

    var isPaused: Bool { if case .pause = mode { true } else { false } }

    /// How long a lease is asked for, in seconds. It is renewed when half of that is left, so what a console held that
    /// died is free again after at most this time.
    static let leaseSeconds = 180.0
    /// How long without a key until leases are given back instead.
    static let awayMilliseconds: Int64 = 600_000
    /// Items held beside the one in focus. More are given back.
    static let aheadLimit = 2
}
