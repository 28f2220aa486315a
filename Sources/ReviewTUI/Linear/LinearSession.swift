import Dispatch
import Foundation
import Queue

/// The review without a screen: lines in, lines out, nothing painted twice. For screen readers, braille lines and
/// whatever else reads a terminal from top to bottom.
///
/// The same state, keys and effects as the console; only what is shown is said in words (``LinearScreen``).
struct LinearSession {
    private enum Message: Sendable {
        case typed(String)
        case ended
        case interrupted
        case event(ConsoleEvent)
        case answered(ConsoleEvent?, Effect)
    }

    private var state: ConsoleState
    private let theme: Theme
    private let runner: EffectRunner
    private let asks: Bool
    private let inbox = Inbox<Message>()
    private var lines: [String] = []
    private var hasEnded = false
    private var underWay = 0
    private var isDone = false
    /// What was said last: the item, its sections, the status, what came of fitting heads, the open window.
    private var item: ItemID?
    private var sections: [LinearScreen.Section] = []
    private var status = ""
    private var refit: String?
    private var window: [String] = []

    /// - Parameter asks: whether a `>` says that a line is waited for; where somebody sits at a terminal.
    init(_ state: ConsoleState, theme: Theme, runner: EffectRunner, asks: Bool) {
        self.state = state
        self.theme = theme
        self.runner = runner
        self.asks = asks
    }

    /// Reviews until the input's end or `quit`.
    ///
    /// - Parameters:
    ///   - start: the item to begin with; nil for the first of the queue.
    ///   - say: takes each line.
    mutating func run(startingWith start: ItemID?, say: @Sendable (String, _ ending: String) -> Void) async {
        let inbox = inbox
        DispatchQueue(label: "reviewtui.lines").async {
            while let line = readLine() { inbox.post(.typed(line)) }
            inbox.post(.ended)
        }
        let interrupts = [SIGINT, SIGTERM, SIGHUP].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { inbox.post(.interrupted) }
            source.resume()
            return source
        }
        let watch = runner.watch { inbox.post(.event($0)) }
        defer { withExtendedLifetime((watch, interrupts)) {} }
        say("A key or a command’s name, then Enter. help names them, an empty line says the item again.", "\n")
        take(.started(item: start))
        for await _ in inbox.wakes {
            for message in inbox.take() { take(message) }
            // One line at a time, and none before what it is about has been said.
            while underWay <= 0, !isDone {
                speak(say)
                if !lines.isEmpty {
                    let line = lines.removeFirst()
                    if line.isEmpty, state.mode == .review { sections = [] }
                    take(.line(line))
                } else if hasEnded, !state.isQuitting {
                    // Leaves from everywhere, and answers nothing that is open.
                    take(.key(.control("c")))
                } else {
                    break
                }
            }
            if isDone { break }
        }
        speak(say)
    }

    private mutating func take(_ message: Message) {
        switch message {
        case .typed(let line): lines.append(line)
        case .ended: hasEnded = true
        case .interrupted:
            lines = []
            hasEnded = true
        case .event(let event): take(event)
        case .answered(let event, let effect):
            if Self.isWaitedFor(effect) { underWay -= 1 }
            if let event { take(event) }
            if case .quit = effect { isDone = true }
        }
    }

    private mutating func take(_ event: ConsoleEvent) {
        let inbox = inbox
        for effect in update(&state, event, at: Timestamp.now.milliseconds) {
            if Self.isWaitedFor(effect) { underWay += 1 }
            runner.start(effect) { inbox.post(.answered($0, effect)) }
        }
    }

    /// The first look for twins takes long in a large queue; they are said when they are known.
    private static func isWaitedFor(_ effect: Effect) -> Bool {
        switch effect {
        case .loadTwins, .dwell, .refit: false
        default: true
        }
    }

    // MARK: Speaking

    /// Says what changed since it was last said.
    private mutating func speak(_ say: (String, String) -> Void) {
        var spoken: [String] = []
        if state.status.text != status, !state.status.text.isEmpty { spoken.append(state.status.text) }
        status = state.status.text
        if let line = state.refitLine, line != refit { spoken.append(line) }
        refit = state.refitLine
        if state.focus?.id != item { sections = [] }
        item = state.focus?.id
        let now = LinearScreen.item(state)
        let isNew = sections.isEmpty
        for section in now where isNew || (section.name != "item" && !sections.contains(section)) {
            spoken += section.lines
        }
        sections = now
        let open = LinearScreen.dialog(state, theme)
        spoken += open.filter { !window.contains($0) }
        window = open
        for line in spoken { say(line, "\n") }
        take(.painted(PaintedFrame(state)))
        guard asks, !state.isQuitting, lines.isEmpty else { return }
        if case .prompt(let prompt) = state.mode { say(StatusView.label(prompt.purpose), "") } else { say("> ", "") }
    }
}
