import Foundation

/// How hard a score is for the model that gave it, in [0, 1].
///
/// ModelCore's `Uncertainty` has the same formulas for what it does with embeddings; neither may import the other, and
/// tests hold both to the same numbers.
enum Hardness {
    /// Entropy of a Bernoulli variable, in bits: −p log₂ p − (1−p) log₂(1−p), 1 at one half (Shannon 1948, "A mathematical
    /// theory of communication", section 6; as a criterion for what to label, Settles 2009, "Active learning literature
    /// survey", section 2.1).
    static func entropy(_ p: Double) -> Double {
        guard p > 0, p < 1 else { return 0 }
        return -p * log2(p) - (1 - p) * log2(1 - p)
    }

    /// How near a probability is to where the verdict turns: 1 at the threshold, falling linearly to 0 at 0 and at 1.
    ///
    /// With a threshold of one half it is 1 − |2p − 1|, one minus the margin between both outcomes (Scheffer, Decomain and
    /// Wrobel 2001, "Active hidden Markov models for information extraction"). Other thresholds stretch both sides, so that
    /// a model whose threshold is 0.1 is as unsure at 0.1 as another one at 0.5.
    static func margin(_ p: Double, threshold: Double) -> Double {
        let p = min(max(p, 0), 1)
        if p == threshold { return 1 }
        return p < threshold ? p / threshold : (1 - p) / (1 - threshold)
    }

    /// What models disagree on about one policy, in bits: the entropy of their mean less the mean of their entropies. It is
    /// the Jensen-Shannon divergence of their answers, the mean divergence from the consensus (McCallum and Nigam 1998,
    /// "Employing EM and pool-based active learning for text classification", equation 3); 0 for fewer than two models.
    static func disagreement(_ probabilities: [Double]) -> Double {
        var committee = Committee()
        for p in probabilities { committee.add(p) }
        return committee.disagreement
    }

    /// Sums of what models say of one policy.
    struct Committee: Sendable {
        private(set) var count = 0
        private(set) var least = Double.infinity
        private(set) var greatest = -Double.infinity
        private var sum = 0.0
        private var entropies = 0.0

        mutating func add(_ p: Double) {
            count += 1
            (least, greatest) = (min(least, p), max(greatest, p))
            sum += p
            entropies += entropy(p)
        }

        var disagreement: Double {
            guard count > 1 else { return 0 }
            return max(0, entropy(sum / Double(count)) - entropies / Double(count))
        }
    }
}

/// Works out the value of one item after another from its scores.
///
/// Scores that are no probabilities must not be handed to it.
struct HardnessMeter {
    /// What made an item's value.
    struct Reading: Sendable, Hashable {
        /// In [0, 1].
        var value: Double
        var policy: PolicyID
        /// The probability that it was worked out from; of a disagreement the largest of those.
        var probability: Double
        /// Of a disagreement the smallest; else the same.
        var least: Double
    }

    enum Measure: Sendable, Hashable { case score, entropy, margin, disagreement }

    private struct Entry {
        var policy: PolicyID
        var bytes: [UInt8]
        var threshold: Double
        var counts: Bool
        /// Of the item at hand, for a disagreement.
        var committee = Hardness.Committee()
    }

    private let measure: Measure
    private let wanted: PolicyID?
    private var entries: [Entry]
    private var best: (entry: Int, value: Double, probability: Double)?

    /// - parameter policy: Counts alone, with those beneath it; nil for all.
    init(_ measure: Measure, policy: PolicyID?, taxonomy: Taxonomy) {
        self.measure = measure
        wanted = policy
        entries = []
        entries = taxonomy.policies.map { entry(for: $0.id, threshold: $0.threshold) }
    }

    private func entry(for policy: PolicyID, threshold: Double) -> Entry {
        let counts = wanted.map { policy == $0 || policy.ancestors.contains($0) } ?? true
        return Entry(policy: policy, bytes: Array(policy.rawValue.utf8), threshold: threshold, counts: counts)
    }

    /// Takes in a score of the item at hand.
    ///
    /// - parameter policy: Its id in UTF-8.
    /// - parameter threshold: The model's own; nil for the policy's.
    mutating func add(policy: UnsafeBufferPointer<UInt8>, value: Double, threshold: Double?) {
        // A few policies: comparing bytes is quicker than hashing a string for each of millions of scores.
        if let known = entries.firstIndex(where: { $0.bytes.elementsEqual(policy) }) {
            return add(to: known, value, threshold)
        }
        entries.append(entry(for: PolicyID(String(decoding: policy, as: UTF8.self)), threshold: 0.5))
        add(to: entries.count - 1, value, threshold)
    }

    private mutating func add(to entry: Int, _ p: Double, _ threshold: Double?) {
        guard entries[entry].counts else { return }
        let value: Double
        switch measure {
        case .score: value = p
        case .entropy: value = Hardness.entropy(p)
        case .margin: value = Hardness.margin(p, threshold: threshold ?? entries[entry].threshold)
        case .disagreement: return entries[entry].committee.add(p)
        }
        if let best, best.value >= value { return }
        best = (entry, value, p)
    }

    /// The value of the item at hand, the largest over its policies and models; nil where no score counted. The next score
    /// is another item's.
    mutating func take() -> Reading? {
        if measure == .disagreement { return takeDisagreement() }
        defer { best = nil }
        return best.map { best in
            Reading(
                value: best.value, policy: entries[best.entry].policy, probability: best.probability,
                least: best.probability)
        }
    }

    private mutating func takeDisagreement() -> Reading? {
        var reading: Reading?
        for index in entries.indices where entries[index].committee.count > 0 {
            let committee = entries[index].committee
            entries[index].committee = Hardness.Committee()
            guard committee.disagreement > reading?.value ?? -1 else { continue }
            reading = Reading(
                value: committee.disagreement, policy: entries[index].policy, probability: committee.greatest,
                least: committee.least)
        }
        return reading
    }

    /// The value of these scores; those that are no probabilities are passed over.
    mutating func reading(of scores: [Score]) -> Reading? {
        for score in scores where score.isCalibrated {
            var policy = score.policy.rawValue
            policy.withUTF8 { add(policy: $0, value: score.value, threshold: score.threshold) }
        }
        return take()
    }
}
