/// Something a mouse did on the screen. The program wants no more of it: dragging is the terminal's own.
struct MouseEvent: Hashable, Sendable {
    enum Action: Hashable, Sendable {
        /// The first button went down.
        case click
        case wheelUp, wheelDown
    }

    var action: Action
    /// From 0, from the top and from the left.
    var row: Int
    var column: Int

    /// Asks the terminal for clicks and the wheel (mode 1000), with positions in decimal (SGR, mode 1006; xterm's
    /// "Mouse Tracking"). With Shift held, terminals keep the mouse for their own selection.
    static let asking = "\u{1B}[?1000h\u{1B}[?1006h"
    static let leaving = "\u{1B}[?1006l\u{1B}[?1000l"

    /// From the parameters of `CSI < button ; column ; row M`; nil for other buttons, movements and what is no report.
    init?(sgr parameters: some Collection<UInt8>) {
        guard parameters.first == UInt8(ascii: "<") else { return nil }
        let numbers = parameters.dropFirst().split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
            .map { $0.count <= 5 ? Int(String(decoding: $0, as: UTF8.self)) : nil }
        guard numbers.count == 3, let button = numbers[0], let column = numbers[1], let row = numbers[2], column > 0,
            row > 0
        else { return nil }
        // Bits 2, 3 and 4 are Shift, Meta and Control; bit 5 says that it moved.
        switch button & ~0b11100 {
        case 0: action = .click
        case 64: action = .wheelUp
        case 65: action = .wheelDown
        default: return nil
        }
        (self.row, self.column) = (row - 1, column - 1)
    }

    init(_ action: Action, row: Int, column: Int) {
        (self.action, self.row, self.column) = (action, row, column)
    }
}
