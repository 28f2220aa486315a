import Foundation
import Media

/// How large a terminal's window is, as its driver knows it without being asked.
///
/// xterm answers ``TerminalProbe``'s questions about sizes only with `allowWindowOps`, which is off by default, but
/// always tells the driver. Over ssh the pixels come along; inside tmux they may be 0.
struct TerminalWindow: Sendable {
    let cells: CellSize
    /// Pixels of one cell; nil where the terminal never said.
    let cell: PixelSize?

    /// nil where the descriptor is no terminal or has no size.
    init?(descriptor: Int32) {
        var window = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0, window.ws_row > 0 else {
            return nil
        }
        self.init(
            columns: Int(window.ws_col), rows: Int(window.ws_row), width: Int(window.ws_xpixel),
            height: Int(window.ws_ypixel))
    }

    /// - Parameters:
    ///   - width: of the whole text area in pixels, 0 where unknown.
    ///   - height: likewise.
    init(columns: Int, rows: Int, width: Int, height: Int) {
        cells = CellSize(columns: columns, rows: rows)
        let size = PixelSize(width: width / max(1, columns), height: height / max(1, rows))
        cell = (3...100).contains(size.width) && (6...200).contains(size.height) ? size : nil
    }
}
