/// What ``SafeText`` does with one scalar of an item's text.
enum ScalarClass: Equatable {
    /// Shown as it is, in cells of its own.
    case plain
    /// Joins the cell before it.
    case combining
    /// Shown as that many spaces.
    case blank(columns: Int)
    case newline
    /// Never shown: a mark that names the scalar stands in its place.
    case mark

    /// The class by the scalar alone; joiners and variation selectors are judged again in context.
    init(_ scalar: Unicode.Scalar) {
        let value = scalar.value
        switch value {
        case 0x20...0x7E: self = .plain
        case 0x0A: self = .newline
        case 0x09: self = .blank(columns: 4)
        // Invisible, though not of a category that says so: fillers, joiners of graphemes, the empty Braille cell.
        case 0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0: self = .mark
        case 0x180B...0x180F, 0xFE00...0xFE0F, 0xE0100...0xE01EF: self = .mark
        case 0xFFFC: self = .mark
        case 0x3000: self = .blank(columns: 2)
        default:
            switch scalar.properties.generalCategory {
            case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
                self = .mark
            case .spaceSeparator: self = .blank(columns: 1)
            case .nonspacingMark, .enclosingMark: self = .combining
            default: self = (0x1160...0x11FF).contains(value) ? .combining : .plain
            }
        }
    }
}

extension Unicode.Scalar {
    var isVariationSelector: Bool { (0xFE00...0xFE0F).contains(value) || (0xE0100...0xE01EF).contains(value) }
    var isEmojiModifier: Bool { (0x1F3FB...0x1F3FF).contains(value) }

    /// Letters that are drawn like Latin ones but are others: Greek and Cyrillic (suspect inside a Latin word only).
    var isGreekOrCyrillic: Bool {
        (0x370...0x3FF).contains(value) || (0x400...0x52F).contains(value)
    }

    var isLatinLetter: Bool {
        (0x41...0x5A).contains(value) || (0x61...0x7A).contains(value)
            || (0xC0...0x24F).contains(value) && value != 0xD7
                && value != 0xF7
    }

    /// Latin letters and digits in disguise, whatever stands beside them: fullwidth, mathematical, enclosed, small
    /// capitals of the phonetic block are left alone.
    var isStyledLatin: Bool {
        (0xFF10...0xFF5A).contains(value) || (0x1D400...0x1D7FF).contains(value) || (0x24B6...0x24E9).contains(value)
            || (0x1F130...0x1F189).contains(value)
    }
}
