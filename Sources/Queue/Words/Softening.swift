/// A way to show less of a picture than there is: each can be on by itself, and all of them together.
///
/// The order of the cases is the order in which they are done.
public enum Softening: String, CaseIterable, Hashable, Sendable, Comparable {
    /// Without its colours.
    case grey
    /// Out of focus.
    case blur
    /// Its edges only.
    case lines
    /// In blocks, a few across.
    case detail

    public static func < (a: Softening, b: Softening) -> Bool { a.place < b.place }

    private var place: Int {
        switch self {
        case .grey: 0
        case .blur: 1
        case .lines: 2
        case .detail: 3
        }
    }
}
