import Foundation
import GRDB
import Testing

@testable import Queue

@Suite struct FindingTests {
    @Test("SQL and a plain second writing of the language agree on random queries over a random queue, indexed or not")
    func agreesWithNaive() throws {
        let queue = try TestQueue()
        try queue.write("a.png", "picture")
        var random = RandomQueries(generator: SplitMix64(seed: 3))
        var items = (0..<120).map { random.item($0) }
        try queue.fill(items.map(\.line))
        try queue.judge(&items, using: &random)
        let naive = NaiveQuery(now: TestQueue.start.milliseconds, taxonomy: try queue.store.taxonomy())
        var matched = 0
        for round in 0..<600 {
            // A third without any index, a third with half of one, a third with a whole one.
            if round == 200 { _ = try queue.store.write { try SearchIndex.extend(in: $0, limit: 60) } }
            if round == 400 { #expect(try queue.store.extendSearch(forSeconds: 60)) }
            let root = random.node(depth: 3)
            let text = ItemQuery(root: root).canonicalText
            let query = try ItemQuery(text)
            #expect(query.root == root, "\(text)")
            let expected = items.filter { naive.matches($0, root) }.map(\.id)
            #expect(try queue.find(text) == expected, "\(text)")
            let open = items.filter { $0.state != .decided && naive.matches($0, root) }.map(\.id)
            #expect(Set(try queue.store.page(matching: query, limit: 200).map(\.id.rawValue)) == Set(open), "\(text)")
            matched += expected.count
        }
        #expect(matched > 5_000, "the queries meet the items: \(matched)")
    }

    @Test("Words are found in every script, by two characters as by ten, and whatever hides between them")
    func scripts() throws {
        let queue = try TestQueue()
        let texts = [
            "这是仇恨言论的一个例子", "これはヘイトスピーチです", "ข้อความแสดงความเกลียดชัง", "هذا خطاب كراهية واضح",
            "यह घृणा भाषण है", "call the 👩\u{200D}🚒🔥 now", "Über Äpfel und die Straße", "ПРИВЕТ, Мир",
            "buy fr\u{200B}ee v\0iagra", "NEAR(a b) \"quoted\" text:x* ^y", "K\u{F6}ln", "Ko\u{308}ln",
        ]
        try queue.fill(texts.enumerated().map { ["id": .string("t\($0)"), "text": .string($1)] })
        let wanted: [(String, [String])] = [
            ("仇恨", ["t0"]), ("仇恨言论", ["t0"]), ("恨", ["t0"]), ("ヘイト", ["t1"]), ("スピ", ["t1"]), ("ｽﾋﾟｰﾁ", ["t1"]),
            ("เกลียด", ["t2"]), ("كراهية", ["t3"]), ("घृणा", ["t4"]), ("है", ["t4"]), ("👩🚒", ["t5"]), ("🔥", ["t5"]),
            ("äpfel", ["t6"]), ("APFEL", []), ("STRASSE", ["t6"]), ("привет", ["t7"]), ("МИР", ["t7"]),
            ("free", ["t8"]),
            ("viagra", ["t8"]), ("\"NEAR(a b)\"", ["t9"]), ("\"text:x*\"", ["t9"]), (#""\"quoted\"""#, ["t9"]),
            ("\"^y\"", ["t9"]), ("köln", ["t10", "t11"]),
            ("-仇恨 -text", ["t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8", "t10", "t11"]),
            ("仇恨 or ヘイト or स", ["t0", "t1"]), ("仇恨言论 ヘイト", []),
        ]
        for (query, ids) in wanted { #expect(try queue.find(query) == ids, "without an index: \(query)") }
        #expect(try queue.store.extendSearch(forSeconds: 60))
        for (query, ids) in wanted { #expect(try queue.find(query) == ids, "with an index: \(query)") }
    }

    @Test("A changed text is found by its new words and not by its old ones, before and after it is indexed again")
    func updated() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(3))
        #expect(try queue.store.extendSearch(forSeconds: 60))
        let changed: JSONValue = ["id": "post-1", "text": "harbour", "flagged_at": "2026-11-23T10:00:00Z"]
        #expect(try queue.ingest([changed.text], IngestOptions(update: true)).updated == 1)
        for _ in 0..<2 {
            #expect(try queue.find("harbour") == ["post-1"] && queue.find("number") == ["post-0", "post-2"])
            #expect(try queue.store.extendSearch(forSeconds: 60))
        }
    }

    @Test("Pages go through all matches without gap or repetition, with the index half done")
    func paging() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(500))
        _ = try queue.store.write { try SearchIndex.extend(in: $0, limit: 250) }
        for text in ["number", "-nothing", "number -7"] {
            var ids: [String] = []
            var cursor: Int64? = 0
            let query = try ItemQuery(text)
            while let after = cursor {
                let page = try queue.store.items(matching: query, after: after, limit: 7)
                #expect(!page.ranOut && page.items.count <= 7)
                ids += page.items.map(\.summary.id.rawValue)
                cursor = page.next
            }
            let expected = (0..<500).filter { text != "number -7" || !"\($0)".contains("7") }.map { "post-\($0)" }
            #expect(ids == expected, "\(text)")
        }
    }

