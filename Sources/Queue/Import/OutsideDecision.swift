/// A decision that was made with another tool, before it is held against the queue.
struct OutsideDecision {
    /// Words that were marked, by the offsets of the tool.
    struct Words {
        enum Unit {
            /// Unicode scalars, which Python counts.
            case scalars
            /// UTF-16 units, which browsers count.
            case utf16
        }

        var policy: PolicyID?
        var range: Range<Int>
        var unit: Unit
    }

    var item: ItemID
    var verdict: Verdict
    var policies: Set<PolicyID>
    var severity: Int?
    var note: String?
    var words: [Words] = []
    var boxes: [(policy: PolicyID?, box: Rationale.Box)] = []

    /// - parameter verdict: Nil where the tool knows only labels: `remove` where there are any, `allow` where not.
    init(item: ItemID, verdict: Verdict?, policies: Set<PolicyID>, severity: Int? = nil, note: String? = nil) {
        self.item = item
        self.verdict = verdict ?? (policies.isEmpty ? .allow : .remove)
        self.policies = policies
        self.severity = severity
        self.note = note
    }

    /// The draft of the decision on the item as the queue has it.
    ///
    /// Whoever decided elsewhere saw no score of ours: the verdict counts as said before the model was shown, so that what
    /// an `allow` teaches is a person's.
    ///
    /// - parameter scored: Policies that the item has scores for.
    /// - throws: ``Refusal`` where marked words lie outside the text.
    func draft(on item: Item, scored: Set<PolicyID>) throws -> DecisionDraft {
        let scalars = Array((item.text ?? "").unicodeScalars)
        var rationales = try words.map { words in
            guard let range = words.scalars(of: scalars) else {
                throw Refusal("marked words lie outside the item's text, which has \(scalars.count) characters")
            }
            return Rationale(policy: words.policy, evidence: .spans([range]), origin: .person)
        }
        rationales += boxes.map { Rationale(policy: $0.policy, evidence: .boxes([$0.box], media: 0), origin: .person) }
        return DecisionDraft(
            verdict: verdict, policies: policies, severity: severity, note: note,
            shownScores: verdict == .allow ? scored : [], rationales: rationales,
            firstCall: DecisionDraft.FirstCall(verdict: verdict, policies: policies))
    }
}

extension OutsideDecision.Words {
    fileprivate func scalars(of text: [Unicode.Scalar]) -> Range<Int>? {
        guard !range.isEmpty, range.lowerBound >= 0 else { return nil }
        guard unit == .utf16 else { return range.upperBound <= text.count ? range : nil }
        var (unit, start): (Int, Int?) = (0, nil)
        for (number, scalar) in text.enumerated() {
            if unit >= range.lowerBound, start == nil { start = number }
            if unit >= range.upperBound { return start.map { $0..<number } }
            unit += UTF16.width(scalar)
        }
        return unit == range.upperBound ? start.map { $0..<text.count } : nil
    }
}
