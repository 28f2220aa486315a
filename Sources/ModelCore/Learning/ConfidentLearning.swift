/// Labels that are likely wrong, by confident learning (Northcutt, Jiang and Chuang 2021, "Confident Learning: Estimating
/// Uncertainty in Dataset Labels", JAIR 70), of one policy: two classes.
///
///     let found = ConfidentLearning.issues(labels: labels, probabilities: outOfFold)
///     for row in found.issues { … }   // the least credible label first
///
/// A row is confidently of a class where its probability of that class is at least the mean of those rows that are
/// labelled so (their equation 2). Counting labels against confident classes gives the confident joint, which is scaled to
/// the number of labels of each class (equation 3); its off-diagonal says how many labels of each class are wrong. What it
/// returns equals cleanlab's `find_label_issues` on fixtures.
public enum ConfidentLearning {
    public enum Filter: Sendable, CaseIterable {
        /// Of each class the rows with the least probability of their label, as many as the joint says are wrong
        /// (`prune_by_noise_rate`; with two classes `prune_by_class` and `both` are the same rows).
        case noiseRate
        /// The rows that are confidently of the other class: the ones counted off the diagonal (`confident_learning`).
        case confident
    }

    public struct Findings: Sendable, Hashable {
        /// Row numbers, by the probability of the given label (self-confidence), the lowest first.
        public let issues: [Int]
        /// Estimated rows, by given label and by true one; false first. Adds up to the number of rows.
        public let joint: [[Int]]
        /// Share of labels that are estimated to be wrong.
        public var noise: Double {
            let total = joint[0][0] + joint[0][1] + joint[1][0] + joint[1][1]
            return total > 0 ? Double(joint[0][1] + joint[1][0]) / Double(total) : 0
        }
    }

    /// - Parameters:
    ///   - labels: given ones.
    ///   - probabilities: that the row violates, by a model that was not fitted on the row (out of fold).
    public static func issues(
        labels: [Bool], probabilities: [Double], filter: Filter = .noiseRate
    ) -> Findings {
        let own = zip(labels, probabilities).map { $0 ? $1 : 1 - $1 }
        let counts = [labels.count { !$0 }, labels.count { $0 }]
        let thresholds = [false, true].map { label in
            let given = labels.indices.filter { labels[$0] == label }
            // Of a class that nobody gave nothing is confident.
            guard !given.isEmpty else { return 2.0 }
            return max(given.reduce(0) { $0 + own[$1] } / Double(given.count), 2 * closeness)
        }
        var joint = [[0, 0], [0, 0]]
        var confidentlyOther: [Int] = []
        for row in labels.indices {
            let violates = probabilities[row]
            let confident = [1 - violates >= thresholds[0] - closeness, violates >= thresholds[1] - closeness]
            let guess: Int
            switch (confident[0], confident[1]) {
            case (false, false): continue
            case (true, true): guess = violates > 1 - violates ? 1 : 0
            case (let sound, _): guess = sound ? 0 : 1
            }
            let given = labels[row] ? 1 : 0
            joint[given][guess] += 1
            if guess != given { confidentlyOther.append(row) }
        }
        for label in 0...1 {
            joint[label][label] = max(1, joint[label][label])
            joint[label] = scaled(joint[label], to: counts[label])
        }
        var found: [Int] = []
        switch filter {
        case .confident: found = confidentlyOther
        case .noiseRate:
            for label in 0...1 where counts[label] > 1 {
                // At least one row of each class keeps its label.
                let wrong = max(0, joint[label][1 - label] - max(0, 1 - joint[label][label]))
                let given = labels.indices.filter { labels[$0] == (label == 1) }
                found += given.sorted { (own[$0], $0) < (own[$1], $1) }.prefix(wrong)
            }
        }
        // Where the label is what the model itself would say there is no issue, whatever the counts.
        let issues = found.filter { row in
            let (given, other) = (own[row] + closeness, 1 - own[row])
            return labels[row] ? other >= given : other > given
        }
        return Findings(issues: issues.sorted { (own[$0], $0) < (own[$1], $1) }, joint: joint)
    }

    /// What cleanlab takes for equal.
    private static let closeness = 1e-6

    /// Two counts as shares of a number, rounded so that they add up to it: to the nearest, halves to the even number, and
    /// what is then over or under on the first or second as cleanlab puts it.
    private static func scaled(_ counts: [Int], to total: Int) -> [Int] {
        let sum = Double(counts[0] + counts[1])
        let shares = counts.map { Double($0) / sum * Double(total) }
        var rounded = shares.map { Int($0.rounded(.toNearestOrEven)) }
        let missing = total - rounded[0] - rounded[1]
        if missing > 0 { rounded[1] += missing }
        if missing < 0 { rounded[0] += missing }
        return rounded
    }
}
