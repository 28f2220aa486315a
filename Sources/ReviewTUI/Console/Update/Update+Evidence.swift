import Queue

/// Where the evidence is: the model's highlight confirmed or rejected, words and boxes marked by hand.
extension ConsoleState {
    // MARK: The model's highlight

    /// Says that what the model highlights for the explained policy is the evidence, or is not.
    mutating func judgeHighlight(isRight: Bool) {
        guard let focus else { return }
        guard explains(focus) else {
            say(isVeiled(focus) ? phrase("The model is hidden until you judge.") : phrase("No highlight is shown."))
            return
        }
        let highlights = shownExplanations(of: focus).compactMap(\.highlight)
        guard !highlights.isEmpty else {
            say("Nothing is highlighted here.")
            return
        }
        self.focus?.evidence.judge(highlights, for: focus.explainedPolicy, isRight: isRight)
        let subject = focus.explainedPolicy.map { SafeText.line($0.rawValue, limit: 60) } ?? phrase("attention")
        switch self.focus?.evidence.isRight(for: focus.explainedPolicy) {
        case true?: say("The highlight for \(subject) is right: it goes with your verdict.")
        case false?: say("The highlight for \(subject) is wrong: that goes with your verdict.")
        case nil: say("Nothing is said of the highlight for \(subject).")
        }
    }

    // MARK: Marks by hand

    mutating func startMarking() {
        guard let focus else { return }
        if focus.explanations.isEmpty || !canBox(focus), let words = firstWord(of: focus) {
            mode = .marking(words)
        } else if canBox(focus) {
            mode = .marking(.box(Self.firstBox))
        } else if let words = firstWord(of: focus) {
            mode = .marking(words)
        } else {
            say("There is nothing to mark.")
            return
        }
        sayHowToMark()
    }

    mutating func pressInMarking(_ key: Key, _ marking: Marking) -> [Effect] {
        guard let focus else {
            mode = .review
            return []
        }
        switch key {
        case .escape, .character("m"), .character("q"):
            mode = .review
            say(focus.evidence.marks.isEmpty ? "" : phrase("What you marked goes with your verdict."))
        case .tab: switchPlace(marking, focus)
        case .enter:
            mark(marking, focus)
            mode = .review
        case .character("d"), .backspace, .delete: unmark(marking, focus)
        default:
            switch marking {
            case .words(let word, let anchor): mode = .marking(moved(key, word, anchor, focus))
            case .box(let box): mode = .marking(.box(moved(key, box)))
            }
        }
        return []
    }

    /// What goes with marks now: the explained policy, or the first of those that are chosen.
    private func markedPolicy(_ focus: Focus) -> PolicyID? {
        (explains(focus) ? focus.explainedPolicy : nil) ?? focus.choice.chosen.sorted().first
    }

    private mutating func mark(_ marking: Marking, _ focus: Focus) {
        let place: Evidence.Mark.Place
        switch marking {
        case .words(let word, let anchor):
            guard let span = focus.safeText.flatMap({ Self.span(TextWords($0), word, anchor) }) else { return }
            place = .span(span)
        case .box(let box): place = .box(box, media: focus.mediaIndex)
        }
        let policy = markedPolicy(focus)
        self.focus?.evidence.add(Evidence.Mark(policy: policy, place: place))
        let reason = policy.map { phrase(" for \(SafeText.line($0.rawValue, limit: 60))") } ?? ""
        say("Marked\(reason): it goes with your verdict.")
    }

    /// Drops the mark under the cursor, or the last box on this picture.
    private mutating func unmark(_ marking: Marking, _ focus: Focus) {
        let dropped: Bool?
        switch marking {
        case .words(let word, let anchor):
            guard let span = focus.safeText.flatMap({ Self.span(TextWords($0), word, anchor) }) else { return }
            dropped = self.focus?.evidence.removeLast {
                if case .span(let marked) = $0.place { marked.overlaps(span) } else { false }
            }
        case .box:
            dropped = self.focus?.evidence.removeLast {
                if case .box(_, focus.mediaIndex) = $0.place { true } else { false }
            }
        }
        say(dropped == true ? phrase("The mark is dropped.") : phrase("There is no mark here."))
    }

    private mutating func switchPlace(_ marking: Marking, _ focus: Focus) {
        switch marking {
        case .words where canBox(focus): mode = .marking(.box(Self.firstBox))
        case .box:
            guard let words = firstWord(of: focus) else { return say("The item has no text.") }
            mode = .marking(words)
        default: return say("There is no picture on the screen.")
        }
        sayHowToMark()
    }

