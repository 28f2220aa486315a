/// Canonical normalisation forms (Unicode Standard Annex 15), aligned as the reference aligns them.
enum CanonicalForm {
    case decomposed
    case composed

    func applied(to text: AlignedText) -> [AlignedScalar] {
        // Below these nothing decomposes, or everything composes again.
        let plain: UInt32 = self == .decomposed ? 0xC0 : 0x300
        guard text.contains(where: { $0.scalar.value >= plain }) else { return Array(text) }
        let rewritten = Self.decomposition(of: text)
        return Array(self == .decomposed ? rewritten : Self.composition(of: rewritten), of: text)
    }

    private static func decomposition(of text: AlignedText) -> [RewrittenScalar] {
        var sequence: [RewrittenScalar] = []
        sequence.reserveCapacity(text.count)
        var sortedUpTo = 0
        func sortMarks() {
            guard sequence.count - sortedUpTo > 1 else { return }
            // Stable, as the standard wants: marks of one class keep their order.
            let marks = sequence[sortedUpTo...].enumerated().sorted { a, b in
                let (first, second) = (
                    ReferenceUnicode.combiningClass(a.element.scalar), ReferenceUnicode.combiningClass(b.element.scalar)
                )
                return (first, a.offset) < (second, b.offset)
            }
            sequence.replaceSubrange(sortedUpTo..., with: marks.map(\.element))
        }
        func append(_ scalar: Unicode.Scalar, added: Bool) {
            let starts = ReferenceUnicode.combiningClass(scalar) == 0
            if starts { sortMarks() }
            sequence.append(RewrittenScalar(scalar: scalar, change: added ? 1 : 0))
            if starts { sortedUpTo = sequence.count }
        }
        for item in text {
            if item.scalar.value < 0xC0 {
                append(item.scalar, added: false)
            } else {
                for (position, scalar) in ReferenceUnicode.decomposition(item.scalar).enumerated() {
                    append(scalar, added: position > 0)
                }
            }
        }
        sortMarks()
        return sequence
    }

    private static func composition(of decomposed: [RewrittenScalar]) -> [RewrittenScalar] {
        var result: [RewrittenScalar] = []
        result.reserveCapacity(decomposed.count)
        /// The last scalar of class 0, and the marks after it that it could not take in.
        var starter: RewrittenScalar?
        var marks: [RewrittenScalar] = []
        var lastClass: Int?
        for item in decomposed {
            let itsClass = ReferenceUnicode.combiningClass(item.scalar)
            guard let current = starter else {
                if itsClass == 0 { starter = item } else { result.append(item) }
                continue
            }
            let blocked = lastClass.map { $0 >= itsClass } ?? false
            if !blocked, let composite = ReferenceUnicode.composition(current.scalar, item.scalar) {
                starter = RewrittenScalar(scalar: composite, change: current.change + item.change - 1)
            } else if itsClass == 0 {
                result.append(current)
                result += marks
                marks.removeAll(keepingCapacity: true)
                lastClass = nil
                starter = item
            } else {
                marks.append(item)
                lastClass = itsClass
            }
        }
        if let starter { result.append(starter) }
        return result + marks
    }
}
