import ArgumentParser
import Foundation
import Media
import Queue

/// `reviewtui review`: the console.
struct ReviewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "review", abstract: "Review items in the full-screen console.",
        discussion: """
            Keys are shown at the foot of the screen; ? lists all of them. Without a terminal one screen is printed as \
            text, and the item is given back.
            """)

    @OptionGroup var options: GlobalOptions

    @Option(help: "Who reviews. The operating system's user where it is left out.")
    var reviewer: String?

    @Option(help: ArgumentHelp("Which queue (reviewtui queue list).", valueName: "name"))
    var queue: String = QueueName.default.rawValue

    @Option(help: ArgumentHelp("Begin with this item.", valueName: "id"))
    var item: String?

    @Option(
        help: ArgumentHelp(
            "Colours: auto, dark, light, another theme in themes/, or a file. auto, light or dark by the terminal's "
                + "background, where neither this nor config.toml says.", valueName: "theme"))
    var theme: String?

    @Option(
        help: ArgumentHelp(
            "Keys: default, another profile in keymaps/, or a file. default where neither this nor config.toml says.",
            valueName: "profile"))
    var keys: String?

    @Flag(help: "Lines instead of a screen: for screen readers. A key or a command’s name, then Enter.")
    var linear = false

    @Flag(help: "Hide scores and explanations until you have judged an item once; both calls are recorded.")
    var blindFirst = false

    @Option(
        help: ArgumentHelp(
            "How pictures are drawn: \(GraphicsChoice.allCases.map(\.rawValue).joined(separator: ", ")). auto, the best that "
                + "the terminal says it can, where neither this nor config.toml says.", valueName: "graphics"))
    var graphics: GraphicsChoice?

    @Flag(help: "Leave the mouse to the terminal. (With Shift held it is the terminal's in any case.)")
    var noMouse = false

    @Option(
        help: ArgumentHelp(
            "Fit heads again after so many of your verdicts, 10 or more, and score with those that are better; 0 for off, which "
                + "it is where neither this nor config.toml says.", valueName: "verdicts"))
    var refit: Int?

    func validate() throws {
        guard refit.map({ $0 == 0 || RefitSettings.counts.contains($0) }) ?? true else {
            throw ValidationError("--refit is a number of verdicts from 10 to 10000, or 0 for off.")
        }
    }

    @MainActor
    mutating func run() async throws {
        let locations = Locations()
        let store = try options.openQueue()
        let queues = try store.queues().map(\.name)
        guard let name = QueueName(rawValue: queue), queues.contains(name) else {
            throw CommandFailure(
                .usage,
                "There is no queue “\(SafeText.line(queue))”. Queues are "
                    + queues.map(\.rawValue).joined(separator: ", ") + ".")
        }
        let who = Reviewer.name(option: reviewer)
        let desk = QueueDesk(store: store, reviewer: who, queue: name)
        let preferences = try Preferences(locations)
        Catalogue.choose(try preferences.language.catalogue(locations))
        let themes = try preferences.theme.overridden(by: theme).themes(locations)
        let keymap = try preferences.keys.overridden(by: keys).keymap(locations)
        let graphics = graphics ?? preferences.graphics
        let settings = preferences.refit.overridden(by: refit)
        if !preferences.wellbeing.keepsAccount { try store.forgetExposure(of: who) }
        let taxonomy = try store.taxonomy().policies
        let start = item.map { ItemID($0) }
        let decoder = MediaDecoder.ownProcess()

        func state(_ size: CellSize, _ abilities: ScreenAbilities) -> ConsoleState {
            var state = ConsoleState(
                reviewer: who, taxonomy: taxonomy, keymap: keymap, size: size, abilities: abilities)
            state.isBlindFirst = blindFirst
            state.wellbeing = preferences.wellbeing
            state.refit.every = settings.every
            return state
        }
        func runner(_ abilities: ScreenAbilities) -> EffectRunner {
            EffectRunner(
                desk: desk, previews: PreviewMaker(decoder: decoder), taxonomy: taxonomy, ascii: !abilities.unicode
            ) { try await ConsoleRefit(path: store.path, reviewer: who, settings: settings).run() }
        }

        if linear || preferences.linear {
            guard !options.json else {
                throw CommandFailure(
                    .usage, "The review in lines has no JSON: leave --json out, or use claim and decide.")
            }
            let abilities = Self.printedAbilities()
            var session = LinearSession(
                state(LinearScreen.size, abilities), theme: themes.theme(on: nil), runner: runner(abilities),
                asks: isatty(STDOUT_FILENO) == 1)
            await session.run(startingWith: start) { Output.result($0, ending: $1) }
            return
        }
        guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else {
            var abilities = Self.printedAbilities()
            if graphics == .ascii { abilities.graphics = .ascii }
            let lines = await PrintedScreen.lines(
                state(Self.printedSize(), abilities), item: start, theme: themes.theme(on: nil),
                runner: runner(abilities))
            let screen: JSONValue = ["screen": .array(lines.map { .string($0) })]
            Output.result(options.json ? screen.text : lines.joined(separator: "\n"))
            return
        }
        guard !options.json else {
            throw CommandFailure(.usage, "The console has no JSON: leave --json out, or use claim and decide.")
        }
        let inbox = Inbox<ConsoleSession.Message>()
        let terminal = try Terminal(mouse: preferences.mouse && !noMouse) { inbox.post(.output($0)) }
        let session = ConsoleSession(
            state: state(terminal.size, terminal.abilities), themes: themes, terminal: terminal,
            inbox: inbox, runner: runner(terminal.abilities), graphics: graphics)
        if let signal = await session.run(startingWith: start) { TerminalRescue.end(by: signal) }
    }

    // MARK: Without a terminal

    /// `COLUMNS` × `LINES` where they are set, 100×30 otherwise.
    private static func printedSize() -> CellSize {
        let environment = ProcessInfo.processInfo.environment
        func number(_ name: String, _ fallback: Int) -> Int {
            environment[name].flatMap(Int.init).map { min(500, max(20, $0)) } ?? fallback
        }
        return CellSize(columns: number("COLUMNS", 100), rows: number("LINES", 30))
    }

    /// Plain text: no colours, and characters beyond ASCII only under a UTF-8 locale.
    private static func printedAbilities() -> ScreenAbilities {
        let environment = ProcessInfo.processInfo.environment
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        let isUnicode = locale.uppercased().replacingOccurrences(of: "-", with: "").contains("UTF8")
        return ScreenAbilities(colours: .mono, unicode: isUnicode)
    }
}

extension GraphicsChoice: ExpressibleByArgument {}
