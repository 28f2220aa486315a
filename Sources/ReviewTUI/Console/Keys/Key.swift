/// One key press, independent of how a terminal spells it.
enum Key: Hashable, Sendable {
    case character(Unicode.Scalar)
    /// Control and a lower-case letter, or the space bar.
    case control(Unicode.Scalar)
    case enter, escape, tab, backTab, backspace, delete
    case up, down, left, right, home, end, pageUp, pageDown
    case function(Int)

    private static let names: [(String, Key)] = [
        ("space", .character(" ")), ("enter", .enter), ("esc", .escape), ("tab", .tab), ("backtab", .backTab),
        ("backspace", .backspace), ("delete", .delete), ("up", .up), ("down", .down), ("left", .left),
        ("right", .right), ("home", .home), ("end", .end), ("pageup", .pageUp), ("pagedown", .pageDown),
        ("ctrl-space", .control(" ")),
    ]

    /// From its name in a key profile: one character, `space`, `enter`, `ctrl-d`, `f1` …
    init?(name: String) {
        if let named = Self.names.first(where: { $0.0 == name })?.1 {
            self = named
        } else if name.hasPrefix("ctrl-"), let last = name.unicodeScalars.last, name.count == 6,
            ("a"..."z").contains(last)
        {
            self = .control(last)
        } else if name.hasPrefix("f"), let number = Int(name.dropFirst()), (1...24).contains(number) {
            self = .function(number)
        } else if name.unicodeScalars.count == 1, let scalar = name.unicodeScalars.first, CellWidth.of(scalar) > 0 {
            self = .character(scalar)
        } else {
            return nil
        }
    }

    /// Its name in a key profile.
    var name: String {
        if let named = Self.names.first(where: { $0.1 == self })?.0 { return named }
        switch self {
        case .character(let scalar): return String(scalar)
        case .control(let scalar): return "ctrl-\(scalar)"
        case .function(let number): return "f\(number)"
        default: return "key"
        }
    }

    /// How the hint row and the help name it.
    var label: String {
        switch self {
        case .up: "↑"
        case .down: "↓"
        case .left: "←"
        case .right: "→"
        case .control(" "): "^space"
        case .control(let scalar): "^\(String(scalar).uppercased())"
        default: name
        }
    }
}
