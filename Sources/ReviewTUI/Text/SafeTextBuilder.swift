/// Reads scalars one after another and grows the pieces of a ``SafeText``.
struct SafeTextBuilder {
    private(set) var pieces: [SafeText.Piece] = []
    private let ascii: Bool
    /// Combining marks on the last piece, kept and dropped.
    private var marksKept = 0
    private var marksDropped = 0
    private var droppedFrom = 0

    init(ascii: Bool) {
        self.ascii = ascii
    }

    mutating func read(_ scalars: [Unicode.Scalar]) {
        pieces.reserveCapacity(scalars.count)
        let suspects = ascii ? [] : Self.suspects(in: scalars)
        for (index, scalar) in scalars.enumerated() {
            let previous = index > 0 ? scalars[index - 1] : nil
            let next = index + 1 < scalars.count ? scalars[index + 1] : nil
            if isQuietEmojiPart(scalar, after: previous, before: next) {
                extendSource(to: index + 1)
                continue
            }
            let kind = ScalarClass(scalar)
            if kind != .combining { endMarks(before: index) }
            if ascii, !scalar.isASCII, kind != .blank(columns: 1) {
                append(SafeText.mark(for: scalar, ascii: true), .mark, index)
                continue
            }
            switch kind {
            case .newline: append("", .newline, index)
            case .blank(let columns): append(String(repeating: " ", count: columns), .text, index)
            case .mark: appendMark(scalar, after: previous, before: next, index)
            case .combining: combine(scalar, index)
            case .plain:
                if scalar.isEmojiModifier, previous?.properties.isEmoji == true {
                    append("⟨tone \(scalar.value - 0x1F3FA)⟩", .mark, index)
                } else {
                    append(String(scalar), suspects.contains(index) ? .lookAlike : .text, index)
                }
            }
        }
        endMarks(before: scalars.count)
    }

    /// A carriage return before a line feed is part of the line break, not evidence.
    private mutating func appendMark(
        _ scalar: Unicode.Scalar, after previous: Unicode.Scalar?, before next: Unicode.Scalar?, _ index: Int
    ) {
        if scalar == "\r", next == "\n" {
            append("", .text, index)
        } else {
            append(SafeText.mark(for: scalar, ascii: ascii), .mark, index)
        }
    }

    /// Joiners between two emoji and the presentation selectors after one say nothing a reader would miss.
    private func isQuietEmojiPart(
        _ scalar: Unicode.Scalar, after previous: Unicode.Scalar?, before next: Unicode.Scalar?
    ) -> Bool {
        guard !ascii, let previous else { return false }
        switch scalar.value {
        case 0x200D:
            guard let next else { return false }
            let joinable = previous.properties.isEmoji || previous.value == 0xFE0F
            return joinable && !previous.isASCII && next.properties.isEmoji && !next.isASCII
        case 0xFE0E, 0xFE0F:
            return previous.properties.isEmoji && !previous.isEmojiModifier
        case 0xE0100...0xE01EF:
            // An ideographic variation sequence is one selector after one ideograph.
            return previous.properties.isIdeographic
        default: return false
        }
    }

    private mutating func append(_ text: String, _ kind: SafeText.Piece.Kind, _ index: Int) {
        // A dropped carriage return is charged to the newline that follows.
        let start = pieces.last.map { $0.text.isEmpty && $0.kind == .text ? $0.source.lowerBound : index } ?? index
        if start != index { pieces.removeLast() }
        pieces.append(
            SafeText.Piece(text: text, width: CellWidth.of(text), kind: kind, source: start..<(index + 1)))
    }

    private mutating func extendSource(to end: Int) {
        guard let last = pieces.indices.last else { return }
        pieces[last].source = pieces[last].source.lowerBound..<end
    }

    /// Puts a combining mark on the last cell, or on a dotted circle where there is none to carry it.
    private mutating func combine(_ scalar: Unicode.Scalar, _ index: Int) {
        guard let last = pieces.indices.last, pieces[last].kind == .text || pieces[last].kind == .lookAlike,
            pieces[last].width > 0, pieces[last].text.unicodeScalars.first != " "
        else {
            append("\u{25CC}" + String(scalar), .mark, index)
            marksKept = 1
            return
        }
        if marksKept < SafeText.combiningLimit {
            pieces[last].text.unicodeScalars.append(scalar)
            extendSource(to: index + 1)
            marksKept += 1
        } else {
            if marksDropped == 0 { droppedFrom = index }
            marksDropped += 1
        }
    }

    private mutating func endMarks(before index: Int) {
        if marksDropped > 0 {
            let text = "⟨+\(marksDropped)⟩"
            pieces.append(
                SafeText.Piece(text: text, width: CellWidth.of(text), kind: .mark, source: droppedFrom..<index))
        }
        marksKept = 0
        marksDropped = 0
    }

    /// Indices of letters that pose as Latin: styled forms anywhere, Greek and Cyrillic letters inside a word that
    /// also has Latin ones.
    private static func suspects(in scalars: [Unicode.Scalar]) -> Set<Int> {
        var found: Set<Int> = []
        var foreign: [Int] = []
        var latin = false
        for (index, scalar) in scalars.enumerated() {
            if scalar.isASCII ? !scalar.isLatinLetter : !scalar.properties.isAlphabetic {
                if latin { found.formUnion(foreign) }
                foreign.removeAll(keepingCapacity: true)
                latin = false
            } else if scalar.isLatinLetter {
                latin = true
            } else if scalar.isGreekOrCyrillic {
                foreign.append(index)
            }
            if scalar.isStyledLatin { found.insert(index) }
        }
        if latin { found.formUnion(foreign) }
        return found
    }
}
