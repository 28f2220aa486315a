import Foundation

/// How much a stream such as stdout can show: colours, characters, width.
struct StreamLook {
    let colours: ColorDepth
    let unicode: Bool
    let area: CellSize
    let theme: Theme

    init(environment: [String: String] = ProcessInfo.processInfo.environment, locations: Locations = Locations()) {
        let isTerminal = isatty(STDOUT_FILENO) == 1
        let unwanted = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
        let direct = ["truecolor", "24bit"].contains(environment["COLORTERM"])
        colours = unwanted || !isTerminal ? .mono : direct ? .truecolor : .indexed
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        unicode = locale.lowercased().contains("utf-8") || locale.lowercased().contains("utf8")
        let window = TerminalWindow(descriptor: STDOUT_FILENO)?.cells ?? CellSize(columns: 80, rows: 28)
        // Four rows are left for what is said below a drawing.
        area = CellSize(columns: window.columns, rows: max(4, window.rows - 4))
        // A config.toml that cannot be followed spoils no drawing: `review` and `doctor` say what is wrong with it.
        let choice = (try? Preferences(locations))?.theme ?? SettingsChoice(.theme)
        let themes = (try? choice.themes(locations)) ?? (try? SettingsChoice(.theme).themes(locations))
        let loaded = themes?.theme(on: Ground(environment: environment)) ?? .fallback
        theme = loaded.onUnknownBackground().adapted(to: ScreenAbilities(colours: colours, unicode: unicode))
    }
}
