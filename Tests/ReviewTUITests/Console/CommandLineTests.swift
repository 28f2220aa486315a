import Queue
import Testing

@testable import ReviewTUI

@Suite("The : line")
struct CommandPromptTests {
    @Test("a command runs by its name")
    func byName() {
        var mia = Reviewer([Sample.harmless])
        mia.press(":")
        mia.type("escalate")
        mia.press("enter")
        #expect(mia.record == ["post-18 escalate"])
    }

    @Test("Tab completes as far as the name is certain")
    func completion() {
        var mia = Reviewer([Sample.harmless])
        mia.press(":")
        mia.type("esc")
        mia.press("tab")
        #expect(mia.statusLine.contains(":escalate"))
        #expect(ConsoleState.completed("scr") == "scroll-")
        #expect(ConsoleState.completed("zzz") == "zzz")
    }

    @Test("an unknown name is refused with a sentence")
    func unknown() {
        var mia = Reviewer([Sample.harmless])
        mia.press(":")
        mia.type("frobnicate")
        mia.press("enter")
        #expect(mia.statusLine.contains("no command “frobnicate”"))
        #expect(mia.record.isEmpty)
    }

    private func mia(_ line: String, _ items: [ItemContents] = [Sample.threat, Sample.harmless]) -> Reviewer {
        var mia = Reviewer(items, columns: 120)
        mia.press(":")
        mia.type(line)
        mia.press("enter")
        return mia
    }

    @Test("what belongs to a command follows its name")
    func arguments() {
        #expect(mia("filter lovely").state.list.rows.map(\.id) == ["post-18"])
        #expect(mia("search lovely").state.filter.canonicalText == "lovely")
        #expect(mia("severity 3").state.focus?.severity == 3 && mia("severity 0").state.focus?.severity == nil)
        #expect(mia("note  as  before ").state.focus?.note == "as  before")
        var escalated = mia("escalate-question @legal is this satire?")
        #expect(escalated.desk.decisions.first?.draft.escalatesTo?.rawValue == "legal")
        #expect(escalated.desk.decisions.first?.draft.note == "is this satire?")
        escalated.press("E up")
        #expect(escalated.statusLine.contains("@legal is this satire?"), "it can be had again where it belongs")
        let chosen = mia("policies spam")
        #expect(
            chosen.state.focus?.choice.chosen.contains("spam") == true && chosen.statusLine.contains("Chosen: spam"))
        #expect(
            mia("policies sexual").state.focus?.choice.chosen.contains("sexual") == true,
            "an id, though another begins so")
        #expect(mia("policies hate").statusLine.contains("Dropped: hate"))
    }

    @Test(
        "what does not fit is refused with what to type instead, and nothing is done",
        arguments: [
            ("severity five", "1 (mild) to 4 (grave)"), ("severity 5", "“:severity 3”"),
            ("policies rude\u{202E}", "There is no policy “rude"), ("policies sex", "may be sexual, sexual/minors"),
            ("allow everything", "stands alone"), ("q!", "no command"),
        ])
    func refused(_ line: String, _ sentence: String) {
        let mia = mia(line)
        #expect(mia.statusLine.contains(sentence) && !mia.statusLine.contains("\u{202E}"), "\(mia.statusLine)")
        #expect(mia.record.isEmpty && !mia.hasLeft && mia.state.focus?.severity == nil)
        #expect(mia.state.focus?.choice == Reviewer([Sample.threat]).state.focus?.choice)
    }

    @Test("a wrong query is pointed at in the line where it can be mended")
    func query() {
        var mia = mia("filter score>x")
        #expect(mia.statusLine.contains("score>x") && mia.state.filter.isEmpty)
        mia.press("backspace 0 . 5 enter")
        #expect(mia.state.filter.canonicalText == "score>0.5")
    }

    @Test("without an item a note is refused with a sentence")
    func nothing() {
        #expect(mia("note hm", []).statusLine.contains("No item is before you"))
    }

    @Test("what may follow is shown as one types, and Tab completes it")
    func candidates() {
        var mia = Reviewer([Sample.threat], columns: 120)
        mia.press(":")
        mia.type("sev")
        #expect(mia.statusLine.contains("0 to 4  Say how grave"))
        mia.press("tab")
        #expect(mia.statusLine.contains(":severity ") && mia.statusLine.contains("0 to 4"))
        mia.press("ctrl-u")
        mia.type("policies s")
        #expect(mia.statusLine.contains("sexual  sexual/minors  spam"))
        mia.type("e")
        mia.press("tab")
        #expect(mia.statusLine.contains("policies sexual"))
        mia.press("ctrl-u")
        mia.type("al")
        #expect(mia.statusLine.contains("Allow: it breaks no rule"))
        mia.press("ctrl-u")
        mia.type("s")
        #expect(mia.statusLine.contains("skip  severity"))
    }

    @Test("a line for one item is closed when another takes its place; a line for none stays")
    func otherItem() throws {
        for (line, stays) in [("note hm", false), ("filter lov", true), ("", true)] {
            var mia = Reviewer([Sample.threat, Sample.harmless])
            mia.press(":")
            mia.type(line)
            let lease = try #require(mia.state.focus?.lease)
            mia.take(.renewFailed(lease, .leaseLost("Your lease was lost.")))
            #expect(mia.state.focus?.id == "post-18")
            #expect((mia.state.mode == .review) != stays, "\(line)")
        }
    }
}
