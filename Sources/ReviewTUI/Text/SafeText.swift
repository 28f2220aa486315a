/// An item's text made fit to be shown: the one place where hostile text becomes something a terminal may see.
///
/// The text itself is never changed. What is shown is a row of ``Piece``s, each of which knows the half-open range of
/// Unicode scalars it came from, so that highlights given in scalars survive. Everything a terminal could act on or a
/// reader could not see (controls, escapes, bidi controls, zero-width and tag characters, unassigned and private
/// scalars, stray variation selectors) becomes a visible mark such as `⟨U+202E⟩`: to a moderator it is evidence.
///
/// - Joined emoji are shown side by side, because terminals disagree on the width of the joined form.
/// - At most ``combiningLimit`` combining marks stay on a cell; a mark `⟨+17⟩` counts the others.
/// - At most `limit` scalars are shown; ``omitted`` counts the rest.
struct SafeText: Hashable, Sendable {
    /// What fills neighbouring cells of a line.
    struct Piece: Hashable, Sendable {
        enum Kind: Hashable, Sendable {
            case text, newline
            /// Stands for something that must not be shown.
            case mark
            /// A letter that poses as a Latin one.
            case lookAlike
        }

        /// One grapheme, some spaces, or a mark of several graphemes of one column each. Empty for a newline.
        var text: String
        /// In columns.
        var width: Int
        var kind: Kind
        /// The Unicode scalars of the source it stands for.
        var source: Range<Int>
    }

    /// ncurses holds five scalars a cell; a base and three marks also serve Vietnamese, Hebrew and Thai.
    static let combiningLimit = 3

    let pieces: [Piece]
    /// Scalars beyond the limit, not shown.
    let omitted: Int
    /// Whether any of it runs from right to left.
    let hasRightToLeft: Bool

    /// Derives what is shown from `text`, reading at most `limit` scalars.
    ///
    /// With `ascii`, everything beyond ASCII becomes a mark too: for terminals without UTF-8.
    init(_ text: String, limit: Int = 20_000, ascii: Bool = false) {
        var builder = SafeTextBuilder(ascii: ascii)
        var scalars: [Unicode.Scalar] = []
        var total = 0
        for scalar in text.unicodeScalars {
            if total < limit { scalars.append(scalar) }
            total += 1
        }
        builder.read(scalars)
        pieces = builder.pieces
        hasRightToLeft = !ascii && ReadingOrder.isNeeded(by: scalars)
        omitted = total - scalars.count
    }

    /// One line safe for any terminal, log or message: line breaks become marks too.
    ///
    /// At most `limit` scalars of `text` are used; `…` ends a shortened line. Use this on every piece of foreign text
    /// that goes to standard error.
    static func line(_ text: String, limit: Int = 4_000, ascii: Bool = false) -> String {
        let safe = SafeText(text, limit: limit, ascii: ascii)
        let shown = safe.pieces.map { piece in
            piece.kind == .newline ? mark(for: "\n", ascii: ascii) : piece.text
        }
        return shown.joined() + (safe.omitted > 0 ? (ascii ? "..." : "…") : "")
    }

    /// The lines of ``line(_:limit:ascii:)`` for text that may keep its line breaks, such as a help screen.
    static func lines(_ text: String, limit: Int = 100_000) -> String {
        SafeText(text, limit: limit).pieces.map { $0.kind == .newline ? "\n" : $0.text }.joined()
    }

    /// The visible name of a scalar that must not be shown.
    static func mark(for scalar: Unicode.Scalar, ascii: Bool = false) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        let name = "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        return ascii ? "<\(name)>" : "⟨\(name)⟩"
    }
}
