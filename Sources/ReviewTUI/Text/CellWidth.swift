/// How many terminal columns text takes, by the Unicode Character Database rather than by the locale.
///
/// Terminals disagree about joined emoji, so ``SafeText`` takes those apart first; what is left here are single
/// scalars with combining marks, on which they agree.
enum CellWidth {
    /// Columns of one scalar: 0 for combining marks and format characters, 2 for wide and fullwidth ones, else 1.
    static func of(_ scalar: Unicode.Scalar) -> Int {
        let value = scalar.value
        if value < 0x300 { return value < 0x20 || (0x7F..<0xA0).contains(value) || value == 0xAD ? 0 : 1 }
        if (0x1160...0x11FF).contains(value) { return 0 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: return isWide(value) ? 2 : 1
        }
    }

    /// Columns of a string that is already safe to show: the sum over its scalars.
    static func of(_ text: some StringProtocol) -> Int {
        text.unicodeScalars.reduce(0) { $0 + of($1) }
    }

    private static func isWide(_ value: UInt32) -> Bool {
        guard value >= 0x1100 else { return false }
        var low = 0
        var high = wideScalarRanges.count
        while low < high {
            let middle = (low + high) / 2
            if wideScalarRanges[middle].upperBound < value { low = middle + 1 } else { high = middle }
        }
        return low < wideScalarRanges.count && wideScalarRanges[low].lowerBound <= value
    }
}
