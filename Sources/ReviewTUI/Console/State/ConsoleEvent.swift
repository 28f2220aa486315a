import Queue

/// Something that happened: a key, or the answer to an ``Effect``.
enum ConsoleEvent: Hashable, Sendable {
    /// - Parameter item: review this one first.
    case started(item: ItemID?)
    case key(Key)
    case paste(String)
    /// A whole line where there is no screen: ``ConsoleState/carryOut(line:)``.
    case line(String)
    case resized(CellSize)
    case mouse(MouseEvent)
    /// A frame has reached the terminal.
    case painted(PaintedFrame)
    /// What the terminal can show turned out better than thought.
    case abilities(ScreenAbilities)
    case page(ListPage, PageRequest)
    case pageFailed(PageRequest, ConsoleFailure)
    case detail(Focus?, ItemID)
    case detailFailed(ItemID, ConsoleFailure)
    /// The dwell on a selected item is over.
    case dwelled(ItemID)
    case claimed(Claim?, ClaimPurpose)
    case claimFailed(ClaimPurpose, ConsoleFailure)
    case renewed(Lease)
    case renewFailed(Lease, ConsoleFailure)
    case decided(DecisionReceipt, DecisionDraft)
    case decideFailed(ItemID, ConsoleFailure)
    case undone(Claim?, Verdict, ItemID)
    case undoFailed(ConsoleFailure)
    /// What an undo would take back is a whole group: nothing was taken back yet.
    case groupStands([DecisionRecord])
    /// One verdict, taken back by its name.
    case tookBack(UndoneDecision)
    case takeBackFailed(ConsoleFailure)
    case preview(PreviewContent, PreviewRequest)
    /// The look at a hidden or softened picture is on record: it may be shown.
    case revealed(ItemID, RevealedContent)
    case twins(TwinLines, ItemID)
    case group(ContactGroup?, ItemID)
    case groupFailed(ItemID, ConsoleFailure)
    case memberDecided(MemberOutcome, ItemID)
    case counts(QueueCounts)
    case history([DecisionRecord])
    /// The reviewer's own account, the last seven days, today last.
    case exposure([ExposureDay])
    /// It could not be written: it goes with the next.
    case exposureUnsaved(Exposure)
    case work(WorkReading)
    case workFailed(WorkView, ConsoleFailure)
    case itemHistory(ItemHistoryPages?, ItemID)
    /// Heads were fitted again.
    case refitted(RefitNews)
    case refitFailed(ConsoleFailure)
    /// Somebody else wrote to the queue.
    case queueChanged
    case failed(ConsoleFailure)
    /// Time went by.
    case tick
}

/// What a claim is for.
enum ClaimPurpose: Hashable, Sendable {
    /// Whatever comes first in the queue.
    case next
    /// The same, but rather a light item, where one waits close behind a heavy one.
    case lighter
    case item(ItemID)
    /// Whatever comes first of what the filter lets through: this one.
    case matching(ItemID)
}

/// Why something could not be done, in a sentence for the reviewer.
enum ConsoleFailure: Error, Hashable, Sendable {
    case leaseLost(String)
    case busy(String)
    case failed(String)

    var sentence: String {
        switch self {
        case .leaseLost(let text), .busy(let text), .failed(let text): text
        }
    }
}

/// Something to be done off the main actor; its outcome comes back as a ``ConsoleEvent``.
enum Effect: Hashable, Sendable {
    case loadPage(PageRequest)
    case loadDetail(ItemID)
    case dwell(ItemID)
    case claim(ClaimPurpose)
    case renew(Lease)
    case release([Lease])
    /// Give an item back that the reviewer passed over, so that another comes next.
    case skip(Lease)
    case decide(Lease, DecisionDraft)
    /// Take the reviewer's latest decision back and claim its item again.
    case undo
    /// Take one verdict back, whenever it was given, and claim its item again if that is asked for.
    case takeBack(String, reclaiming: Bool)
    case preview(PreviewRequest)
    /// Record that the reviewer looks at a hidden picture, or at one without a softening that a policy sets.
    case reveal(ItemID, RevealedContent)
    /// Look for items that look or read like this one.
    case loadTwins(ItemID)
    /// Read the group of this item for the contact sheet.
    case loadGroup(ItemID)
    /// Claim and decide one member of a group, after the one that leads it.
    case decideMember(ItemID, DecisionDraft)
    case count
    /// Read what this reviewer decided last.
    case loadHistory
    /// Add to this reviewer's account of what they looked at.
    case recordExposure(Exposure)
    case loadExposure
    /// Read what a screen about the work shows.
    case loadWork(WorkView)
    /// Read what happened to this item, and to its author's others; of a veiled one no more than how it came in.
    case loadItemHistory(ItemID, veiled: Bool)
    /// Fit heads from the verdicts so far, and score with those that the rule lets in.
    case refit
    /// Paint everything anew.
    case redraw
    /// Stop the process, as ^Z does to others; the shell's `fg` brings it back.
    case suspend
    case quit
}
