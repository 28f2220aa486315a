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

    @Option(help: ArgumentHelp("dark, light, another theme in themes/, or a file.", valueName: "theme"))
    var theme = "dark"

    @Option(help: ArgumentHelp("default, another key profile in keymaps/, or a file.", valueName: "profile"))
    var keys = "default"

    @Option(help: "How pictures are drawn: auto is the best that the terminal says it can.")
    var graphics: GraphicsChoice = .auto

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
        let look = try Self.theme(theme, locations)
        let keymap = try Self.keymap(keys, locations)
        let taxonomy = try store.taxonomy().policies
        let start = item.map { ItemID($0) }
        let decoder = MediaDecoder.ownProcess()

        func state(_ size: CellSize, _ abilities: ScreenAbilities) -> ConsoleState {
            ConsoleState(reviewer: who, taxonomy: taxonomy, keymap: keymap, size: size, abilities: abilities)
        }
        func runner(_ abilities: ScreenAbilities) -> EffectRunner {
            EffectRunner(
                desk: desk, previews: PreviewMaker(decoder: decoder), taxonomy: taxonomy, ascii: !abilities.unicode)
        }

        guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else {
            var abilities = Self.printedAbilities()
            if graphics == .ascii { abilities.graphics = .ascii }
            let lines = await PrintedScreen.lines(
                state(Self.printedSize(), abilities), item: start, theme: look, runner: runner(abilities))
            let screen: JSONValue = ["screen": .array(lines.map { .string($0) })]
            Output.result(options.json ? screen.text : lines.joined(separator: "\n"))
            return
        }
        guard !options.json else {
            throw CommandFailure(.usage, "The console has no JSON: leave --json out, or use claim and decide.")
        }
        let terminal = try Terminal()
        let session = ConsoleSession(
            state: state(terminal.size, terminal.abilities), theme: look, terminal: terminal,
            runner: runner(terminal.abilities), graphics: graphics)
        if let signal = await session.run(startingWith: start) { TerminalRescue.end(by: signal) }
    }

    // MARK: Settings

    private static func theme(_ name: String, _ locations: Locations) throws -> Theme {
        guard let file = try file(name, in: "themes", locations) else { return .fallback }
        return try Theme(toml: String(contentsOf: file, encoding: .utf8), file: file.path)
    }

    private static func keymap(_ name: String, _ locations: Locations) throws -> Keymap {
        guard let file = try file(name, in: "keymaps", locations) else { return .standard }
        return try Keymap(toml: String(contentsOf: file, encoding: .utf8), file: file.path)
    }

    /// A name is looked up in the program's and the user's folders; what ends in `.toml` is a file. Nil where even
    /// the standard one is not there: then what is built in serves.
    private static func file(_ name: String, in folder: String, _ locations: Locations) throws -> URL? {
        if name.hasSuffix(".toml") {
            guard FileManager.default.fileExists(atPath: name) else {
                throw CommandFailure(.notFound, "There is no file “\(SafeText.line(name))”.")
            }
            return URL(fileURLWithPath: name)
        }
        if !name.contains("/"), let found = locations.file(name + ".toml", in: folder) { return found }
        if name == "dark" || name == "default" { return nil }
        let known = Set(
            locations.folders(folder).flatMap { place in
                ((try? FileManager.default.contentsOfDirectory(atPath: place.path)) ?? []).filter {
                    $0.hasSuffix(".toml")
                }
            }
        ).map { String($0.dropLast(5)) }.sorted()
        throw CommandFailure(
            .notFound,
            "There is no “\(SafeText.line(name))” in \(folder)/. Known: \(known.joined(separator: ", ")).")
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
