import Crypto
import Foundation
import GRDB

extension QueueStore {
    /// Gives a split to every item that has been decided up to a row of the record and has none yet.
    ///
    /// Items that have one keep it. What ties items together: a file, a picture that looks the same (PDQ within 31 bits, in
    /// any turn), a text that is equal after normalisation, an author. Reads are pages and writes are short, so that no
    /// reviewer waits for it; of two processes that do it at once, one begins again.
    ///
    /// - parameter last: The last row of the record that counts.
    func assignSplits(upTo last: Int64) throws {
        while true {
            guard let assignment = try SplitAssignment.begin(upTo: last, store: self) else { return }
            if try assignment.finish(in: self) { return }
        }
    }
}

/// One round of giving splits: what is new, and everything that is placed already.
private struct SplitAssignment {
    /// Where the record, the hashes and the assignments stood when this began.
    private struct Mark: Hashable {
        var decision: Int64
        var likeness: Int64
        var generation: Int64
    }

    private let begun: Mark
    private let reached: Mark
    private var placed: [(item: Int64, place: SplitGraph.Place)] = []
    private var withdrawn: [Int64] = []

    private static let pageSize = 20_000

    /// - returns: Nil where nothing is new.
    static func begin(upTo last: Int64, store: QueueStore) throws -> SplitAssignment? {
        let (begun, likeness) = try store.read { db in
            (
                Mark(
                    decision: try setting("splits_decision", in: db), likeness: try setting("splits_likeness", in: db),
                    generation: try setting("splits_generation", in: db)),
                try Int64.fetchOne(db, sql: "SELECT max(seq) FROM likeness") ?? 0
            )
        }
        let reached = Mark(
            decision: max(last, begun.decision), likeness: max(likeness, begun.likeness), generation: begun.generation)
        guard begun != reached else { return nil }
        var assignment = SplitAssignment(begun: begun, reached: reached)
        try assignment.place(from: store)
        return assignment
    }

    private init(begun: Mark, reached: Mark) {
        self.begun = begun
        self.reached = reached
    }

    private mutating func place(from store: QueueStore) throws {
        let new = try newItems(of: store)
        let late = Set(
            try store.read { db in
                try Int64.fetchAll(
                    db,
                    sql: """
                        SELECT DISTINCT l.item FROM likeness l JOIN split_member s ON s.item = l.item
                        WHERE l.seq > ? AND l.seq <= ? AND l.quality >= ? AND s.split IS NOT NULL
                        """, arguments: [begun.likeness, reached.likeness, Likeness.leastQuality])
            })
        guard !new.isEmpty || !late.isEmpty else { return }
        var graph = SplitGraph()
        var looks = Looks()
        var seen: Int64 = 0
        while case let rows = try store.read({ try Self.placedPage(after: seen, in: $0) }), !rows.isEmpty {
            for row in rows {
                seen = row[0]
                let split = (row[2] as Int?).flatMap(Split.init)
                graph.add(
                    item: seen, place: SplitGraph.Place(cluster: row[1], split: split), keys: Self.keys(of: row)
                )
            }
        }
        for start in stride(from: 0, to: new.count, by: Self.pageSize) {
            let part = Array(new[start..<min(start + Self.pageSize, new.count)])
            for row in try store.read({ try Self.page(of: part, in: $0) }) {
                graph.add(item: row[0], place: nil, keys: Self.keys(of: row))
            }
        }
        try looks.read(from: store, asking: Set(new).union(late))
        for (item, keys) in looks.keys { graph.extend(item: item, by: keys) }
        for (key, other) in looks.pairs() { graph.tie(key, other) }
        withdrawn = graph.withdraw(late)
        let code = store.queueKey.withUnsafeBytes { KeyedHash(key: $0) }
        placed = graph.placeNew { Split.drawn(for: $0, by: code) }
    }

    private func newItems(of store: QueueStore) throws -> [Int64] {
        var items = Set<Int64>()
        for first in stride(from: begun.decision + 1, through: max(reached.decision, begun.decision), by: Self.pageSize)
        {
            let page = try store.read { db in
                try Int64.fetchAll(
                    db,
                    sql: """
                        SELECT d.item FROM decision d JOIN work w ON w.item = d.item
                        WHERE d.seq BETWEEN ? AND ? AND d.review IS NOT \(ReviewRound.gold.rawValue)
                            AND w.queue <> \(QueueCode.restricted)
                            AND NOT EXISTS (SELECT 1 FROM split_member s WHERE s.item = d.item)
                        """, arguments: [first, min(first + Int64(Self.pageSize) - 1, reached.decision)])
            }
            items.formUnion(page)
        }
        return items.sorted()
    }

    // MARK: - What ties an item to others

    /// After item, cluster and split. Columns are read by number: a first export reads every decided item once.
    private static let facts = """
        i.author, k.key, CASE WHEN k.item IS NULL THEN CAST(i.text AS BLOB) END,
        (SELECT group_concat(hex(m.sha256)) FROM media m WHERE m.item = i.seq)
        """

