/// Text for HTML and XML: what is put together here cannot be taken for markup.
///
/// ```swift
/// Markup.element("td", "a < b")              // <td>a &lt; b</td>
/// Markup.element("p", raw: Markup.text("…")) // content that is markup already
/// ```
enum Markup {
    /// Characters with a meaning in markup as references. What cannot be shown (controls, bidi controls, invisible ones)
    /// becomes a visible mark first, as on the screen.
    static func text(_ text: String) -> String {
        var escaped = ""
        for scalar in SafeText.line(text, limit: 1_000_000).unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    static func element(_ name: String, _ content: String, _ attributes: KeyValuePairs<String, String> = [:]) -> String
    {
        element(name, raw: text(content), attributes)
    }

    /// - Parameter content: markup.
    static func element(
        _ name: String, raw content: String, _ attributes: KeyValuePairs<String, String> = [:]
    ) -> String {
        "<\(name)\(list(attributes))>\(content)</\(name)>"
    }

    static func empty(_ name: String, _ attributes: KeyValuePairs<String, String>) -> String {
        "<\(name)\(list(attributes))/>"
    }

    private static func list(_ attributes: KeyValuePairs<String, String>) -> String {
        attributes.map { " \($0.key)=\"\(text($0.value))\"" }.joined()
    }
}
