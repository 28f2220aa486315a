/// Something that the console says of its own: English in the source, with its parts still apart, and from then on in the
/// language of the ``Catalogue``.
///
/// Written as a string literal wherever one is taken: `say("Set aside \(name). It comes back later.")`. Its key in a
/// catalogue has a number for each part: `Set aside %1. It comes back later.` A translation may put them in another order.
struct Phrase: ExpressibleByStringInterpolation, Sendable {
    /// In the catalogue's language.
    let text: String

    init(stringLiteral value: String) { text = Catalogue.current?.text(for: value, parts: []) ?? value }

    init(stringInterpolation: StringInterpolation) {
        text =
            stringInterpolation.catalogue?.text(for: stringInterpolation.key, parts: stringInterpolation.parts)
            ?? stringInterpolation.key
    }

    /// Collects the key and the parts; where everything stays English, the text itself.
    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate let catalogue = Catalogue.current
        fileprivate var key = ""
        fileprivate var parts: [String] = []

        init(literalCapacity: Int, interpolationCount: Int) {}

        mutating func appendLiteral(_ literal: String) { key += literal }

        mutating func appendInterpolation(_ part: some CustomStringConvertible) {
            guard catalogue != nil else {
                key += part.description
                return
            }
            parts.append(part.description)
            key += "%\(parts.count)"
        }
    }
}

/// A phrase where a string is wanted.
func phrase(_ phrase: Phrase) -> String { phrase.text }
