import Foundation
import Media
import Testing

@testable import ReviewTUI

@Suite("The terminal's window")
struct TerminalWindowTests {
    @Test("a cell's size comes from the window's, and not at all from nonsense")
    func cells() {
        #expect(TerminalWindow(columns: 118, rows: 40, width: 944, height: 680).cell == PixelSize(width: 8, height: 17))
        #expect(TerminalWindow(columns: 118, rows: 40, width: 0, height: 0).cell == nil)
        #expect(TerminalWindow(columns: 80, rows: 24, width: 80, height: 24).cell == nil)
        #expect(TerminalWindow(columns: 1, rows: 1, width: 65535, height: 65535).cell == nil)
    }

    @Test("what is no terminal has no window")
    func noTerminal() throws {
        let file = open("/dev/null", O_RDONLY)
        defer { close(file) }
        #expect(TerminalWindow(descriptor: file) == nil)
    }
}
