import Foundation
import Queue

/// The console's loop on a real terminal: event → update → effects → paint, until the reviewer leaves.
@MainActor
final class ConsoleSession {
    enum Message: Sendable {
        case event(ConsoleEvent)
        case terminal(TerminalHappening)
        case output(TerminalOutput.Happening)
        /// What was drawn should have reached the terminal by now.
        case hurry
        /// An effect is done, with nothing to say or with an event.
        case answered(ConsoleEvent?, Effect)
        /// Look whether a stop that was asked for came about.
        case stillRunning
    }

    private var state: ConsoleState
    private let themes: ThemePair
    private var theme: Theme
    private let terminal: Terminal
    private let runner: EffectRunner
    private let inbox: Inbox<Message>
    /// Whether something changed since the last frame.
    private var isChanged = true
    /// The item whose frame is on its way, and that frame's mark.
    private var underway: (frame: PaintedFrame, mark: Int)?
    private var isHurryAsked = false
    /// Reading that can wait until what is known already is on the screen.
    private var afterPainting: [Effect] = []
    private let input: TerminalInput
    private var answers = TerminalAnswers()
    private let graphics: GraphicsChoice
    private let isInTmux: Bool
    private var isSuspended = false
    private var isDone = false
    private var endedBy: Int32?
    private let asks: Bool

    init(
        state: ConsoleState, themes: ThemePair, terminal: Terminal, inbox: Inbox<Message>, runner: EffectRunner,
        graphics: GraphicsChoice = .auto,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        self.state = state
        self.themes = themes
        theme = themes.theme(on: Ground(environment: environment))
        self.terminal = terminal
        self.inbox = inbox
        self.runner = runner
        self.graphics = graphics
        // Inside tmux it is tmux that answers, and pictures would be drawn where it does not know of them: symbols there,
        // unless something else is asked for.
        isInTmux = environment["TMUX"] != nil
        let wantsPixels = graphics != .symbols && graphics != .ascii
        asks = TerminalProbe.canAsk(term: environment["TERM"]) && !isInTmux && (wantsPixels || themes.isOpen)
        input = TerminalInput { inbox.post($0.map(Message.terminal)) }
    }

    /// Reviews until the end, and returns the number of the signal that ended it, if one did.
    ///
    /// - Parameter item: the item to begin with; nil for the first of the queue.
    func run(startingWith item: ItemID?) async -> Int32? {
        TerminalRescue.install(wake: input.wakeWrite)
        input.start()
        let inbox = inbox
        let watch = runner.watch { inbox.post(.event($0)) }
        defer { withExtendedLifetime(watch) {} }
        if graphics != .auto { upgrade() }
        take(.started(item: item))
        paint()
        if asks { terminal.send(TerminalProbe.query) }
        for await _ in inbox.wakes {
            for message in inbox.take() { take(message) }
            if isDone { break }
            paint()
        }
        terminal.close()
        return endedBy
    }

    /// Draws the newest frame, or waits until the terminal has taken the last one.
    private func paint() {
        if isChanged, !isSuspended {
            if terminal.isReady {
                isChanged = false
                if let mark = terminal.draw(ReviewScreen.frame(state, theme)) { underway = (PaintedFrame(state), mark) }
                if !terminal.isReady { hurrySoon() }
            } else {
                hurrySoon()
            }
        }
        let effects = afterPainting
        afterPainting = []
        for effect in effects { run(effect) }
    }

    private func hurrySoon() {
        guard !isHurryAsked else { return }
        isHurryAsked = true
        let inbox = inbox
        Task.detached {
            try? await Task.sleep(for: .milliseconds(Self.patience))
            inbox.post(.hurry)
        }
    }

    /// How long a frame may be on its way before pictures are broken off for the next one, in milliseconds.
    private static let patience = 150

    private func take(_ message: Message) {
        switch message {
        case .output(.drained): break
        case .output(.reached(let mark)):
            guard let underway, underway.mark == mark else { break }
            self.underway = nil
            take(.painted(underway.frame))
        case .hurry:
            isHurryAsked = false
            guard !isSuspended, !terminal.isReady else { break }
            // A picture may take its time while nothing waits for it.
            if isChanged || underway != nil && terminal.isPictureFirst {
                terminal.hurry()
                isChanged = true
            }
            hurrySoon()
        case .event(let event): take(event)
        case .terminal(.input(.key(let key))): take(.key(key))
        case .terminal(.input(.paste(let text))): take(.paste(text))
        case .terminal(.input(.mouse(let event))): take(.mouse(event))
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
        if case .painted = event {} else { isChanged = true }
        for effect in update(&state, event, at: Timestamp.now.milliseconds) { start(effect) }
    }

    private func start(_ effect: Effect) {
        switch effect {
        case .redraw:
            isChanged = true
            terminal.redraw()
        case .suspend: suspend()
        case .loadDetail, .loadPage, .loadTwins, .loadGroup, .count, .dwell: afterPainting.append(effect)
        default: run(effect)
        }
    }

    private func run(_ effect: Effect) {
        let inbox = inbox
        runner.start(effect) { inbox.post(.answered($0, effect)) }
    }

    // MARK: The terminal's answers

    private func take(_ reply: TerminalProbe.Reply) {
        answers.take(reply, cells: terminal.size)
        terminal.synchronizes = answers.synchronizes
        if case .background(let colour) = reply { lie(on: Ground(colour)) }
        upgrade()
    }

    /// Changes to the theme for the terminal's background, where that is another.
    private func lie(on ground: Ground) {
        let fitting = themes.theme(on: ground)
        guard fitting != theme else { return }
        theme = fitting
        isChanged = true
    }

    /// Draws with what is known of the terminal by now.
    private func upgrade() {
        // What was found before a resize stays until the last answer to the new questions.
        guard answers.isComplete || graphics != .auto else { return }
        var abilities = state.abilities
        // A default xterm keeps the size of its cells from questions, but tells the terminal driver.
        abilities.graphics = answers.graphics(
            graphics, abilities: abilities, fallbackCell: TerminalWindow(descriptor: STDOUT_FILENO)?.cell,
            throughTmux: isInTmux)
        abilities.sixelLimit = answers.sixelLimit
        if abilities != state.abilities { take(.abilities(abilities)) }
    }

    // MARK: Signals

    private func take(signal number: Int32) {
        switch number {
        case SIGWINCH:
            terminal.resize()
            answers.expectNewSizes()
            if asks, !isSuspended { terminal.send(TerminalProbe.query) }
            take(.resized(terminal.size))
        case SIGTSTP: suspend()
        case SIGCONT:
            isChanged = true
            if isSuspended { resume() } else { terminal.redraw() }
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
