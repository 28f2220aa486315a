/// A scalar after normalisation, with the range of original scalars that it stands for.
struct AlignedScalar: Sendable, Hashable {
    var scalar: Unicode.Scalar
    // Half the memory of `Int`; a text is cut at 2²⁶ scalars before any of these is made.
    var start: Int32
    var end: Int32

    init(_ scalar: Unicode.Scalar, start: Int32, end: Int32) {
        self.scalar = scalar
        self.start = start
        self.end = end
    }

    /// Another scalar for the same part of the original.
    func replaced(by scalar: Unicode.Scalar) -> AlignedScalar { AlignedScalar(scalar, start: start, end: end) }
}

typealias AlignedText = ArraySlice<AlignedScalar>

/// A scalar of a rewritten text, and what becomes of the old one at its place.
///
/// This is how the `tokenizers` library describes a rewriting, and its alignment is by position alone: a replacing
/// scalar stands for the next old one, an added scalar for the one before, wherever they came from. Offsets agree only
/// if its steps are repeated, those that look odd included.
struct RewrittenScalar {
    var scalar: Unicode.Scalar
    /// 0: in place of the next old scalar. 1: added. −n: in place of the next one, and n more are dropped.
    var change: Int
}

extension Array where Element == AlignedScalar {
    /// The rewriting of an old text, aligned.
    init(_ rewritten: [RewrittenScalar], of old: AlignedText) {
        self.init()
        reserveCapacity(rewritten.count)
        var next = old.startIndex
        for item in rewritten {
            let source: Int
            if item.change > 0 {
                source = next - 1
            } else {
                source = next
                next += 1 - item.change
            }
            // Outside only where the description drops more than there is, at which the library gives up.
            let index = Swift.min(Swift.max(source, old.startIndex), old.endIndex - 1)
            guard old.indices.contains(index) else { continue }
            append(old[index].replaced(by: item.scalar))
        }
    }
}
