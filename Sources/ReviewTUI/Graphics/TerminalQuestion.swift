import Foundation

/// Puts ``TerminalProbe/query`` to the terminal of a command that is not the console, and waits for the answers.
enum TerminalQuestion {
    /// What the terminal of standard input and output answers within a time; nil where there is none that can be asked,
    /// or nothing came. Keys typed meanwhile are lost.
    ///
    /// - Parameter patience: milliseconds without an answer after which none is expected.
    static func ask(
        environment: [String: String] = ProcessInfo.processInfo.environment, patience: Int32 = 500
    ) -> TerminalAnswers? {
        guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1, TerminalProbe.canAsk(term: environment["TERM"])
        else { return nil }
        var usual = termios()
        guard tcgetattr(STDIN_FILENO, &usual) == 0 else { return nil }
        var silent = usual
        // Neither shown nor held back until a line ends; ^C still works.
        silent.c_lflag &= ~tcflag_t(ECHO | ICANON)
        guard tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0 else { return nil }
        defer { tcsetattr(STDIN_FILENO, TCSAFLUSH, &usual) }
        FileHandle.standardOutput.write(Data(TerminalProbe.query))
        let cells = TerminalWindow(descriptor: STDOUT_FILENO)?.cells ?? CellSize(columns: 80, rows: 24)
        var probe = TerminalProbe()
        var answers = TerminalAnswers()
        var buffer = [UInt8](repeating: 0, count: 4096)
        var heard = false
        while !answers.isComplete {
            var descriptor = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            guard poll(&descriptor, 1, patience) > 0 else { break }
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            guard count > 0 else { break }
            for reply in probe.feed(buffer.prefix(count)).replies {
                answers.take(reply, cells: cells)
                heard = true
            }
        }
        return heard ? answers : nil
    }
}
