import Foundation
import GRDB

extension QueueStore {
    /// The items that look like an item (PDQ within 31 bits, in any of the eight turns, both of quality 50 or more) or whose
    /// text is equal to its text after normalisation, with the verdicts that stand on them; nil where there is no such item.
    ///
    /// Items that wait for an independent verdict (second and third ones, gold) are in no group: beside others they would
    /// tell what was decided on them, and with others beside them they would be told. They look as if they had no twins.
    ///
    /// The first call reads all hashes into memory, about a second for a million; later ones read what is new. Writes
    /// nothing: texts that ``extendTwins(forSeconds:progress:)`` has not come to are not among the twins.
    ///
    /// - parameter limit: At most so many twins.
    public func twins(of id: ItemID, limit: Int = 200) throws -> TwinGroup? {
        try twins(of: id, first: .decided, limit: limit)
    }

    /// Which twins come first, and stay where there are too many.
    enum TwinOrder { case decided, undecided }

    func twins(of id: ItemID, first order: TwinOrder, limit: Int) throws -> TwinGroup? {
        guard let subject = try read({ try Self.subject(id, in: $0) }) else { return nil }
        let alike = try look(for: subject.likenesses)
        return try read { db in
            var search = TwinSearch(db: db, item: subject.seq)
            try search.add(alike, limit: limit)
            try search.addTexts(like: subject.text, first: order, limit: limit)
            let found = try search.twins(first: order, limit: limit)
            return TwinGroup(
                item: id, twins: found.map(\.twin), verdicts: try search.verdicts(on: found.map(\.seq)),
                isCut: search.isCut || search.count > limit, isComplete: try !TextKey.isBehind(db))
        }
    }

    /// Brings up to date, as far as the time allows, what finds equal texts.
    ///
    /// - parameter seconds: About how long to work.
    /// - parameter progress: Called with the items looked at so far.
    /// - returns: Whether every text has been looked at.
    public func extendTwins(forSeconds seconds: Double, progress: (Int) -> Void = { _ in }) throws -> Bool {
        let end = ContinuousClock.now.advanced(by: .seconds(seconds))
        var done = 0
        while try read(TextKey.isBehind) {
            guard ContinuousClock.now < end else { return false }
            // A page is a transaction: short enough for a verdict to wait for.
            done += try write { try TextKey.extend(in: $0, limit: 500) }
            progress(done)
        }
        return true
    }

