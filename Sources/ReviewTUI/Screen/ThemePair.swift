/// What the console is to look like: one theme that was asked for by name, or two that lie on the terminal's own
/// background, one of which is chosen by it.
struct ThemePair: Hashable, Sendable {
    private let dark: Theme
    private let light: Theme

    /// One theme, whatever the background.
    init(_ theme: Theme) { (dark, light) = (theme, theme) }

    init(dark: Theme, light: Theme) { (self.dark, self.light) = (dark, light) }

    /// Whether the background decides.
    var isOpen: Bool { dark != light }

    /// The theme for a background; nil where nobody knows it: most terminals that do not tell theirs are dark.
    func theme(on ground: Ground?) -> Theme { ground == .light ? light : dark }
}