    @Test("A list under a filter pages both ways in the queue's order")
    func listPaging() throws {
        let queue = try TestQueue()
        try queue.fill(
            (0..<90).map { number in
                [
                    "id": .string("i\(number)"), "text": "some words", "flagged_at": "2026-11-23T10:00:00Z",
                    "priority": .integer(Int64(number % 3)), "source": .string(number % 2 == 0 ? "even" : "odd"),
                ]
            })
        #expect(try queue.store.extendSearch(forSeconds: 60))
        for text in ["source:even", "source:even words"] {
            let query = try ItemQuery(text)
            let whole = try queue.store.page(limit: 100).filter { Int($0.id.rawValue.dropFirst())! % 2 == 0 }.map(\.id)
            #expect(whole.count == 45)
            var forward: [ItemSummary] = []
            while case let page = try queue.store.page(matching: query, from: forward.last?.cursor, limit: 10),
                !page.isEmpty
            {
                forward += page
            }
            #expect(forward.map(\.id) == whole)
            var backward: [ItemSummary] = []
            while case let page = try queue.store.page(
                matching: query, from: backward.first?.cursor, going: .backward, limit: 10), !page.isEmpty
            {
                backward = page + backward
            }
            #expect(backward.map(\.id) == whole)
        }
    }

    @Test("A search that runs out of time says how far it came, and goes on from there")
    func deadline() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(6_000))
        let query = try ItemQuery("\"number 59\"")
        var page = try queue.store.items(matching: query, limit: 1000, forSeconds: 0)
        #expect(page.ranOut && page.items.count < 111 && page.searched < 1 && page.next != nil)
        var count = page.items.count
        while let next = page.next {
            page = try queue.store.items(matching: query, after: next, limit: 1000, forSeconds: 0)
            count += page.items.count
        }
        #expect(count == 111 && page.searched == 1)
        #expect(kind { _ = try queue.store.page(matching: ItemQuery("source:x"), limit: 5, forSeconds: 0) } == "busy")
        #expect(try !queue.store.extendSearch(forSeconds: 0))
    }

    @Test("Restricted items come only to a query that names their queue")
    func restricted() throws {
        let queue = try TestQueue()
        try queue.fill([
            ["id": "a", "text": "same words"],
            ["id": "b", "text": "same words", "reports": [["reason": "sexual/minors"]]],
        ])
        #expect(try queue.find("words") == ["a"] && queue.find("") == ["a"])
        #expect(try queue.find("words queue:restricted") == ["b"])
        #expect(try queue.find("words queue:restricted|default") == ["a", "b"])
        #expect(refusal { _ = try queue.find("queue:mine") }.contains("no queue “mine”"))
        #expect(refusal { _ = try queue.find("policy:nonsense") }.contains("no policy “nonsense”"))
    }

    @Test("An export takes the decisions on items that a query matches, and says which query that was")
    func export() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(12))
        for claim in try queue.store.claim(reviewer: "ann", count: 12) {
            _ = try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: .allow))
        }
        try queue.store.saveView("ones", query: ItemQuery("\"number 1\""))
        let report = try queue.store.export(
            to: queue.folder + "/out", rules: ExportRules(query: ItemQuery("view:ones -id:post-1")))
        #expect(report.rows == 2)
        let lines = try String(contentsOfFile: queue.folder + "/out/decisions.jsonl", encoding: .utf8).split(
            separator: "\n")
        #expect(Set(try lines.map { try JSONValue(parsing: String($0))["id"]?.string }) == ["post-10", "post-11"])
        let manifest = try JSONValue(
            parsing: String(contentsOfFile: queue.folder + "/out/manifest.json", encoding: .utf8))
        #expect(manifest["filter"] == "\"number 1\" -id:post-1")
        #expect(
            kind {
                _ = try queue.store.export(to: queue.folder + "/x", rules: ExportRules(query: ItemQuery("view:no")))
            } == "usage")
    }

    @Test("Every condition alone is SQL that SQLite takes, and so is the largest query")
    func prepares() throws {
        let queue = try TestQueue()
        let conditions = [
            "policy:hate|spam", "score>0.5", "score(hate):0.1..0.2", "id:a*", "source:a|b*", "author:a",
            "reviewer:ann*",
            "lang:de|en", "state:pending|leased|awaiting|decided", "verdict:allow|remove", "queue:default|restricted",
            "age<3h",
            "flagged:2026-01-01..2026-01-02", "has:media|text|note", "word", "仇恨",
        ]
        for condition in conditions { #expect(try queue.find(condition).isEmpty) }
        let long = (0..<100).map { "score(hate)>0.\($0)" }.joined(separator: " or ")
        #expect(try queue.find(long).isEmpty)
        let deep = String(repeating: "(a or -", count: 15) + "b" + String(repeating: ")", count: 15)
        #expect(try queue.find(deep).isEmpty)
    }
}

