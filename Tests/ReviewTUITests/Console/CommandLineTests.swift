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
}
