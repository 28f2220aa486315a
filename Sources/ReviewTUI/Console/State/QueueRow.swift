import Queue

/// One pending item as the list shows it.
struct QueueRow: Hashable, Sendable {
    enum Kind: Hashable, Sendable { case text, picture, both }

    var id: ItemID
    /// Where it stands in line; nil for an item that is not in the list.
    var cursor: ListCursor?
    /// The first words of its text, made safe and short.
    var snippet: String
    var kind: Kind
    /// Its highest score and the policy of that.
    var topPolicy: PolicyID?
    var topScore: Double?
    var flaggedAt: Timestamp
    /// Whether somebody else holds it.
    var leasedByOther = false
}

/// Which part of a long list to read.
struct PageRequest: Hashable, Sendable {
    enum Anchor: Hashable, Sendable {
        case first, last
        case after(QueueRow)
        case before(QueueRow)
    }

    var anchor: Anchor
    var limit: Int
    /// Only items that this matches.
    var matching = ItemQuery.everything
}

/// A part of a list, in the order of the list.
struct ListPage: Hashable, Sendable {
    var rows: [QueueRow]
    /// Whether the list begins with the first row, or ends with the last.
    var reachesStart: Bool
    var reachesEnd: Bool
}

/// The part of the queue that is in memory: a window of rows that follows the selection, however long the queue is.
struct ListWindow: Hashable, Sendable {
    private(set) var rows: [QueueRow] = [] {
        didSet {
            positions = Dictionary(rows.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
        }
    }
    private var positions: [ItemID: Int] = [:]
    private(set) var reachesStart = true
    private(set) var reachesEnd = true
    /// A page that has been asked for and not come yet.
    var awaited: PageRequest?

    /// Rows read at once, and the rows ahead of the selection at which more are read.
    static let pageLength = 200
    static let margin = 60
    private static let capacity = 600

    func index(of id: ItemID?) -> Int? {
        id.flatMap { positions[$0] }
    }

    /// The page to read next when the selection stands at `index`; nil while one is on its way or none is needed.
    func wanted(near index: Int) -> PageRequest? {
        guard awaited == nil else { return nil }
        if !reachesEnd, index + Self.margin >= rows.count, let last = rows.last {
            return PageRequest(anchor: .after(last), limit: Self.pageLength)
        }
        if !reachesStart, index < Self.margin, let first = rows.first {
            return PageRequest(anchor: .before(first), limit: Self.pageLength)
        }
        return nil
    }

    /// Puts a page where it was asked for. Rows far from it are forgotten.
    mutating func take(_ page: ListPage, for request: PageRequest) {
        if awaited == request { awaited = nil }
        switch request.anchor {
        case .first, .last:
            rows = page.rows
            reachesStart = page.reachesStart
            reachesEnd = page.reachesEnd
        case .after(let row):
            guard rows.last?.id == row.id else { return }
            let all = rows + page.rows
            reachesEnd = page.reachesEnd
            reachesStart = reachesStart && all.count <= Self.capacity
            rows = Array(all.suffix(Self.capacity))
        case .before(let row):
            guard rows.first?.id == row.id else { return }
            let all = page.rows + rows
            reachesStart = page.reachesStart
            reachesEnd = reachesEnd && all.count <= Self.capacity
            rows = Array(all.prefix(Self.capacity))
        }
    }

    /// Leaves a part that cannot be read unread, instead of asking for it for ever.
    mutating func giveUp(_ request: PageRequest) {
        guard awaited == request else { return }
        awaited = nil
        switch request.anchor {
        case .after: reachesEnd = true
        case .before: reachesStart = true
        case .first, .last: break
        }
    }

    mutating func remove(_ id: ItemID) {
        if let index = positions[id] { rows.remove(at: index) }
    }
}