extension TestQueue {
    func find(_ text: String) throws -> [String] {
        let page = try store.items(matching: ItemQuery(text), limit: 100_000, forSeconds: 60)
        #expect(!page.ranOut && page.next == nil)
        return page.items.map(\.summary.id.rawValue)
    }

    /// Leases some of the items and decides others, in the queue and in memory.
    fileprivate func judge(_ items: inout [NaiveItem], using random: inout RandomQueries) throws {
        for index in items.indices where random.chance(0.5) {
            let reviewer = random.pick(RandomQueries.reviewers)
            let claim = try #require(
                try store.claim(reviewer: reviewer, item: ItemID(items[index].id), rules: ClaimRules(sampleShare: 0))
                    .first)
            guard random.chance(0.6) else {
                items[index].state = .leased
                items[index].holder = reviewer
                continue
            }
            let verdict = random.pick(Verdict.allCases)
            var draft = DecisionDraft(verdict: verdict, note: random.chance(0.3) ? "a note" : nil)
            if verdict.needsPolicy { draft.policies = [PolicyID(random.pick(RandomQueries.policies))] }
            _ = try store.decide(token: claim.lease.token, draft: draft)
            if random.chance(0.2) {
                _ = try store.undo(reviewer: reviewer)
                continue
            }
            let stored = try #require(try store.history(of: claim.item.id).last)
            (items[index].state, items[index].reviewer, items[index].verdict) = (.decided, reviewer, verdict)
            (items[index].note, items[index].decidedPolicies) = (draft.note, stored.policies.map(\.rawValue))
        }
    }
}

extension NaiveItem {
    var line: JSONValue {
        var members = [
            JSONMember("id", .string(id)),
            JSONMember("flagged_at", .string(Timestamp(milliseconds: flagged).rfc3339)),
            JSONMember("scores", .array(scores.map { TestQueue.score($0.policy, $0.value) })),
            JSONMember("reports", .array(reports.map { ["reason": .string($0)] })),
        ]
        if let text { members.append(JSONMember("text", .string(text))) }
        if let source { members.append(JSONMember("source", .string(source))) }
        if let author { members.append(JSONMember("author", .string(author))) }
        if let language { members.append(JSONMember("lang", .string(language))) }
        if hasMedia { members.append(JSONMember("media", [["path": "a.png"]])) }
        return .object(members)
    }
}
