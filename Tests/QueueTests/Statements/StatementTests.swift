import Foundation
import GRDB
import Testing

@testable import Queue

@Suite struct StatementTests {
    @discardableResult
    private func decide(
        _ queue: TestQueue, _ draft: DecisionDraft, item: String = "post-0", in line: QueueName? = nil
    ) throws -> JSONValue? {
        let claim = try #require(try queue.store.claim(reviewer: "ann", queue: line, item: ItemID(item)).first)
        _ = try queue.store.decide(token: claim.lease.token, draft: draft)
        return try queue.store.history(of: ItemID(item)).last?.statement
    }

    private func queue(_ item: JSONValue? = nil) throws -> TestQueue {
        let queue = try TestQueue()
        try queue.fill(item.map { [$0] } ?? TestQueue.posts(1))
        return queue
    }

    @Test("Our lists are the database's")
    func vocabulary() throws {
        let rules = try StatementRules()
        #expect(rules.allowed("category") == StatementVocabulary.categories)
        #expect(rules.allowed("category_specification") == StatementVocabulary.keywords)
        #expect(rules.allowed("source_type") == StatementVocabulary.sources)
        #expect(rules.allowed("content_type") == StatementVocabulary.contentTypes)
        #expect(rules.allowed("automated_decision") == StatementVocabulary.automatedDecisions)
        #expect(rules.allowed("territorial_scope") == StatementVocabulary.countries)
        #expect(rules.allowed("content_language") == StatementVocabulary.languages)
        #expect(Set(StatementDraft.Source.allCases.map(\.code)) == StatementVocabulary.sources)
        for kind in Measure.Kind.allCases {
            let codes = Set(Measure.allCases.filter { $0.kind == kind }.map(\.code))
            let others = rules.allowed(kind.attribute).subtracting(codes)
            #expect(others.allSatisfy { $0.hasSuffix("_OTHER") }, "\(others)")
            #expect(codes.isSubset(of: rules.allowed(kind.attribute)))
        }
    }

    @Test("The rules would catch a statement that is wrong")
    func rulesBite() throws {
        let queue = try queue()
        let good = try #require(try decide(queue, DecisionDraft(verdict: .remove, policies: ["hate"])))
        let rules = try StatementRules()
        #expect(rules.faults(in: good).isEmpty)
        guard case .object(let members) = good else { return }
        for member in members where !["category_specification", "content_language"].contains(member.key) {
            let without = JSONValue.object(members.filter { $0.key != member.key })
            #expect(!rules.faults(in: without).isEmpty, "\(member.key) is not missed")
            let wrong = JSONValue.object(members.map { $0.key == member.key ? JSONMember($0.key, "") : $0 })
            #expect(!rules.faults(in: wrong).isEmpty, "\(member.key) may be anything")
        }
        #expect(!rules.faults(in: .object(members + [JSONMember("author", "a9f")])).isEmpty)
    }

    @Test("Every default policy, removed or restricted, gives a statement that the database takes")
    func everyPolicy() throws {
        let taxonomy = try TestQueue.defaultTaxonomy()
        let rules = try StatementRules()
        let item = Item(
            id: ItemID("post"), text: "secret words", language: "de-AT",
            media: [MediaReference(path: "a/b.PNG", sha256: "", byteCount: 1, storedPath: "")],
            createdAt: Timestamp(rfc3339: "2026-01-31T23:59:59Z"), flaggedAt: TestQueue.start,
            reports: [Report(reason: "bad")])
        for policy in taxonomy.policies {
            #expect(policy.mappings["dsa"] != nil, "\(policy.id) maps to no category")
            for verdict in [Verdict.remove, .restrict] {
                let statement = StatementOfReasons(
                    verdict: verdict, policies: [policy.id], preselected: [], draft: StatementDraft(), item: item,
                    scores: [], taxonomy: taxonomy, decision: ULID.fresh(at: TestQueue.start),
                    decidedAt: TestQueue.start
                ).json
                #expect(rules.faults(in: statement).isEmpty, "\(policy.id): \(rules.faults(in: statement))")
                #expect(statement["category"] == policy.mappings["dsa"].map { .string($0) })
                let measure = statement["decision_visibility"]?.array?.first
                #expect((measure == "DECISION_VISIBILITY_CONTENT_REMOVED") == (verdict == .remove))
                #expect(!statement.text.contains("secret"), "nothing of the item is in it")
            }
        }
    }