    private static func subject(_ id: ItemID, in db: Database) throws -> TwinSubject? {
        let row = try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT i.seq, CAST(i.text AS BLOB), w.\(ReviewRound.isIndependentInSQL)
                    FROM item i JOIN work w ON w.item = i.seq WHERE i.id = ?
                    """), arguments: [id.rawValue])
        guard let row else { return nil }
        let seq: Int64 = row[0]
        guard row[2] as Bool == false else { return TwinSubject(seq: seq, text: nil, likenesses: []) }
        let likenesses = try Row.fetchAll(
            db.cachedStatement(
                sql: "SELECT hash, turns FROM likeness WHERE item = ? AND hash IS NOT NULL AND quality >= ?"),
            arguments: [seq, Likeness.leastQuality])
        return TwinSubject(
            seq: seq, text: (row[1] as Data?).flatMap { TextKey.normalised(String(decoding: $0, as: UTF8.self)) },
            likenesses: likenesses.map { LikenessIndex.hashes($0[0]) + LikenessIndex.hashes($0[1]) })
    }

    /// Rows of `likeness` that are near, with their smallest distance. What other processes added is read first.
    func look(for likenesses: [[PerceptualHash]]) throws -> [LikenessIndex.Near] {
        guard !likenesses.isEmpty else { return [] }
        return try likenessIndex.withLock { index in
            // Pages, so that no writer waits for a million rows.
            while try read({ try index.readNext(in: $0) }) {}
            return index.near(likenesses)
        }
    }
}

/// The item whose twins are looked for.
private struct TwinSubject {
    var seq: Int64
    /// Normalised.
    var text: [UInt8]?
    /// Of each picture, its hash and those of its turns.
    var likenesses: [[PerceptualHash]]
}

/// All usable hashes of the queue in memory.
struct LikenessIndex: Sendable {
    struct Near {
        /// The row of `likeness`.
        var row: Int64
        var hash: PerceptualHash
        var distance: Int
    }

    private var index = HashIndex()
    /// Rows of `likeness`, by position in the index.
    private var rows: [Int64] = []
    private var last: Int64 = 0

    /// Reads the next rows.
    ///
    /// - returns: False when there were none.
    mutating func readNext(in db: Database, limit: Int = 20_000) throws -> Bool {
        let cursor = try Row.fetchCursor(
            db.cachedStatement(sql: "SELECT seq, quality, hash FROM likeness WHERE seq > ? ORDER BY seq LIMIT ?"),
            arguments: [last, limit])
        var isAny = false
        while let row = try cursor.next() {
            isAny = true
            last = row[0]
            guard row[1] as Int >= Likeness.leastQuality, let hash = Self.hashes(row[2]).first else { continue }
            index.append(hash)
            rows.append(last)
        }
        return isAny
    }

    func near(_ likenesses: [[PerceptualHash]]) -> [Near] {
        var nearest: [Int: Int] = [:]
        for hash in likenesses.joined() {
            for match in index.matches(of: hash, within: PerceptualHash.matchDistance) {
                nearest[match.position] = min(nearest[match.position] ?? .max, match.distance)
            }
        }
        return nearest.map { Near(row: rows[$0.key], hash: index[$0.key], distance: $0.value) }
            .sorted { ($0.distance, $0.row) < ($1.distance, $1.row) }
    }

    /// The hashes of one column of `likeness`.
    static func hashes(_ bytes: Data?) -> [PerceptualHash] {
        guard let bytes else { return [] }
        return stride(from: 0, to: bytes.count, by: PerceptualHash.byteCount).compactMap { start in
            PerceptualHash(bytes: bytes.dropFirst(start).prefix(PerceptualHash.byteCount))
        }
    }
}

/// Collects twins within one read.
private struct TwinSearch {
    let db: Database
    let item: Int64
    private var found: [Int64: Found] = [:]
    private(set) var isCut = false

    private struct Found {
        var distance: Int?
        var hasSameText = false
    }

    var count: Int { found.count }

    init(db: Database, item: Int64) {
        self.db = db
        self.item = item
    }

    /// Adds what the index found, as far as the rows are still what they were: one may have been erased since. Of a picture
    /// that came in thousands of times, the nearest are enough.
    mutating func add(_ alike: [LikenessIndex.Near], limit: Int) throws {
        let nearest = alike.prefix(10 * limit)
        isCut = nearest.count < alike.count
        for near in nearest {
            let row = try Row.fetchOne(
                db.cachedStatement(
                    sql: """
                        SELECT l.item, l.hash FROM likeness l JOIN work w ON w.item = l.item
                        WHERE l.seq = ? AND NOT w.\(ReviewRound.isIndependentInSQL)
                        """), arguments: [near.row])
            guard let row, LikenessIndex.hashes(row[1]).first == near.hash, row[0] as Int64 != item else { continue }
            let seq: Int64 = row[0]
            found[seq, default: Found()].distance = min(found[seq]?.distance ?? .max, near.distance)
        }
    }

    /// Adds the items of equal text.
    mutating func addTexts(like text: [UInt8]?, first order: QueueStore.TwinOrder, limit: Int) throws {
        guard let text else { return }
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT k.item, CAST(i.text AS BLOB) FROM text_key k JOIN work w ON w.item = k.item
                        JOIN item i ON i.seq = k.item
                    WHERE k.key = ? AND k.item <> ? AND NOT w.\(ReviewRound.isIndependentInSQL)
                    ORDER BY w.decision IS \(order == .decided ? "" : "NOT ")NULL, k.item DESC LIMIT ?
                    """), arguments: [TextKey.key(ofNormalised: text), item, limit + 1])
        isCut = isCut || rows.count > limit
        for row in rows {
            let other = (row[1] as Data?).flatMap { TextKey.normalised(String(decoding: $0, as: UTF8.self)) }
            if other == text { found[row[0], default: Found()].hasSameText = true }
        }
    }

    func twins(first order: QueueStore.TwinOrder, limit: Int) throws -> [(seq: Int64, twin: TwinGroup.Twin)] {
        let all = try found.map { seq, like in
            let row = try Row.fetchOne(
                db.cachedStatement(
                    sql: "SELECT i.id, EXISTS (\(Self.standing) AND d.item = i.seq) FROM item i WHERE i.seq = ?"),
                arguments: [seq])
            let twin = TwinGroup.Twin(
                item: ItemID(row?[0] ?? ""), distance: like.distance, hasSameText: like.hasSameText,
                isDecided: row?[1] ?? false)
            return (seq: seq, twin: twin)
        }
        func rank(_ found: (seq: Int64, twin: TwinGroup.Twin)) -> (Int, Int, Int64) {
            (found.twin.isDecided == (order == .decided) ? 0 : 1, found.twin.distance ?? 0, found.seq)
        }
        let ordered = all.sorted { rank($0) < rank($1) }
        return Array(ordered.prefix(limit))
    }

    /// Verdicts that stand. Those on gold items measure a reviewer and say nothing about the item.
    private static let standing = """
        SELECT 1 FROM decision d WHERE d.verdict IS NOT NULL AND d.review IS NOT \(ReviewRound.gold.rawValue)
            AND NOT EXISTS (SELECT 1 FROM decision later WHERE later.supersedes = d.seq)
        """

    func verdicts(on items: [Int64]) throws -> [GroupVerdict] {
        struct Kind: Hashable {
            var verdict: Verdict
            var policies: [PolicyID]
        }
        var known: [Kind: (items: Int, reviewers: Set<String>)] = [:]
        for item in items {
            for record in try QueueStore.records(
                where: """
                    d.item = ? AND d.verdict IS NOT NULL AND later.seq IS NULL
                        AND d.review IS NOT \(ReviewRound.gold.rawValue)
                    """, [item], in: db)
            {
                guard let verdict = record.verdict else { continue }
                let kind = Kind(verdict: verdict, policies: record.policies.sorted())
                known[kind, default: (0, [])].items += 1
                known[kind]?.reviewers.insert(record.reviewer)
            }
        }
        return known.map { kind, made in
            GroupVerdict(
                verdict: kind.verdict, policies: kind.policies, items: made.items, reviewers: made.reviewers.count)
        }.sorted { ($1.items, $0.name) < ($0.items, $1.name) }
    }
}

extension GroupVerdict {
    /// Orders what is equally frequent.
    fileprivate var name: String { "\(verdict) \(policies.map(\.rawValue).joined(separator: " "))" }
}
