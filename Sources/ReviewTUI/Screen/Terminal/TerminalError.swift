/// Why the console cannot use the terminal.
enum TerminalError: Error, Hashable, CustomStringConvertible {
    case notATerminal
    /// The value of `TERM`.
    case unknown(String)
    case noDescriptors

    var description: String {
        switch self {
        case .notATerminal: "Standard input and output must both be a terminal for the console."
        case .noDescriptors: "The system has no file descriptor or memory left for the console: close other programs."
        case .unknown(let term):
            SafeText.line(
                "The terminal type “\(term)” is not in the terminfo database. Set TERM to one that is, such as "
                    + "xterm-256color, or install ncurses-term.")
        }
    }
}
