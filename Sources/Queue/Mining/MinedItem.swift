/// What is looked for, and for how many.
public struct MiningRules: Sendable, Hashable {
    public var strategy: MiningStrategy
    /// Only this model's scores (or embeddings) count; nil for all of them.
    public var model: String?
    /// Only this policy counts, with those beneath it; nil for all.
    public var policy: PolicyID?
    /// How many items to choose. 0 with a strategy of pending items takes back what waits from an earlier mining.
    public var count: Int
    /// Finds and changes nothing.
    public var isDryRun: Bool

    /// More would be a line of its own, and whatever else waits would wait behind it.
    public static let countLimit = 1000

    public init(
        strategy: MiningStrategy, model: String? = nil, policy: PolicyID? = nil, count: Int = 100,
        isDryRun: Bool = false
    ) {
        self.strategy = strategy
        self.model = model
        self.policy = policy
        self.count = count
        self.isDryRun = isDryRun
    }
}

/// An item that a strategy has found, and why.
public struct MinedItem: Sendable, Hashable {
    public enum Reason: Sendable, Hashable {
        /// A model's probability of a policy, near one half or its threshold.
        case unsure(policy: PolicyID, probability: Double)
        /// Models lie this far apart about a policy.
        case modelsDiffer(policy: PolicyID, from: Double, to: Double)
        /// It stands for many that look or read like it and that nobody has judged.
        case stands
        /// A model contradicts the label of the standing verdict.
        case contradicted(policy: PolicyID, isViolation: Bool, model: String, probability: Double)
        /// Items that look or read the same, with an opposite verdict.
        case twins([Twin])
    }

    /// Another item and its standing verdict.
    public struct Twin: Sendable, Hashable {
        /// Nil for a restricted item, which is not named.
        public var item: ItemID?
        public var verdict: Verdict
        public var policies: [PolicyID]
    }

    public var item: ItemID
    /// In [0, 1], the hardest or likeliest error first; strategies are not comparable with each other.
    public var value: Double
    public var reason: Reason
    /// The verdict that stands on a decided item.
    public var verdict: Verdict?

    public init(item: ItemID, value: Double, reason: Reason, verdict: Verdict? = nil) {
        self.item = item
        self.value = value
        self.reason = reason
        self.verdict = verdict
    }
}

/// What a mining found and did.
public struct MiningReport: Sendable, Hashable {
    /// Those that were chosen, the hardest or likeliest error first.
    public var items: [MinedItem]
    /// Items that were looked at.
    public var looked: Int
    /// Items of an earlier mining by the same strategy that nobody had come to, and that wait in their own place again.
    public var returned = 0
}

/// Keeps the best of many by value; of equal ones those that came first.
struct BestFirst<Element> {
    private let limit: Int
    private var kept: [(value: Double, order: Int, element: Element)] = []
    private var seen = 0

    init(limit: Int) { self.limit = limit }

    /// The value that another must exceed to be kept: nil while there is room.
    private(set) var least: Double?

    mutating func add(_ element: @autoclosure () -> Element, value: Double) {
        guard limit > 0, value > least ?? -.infinity else { return }
        kept.append((value, seen, element()))
        seen += 1
        // Sorted once for as many again: all in all n log n, whatever comes in.
        if kept.count >= 2 * limit { trim() }
    }

    private mutating func trim() {
        kept.sort { ($1.value, $0.order) < ($0.value, $1.order) }
        kept = Array(kept.prefix(limit))
        if kept.count == limit { least = kept.last?.value }
    }

    mutating func sorted() -> [Element] {
        trim()
        return kept.map(\.element)
    }
}
