import Foundation
import Queue

/// One screen of the console as plain text, for when there is no terminal: a pipe, a log, a build machine.
enum PrintedScreen {
    /// Claims the first item, waits until everything about it is there, gives it back and returns the screen's lines.
    ///
    /// - Parameter patience: seconds after which what is there is taken.
    static func lines(
        _ start: ConsoleState, item: ItemID?, theme: Theme, runner: EffectRunner, patience: Double = 20
    ) async -> [String] {
        var state = start
        let inbox = Inbox<ConsoleSession.Message>()
        var underWay = 0
        func take(_ event: ConsoleEvent) {
            for effect in update(&state, event, at: Timestamp.now.milliseconds) {
                if case .dwell = effect { continue }
                underWay += 1
                runner.start(effect) { inbox.post(.answered($0, effect)) }
            }
        }
        let alarm = Task.detached {
            try? await Task.sleep(for: .seconds(patience))
            inbox.post(.stillRunning)
        }
        defer { alarm.cancel() }
        take(.started(item: item))
        var lines: [String] = []
        reading: for await _ in inbox.wakes {
            for message in inbox.take() {
                switch message {
                case .answered(let event, _):
                    underWay -= 1
                    if let event { take(event) }
                case .stillRunning: underWay = 0
                default: break
                }
            }
            guard underWay <= 0 else { continue }
            if state.isQuitting { break reading }
            let cells = ReviewScreen.frame(state, theme).cells
            lines = (0..<cells.size.rows).map(cells.line)
            take(.key(.control("c")))
        }
        return lines
    }
}
