import Foundation
import TOMLKit

/// What a style is for. A theme gives each of these one style; the names are the keys of a theme file.
enum Role: String, CaseIterable, Sendable {
    case text, dim, heading, rule
    case titleBar = "title-bar"
    case titleAccent = "title-accent"
    case selected
    case current
    case hint
    case hintKey = "hint-key"
    case status
    case statusGood = "status-good"
    case statusBad = "status-bad"
    case barLow = "bar-low"
    case barHigh = "bar-high"
    case barEmpty = "bar-empty"
    case threshold, chosen
    case mark
    case lookAlike = "look-alike"
    case heat1 = "heat-1"
    case heat2 = "heat-2"
    case heat3 = "heat-3"
    case heat4 = "heat-4"
    case dialog
    case dialogFrame = "dialog-frame"
    case dialogTitle = "dialog-title"
    case dialogSelected = "dialog-selected"
    case input
}

/// The look of the console: a style for each role, in colour and without.
///
/// Read from a TOML file (`themes/dark.toml` shows every key) and fitted to the terminal by ``adapted(to:)``.
struct Theme: Hashable, Sendable {
    let name: String
    /// The background that the theme is made for. One that paints its own gives it to its styles, too; for one that lies
    /// on the terminal's it is the lightest (or, of a light theme, the darkest) on which every word is readable.
    let background: RGB?
    private var styles: [Role: Style]
    /// Attributes that carry a role's meaning where there is no colour.
    private var plainStyles: [Role: Style]
    var glyphs: Glyphs = .unicode

    subscript(role: Role) -> Style { styles[role] ?? .plain }

    /// Reads a theme from TOML text.
    ///
    /// - Parameter file: named in errors.
    /// - Throws: ``SettingsError`` with file, line and key.
    init(toml: String, file: String) throws {
        let source = try SettingsSource(toml: toml, file: file, topKeys: ["name", "background", "styles"])
        name = try source.string("name")
        background = try source.optionalString("background").map { text in
            guard let colour = RGB(hex: text) else {
                throw source.error("background", "must be a colour such as \"#1e2127\"")
            }
            return colour
        }
        styles = [:]
        plainStyles = [:]
        let table = try source.table("styles")
        for key in table.keys {
            guard let role = Role(rawValue: key) else {
                throw source.error(
                    key, "is no style; the styles are \(Role.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            let (style, plain) = try Self.style(key, table, source)
            styles[role] = style
            plainStyles[role] = plain
        }
        for role in Role.allCases where styles[role] == nil {
            throw source.error("styles", "lacks \(role.rawValue)")
        }
    }

    /// The theme for when no file can be found: attributes only.
    static let fallback: Theme = {
        var theme = Theme(name: "plain")
        for role in [Role.titleBar, .selected, .hintKey, .dialogSelected, .mark] {
            theme.styles[role] = Style(reverse: true)
        }
        for role in [Role.heading, .current, .barHigh, .chosen, .statusBad] { theme.styles[role] = Style(bold: true) }
        for role in [Role.heat3, .heat4, .lookAlike] { theme.styles[role] = Style(underline: true) }
        return theme
    }()

    private init(name: String) {
        self.name = name
        background = nil
        styles = [:]
        plainStyles = [:]
    }

    /// This theme without colours where there are none, readable where there are few, and in ASCII where there is no
    /// UTF-8.
    func adapted(to abilities: ScreenAbilities) -> Theme {
        var theme = self
        switch abilities.colours {
        case .mono: if !plainStyles.isEmpty { theme.styles = plainStyles }
        case .eight, .sixteen:
            theme.styles = styles.mapValues { Palette.style($0, on: ground, depth: abilities.colours) }
        case .indexed, .truecolor: break
        }
        theme.glyphs = abilities.unicode ? .unicode : .ascii
        return theme
    }

    /// This theme for a background that nobody knows, light or dark: a style that brings no background of its own shows
    /// by its attributes, in the terminal's own colour.
    func onUnknownBackground() -> Theme {
        var theme = self
        for (role, style) in styles where style.foreground != nil && style.background == nil {
            theme.styles[role] = plainStyles[role]
        }
        return theme
    }

    /// What lies under a style without a background: what the theme is made for, else black or white, whichever its text
    /// stands out from; of both by as much at a luminance of √(1.05 · 0.05) − 0.05.
    private var ground: RGB {
        background ?? (self[.text].foreground.map { $0.luminance < 0.179 } == true ? .white : .black)
    }

    private static func style(
        _ key: String, _ table: TOMLTable, _ source: SettingsSource
    ) throws -> (Style, Style) {
        guard let entry = table[key]?.table else {
            throw source.error(key, "must be a table such as { fg = \"#d0d0d0\", bold = true }")
        }
        var style = Style()
        var plain = Style()
        for name in entry.keys {
            switch name {
            case "fg", "bg":
                guard let text = entry[name]?.string, let colour = RGB(hex: text) else {
                    throw source.error(key, "\(name) must be a colour such as \"#4fb3d9\"")
                }
                if name == "fg" { style.foreground = colour } else { style.background = colour }
            case "mono":
                guard let list = entry[name]?.array else {
                    throw source.error(key, "mono must be a list such as [\"bold\", \"reverse\"]")
                }
                for value in list {
                    guard let attribute = value.string, plain.set(attribute, true) else {
                        throw source.error(key, "mono knows bold, dim, italic, underline and reverse")
                    }
                }
            default:
                guard let on = entry[name]?.bool, style.set(name, on) else {
                    throw source.error(
                        key, "knows no \(name); it takes fg, bg, bold, dim, italic, underline, reverse, mono")
                }
            }
        }
        return (style, plain)
    }
}

extension Style {
    /// Sets an attribute by its name; false where there is none of that name.
    mutating func set(_ attribute: String, _ on: Bool) -> Bool {
        switch attribute {
        case "bold": bold = on
        case "dim": dim = on
        case "italic": italic = on
        case "underline": underline = on
        case "reverse": reverse = on
        default: return false
        }
        return true
    }
}

extension RGB {
    /// From `#rrggbb`.
    init?(hex: String) {
        guard hex.utf8.count == 7, hex.hasPrefix("#"), let value = UInt32(hex.dropFirst(), radix: 16) else {
            return nil
        }
        self.init(UInt8(value >> 16 & 0xFF), UInt8(value >> 8 & 0xFF), UInt8(value & 0xFF))
    }

    /// As `#rrggbb`.
    var hex: String { String(format: "#%02x%02x%02x", Int(red), Int(green), Int(blue)) }
}