    @Test("What follows from the item: its kinds, language and day, who brought it, and whether a model had a part")
    func derived() throws {
        let queue = try TestQueue()
        for name in ["p.jpeg", "clip.MP4", "x.bin"] { try queue.write(name, name) }
        try queue.fill([
            [
                "id": "a", "text": "t", "lang": "pt-BR", "created_at": "2026-03-04T23:30:00-02:00",
                "media": [["path": "p.jpeg"], ["path": "clip.MP4"]], "scores": [TestQueue.score("hate", 0.9)],
            ],
            ["id": "b", "media": [["path": "x.bin"]], "lang": "xx", "reports": [["reason": "r"], ["reason": "s"]]],
            ["id": "c", "text": "t", "scores": [TestQueue.score("hate", 0.9)], "reports": [["reason": "r"]]],
        ])
        let a = try #require(
            try decide(
                queue, DecisionDraft(verdict: .remove, policies: ["hate", "spam"], preselected: ["hate"]), item: "a"))
        #expect(a["content_type"] == ["CONTENT_TYPE_IMAGE", "CONTENT_TYPE_TEXT", "CONTENT_TYPE_VIDEO"])
        #expect(a["content_language"] == "PT" && a["content_date"] == "2026-03-05")
        #expect(a["source_type"] == "SOURCE_VOLUNTARY" && a["automated_detection"] == "Yes")
        #expect(a["automated_decision"] == "AUTOMATED_DECISION_PARTIALLY")
        #expect(a["category"] == "STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH", "the gravest policy's")
        #expect(a["category_addition"] == ["STATEMENT_CATEGORY_SCAMS_AND_FRAUD"])
        #expect(a["category_specification"] == ["KEYWORD_HATE_SPEECH"])
        #expect(a["decision_ground"] == "DECISION_GROUND_INCOMPATIBLE_CONTENT")
        #expect(a["application_date"] == .string(TestQueue.start.day) && a["territorial_scope"]?.array?.count == 30)
        let record = try #require(try queue.store.history(of: ItemID("a")).first)
        #expect(a["puid"] == .string(record.decision))
        let b = try #require(try decide(queue, DecisionDraft(verdict: .restrict, policies: ["sexual"]), item: "b"))
        #expect(b["content_type"] == ["CONTENT_TYPE_OTHER"] && b["content_language"] == nil)
        #expect(b["content_date"] == .string(TestQueue.start.day), "flagged when it came in")
        #expect(b["source_type"] == "SOURCE_ARTICLE_16" && b["automated_detection"] == "No")
        #expect(b["automated_decision"] == "AUTOMATED_DECISION_NOT_AUTOMATED")
        #expect(b["decision_visibility"] == ["DECISION_VISIBILITY_CONTENT_AGE_RESTRICTED"])
        #expect(b["decision_facts"]?.string?.contains("2 notices") ?? false)
        let c = try #require(try decide(queue, DecisionDraft(verdict: .remove, policies: ["hate"]), item: "c"))
        #expect(c["automated_detection"] == "No", "a person had given notice")
        let rules = try StatementRules()
        for statement in [a, b, c] { #expect(rules.faults(in: statement).isEmpty, "\(rules.faults(in: statement))") }
    }

