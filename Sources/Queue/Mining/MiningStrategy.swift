/// How items are chosen that teach most, or whose verdicts are likeliest to be wrong.
public enum MiningStrategy: String, Sendable, CaseIterable {
    /// Pending: a probability near one half.
    case entropy
    /// Pending: a probability near its threshold.
    case margin
    /// Pending: models that say different things of one policy.
    case disagreement
    /// Pending: what the items look like as a whole, for a start without verdicts.
    case diversity
    /// Decided: a person's label that a model contradicts.
    case human
    /// Decided: near-duplicates with opposite verdicts.
    case twins
    /// Decided: labels that out-of-fold predictions contradict (confident learning).
    case labelErrors = "label-errors"

    /// Whether it chooses items that nobody has judged; the others choose decided items for a second reviewer.
    public var choosesPending: Bool {
        switch self {
        case .entropy, .margin, .disagreement, .diversity: true
        case .human, .twins, .labelErrors: false
        }
    }
}
