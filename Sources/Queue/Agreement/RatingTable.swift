/// Who called what what: the ratings that agreement is computed from.
///
/// Not every rater has to have rated every item. Items and labels keep the order in which they first came, raters are
/// sorted by the bytes of their names, so equal ratings in equal order give equal figures to the last digit.
///
/// ```swift
/// let table = try RatingTable([
///     Rating(item: "post-1", rater: "ann", label: "remove"), Rating(item: "post-1", rater: "ben", label: "allow"),
/// ])
/// ```
public struct RatingTable: Sendable, Hashable {
    /// The raters' names.
    public let raters: [String]
    /// The labels that were given at least once.
    public let labels: [String]
    /// Each item's ratings: indices into ``raters`` and ``labels``.
    let rows: [[Cell]]

    struct Cell: Sendable, Hashable {
        var rater: Int
        var label: Int
    }

    /// - throws: ``QueueError/usage(_:)`` where a rater rates an item twice: which of the two should count?
    public init(_ ratings: [Rating]) throws {
        var raterNumbers = Numbers()
        var labelNumbers = Numbers()
        var itemNumbers = Numbers()
        for rating in ratings { _ = raterNumbers.number(of: rating.rater) }
        let order = raterNumbers.names.indices.sorted {
            raterNumbers.names[$0].utf8.lexicographicallyPrecedes(raterNumbers.names[$1].utf8)
        }
        var places = [Int](repeating: 0, count: order.count)
        for (place, number) in order.enumerated() { places[number] = place }
        var rows: [[Cell]] = []
        for rating in ratings {
            let item = itemNumbers.number(of: rating.item)
            if item == rows.count { rows.append([]) }
            let rater = places[raterNumbers.number(of: rating.rater)]
            guard !rows[item].contains(where: { $0.rater == rater }) else {
                throw QueueError.usage(
                    """
                    "\(Visible.text(rating.rater))" rates "\(Visible.text(rating.item))" twice: keep the rating that \
                    counts.
                    """)
            }
            rows[item].append(Cell(rater: rater, label: labelNumbers.number(of: rating.label)))
        }
        raters = order.map { raterNumbers.names[$0] }
        labels = labelNumbers.names
        self.rows = rows
    }

    /// Items with any rating.
    public var itemCount: Int { rows.count }

    /// The largest number of ratings that one item has.
    public var ratingsPerItem: Int { rows.map(\.count).max() ?? 0 }

    /// The items that both raters rated, with nothing but their two ratings, the first rater's first.
    func shared(by first: Int, and second: Int) -> [[Cell]] {
        rows.compactMap { row in
            guard let one = row.first(where: { $0.rater == first }),
                let other = row.first(where: { $0.rater == second })
            else { return nil }
            return [one, other]
        }
    }
}

/// One rater's word on one item.
public struct Rating: Sendable, Hashable {
    public var item: String
    public var rater: String
    public var label: String

    public init(item: String, rater: String, label: String) {
        self.item = item
        self.rater = rater
        self.label = label
    }
}

/// Numbers names from 0 in the order in which they come, telling them apart by their bytes.
private struct Numbers {
    private(set) var names: [String] = []
    private var numbers: [[UInt8]: Int] = [:]

    mutating func number(of name: String) -> Int {
        let key = Array(name.utf8)
        if let known = numbers[key] { return known }
        numbers[key] = names.count
        names.append(name)
        return names.count - 1
    }
}
