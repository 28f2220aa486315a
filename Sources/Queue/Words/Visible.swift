/// Makes hostile text fit for a message or a log line.
///
/// The console shows items with more care; this is for the few words of an item that an error quotes.
public enum Visible {
    /// The text with control, format and separator scalars as visible marks (`⟨U+202E⟩`), cut after `limit` scalars.
    public static func text(_ text: String, limit: Int = 80) -> String {
        var shown = ""
        for (index, scalar) in text.unicodeScalars.enumerated() {
            if index == limit { return shown + "…" }
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned,
                .nonspacingMark, .enclosingMark, .spacingMark:
                let hex = String(scalar.value, radix: 16, uppercase: true)
                shown += "⟨U+\(String(repeating: "0", count: max(0, 4 - hex.count)))\(hex)⟩"
            default: shown.unicodeScalars.append(scalar)
            }
        }
        return shown
    }
}
