import Crypto
import Foundation
import GRDB
import Testing

@testable import Queue

/// Groups of items that look or read the same, and what was decided about them.
@Suite struct TwinTests {
    /// One picture for each name, and what it is said to look like.
    private func queue(pictures: [String], texts: [String: String] = [:]) throws -> TestQueue {
        let queue = try TestQueue()
        var lines: [JSONValue] = []
        for name in pictures {
            try queue.write("img/\(name).png", Array(name.utf8))
            lines.append(["id": .string(name), "media": [["path": .string("img/\(name).png")]]])
        }
        for (id, text) in texts.sorted(by: { $0.key < $1.key }) {
            lines.append(["id": .string(id), "text": .string(text)])
        }
        try queue.fill(lines)
        return queue
    }

    /// Records what each unseen medium looks like, by the content that the tests give it: its name.
    private func see(_ queue: TestQueue, _ likenesses: [String: Likeness?]) throws {
        let media = try queue.store.unseenMedia().media
        try queue.store.record(
            media.compactMap { medium in
                let name = String(
                    decoding: FileManager.default.contents(atPath: medium.storedPath) ?? Data(), as: UTF8.self)
                return likenesses[name].map { (medium, $0) }
            })
    }

    private func likeness(_ hash: PerceptualHash, quality: Int = 100, turns: [PerceptualHash] = []) -> Likeness {
        Likeness(hash: hash, turns: turns, quality: quality)
    }

