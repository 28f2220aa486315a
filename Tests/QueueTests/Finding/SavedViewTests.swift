import Testing

@testable import Queue

@Suite struct SavedViewTests {
    @Test("A saved view stands for its query in others, and follows when it is saved anew")
    func use() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(12))
        try queue.store.saveView("ones", query: ItemQuery("\"number 1\""))
        #expect(try queue.find("view:ones") == ["post-1", "post-10", "post-11"])
        try queue.store.saveView("few", query: ItemQuery("view:ones or \"number 5\""))
        #expect(try queue.find("-view:few id:post-1*").isEmpty)
        #expect(try queue.find("view:few -id:post-1") == ["post-5", "post-10", "post-11"])
        try queue.store.saveView("ones", query: ItemQuery("\"number 2\""))
        #expect(try queue.find("view:few") == ["post-2", "post-5"])
        #expect(try queue.store.views().map(\.name) == ["few", "ones"])
        #expect(try queue.store.views().map(\.query) == ["view:ones or \"number 5\"", "\"number 2\""])
        try queue.store.removeView("ones")
        #expect(refusal { _ = try queue.find("view:few") }.contains("In the view “few”: There is no view “ones”"))
        #expect(kind { try queue.store.removeView("ones") } == "notFound")
    }

    @Test("A view that would contain itself is refused, and what was saved before stays")
    func circles() throws {
        let queue = try TestQueue()
        try queue.store.saveView("a", query: ItemQuery("word"))
        try queue.store.saveView("b", query: ItemQuery("view:a"))
        #expect(refusal { try queue.store.saveView("a", query: ItemQuery("-view:b")) }.contains("contain itself"))
        #expect(refusal { try queue.store.saveView("c", query: ItemQuery("view:c")) }.contains("contain itself"))
        #expect(try queue.store.views().map(\.query) == ["word", "view:a"])
        for name in ["", "a b", "x\u{202E}", "a:b", String(repeating: "n", count: 61)] {
            #expect(kind { try queue.store.saveView(name, query: ItemQuery("word")) } == "usage", "\(name)")
        }
        #expect(kind { try queue.store.saveView("d", query: ItemQuery("policy:nonsense")) } == "usage")
    }

    @Test("Views within views cannot grow a query beyond what SQLite takes")
    func growth() throws {
        let queue = try TestQueue()
        try queue.store.saveView("v0", query: ItemQuery(String(repeating: "a or ", count: 9) + "a"))
        let tenfold = { (name: String) in try ItemQuery((0..<10).map { _ in "view:\(name)" }.joined(separator: " ")) }
        try queue.store.saveView("v1", query: tenfold("v0"))
        #expect(kind { try queue.store.saveView("v2", query: tenfold("v1")) } == "usage")
        try queue.store.saveView("w0", query: ItemQuery("a"))
        for number in 1...7 { try queue.store.saveView("w\(number)", query: ItemQuery("-view:w\(number - 1)")) }
        #expect(refusal { try queue.store.saveView("w8", query: ItemQuery("-view:w7")) }.contains("flatter"))
    }

    @Test("The place of what is not there is told in the text that was typed")
    func places() throws {
        let queue = try TestQueue()
        let text = "word  (policy:nonsense)"
        do {
            try queue.store.check(ItemQuery(text), of: text)
            Issue.record("nothing was thrown")
        } catch let error as QuerySyntaxError {
            #expect(error.offset == 7 && error.query == text)
        }
    }
}
