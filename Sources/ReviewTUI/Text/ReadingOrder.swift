import CFriBidi

/// In which order the letters of a paragraph stand from left to right: the Unicode Bidirectional Algorithm (UAX #9), by
/// FriBidi.
///
/// Most terminals put every character where it is written. Hebrew written in its stored order would be read backwards
/// there, so lines are written in the order of their columns, with brackets mirrored and Arabic letters in the forms of
/// their place in the word. Terminals that would turn lines round themselves are asked not to (``Terminal``).
struct ReadingOrder {
    /// Whether the paragraph as a whole runs from right to left: by its first letter that has a direction.
    let isRightToLeft: Bool
    /// What is drawn for each element; its own scalar nearly everywhere.
    let forms: [Unicode.Scalar]
    private let types: [FriBidiCharType]
    private let direction: FriBidiParType
    private let levels: [FriBidiLevel]

    /// Reads one paragraph.
    ///
    /// - Parameter elements: a scalar for each thing that moves as one, without the marks that combine with it.
    init(_ elements: [Unicode.Scalar]) {
        let count = FriBidiStrIndex(elements.count)
        var values = elements.map(\.value)
        var types = [FriBidiCharType](repeating: FriBidiCharType(rawValue: 0), count: elements.count)
        var brackets = [FriBidiBracketType](repeating: 0, count: elements.count)
        var joining = [FriBidiArabicProp](repeating: 0, count: elements.count)
        var levels = [FriBidiLevel](repeating: 0, count: elements.count)
        var direction = reviewtui_direction_by_first_letter()
        fribidi_get_bidi_types(values, count, &types)
        fribidi_get_bracket_types(values, count, types, &brackets)
        // Zero only where there was no memory: then everything stays in its stored order.
        if fribidi_get_par_embedding_levels_ex(types, brackets, count, &direction, &levels) > 0 {
            fribidi_get_joining_types(values, count, &joining)
            fribidi_join_arabic(types, count, levels, &joining)
            fribidi_shape(reviewtui_shaping(), levels, count, &joining, &values)
        }
        isRightToLeft = reviewtui_is_right_to_left(direction) != 0
        forms = zip(values, elements).map { Unicode.Scalar($0) ?? $1 }
        self.types = types
        self.direction = direction
        self.levels = levels
    }

    /// The elements of one line of the paragraph, from its left end to its right.
    ///
    /// - Parameter line: a half-open range of elements.
    func columns(of line: Range<Int>) -> [Int] {
        var map = (0..<types.count).map(FriBidiStrIndex.init)
        var levels = levels
        let length = FriBidiStrIndex(line.count)
        let start = FriBidiStrIndex(line.lowerBound)
        guard fribidi_reorder_line(0, types, length, start, direction, &levels, nil, &map) > 0 else {
            return Array(line)
        }
        return line.map { Int(map[$0]) }
    }

    /// Whether any of a text runs from right to left.
    static func isNeeded(by text: some Sequence<Unicode.Scalar>) -> Bool {
        text.contains { isRightToLeft($0.value) }
    }

    /// Blocks whose letters have the bidirectional classes R and AL, assigned or by default (DerivedBidiClass.txt, Unicode
    /// 15).
    static func isRightToLeft(_ value: UInt32) -> Bool {
        guard value >= 0x590 else { return false }
        switch value {
        case 0x590...0x8FF, 0xFB1D...0xFDFF, 0xFE70...0xFEFF, 0x10800...0x10FFF, 0x1E800...0x1EFFF: return true
        default: return false
        }
    }
}

extension SafeText {
    /// Where each piece of a line stands.
    struct Line {
        /// Pieces from left to right, with what is drawn for each.
        var pieces: [(index: Int, text: String)]
        var width: Int
        /// Such a line begins at the right edge.
        var isRightToLeft: Bool
    }

    /// The pieces of one line in the order of their columns.
    func inColumns(_ line: Range<Int>) -> Line {
        let width = pieces[line].reduce(0) { $0 + $1.width }
        guard hasRightToLeft else {
            return Line(pieces: line.map { ($0, pieces[$0].text) }, width: width, isRightToLeft: false)
        }
        let paragraph = paragraph(around: line.lowerBound)
        let start = paragraph.lowerBound
        let order = ReadingOrder(pieces[paragraph].map(Self.element))
        let columns = order.columns(of: (line.lowerBound - start)..<(line.upperBound - start))
        let shown = columns.map { (index: $0 + start, text: Self.drawn(pieces[$0 + start], as: order.forms[$0])) }
        return Line(pieces: shown, width: width, isRightToLeft: order.isRightToLeft)
    }

    private func paragraph(around index: Int) -> Range<Int> {
        let before = pieces[..<index].lastIndex { $0.kind == .newline }.map { $0 + 1 } ?? 0
        let after = pieces[index...].firstIndex { $0.kind == .newline } ?? pieces.count
        return before..<after
    }

    /// A mark stands for something unreadable: it takes the direction of what is around it.
    private static func element(_ piece: Piece) -> Unicode.Scalar {
        piece.kind == .mark ? "\u{FFFC}" : piece.text.unicodeScalars.first ?? "\u{FFFC}"
    }

    private static func drawn(_ piece: Piece, as form: Unicode.Scalar) -> String {
        guard piece.kind != .mark, let first = piece.text.unicodeScalars.first, first != form else { return piece.text }
        var text = String.UnicodeScalarView([form])
        text.append(contentsOf: piece.text.unicodeScalars.dropFirst())
        return String(text)
    }
}