    private mutating func sayHowToMark() {
        guard case .marking(let marking) = mode else { return }
        switch marking {
        case .words: say("Mark the words that are the evidence.")
        case .box: say("Mark the part of the picture that is the evidence.")
        }
    }

    private func canBox(_ focus: Focus) -> Bool {
        guard !focus.restricted || focus.revealed, case .picture = preview.content else { return false }
        return true
    }

    // MARK: Moving over words

    /// The first word on the screen.
    private func firstWord(of focus: Focus) -> Marking? {
        guard let text = focus.safeText, let area = layout(for: focus).text else { return nil }
        let lines = TextWrap.lines(text.pieces, width: area.size.columns)
        let start = lines.indices.contains(focus.textScroll) ? lines[focus.textScroll].lowerBound : 0
        let words = TextWords(text).pieces
        guard let word = words.firstIndex(where: { $0.lowerBound >= start }) ?? words.indices.last else { return nil }
        return .words(word: word, anchor: nil)
    }

    /// The scalars from the anchor to the cursor, both included.
    static func span(_ words: TextWords, _ word: Int, _ anchor: Int?) -> Range<Int>? {
        let ends = [word, anchor ?? word].sorted()
        guard words.source.indices.contains(ends[0]), words.source.indices.contains(ends[1]) else { return nil }
        return words.source[ends[0]].lowerBound..<words.source[ends[1]].upperBound
    }

    private mutating func moved(_ key: Key, _ word: Int, _ anchor: Int?, _ focus: Focus) -> Marking {
        guard let text = focus.safeText, let area = layout(for: focus).text else {
            return .words(word: word, anchor: anchor)
        }
        let words = TextWords(text).pieces
        let lines = TextWrap.lines(text.pieces, width: area.size.columns)
        let line = lines.firstIndex { $0.upperBound > words[word].lowerBound } ?? 0
        // To the left is back, and forward where one reads from the right.
        let back = text.inColumns(lines[line]).isRightToLeft ? 1 : -1
        var next = word
        switch key {
        case .left, .character("h"): next += back
        case .right, .character("l"): next -= back
        case .down, .character("j"), .up, .character("k"):
            let step = key == .down || key == .character("j") ? 1 : -1
            next = Self.word(step, from: word, line, words, lines)
        case .home: next = 0
        case .end: next = words.count - 1
        case .character(" "): return .words(word: word, anchor: anchor == nil ? word : nil)
        default: break
        }
        next = min(max(0, next), words.count - 1)
        scrollTo(lines.firstIndex { $0.upperBound > words[next].lowerBound } ?? 0, of: lines.count, area.size.rows)
        return .words(word: next, anchor: anchor)
    }

    /// The word of the nearest line that has any, about as far into it.
    private static func word(
        _ step: Int, from word: Int, _ line: Int, _ words: [Range<Int>], _ lines: [Range<Int>]
    ) -> Int {
        let into = words[word].lowerBound - lines[line].lowerBound
        var other = line + step
        while lines.indices.contains(other) {
            let there = words.indices.filter { lines[other].contains(words[$0].lowerBound) }
            let wanted = lines[other].lowerBound + into
            if let nearest = there.min(by: {
                abs(words[$0].lowerBound - wanted) < abs(words[$1].lowerBound - wanted)
            }) {
                return nearest
            }
            other += step
        }
        return word
    }

    private mutating func scrollTo(_ line: Int, of count: Int, _ rows: Int) {
        guard let scroll = focus?.textScroll, count > rows else { return }
        let shown = rows - 1
        if line < scroll { focus?.textScroll = line }
        if line >= scroll + shown { focus?.textScroll = line - shown + 1 }
    }

    // MARK: Moving a box

    private static let firstBox = Rationale.Box(x: 0.35, y: 0.35, width: 0.3, height: 0.3)

    /// A twentieth of the picture a key, never beyond its edges.
    private func moved(_ key: Key, _ box: Rationale.Box) -> Rationale.Box {
        let step = 0.05
        var (left, top, width, height) = (box.x, box.y, box.width, box.height)
        switch key {
        case .left, .character("h"): left -= step
        case .right, .character("l"): left += step
        case .up, .character("k"): top -= step
        case .down, .character("j"): top += step
        case .character("H"): width -= step
        case .character("L"): width += step
        case .character("K"): height -= step
        case .character("J"): height += step
        default: break
        }
        // To the twentieth, so that steps there and back end where they began.
        func round(_ value: Double) -> Double { (value * 20).rounded() / 20 }
        width = round(min(1, max(step, width)))
        height = round(min(1, max(step, height)))
        return Rationale.Box(
            x: min(round(max(0, left)), 1 - width), y: min(round(max(0, top)), 1 - height), width: width, height: height
        )
    }
}