    private static func placedPage(after item: Int64, in db: Database) throws -> [Row] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT s.item, s.cluster, s.split, \(facts)
                    FROM split_member s JOIN item i ON i.seq = s.item LEFT JOIN text_key k ON k.item = s.item
                    WHERE s.item > ? ORDER BY s.item LIMIT \(pageSize)
                    """), arguments: [item])
    }

    private static func page(of items: [Int64], in db: Database) throws -> [Row] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT i.seq, NULL, NULL, \(facts)
                    FROM json_each(?) part JOIN item i ON i.seq = part.value LEFT JOIN text_key k ON k.item = i.seq
                    ORDER BY i.seq
                    """), arguments: ["[\(items.map(String.init).joined(separator: ","))]"])
    }

    private static func keys(of row: Row) -> [UInt64] {
        var keys: [UInt64] = []
        if let author: String = row[3] { keys.append(key("author", author)) }
        if let text: Int64 = row[4] {
            keys.append(key("text", text))
        } else if let text: Data = row[5],
            let normalised = TextKey.normalised(String(decoding: text, as: UTF8.self))
        {
            keys.append(key("text", TextKey.key(ofNormalised: normalised)))
        }
        if let files: String = row[6] { keys += files.split(separator: ",").map { key("file", $0) } }
        return keys
    }

    /// Good for one round: Swift seeds its hashes anew in every process.
    static func key(_ kind: String, _ value: some Hashable) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(kind)
        hasher.combine(value)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    // MARK: - Writing

    /// - returns: False where another process has assigned splits meanwhile: what this found may tie differently now.
    func finish(in store: QueueStore) throws -> Bool {
        var generation = begun.generation
        for start in stride(from: 0, through: max(placed.count - 1, 0), by: 5_000) {
            let part = placed[start..<min(start + 5_000, placed.count)]
            let isLast = part.endIndex == placed.count
            let isDone = try store.write { db in
                guard try Self.setting("splits_generation", in: db) == generation else { return false }
                let insert = try PreparedStatement(
                    "INSERT OR IGNORE INTO split_member (item, cluster, split) SELECT seq, ?, ? FROM item WHERE seq = ?",
                    in: db)
                for (item, place) in part {
                    insert.bind(1, place.cluster)
                    insert.bind(2, place.split.map { Int64($0.rawValue) })
                    insert.bind(3, item)
                    try insert.run()
                }
                try Self.set("splits_generation", generation + 1, in: db)
                guard isLast else { return true }
                try withdraw(in: db)
                try Self.set("splits_decision", reached.decision, in: db)
                try Self.set("splits_likeness", reached.likeness, in: db)
                return true
            }
            guard isDone else { return false }
            generation += 1
        }
        return true
    }

    private func withdraw(in db: Database) throws {
        for item in withdrawn {
            try db.execute(
                sql: """
                    UPDATE split_member SET split = NULL, withdrawn = (SELECT max(seq) FROM audit_event) WHERE item = ?
                    """, arguments: [item])
        }
    }

    private static func setting(_ name: String, in db: Database) throws -> Int64 {
        try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT value FROM setting WHERE name = ?"), arguments: [name]) ?? 0
    }

    private static func set(_ name: String, _ value: Int64, in db: Database) throws {
        try db.cachedStatement(sql: "INSERT OR REPLACE INTO setting VALUES (?, ?)").execute(arguments: [name, value])
    }
}

/// What the pictures of placed and new items look like.
private struct Looks {
    /// Each item's pictures as keys.
    private(set) var keys: [(item: Int64, keys: [UInt64])] = []
    private var index = HashIndex()
    private var hashes: [PerceptualHash: Int] = [:]
    private var keyOfHash: [UInt64] = []
    /// Those to look for, in all turns: of new items, and of those whose hash came late.
    private var asked: [(key: UInt64, hashes: [PerceptualHash])] = []

    mutating func read(from store: QueueStore, asking: Set<Int64>) throws {
        var last: Int64 = 0
        while case let rows = try store.read({ try Self.page(after: last, in: $0) }), !rows.isEmpty {
            for row in rows {
                last = row["seq"]
                let item: Int64 = row["item"]
                let isAsked = asking.contains(item)
                guard isAsked || row["is_placed"], row["quality"] as Int >= Likeness.leastQuality,
                    let hash = LikenessIndex.hashes(row["hash"]).first
                else { continue }
                let number = hashes[hash] ?? index.count
                if number == index.count {
                    hashes[hash] = number
                    index.append(hash)
                    keyOfHash.append(SplitAssignment.key("look", hash))
                }
                keys.append((item, [keyOfHash[number]]))
                if isAsked { asked.append((keyOfHash[number], [hash] + LikenessIndex.hashes(row["turns"]))) }
            }
        }
    }

    /// Keys of pictures that look the same.
    func pairs() -> [(UInt64, UInt64)] {
        asked.flatMap { key, hashes in
            hashes.flatMap { index.matches(of: $0, within: PerceptualHash.matchDistance) }
                .map { (key, keyOfHash[$0.position]) }
        }
    }

    private static func page(after seq: Int64, in db: Database) throws -> [Row] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT l.seq, l.item, l.quality, l.hash, l.turns,
                        EXISTS (SELECT 1 FROM split_member s WHERE s.item = l.item AND s.split IS NOT NULL) AS is_placed
                    FROM likeness l WHERE l.seq > ? ORDER BY l.seq LIMIT 10000
                    """), arguments: [seq])
    }
}
