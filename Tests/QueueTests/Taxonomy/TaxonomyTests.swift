import Foundation
import Testing

@testable import Queue

@Suite struct TaxonomyTests {
    @Test("The default taxonomy has the ids that never change, and sexual/minors is restricted")
    func defaults() throws {
        let taxonomy = try TestQueue.defaultTaxonomy()
        #expect(
            Set(taxonomy.policies.map(\.id.rawValue)) == [
                "hate", "hate/threatening", "harassment", "harassment/threatening", "sexual", "sexual/minors",
                "violence", "violence/graphic", "self-harm", "self-harm/intent", "self-harm/instructions", "illicit",
                "illicit/violent", "spam", "regulated-goods", "misinformation", "privacy",
            ])
        #expect(taxonomy.policies.filter(\.restricted).map(\.id) == ["sexual/minors"])
        #expect(taxonomy.isRestricted("sexual/minors/deeper") && !taxonomy.isRestricted("sexual"))
        #expect(taxonomy["hate"]?.mappings["openai"] == "hate")
        #expect(taxonomy["misinformation"]?.statement?.restrict == .label)
    }

    @Test(
        "A wrong file is refused with file, line and key",
        arguments: [
            ("name = \"x\"\nversion = 1\n\n[[policy]]\nid = \"a\"\ntitle = \"A\"\ncolour = 3\n", "p.toml:7: colour"),
            (
                "name = \"x\"\nversion = 1\nfoo = 2\n[[policy]]\nid = \"a\"\ntitle = \"A\"\n",
                "p.toml:3: unknown key \"foo\""
            ),
            (
                "name = \"x\"\nversion = 1\n[[policy]]\nid = \"a\"\ntitle = \"A\"\n[[policy]]\nid = \"b\"\ntitle = \"B\"\nthreshold = 1.5\n",
                "p.toml:9: threshold"
            ),
            (
                "name = \"x\"\nversion = 1\n[[policy]]\nid = \"a/b\"\ntitle = \"A\"\n",
                "p.toml:4: id: \"a/b\" must come after"
            ),
            ("name = \"x\"\nversion = 1\n[[policy]]\nid = \"A b\"\ntitle = \"A\"\n", "p.toml:4: id"),
            ("name = \"x\"\nversion = 1\n[[policy]]\nid = \"a\"\n", "p.toml:3: title"),
            (
                "name = \"x\"\nversion = 1\n[[policy]]\nid = \"a\"\ntitle = \"A\"\nseverity = \"high\"\n",
                "p.toml:6: severity"
            ),
            (
                "name = \"x\"\nversion = 1\n[[policy]]\nid = \"a\"\ntitle = \"A\"\nmappings = { dsa = \"RUDE\" }\n",
                "p.toml:6: mappings: dsa: \"RUDE\" is no category"
            ),
            (
                "name = \"x\"\nversion = 1\n[[policy]]\nid = \"a\"\ntitle = \"A\"\nstatement = { remove = \"ban\" }\n",
                "p.toml:6: statement: \"ban\" is no measure"
            ),
            (
                "name = \"x\"\nversion = 1\n[[policy]]\nid = \"a\"\ntitle = \"A\"\nstatement = { keywords = [\"RUDE\"] }\n",
                "p.toml:6: statement: \"RUDE\" is no keyword"
            ),
            (
                "name = \"x\"\nversion = 1\n[[policy]]\nid = \"a\"\ntitle = \"A\"\nstatement = { colour = 3 }\n",
                "p.toml:6: statement: unknown key colour"
            ),
            (
                "name = \"x\"\nversion = 1\n[[policy]]\nid = \"a\"\ntitle = \"A\"\nprompts = { negative = [\"b\"] }\n",
                "p.toml:6: prompts: positive needs at least one text"
            ),
            (
                "name = \"x\"\nversion = 1\n[[policy]]\nid = \"a\"\ntitle = \"A\"\nprompts = { positive = [\"b\"], colour = 3 }\n",
                "p.toml:6: prompts: unknown key colour"
            ),
            (
                "name = \"x\"\nversion = 1\n[[policy]]\nid = \"a\"\ntitle = \"A\"\nseverity = 2\n[policy.prompts]\npositive = \"b\"\n",
                "p.toml:7: prompts: positive must be a list of texts"
            ),
            (
                "name = \"x\"\nversion = 1\n[[policy]]\nid = \"a\"\ntitle = \"A\"\nprompts = { positive = [\"b\"], templates = [\"a photo\"] }\n",
                "p.toml:6: prompts: templates holds a text without one {}"
            ),
            (
                "name = \"x\"\nversion = 1\n[[policy]]\nid = \"a\"\ntitle = \"A\"\nprompts = { positive = [\"{}\"] }\n",
                "p.toml:6: prompts: positive holds a text with {}"
            ),
            (
                "name = \"x\"\nversion = 1\n[[policy]]\nid = \"a\"\ntitle = \"A\"\nprompts = { positive = [\"\\u0007\"] }\n",
                "p.toml:6: prompts: positive holds a text with a control character"
            ),
            (
                "name = \"x\"\nversion = 1\n[[policy]]\nid = \"a\"\ntitle = \"A\"\n[policy.prompts]\npositive = [\"b\"]\n[[policy]]\nid = \"b\"\ntitle = \"B\"\nthreshold = 1.5\n",
                "p.toml:11: threshold"
            ),
            (
                "name = \"x\"\nversion = 1\nprompts = { positive = [\"a\"] }\n[[policy]]\nid = \"a\"\ntitle = \"A\"\n",
                "p.toml:3: prompts: unknown key positive"
            ),
            (
                "name = \"x\"\nversion = 1\n[[policy]]\nid = \"a\"\ntitle = \"A\"\nsoften = [\"blur\", \"fog\"]\n",
                "p.toml:6: soften: \"fog\" softens nothing; there are grey, blur, lines, detail"
            ),
            (
                "name = \"x\"\nversion = 1\n[[policy]]\nid = \"a\"\ntitle = \"A\"\nsoften = \"blur\"\n",
                "p.toml:6: soften: a list of texts is needed"
            ),
            (
                "name = \"x\"\nversion = 1\n[[policy]]\nid = \"a\"\ntitle = \"A\"\nreasons = [\"\\u001b\"]\n",
                "p.toml:6: reasons: a text holds no control character"
            ),
            (
                "name = \"x\"\nversion = 1\n[[policy]]\nid = \"a\"\ntitle = \"A\"\nasks = { allow = \"Why?\" }\n",
                "p.toml:6: asks: \"allow\" is no verdict that names policies"
            ),
            (
                "name = \"x\"\nversion = 1\n[[policy]]\nid = \"a\"\ntitle = \"A\"\nasks = { remove = true }\n",
                "p.toml:6: asks: remove needs a sentence"
            ),
            ("name = \"x\"\nversion = 1\nx = [\n", "p.toml:"), ("version = 1\n", "p.toml:1: name"),
            (
                "name = \"x\"\nversion = 1\n[[policy]]\nid = \"a\"\ntitle = \"A\"\n[[policy]]\nid = \"a\"\ntitle = \"A\"\n",
                "p.toml:7: id: \"a\" stands twice"
            ),
        ])
    func refuses(source: String, message: String) {
        let said = refusal { _ = try Taxonomy.parse(source, named: "p.toml") }
        #expect(said.hasPrefix(message), "\(said)")
    }

    @Test("Prompts of a policy stand alone or take what it leaves open from the file's, and survive being stored")
    func prompts() throws {
        let taxonomy = try Taxonomy.parse(
            """
            name = "x"
            version = 1
            [prompts]
            templates = ["a photo of {}.", "{}"]
            negative = ["a cat"]
            [[policy]]
            id = "a"
            title = "A"
            [policy.prompts]
            positive = [
                "blood",
            ]
            [[policy]]
            id = "b"
            title = "B"
            prompts = { positive = ["a gun"], negative = ["a toy"], templates = ["a drawing of {}"] }
            [[policy]]
            id = "c"
            title = "C"
            """, named: "p.toml")
        #expect(
            taxonomy["a"]?.prompts
                == PolicyPrompts(templates: ["a photo of {}.", "{}"], positive: ["blood"], negative: ["a cat"]))
        #expect(
            taxonomy["b"]?.prompts
                == PolicyPrompts(templates: ["a drawing of {}"], positive: ["a gun"], negative: ["a toy"]))
        #expect(taxonomy["c"]?.prompts == nil)
        #expect(try Taxonomy(name: "x", version: 1, json: taxonomy.json) == taxonomy)
    }

    @Test("Softening, reasons and questions of a policy survive being stored; blurred is an older word for blur")
    func wellbeing() throws {
        let taxonomy = try Taxonomy.parse(
            """
            name = "x"
            version = 1
            [[policy]]
            id = "a"
            title = "A"
            blurred = true
            soften = ["detail", "grey"]
            reasons = ["One", "Two"]
            asks = { escalate = "It is reported.", remove = "The account is closed." }
            [[policy]]
            id = "a/b"
            title = "B"
            """, named: "p.toml")
        #expect(taxonomy["a"]?.soften == [.grey, .blur, .detail] && taxonomy["a/b"]?.soften == [])
        #expect(taxonomy["a"]?.reasons == ["One", "Two"])
        #expect(try Taxonomy(name: "x", version: 1, json: taxonomy.json) == taxonomy)
        let older: JSONValue = ["policies": .array([["id": "a", "title": "A", "blurred": .bool(true)]])]
        #expect(try Taxonomy(name: "x", version: 1, json: older)["a"]?.soften == [.blur])
        let warnings = taxonomy.policies.warnings(of: .escalate, under: ["a/b"])
        #expect(warnings == [PolicyWarning(policy: "a", sentence: "It is reported.")])
        #expect(taxonomy.policies.warnings(of: .restrict, under: ["a/b", "a"]).isEmpty)
    }

    @Test("Every default policy has reasons, and only an escalation of sexual/minors asks")
    func defaultReasons() throws {
        let taxonomy = try TestQueue.defaultTaxonomy()
        #expect(taxonomy.policies.allSatisfy { (2...6).contains($0.reasons.count) })
        #expect(taxonomy.policies.allSatisfy { $0.reasons.allSatisfy { $0.count <= 60 } })
        #expect(taxonomy.policies.filter { $0.asks != nil }.map(\.id) == ["sexual/minors"])
        #expect(!taxonomy.policies.warnings(of: .escalate, under: ["sexual/minors"]).isEmpty)
        #expect(taxonomy["violence/graphic"]?.soften == [.grey, .blur])
    }

    @Test("The default taxonomy asks about pictures in several templates, each policy against something, never minors")
    func defaultPrompts() throws {
        let taxonomy = try TestQueue.defaultTaxonomy()
        for id in ["sexual", "violence/graphic", "illicit/violent", "self-harm"] as [PolicyID] {
            let prompts = try #require(taxonomy[id]?.prompts)
            #expect(prompts.templates.count >= 5 && prompts.positive.count >= 5 && prompts.negative.count >= 5)
        }
        #expect(taxonomy.policies.allSatisfy { $0.prompts.map { !$0.negative.isEmpty } ?? true })
        #expect(taxonomy["sexual/minors"]?.prompts == nil)
    }

    @Test("A file that is not there is said to be missing")
    func missing() {
        #expect(kind(of: { _ = try Taxonomy.load(file: "/nowhere/p.toml") }) == "notFound")
    }

    @Test("A new version is installed beside the old one, and an id in use must stay")
    func versions() throws {
        let queue = try TestQueue()
        let old = try queue.store.taxonomy()
        #expect(try old == TestQueue.defaultTaxonomy())
        let more = try Taxonomy(
            name: "default", version: 2, policies: old.policies + [Policy(id: "impersonation", title: "Impersonation")])
        try queue.store.install(more)
        #expect(try queue.another().taxonomy() == more)
        #expect(kind(of: { try queue.store.install(old) }) == "usage")
    }
}
