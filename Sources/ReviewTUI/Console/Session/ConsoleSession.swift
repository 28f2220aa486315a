import Foundation
import Queue

/// The console's loop on a real terminal: event → update → effects → paint, until the reviewer leaves.
@MainActor
final class ConsoleSession {
    enum Message: Sendable {
        case event(ConsoleEvent)
        case terminal(TerminalHappening)
        /// An effect is done, with nothing to say or with an event.
        case answered(ConsoleEvent?, Effect)
        /// Look whether a stop that was asked for came about.
        case stillRunning
    }

    private var state: ConsoleState
    private let theme: Theme
    private let terminal: Terminal
    private let runner: EffectRunner
    private let inbox = Inbox<Message>()
    /// Reading that can wait until what is known already is on the screen.
    private var afterPainting: [Effect] = []
    private let input: TerminalInput
    private var cell: (width: Int, height: Int)?
    private var offersSixel = false
    private var colourRegisters = 256
    private var isSuspended = false
    private var isDone = false
    private var endedBy: Int32?
    private let asksForGraphics: Bool

    init(
        state: ConsoleState, theme: Theme, terminal: Terminal, runner: EffectRunner,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        self.state = state
        self.theme = theme
        self.terminal = terminal
        self.runner = runner
        // Inside tmux pictures would be drawn where tmux does not know of them: symbols there.
        asksForGraphics = TerminalProbe.canAsk(term: environment["TERM"]) && environment["TMUX"] == nil
        let inbox = inbox
        input = TerminalInput { inbox.post($0.map(Message.terminal)) }
    }

    /// Reviews until the end, and returns the number of the signal that ended it, if one did.
    ///
    /// - Parameter item: the item to begin with; nil for the first of the queue.
    func run(startingWith item: ItemID?) async -> Int32? {
        TerminalRescue.install(wake: input.wakeWrite)
        input.start()
        let inbox = inbox
        let watch = runner.watch { inbox.post(.event(.queueChanged)) }
        let ticks = Task.detached {
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(5))
                inbox.post(.event(.tick))
            }
        }
        defer {
            ticks.cancel()
            withExtendedLifetime(watch) {}
        }
        take(.started(item: item))
        paint()
        if asksForGraphics { terminal.send(TerminalProbe.query) }
        for await _ in inbox.wakes {
            for message in inbox.take() { take(message) }
            if isDone { break }
            paint()
        }
        terminal.close()
        return endedBy
    }

    private func paint() {
        if !isSuspended { terminal.draw(ReviewScreen.frame(state, theme)) }
        let effects = afterPainting
        afterPainting = []
        for effect in effects { run(effect) }
    }

    private func take(_ message: Message) {
        switch message {
        case .event(let event): take(event)
        case .terminal(.input(.key(let key))): take(.key(key))
        case .terminal(.input(.paste(let text))): take(.paste(text))
        case .terminal(.reply(let reply)): take(reply)
        case .terminal(.signal(let number)): take(signal: number)
        case .terminal(.ended): if !state.isQuitting { end(by: SIGHUP) }
        case .answered(let event, let effect):
            if let event { take(event) }
            if case .quit = effect { isDone = true }
        case .stillRunning: if isSuspended { resume() }
        }
    }

    private func take(_ event: ConsoleEvent) {
        for effect in update(&state, event, at: Timestamp.now.milliseconds) { start(effect) }
    }

    private func start(_ effect: Effect) {
        switch effect {
        case .redraw: terminal.redraw()
        case .suspend: suspend()
        case .loadDetail, .loadPage, .loadTwins, .count, .dwell: afterPainting.append(effect)
        default: run(effect)
        }
    }

    private func run(_ effect: Effect) {
        let inbox = inbox
        runner.start(effect) { inbox.post(.answered($0, effect)) }
    }

    // MARK: The terminal's answers

    private func take(_ reply: TerminalProbe.Reply) {
        switch reply {
        case .attributes: offersSixel = reply.offersSixel
        case .cell(let size): cell = (size.width, size.height)
        case .textArea(let size):
            let cells = terminal.size
            if cell == nil { cell = (size.width / max(1, cells.columns), size.height / max(1, cells.rows)) }
        case .synchronizedOutput(let known): terminal.synchronizes = known
        case .colorRegisters(let count): colourRegisters = min(256, max(2, count))
        case .version, .kittyGraphics: break
        }
        // A default xterm keeps the size of its cells from questions, but tells the terminal driver.
        if cell == nil, let size = TerminalWindow(descriptor: STDOUT_FILENO)?.cell { cell = (size.width, size.height) }
        guard offersSixel, let cell, (3...100).contains(cell.width), (6...200).contains(cell.height) else { return }
        var abilities = state.abilities
        abilities.graphics = .sixel(cellWidth: cell.width, cellHeight: cell.height, colours: colourRegisters)
        if abilities != state.abilities { take(.abilities(abilities)) }
    }

    // MARK: Signals

    private func take(signal number: Int32) {
        switch number {
        case SIGWINCH:
            terminal.resize()
            cell = nil
            if asksForGraphics, !isSuspended { terminal.send(TerminalProbe.query) }
            take(.resized(terminal.size))
        case SIGTSTP: suspend()
        case SIGCONT: if isSuspended { resume() } else { terminal.redraw() }
        default: end(by: number)
        }
    }

    private func end(by number: Int32) {
        guard endedBy == nil else { return }
        endedBy = number
        take(.key(.control("c")))
    }

    private func suspend() {
        guard !isSuspended else { return }
        isSuspended = true
        terminal.suspend()
        TerminalRescue.letStop(true)
        kill(getpid(), SIGTSTP)
        // Without a shell that controls jobs the system ignores the stop, and no SIGCONT will come.
        let inbox = inbox
        Task.detached {
            try? await Task.sleep(for: .milliseconds(300))
            inbox.post(.stillRunning)
        }
    }

    private func resume() {
        isSuspended = false
        TerminalRescue.letStop(false)
        terminal.resume()
        take(.resized(terminal.size))
    }
}
