import Queue

/// Something that happened: a key, or the answer to an ``Effect``.
enum ConsoleEvent: Hashable, Sendable {
    /// - Parameter item: review this one first.
    case started(item: ItemID?)
    case key(Key)
    case paste(String)
    case mouse(MouseEvent)
    case resized(CellSize)
    /// A frame with this item has reached the terminal.
    case painted(ItemID)
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
    case preview(PreviewContent, PreviewRequest)
    /// The look at a hidden or blurred picture is on record: it may be shown.
    case revealed(ItemID, RevealedContent)
    case twins(TwinLines, ItemID)
    case counts(QueueCounts)
    case history([DecisionRecord])
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
    case preview(PreviewRequest)
    /// Record that the reviewer looks at a hidden picture, or at a blurred one without its blur.
    case reveal(ItemID, RevealedContent)
    /// Look for items that look or read like this one.
    case loadTwins(ItemID)
    case count
    /// Read what this reviewer decided last.
    case loadHistory
    /// Paint everything anew.
    case redraw
    /// Stop the process, as ^Z does to others; the shell's `fg` brings it back.
    case suspend
    case quit
}