    @Test("What the reviewer says replaces what follows")
    func overridden() throws {
        let queue = try queue()
        let draft = StatementDraft(
            ground: .illegal, reference: "§ 130 StGB", explanation: "It incites hatred.", facts: "Two people saw it.",
            measures: [.disable, .label, .suspendAccount, .endPayments], until: "2037-12-31",
            category: "VIOLENCE", territory: ["DE", "EU"], source: .trustedFlagger, automatedDetection: true)
        let said = try #require(
            try decide(queue, DecisionDraft(verdict: .restrict, policies: ["hate"], statement: draft)))
        let faults = try StatementRules().faults(in: said)
        #expect(faults.isEmpty, "\(faults)")
        #expect(said["decision_ground"] == "DECISION_GROUND_ILLEGAL_CONTENT")
        #expect(said["illegal_content_legal_ground"] == "§ 130 StGB" && said["incompatible_content_ground"] == nil)
        #expect(said["illegal_content_explanation"] == "It incites hatred.")
        #expect(said["decision_facts"] == "Two people saw it.")
        #expect(
            said["decision_visibility"]
                == ["DECISION_VISIBILITY_CONTENT_DISABLED", "DECISION_VISIBILITY_CONTENT_LABELLED"])
        #expect(said["decision_account"] == "DECISION_ACCOUNT_SUSPENDED")
        #expect(said["decision_monetary"] == "DECISION_MONETARY_TERMINATION" && said["decision_provision"] == nil)
        #expect(said["end_date_account_restriction"] == "2037-12-31" && said["end_date_service_restriction"] == nil)
        #expect(said["category"] == "STATEMENT_CATEGORY_VIOLENCE" && said["category_specification"] == nil)
        #expect(said["territorial_scope"]?.array?.count == 27 && said["source_type"] == "SOURCE_TRUSTED_FLAGGER")
        #expect(said["automated_detection"] == "Yes")
    }

    @Test(
        "What the database would refuse is refused before anything is recorded",
        arguments: [
            (StatementDraft(ground: .illegal), "name the law"),
            (StatementDraft(reference: String(repeating: "x", count: 501)), "1 to 500"),
            (StatementDraft(explanation: " \n"), "1 to 2000"),
            (StatementDraft(facts: String(repeating: "é", count: 5001)), "1 to 5000"),
            (StatementDraft(measures: [.suspendAccount, .endAccount]), "exclude each other"),
            (StatementDraft(category: "RUDE\u{1B}"), "⟨U+001B⟩"), (StatementDraft(territory: ["US"]), "US"),
            (StatementDraft(until: "2020-01-01"), "end on a day"),
            (StatementDraft(until: "2037-02-30"), "end on a day"),
            (StatementDraft(until: "2039-01-01"), "end on a day"), (StatementDraft(until: "tomorrow"), "end on a day"),
        ])
    func refused(statement: StatementDraft, words: String) throws {
        let queue = try queue()
        let claim = try #require(try queue.store.claim(reviewer: "ann").first)
        let draft = DecisionDraft(verdict: .remove, policies: ["hate"], statement: statement)
        let said = refusal { _ = try queue.store.decide(token: claim.lease.token, draft: draft) }
        #expect(said.contains(words), "\(said)")
        #expect(kind(of: { _ = try queue.store.decide(token: claim.lease.token, draft: draft) }) == "usage")
        #expect(try queue.store.history(of: claim.item.id).isEmpty)
    }

    @Test("A verdict that restricts nothing has no statement, and may ask for none")
    func none() throws {
        let queue = try queue()
        let claim = try #require(try queue.store.claim(reviewer: "ann").first)
        let asking = DecisionDraft(verdict: .allow, statement: StatementDraft(facts: "x"))
        #expect(kind(of: { _ = try queue.store.decide(token: claim.lease.token, draft: asking) }) == "usage")
        _ = try queue.store.decide(
            token: claim.lease.token, draft: DecisionDraft(verdict: .escalate, policies: ["hate"]))
        #expect(try queue.store.history(of: claim.item.id).first?.statement == nil)
        _ = try queue.store.undo(reviewer: "ann")
        #expect(try queue.store.history(of: claim.item.id).last?.statement == nil)
    }

    @Test("The chain commits to the statement: one that is changed, added or taken away is named")
    func committed() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(2))
        try decide(queue, DecisionDraft(verdict: .remove, policies: ["hate"]))
        try decide(queue, DecisionDraft(verdict: .allow), item: "post-1")
        #expect(try queue.store.auditVerify().isIntact)
        for change in [
            "replace(statement, 'HARMFUL', 'HARMLESS') WHERE seq = 1", "NULL WHERE seq = 1", "'{}' WHERE seq = 2",
        ] {
            let copy = queue.folder + "/copy.sqlite"
            try? FileManager.default.removeItem(atPath: copy)
            try FileManager.default.copyItem(atPath: queue.store.path, toPath: copy)
            let store = try QueueStore.open(at: copy)
            try store.database.write {
                try $0.execute(
                    sql:
                        """
                        DROP TRIGGER decision_fixed; DROP TRIGGER decision_statement_fixed;
                        UPDATE decision SET statement = \(change)
                        """)
            }
            #expect(try store.auditVerify().fault?.table == .decision, "\(change)")
        }
    }

    @Test("A queue of the former version opens, verifies, and keeps statements from now on")
    func upgrade() throws {
        let folder = try TestQueue.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let fixture = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures/queue-1.sqlite")
        let path = folder + "/queue.sqlite"
        try FileManager.default.copyItem(atPath: fixture.path, toPath: path)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        let store = try QueueStore.open(at: path)
        let report = try store.auditVerify()
        #expect(report.isIntact && report.events >= 7 && report.decisions == 4)
        #expect(try store.history(of: ItemID("post-1")).map(\.statement) == [nil])
        // Its taxonomy has neither categories nor measures.
        let claim = try #require(try store.claim(reviewer: "ann", item: ItemID("post-4")).first)
        _ = try store.decide(
            token: claim.lease.token, draft: DecisionDraft(verdict: .restrict, policies: ["violence/graphic"]))
        let statement = try #require(try store.history(of: ItemID("post-4")).last?.statement)
        #expect(statement["category"] == "STATEMENT_CATEGORY_OTHER_VIOLATION_TC")
        #expect(try StatementRules().faults(in: statement).isEmpty)
        #expect(try store.auditVerify().isIntact)
        // What fell before has no statement, and the export says how many that are.
        let exported = try store.exportStatements(to: folder + "/out")
        #expect(exported.statements == 1 && exported.withoutStatement == 1)
        // `init` brings the new policies in.
        _ = try QueueStore.create(at: path, taxonomy: TestQueue.defaultTaxonomy())
        #expect(try store.taxonomy()["hate"]?.mappings["dsa"] != nil)
        #expect(try store.auditVerify().isIntact)
    }
}
