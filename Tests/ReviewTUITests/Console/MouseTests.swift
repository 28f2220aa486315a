import Media
import Queue
import Testing

@testable import ReviewTUI

@Suite("The mouse")
struct MouseTests {
    private let items = [
        Sample.picture("p", text: "Look what they did to the harbour.", scores: [("spam", 0.8), ("hate", 0.2)]),
        Sample.harmless, Sample.threat,
    ]

    private func reviewer(_ items: [ItemContents]? = nil) -> Reviewer {
        Reviewer(items ?? self.items, columns: 100, rows: 33)
    }

    /// Clicks on the first character of what the screen says somewhere.
    private func click(_ text: String, in mia: inout Reviewer, lastRow: Bool = false) throws {
        let rows = lastRow ? [mia.lines.count - 1] : Array(mia.lines.indices)
        let row = try #require(rows.first { mia.lines[$0].contains(text) }, "\(text) is not on the screen")
        let column = try #require(mia.lines[row].range(of: text)).lowerBound
        mia.take(
            .mouse(
                MouseEvent(
                    .click, row: row, column: mia.lines[row].distance(from: mia.lines[row].startIndex, to: column))))
    }

    @Test("a click on a row of the list selects it, on the empty part nothing")
    func list() throws {
        var mia = reviewer()
        let row = try #require(mia.lines.firstIndex { $0.prefix(24).contains("What a lovely") })
        mia.take(.mouse(MouseEvent(.click, row: row, column: 3)))
        #expect(mia.state.focus?.id == "post-18")
        mia.take(.mouse(MouseEvent(.click, row: 20, column: 3)))
        #expect(mia.state.focus?.id == "post-18")
    }

    @Test("a click on a policy chooses or drops it, and the drop counts as by hand")
    func policies() throws {
        var mia = reviewer()
        try click("spam", in: &mia)
        #expect(mia.state.focus?.choice.chosen == [] && mia.state.focus?.choice.dropped == ["spam"])
        try click("hate", in: &mia)
        #expect(mia.state.focus?.choice.chosen == ["hate"])
    }

    @Test("a click on a hint does what its key does, in dialogs, too")
    func hints() throws {
        var mia = reviewer()
        try click("help", in: &mia, lastRow: true)
        #expect(mia.state.mode == .help(scroll: 0))
        try click("back", in: &mia, lastRow: true)
        #expect(mia.state.mode == .review)
        mia.press("p")
        guard case .policies = mia.state.mode else { return #expect(Bool(false), "the list of policies is not open") }
        try click("Harassment", in: &mia)
        #expect(mia.state.focus?.choice.chosen == ["spam", "harassment"])
        try click("back", in: &mia, lastRow: true)
        try click("remove", in: &mia, lastRow: true)
        #expect(mia.record == ["p remove harassment+spam"])
    }

    @Test("a click never lands on an item that is about to change, nor through a prompt")
    func quiet() throws {
        var mia = reviewer()
        mia.answers = false
        mia.press("a")
        try click("hate", in: &mia)
        mia.take(.mouse(MouseEvent(.click, row: 3, column: 3)))
        #expect(mia.state.focus?.id == "p" && mia.state.selection == nil)
        #expect(mia.state.focus?.choice.chosen == ["spam"])
        var leo = reviewer()
        leo.press("n")
        leo.take(.mouse(MouseEvent(.click, row: 3, column: 3)))
        #expect(leo.state.focus?.id == "p" && leo.state.mode != .review)
    }

    @Test("the wheel goes through the list, the help and the list of policies, and scrolls the text")
    func wheel() throws {
        var mia = reviewer([Sample.text("long", String(repeating: "a long story. ", count: 400)), Sample.harmless])
        mia.take(.mouse(MouseEvent(.wheelDown, row: 10, column: 40)))
        #expect(mia.state.focus?.textScroll == 3)
        mia.take(.mouse(MouseEvent(.wheelUp, row: 10, column: 40)))
        #expect(mia.state.focus?.textScroll == 0)
        mia.take(.mouse(MouseEvent(.wheelDown, row: 10, column: 4)))
        #expect(mia.state.focus?.id == "post-18")
        mia.press("?")
        mia.take(.mouse(MouseEvent(.wheelDown, row: 10, column: 40)))
        #expect(mia.state.mode == .help(scroll: 3))
        mia.press("esc p")
        guard case .policies(let before) = mia.state.mode else { return #expect(Bool(false)) }
        mia.take(.mouse(MouseEvent(.wheelDown, row: 10, column: 40)))
        guard case .policies(let after) = mia.state.mode else { return #expect(Bool(false)) }
        #expect(after.index == (before.index + 1) % Sample.taxonomy.count)
    }

    @Test("a click on the picture enlarges it, and there it goes into the middle; the wheel goes nearer")
    func zoom() throws {
        var mia = reviewer([Sample.picture("p")])
        mia.preview = { request in
            var picture = Sample.drawn(CellSize(columns: 84, rows: 32))
            picture.cells = CellBuffer(size: CellSize(columns: 80, rows: 30))
            return .picture(picture)
        }
        mia.press("g")
        mia.take(.mouse(MouseEvent(.click, row: 8, column: 45)))
        #expect(mia.state.zoom == Zoom())
        // 80 columns of 640 pixels, from column 10 on; 30 rows of 480, from row 1 on.
        mia.take(.mouse(MouseEvent(.click, row: 1, column: 10)))
        #expect(mia.state.zoom?.centre == Zoom.Point(x: 4, y: 8))
        mia.take(.mouse(MouseEvent(.click, row: 15, column: 3)))
        #expect(mia.state.zoom?.centre == Zoom.Point(x: 4, y: 8))
        mia.take(.mouse(MouseEvent(.wheelUp, row: 15, column: 50)))
        #expect(mia.state.zoom?.scale == .power(-2))
    }

    @Test("reports in decimal become clicks and turns of the wheel; all else of the mouse is swallowed")
    func bytes() {
        var decoder = KeyDecoder()
        func fed(_ text: String) -> [KeyDecoder.Input] { decoder.feed(Array(text.utf8)) }
        #expect(fed("\u{1B}[<0;12;5M") == [.mouse(MouseEvent(.click, row: 4, column: 11))])
        #expect(
            fed("\u{1B}[<64;1;1M\u{1B}[<69;300;200M")
                == [
                    .mouse(MouseEvent(.wheelUp, row: 0, column: 0)),
                    .mouse(MouseEvent(.wheelDown, row: 199, column: 299)),
                ])
        for other in [
            "0;12;5m", "2;12;5M", "32;12;5M", "35;1;1M", "66;1;1M", "0;0;0M", "0;;5M", "0;999999999999;1M", "M",
        ] {
            #expect(fed("\u{1B}[<\(other)") == [], "\(other)")
        }
        #expect(fed("a") == [.key(.character("a"))])
        var probe = TerminalProbe()
        #expect(probe.feed(Array("\u{1B}[<0;12;5M".utf8)).keys == Array("\u{1B}[<0;12;5M".utf8))
    }
}