    private func decide(
        _ id: ItemID, _ verdict: Verdict, _ policies: Set<PolicyID> = [], by reviewer: String, in queue: TestQueue
    ) throws {
        let claim = try #require(try queue.store.claim(reviewer: reviewer, item: id).first)
        _ = try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: verdict, policies: policies))
    }

    private func group(of id: ItemID, in queue: TestQueue, limit: Int = 200) throws -> TwinGroup {
        #expect(try queue.store.extendTwins(forSeconds: 60))
        return try #require(try queue.store.twins(of: id, limit: limit))
    }

    private func twins(of id: ItemID, in queue: TestQueue) throws -> [ItemID: Int?] {
        let found = try group(of: id, in: queue)
        return Dictionary(uniqueKeysWithValues: found.twins.map { ($0.item, $0.distance) })
    }

    @Test("Pictures are twins up to 31 bits, and not at 32, nor where either has too little in it")
    func threshold() throws {
        var source = SplitMix(state: 1)
        let hash = source.hash()
        let queue = try queue(pictures: ["a", "near", "far", "poor"])
        try see(
            queue,
            [
                "a": likeness(hash), "near": likeness(source.changed(hash, bits: 31)),
                "far": likeness(source.changed(hash, bits: 32)), "poor": likeness(hash, quality: 49),
            ])
        #expect(try twins(of: "a", in: queue) == ["near": 31])
        #expect(try twins(of: "poor", in: queue) == [:])
        #expect(try queue.store.twins(of: "nobody") == nil)
    }

    @Test("A picture that was turned or mirrored is a twin")
    func turned() throws {
        var source = SplitMix(state: 2)
        let (hash, mirrored) = (source.hash(), source.hash())
        let queue = try queue(pictures: ["a", "mirrored"])
        try see(
            queue,
            [
                "a": likeness(hash, turns: [source.hash(), mirrored]),
                "mirrored": likeness(source.changed(mirrored, bits: 6)),
            ])
        #expect(try twins(of: "a", in: queue) == ["mirrored": 6])
    }

    @Test("Texts are twins where only case, width, invisible characters and white space differ")
    func texts() throws {
        let queue = try queue(
            pictures: [],
            texts: [
                "a": "Buy  CHEAP\tmeds\n", "b": "buy cheap meds", "c": "ｂｕｙ che\u{200B}ap\u{00A0}meds",
                "d": "buy cheap med s", "e": "  ", "f": "\u{200B}",
            ])
        let found = try group(of: "a", in: queue)
        #expect(Set(found.twins.map(\.item)) == ["b", "c"])
        #expect(found.twins.allSatisfy { $0.hasSameText && $0.distance == nil && !$0.isDecided })
        #expect(found.isComplete && !found.isCut && found.verdicts.isEmpty)
        #expect(try twins(of: "e", in: queue) == [:])
        try queue.fill([["id": "g", "text": "BUY cheap meds"]])
        let early = try #require(try queue.store.twins(of: "g"))
        #expect(!early.isComplete && early.twins.count == 3, "a new item finds the others before its own turn")
    }

    @Test("The group tells what stands on its other items, how often and by how many people")
    func verdicts() throws {
        let names = ["a", "b", "c", "d", "e"]
        let queue = try queue(
            pictures: [], texts: Dictionary(uniqueKeysWithValues: names.map { ($0, "the same") }))
        try decide("b", .remove, ["hate"], by: "ann", in: queue)
        try decide("c", .remove, ["hate"], by: "bob", in: queue)
        try decide("d", .allow, by: "ann", in: queue)
        try decide("e", .remove, ["spam"], by: "eve", in: queue)
        _ = try queue.store.undo(reviewer: "eve")
        let found = try group(of: "a", in: queue)
        #expect(
            found.verdicts == [
                GroupVerdict(verdict: .remove, policies: ["hate"], items: 2, reviewers: 2),
                GroupVerdict(verdict: .allow, policies: [], items: 1, reviewers: 1),
            ])
        #expect(Set(found.twins.prefix(3).map(\.item)) == ["b", "c", "d"], "decided ones come first")
        #expect(found.twins.map(\.isDecided) == [true, true, true, false])
        // Nothing was decided by itself, and an item's own history is not among its twins'.
        #expect(try queue.store.history(of: "a").isEmpty)
        let seen = try group(of: "b", in: queue)
        #expect(seen.verdicts.contains(GroupVerdict(verdict: .remove, policies: ["hate"], items: 1, reviewers: 1)))
    }

    @Test("An item that waits for an independent verdict is in no group: gold, and second reviews until they are given")
    func independent() throws {
        let names = ["a", "b", "c", "gold", "set apart"]
        let queue = try queue(pictures: [], texts: Dictionary(uniqueKeysWithValues: names.map { ($0, "the same") }))
        try decide("set apart", .remove, ["hate"], by: "ann", in: queue)
        try queue.store.addGold("set apart")
        try queue.store.addGold("gold", verdict: .allow)
        try decide("b", .remove, ["spam"], by: "ann", in: queue)
        var found = try group(of: "a", in: queue)
        #expect(Set(found.twins.map(\.item)) == ["b", "c"], "a gold item's verdict is the answer")
        #expect(found.verdicts == [GroupVerdict(verdict: .remove, policies: ["spam"], items: 1, reviewers: 1)])
        found = try group(of: "gold", in: queue)
        #expect(found.twins.isEmpty && found.verdicts.isEmpty, "verdicts on its twins would give the answer away")
        // The same while somebody holds it, which is when it is looked at.
        let claim = try queue.store.claim(reviewer: "eve", item: "gold")
        #expect(try claim.count == 1 && group(of: "gold", in: queue).twins.isEmpty)
        #expect(try Set(group(of: "a", in: queue).twins.map(\.item)) == ["b", "c"])

        try queue.store.set(ReviewSettings(secondShare: 1))
        try decide("c", .allow, by: "ann", in: queue)
        #expect(try group(of: "c", in: queue).twins.isEmpty)
        #expect(try group(of: "a", in: queue).twins.map(\.item) == ["b"])
        try decide("c", .allow, by: "bob", in: queue)
        #expect(try Set(group(of: "a", in: queue).twins.map(\.item)) == ["b", "c"], "both have judged")
    }

    @Test("What another process adds is found, and a list that is cut says so")
    func added() throws {
        var source = SplitMix(state: 3)
        let hash = source.hash()
        let queue = try queue(pictures: ["a", "b"])
        try see(queue, ["a": likeness(hash)])
        #expect(try twins(of: "a", in: queue) == [:])
        let other = try queue.another()
        let media = try other.unseenMedia().media
        try other.record(media.map { ($0, likeness(source.changed(hash, bits: 3))) })
        #expect(try twins(of: "a", in: queue) == ["b": 3])
        #expect(try other.unseenMedia().media.isEmpty)

        try queue.fill((0..<7).map { ["id": .string("t\($0)"), "text": "again and again"] })
        let cut = try group(of: "t0", in: queue, limit: 4)
        #expect(cut.twins.count == 4 && cut.isCut)
        #expect(try group(of: "t0", in: queue, limit: 6).isCut == false)
    }

    @Test("One look at a picture stands for every item with the same file, also those that come later")
    func sameContent() throws {
        var source = SplitMix(state: 4)
        let queue = try queue(pictures: ["a"])
        try queue.fill([["id": "again", "media": [["path": "img/a.png"]]]])
        #expect(try queue.store.unseenMedia().media.count == 2)
        #expect(try queue.store.unseenMediaCount() == 2)
        let first = try #require(try queue.store.unseenMedia(limit: 1).media.first)
        try queue.store.record([(first, likeness(source.hash()))])
        #expect(try queue.store.unseenMedia().media.isEmpty)
        try queue.fill([["id": "later", "media": [["path": "img/a.png"]]]])
        #expect(try queue.store.unseenMediaCount() == 0)
        #expect(try twins(of: "later", in: queue) == ["a": 0, "again": 0])
    }

    @Test("A file of which nothing can be made does not come up again and matches nothing")
    func unreadable() throws {
        let queue = try queue(pictures: ["a", "b"])
        try see(queue, ["a": nil, "b": nil])
        #expect(try queue.store.unseenMedia().media.isEmpty)
        #expect(try twins(of: "a", in: queue) == [:])
    }

    @Test("Pages of unseen media go on where the last one ended")
    func pages() throws {
        let queue = try queue(pictures: (0..<5).map { "p\($0)" })
        var seen: [String] = []
        var cursor: UnseenMediaPage.Cursor?
        repeat {
            let page = try queue.store.unseenMedia(after: cursor, limit: 2)
            seen += page.media.map(\.storedPath)
            cursor = page.next
        } while cursor != nil
        #expect(seen.count == 5 && Set(seen).count == 5)
    }

    @Test("New content of an undecided item takes the old likeness and text away")
    func updated() throws {
        var source = SplitMix(state: 5)
        let hash = source.hash()
        let queue = try queue(pictures: ["a", "b"], texts: ["c": "one text", "d": "one text"])
        try see(queue, ["a": likeness(hash), "b": likeness(hash)])
        #expect(try twins(of: "a", in: queue) == ["b": 0])
        #expect(try twins(of: "c", in: queue).count == 1)
        try queue.write("img/b.png", Array("other bytes".utf8))
        let report = try queue.ingest(
            [#"{"id":"b","media":[{"path":"img/b.png"}]}"#, #"{"id":"d","text":"another text"}"#],
            IngestOptions(update: true))
        #expect(report.updated == 2)
        #expect(try twins(of: "a", in: queue) == [:])
        #expect(try twins(of: "c", in: queue) == [:])
        #expect(try queue.store.unseenMediaCount() == 1)
    }

    @Test("Erasing an item erases its hashes from every file of the queue and from memory")
    func erased() throws {
        var source = SplitMix(state: 6)
        let hash = source.hash()
        let near = source.changed(hash, bits: 5)
        let turn = source.hash()
        let queue = try queue(pictures: ["a", "b"], texts: ["c": "to be forgotten", "d": "To be  forgotten"])
        try see(queue, ["a": likeness(hash), "b": likeness(near, turns: [turn])])
        #expect(try twins(of: "a", in: queue) == ["b": 5])
        #expect(try twins(of: "c", in: queue).count == 1)
        let needles = [Data(near.bytes), Data(turn.bytes)]
        #expect(needles.allSatisfy { isAnywhere($0, in: queue) })

        let rules = ErasureRules(by: "operator")
        for id in ["b", "d"] as [ItemID] { _ = try queue.store.erase(.item(id), rules: rules) }
        #expect(!needles.contains { isAnywhere($0, in: queue) })
        #expect(try twins(of: "a", in: queue) == [:])
        #expect(try twins(of: "c", in: queue) == [:])
        let left = try queue.store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM text_key") }
        #expect(left == 1)
        // A row that came after the erased one does not take its number, which others have read up to.
        try queue.write("img/new.png", Array("new".utf8))
        try queue.fill([["id": "new", "media": [["path": "img/new.png"]]]])
        try see(queue, ["new": likeness(near)])
        #expect(try twins(of: "a", in: queue) == ["new": 5])
    }

    @Test("Another process that has read a hash does not name the item once it is erased")
    func erasedElsewhere() throws {
        var source = SplitMix(state: 7)
        let hash = source.hash()
        let queue = try queue(pictures: ["a", "b"])
        try see(queue, ["a": likeness(hash), "b": likeness(hash)])
        let other = try queue.another()
        #expect(try other.twins(of: "a")?.twins.count == 1)
        _ = try queue.store.erase(.item("b"), rules: ErasureRules(by: "operator"))
        #expect(try other.twins(of: "a")?.twins.isEmpty == true)
    }

    private func isAnywhere(_ bytes: Data, in queue: TestQueue) -> Bool {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: queue.folder)) ?? []
        return names.filter { $0.hasPrefix("queue.sqlite") }.contains { name in
            FileManager.default.contents(atPath: "\(queue.folder)/\(name)")?.range(of: bytes) != nil
        }
    }
}
