/// A coefficient with what it rests on.
public struct Estimate: Sendable, Hashable {
    /// Nil where it is undefined: see ``reason``.
    public var value: Double?
    /// Items used.
    public var items: Int
    /// The bootstrap's 95 % percentile interval; nil where it would mislead: see ``reason``.
    public var interval: ClosedRange<Double>?
    /// Resamples in which the coefficient had no value; they are left out of the interval.
    public var undefinedSamples = 0
    /// Why there is no value or no interval.
    public var reason: String?

    init(items: Int) { self.items = items }

    var json: JSONValue {
        [
            "value": .optional(value), "items": .integer(Int64(items)), "low": .optional(interval?.lowerBound),
            "high": .optional(interval?.upperBound), "undefined_samples": .integer(Int64(undefinedSamples)),
            "reason": .optional(reason),
        ]
    }
}

/// How far raters agree about one thing: the verdict, a policy, a label of somebody else's file.
public struct AgreementReport: Sendable, Hashable {
    /// Two raters against each other.
    public struct Pair: Sendable, Hashable {
        public var first: String
        public var second: String
        public var estimates: [Coefficient: Estimate]
    }

    /// `verdict`, `policy hate`, `label`.
    public var subject: String
    /// Items with any rating, and how many raters and labels there are.
    public var items: Int
    public var raters: Int
    public var labels: [String]
    /// The number of ratings that makes an item complete for Fleiss' kappa: the most that one has.
    public var completeRatings: Int
    /// Everybody together.
    public var overall: [Coefficient: Estimate]
    /// Pairs with items in common, those with the most first.
    public var pairs: [Pair]
    /// Pairs with fewer items in common, for which nothing was computed.
    public var pairsLeftOut: Int

    /// Computes everything over one table.
    ///
    /// - parameter pair: These two only, instead of the ``pairLimit`` pairs with the most items in common.
    /// - throws: ``QueueError/usage(_:)`` where the table does not know one of the two.
    public init(
        subject: String, table: RatingTable, pair: (String, String)? = nil, rules: BootstrapRules = BootstrapRules()
    ) throws {
        self.subject = subject
        items = table.itemCount
        raters = table.raters.count
        labels = table.labels
        completeRatings = table.ratingsPerItem
        overall = RatingPatterns(rows: table.rows, labelCount: table.labels.count)
            .estimates(of: Coefficient.overall, rules: rules)
        let chosen = try Self.pairs(of: table, named: pair)
        pairs = chosen.prefix(Self.pairLimit).map { first, second in
            let rows = table.shared(by: first, and: second)
            let patterns = RatingPatterns(rows: rows, labelCount: table.labels.count, ofPair: true)
            return Pair(
                first: table.raters[first], second: table.raters[second],
                estimates: patterns.estimates(of: Coefficient.pair, rules: rules))
        }
        pairsLeftOut = chosen.count - pairs.count
    }

    /// Beyond this many pairs nobody reads on; a named pair is always computed.
    public static let pairLimit = 20

    private static func pairs(of table: RatingTable, named: (String, String)?) throws -> [(Int, Int)] {
        if let named {
            let indices = try [named.0, named.1].map { name in
                guard let index = table.raters.firstIndex(where: { $0.utf8.elementsEqual(name.utf8) }) else {
                    throw QueueError.usage("\"\(Visible.text(name))\" has rated nothing that another has rated too.")
                }
                return index
            }
            guard indices[0] != indices[1] else { throw QueueError.usage("A pair is two different raters.") }
            return [(indices[0], indices[1])]
        }
        var shared: [[Int]: Int] = [:]
        for row in table.rows {
            let raters = row.map(\.rater).sorted()
            for (position, first) in raters.enumerated() {
                for second in raters[(position + 1)...] { shared[[first, second], default: 0] += 1 }
            }
        }
        return shared.sorted { ($1.value, $0.key[0], $0.key[1]) < ($0.value, $1.key[0], $1.key[1]) }
            .map { ($0.key[0], $0.key[1]) }
    }

    /// What `agreement --json` prints, one object a subject.
    public var json: JSONValue {
        [
            "subject": .string(subject), "items": .integer(Int64(items)), "raters": .integer(Int64(raters)),
            "labels": .array(labels.map { .string($0) }), "complete_ratings": .integer(Int64(completeRatings)),
            "overall": Self.json(overall),
            "pairs": .array(
                pairs.map {
                    ["raters": [.string($0.first), .string($0.second)], "estimates": Self.json($0.estimates)]
                }),
            "pairs_left_out": .integer(Int64(pairsLeftOut)),
        ]
    }

    private static func json(_ estimates: [Coefficient: Estimate]) -> JSONValue {
        .object(
            Coefficient.allCases.compactMap { coefficient in
                estimates[coefficient].map { JSONMember(coefficient.rawValue, $0.json) }
            })
    }
}
