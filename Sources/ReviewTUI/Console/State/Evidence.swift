import Queue

/// What the reviewer has said of the evidence in the item before them: which highlights of the model are right or wrong, and
/// what they marked themselves.
struct Evidence: Hashable, Sendable {
    /// What was said of the highlights for a policy; nil for attention that knows none.
    private(set) var judged: [PolicyID?: [Rationale]] = [:]
    private(set) var marks: [Mark] = []

    struct Mark: Hashable, Sendable {
        enum Place: Hashable, Sendable {
            /// Unicode scalars of the text.
            case span(Range<Int>)
            case box(Rationale.Box, media: Int)
        }

        var policy: PolicyID?
        var place: Place
    }

    var isEmpty: Bool { judged.isEmpty && marks.isEmpty }

    /// Whether the highlight for a policy was called right (true) or wrong (false); nil where nothing was said.
    func isRight(for policy: PolicyID?) -> Bool? { judged[policy]?.first.map { !$0.isRejected } }

    /// Keeps a judgement of highlights; the same one again takes it back.
    ///
    /// - Parameter highlights: at least one.
    mutating func judge(_ highlights: [Rationale.Evidence], for policy: PolicyID?, isRight: Bool) {
        guard self.isRight(for: policy) != isRight else {
            judged[policy] = nil
            return
        }
        judged[policy] = highlights.map {
            Rationale(policy: policy, evidence: $0, origin: .model, isRejected: !isRight)
        }
    }

    /// Adds a mark; one of the same place is replaced.
    mutating func add(_ mark: Mark) {
        marks.removeAll { $0.place == mark.place }
        marks.append(mark)
    }

    /// Takes back the last mark that fulfils a condition, and says whether there was one.
    mutating func removeLast(where fits: (Mark) -> Bool) -> Bool {
        guard let index = marks.lastIndex(where: fits) else { return false }
        marks.remove(at: index)
        return true
    }

    /// Marks on one picture.
    func boxes(media: Int) -> [Rationale.Box] {
        marks.compactMap { mark in
            if case .box(let box, media) = mark.place { box } else { nil }
        }
    }

    /// Marked ranges of the text.
    var spans: [Range<Int>] {
        marks.compactMap { mark in
            if case .span(let span) = mark.place { span } else { nil }
        }
    }

    /// As it goes into the record: a rationale for each policy and kind of evidence.
    var rationales: [Rationale] {
        var found = judged.sorted { ($0.key?.rawValue ?? "") < ($1.key?.rawValue ?? "") }.flatMap(\.value)
        let policies = Set(marks.map(\.policy)).sorted { ($0?.rawValue ?? "") < ($1?.rawValue ?? "") }
        for policy in policies {
            let own = marks.filter { $0.policy == policy }
            let spans = own.compactMap { if case .span(let span) = $0.place { span } else { nil } }
            if !spans.isEmpty {
                let ordered = spans.sorted { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }
                found.append(Rationale(policy: policy, evidence: .spans(ordered), origin: .person))
            }
            let boxes = Dictionary(grouping: own) { if case .box(_, let media) = $0.place { media } else { -1 } }
            for (media, marks) in boxes.sorted(by: { $0.key < $1.key }) where media >= 0 {
                let corners = marks.compactMap { if case .box(let box, _) = $0.place { box } else { nil } }
                found.append(Rationale(policy: policy, evidence: .boxes(corners, media: media), origin: .person))
            }
        }
        return found
    }
}

/// Where the marking stands: a word of the text or a box on the picture.
enum Marking: Hashable, Sendable {
    /// - Parameters:
    ///   - word: index into ``TextWords``.
    ///   - anchor: the word at which a selection began.
    case words(word: Int, anchor: Int?)
    case box(Rationale.Box)
}

/// The words of a text, as what a reviewer can mark: runs without spaces; a double-width letter is a word of its own, since
/// scripts that have those have no spaces.
struct TextWords {
    /// Half-open ranges of pieces.
    let pieces: [Range<Int>]
    /// The half-open ranges of the source's Unicode scalars that they stand for.
    let source: [Range<Int>]

    init(_ text: SafeText) {
        var words: [Range<Int>] = []
        var start: Int?
        func isBlank(_ piece: SafeText.Piece) -> Bool {
            piece.kind == .newline || piece.text.unicodeScalars.allSatisfy { $0 == " " }
        }
        for (index, piece) in text.pieces.enumerated() {
            let isWord = piece.width == 2 && piece.kind == .text
            if isBlank(piece) || isWord, let begun = start {
                words.append(begun..<index)
                start = nil
            }
            if isWord {
                words.append(index..<index + 1)
            } else if !isBlank(piece), start == nil {
                start = index
            }
        }
        if let start { words.append(start..<text.pieces.count) }
        pieces = words
        source = words.map {
            text.pieces[$0.lowerBound].source.lowerBound..<text.pieces[$0.upperBound - 1].source.upperBound
        }
    }
}
