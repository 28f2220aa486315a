import GRDB

/// The pending items whose scores are hardest.
struct HardItems {
    struct Candidate {
        var item: Int64
        var reading: HardnessMeter.Reading
    }

    /// Found beyond those that are asked for, since some are claimed while the others are looked through.
    private static let spare = 64

    let rules: MiningRules
    private var cursor: Int64 = 0
    private var best: BestFirst<Candidate>
    private var window = SearchWindow()
    private(set) var looked = 0

    init(_ rules: MiningRules) {
        self.rules = rules
        best = BestFirst(limit: rules.count + Self.spare)
    }

    /// Looks through every item that waits for its first verdict, in reads so short that no writer waits for one.
    ///
    /// - parameter progress: Called with the items looked at so far.
    mutating func find(in store: QueueStore, progress: (Int) -> Void) throws -> [Candidate] {
        let model = try rules.model.map { try store.modelNumber(named: $0) }
        while try step(in: store, model: model) { progress(looked) }
        return best.sorted()
    }

    private mutating func step(in store: QueueStore, model: Int64?) throws -> Bool {
        let start = ContinuousClock.now
        let limit = Int(window.rows)
        var (search, found) = (self, 0)
        try store.read { db in
            let meter = HardnessMeter(measure, policy: rules.policy, taxonomy: try store.taxonomyInForce(db).taxonomy)
            var scan = try ScoreScan(
                meter: meter, where: BringingForward.eligible(for: rules.strategy, at: store.clock()), after: cursor, items: limit,
                model: model, in: db)
            while let item = try scan.next() {
                guard let reading = item.reading, reading.value > 0 else { continue }
                search.best.add(Candidate(item: item.item, reading: reading), value: reading.value)
            }
            found = scan.count
            search.cursor = scan.last ?? cursor
        }
        self = search
        looked += found
        window.took(ContinuousClock.now - start)
        return found == limit
    }

    private var measure: HardnessMeter.Measure {
        switch rules.strategy {
        case .margin: .margin
        case .disagreement: .disagreement
        default: .entropy
        }
    }
}

extension HardnessMeter.Reading {
    func reason(of strategy: MiningStrategy) -> MinedItem.Reason {
        strategy == .disagreement
            ? .modelsDiffer(policy: policy, from: least, to: probability)
            : .unsure(policy: policy, probability: probability)
    }
}
