import Foundation
import GRDB

/// What a medium looks like, so that near-duplicates of it are found.
public struct Likeness: Sendable, Hashable {
    /// Pictures with less structure than this match nothing (PDQ: quality 49 and below is ignored).
    public static let leastQuality = 50

    public var hash: PerceptualHash
    /// The hashes of the picture turned and mirrored: as many as there are ways, without its own.
    public var turns: [PerceptualHash]
    /// How much structure the picture has, 0 to 100.
    public var quality: Int

    public init(hash: PerceptualHash, turns: [PerceptualHash], quality: Int) {
        self.hash = hash
        self.turns = turns
        self.quality = quality
    }
}

/// A medium of which nobody has said yet what it looks like.
public struct UnseenMedium: Sendable, Hashable {
    /// Where the bytes are.
    public var storedPath: String
    let item: Int64
    let position: Int
    let sha256: Data
    /// Whether the file is the original, which may have changed since it was taken in.
    let isLinked: Bool
}

/// Some media without a likeness, and where to go on.
public struct UnseenMediaPage: Sendable, Hashable {
    public var media: [UnseenMedium]
    /// Hand it to the next call; nil after the last page.
    public var next: Cursor?

    public struct Cursor: Sendable, Hashable {
        let item: Int64
        let position: Int
    }
}

extension QueueStore {
    /// Media that have no likeness yet, of decided items too, in the order of ingestion.
    ///
    /// - parameter cursor: ``UnseenMediaPage/next`` of the page before; nil to start.
    public func unseenMedia(after cursor: UnseenMediaPage.Cursor? = nil, limit: Int = 64) throws -> UnseenMediaPage {
        try read { db in
            let rows = try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT m.item, m.position, m.sha256, m.original FROM media m
                        WHERE (m.item, m.position) > (?, ?) AND NOT EXISTS (
                            SELECT 1 FROM likeness l WHERE l.item = m.item AND l.position = m.position)
                        ORDER BY m.item, m.position LIMIT ?
                        """), arguments: [cursor?.item ?? 0, cursor?.position ?? -1, limit])
            let media = rows.map { row in
                let (sha256, original): (Data, String?) = (row[2], row[3])
                return UnseenMedium(
                    storedPath: original ?? MediaShelf.path(of: sha256.hex, in: mediaFolder), item: row[0],
                    position: row[1], sha256: sha256, isLinked: original != nil)
            }
            let next = media.count == limit ? media.last : nil
            return UnseenMediaPage(
                media: media, next: next.map { UnseenMediaPage.Cursor(item: $0.item, position: $0.position) })
        }
    }

    /// How many media have no likeness yet: the total of a progress bar.
    public func unseenMediaCount() throws -> Int {
        try read { db in
            try Int.fetchOne(
                db, sql: "SELECT (SELECT count(*) FROM media) - (SELECT count(*) FROM likeness)") ?? 0
        }
    }

    /// Records what media look like, in one transaction.
    ///
    /// A copy on the queue's shelf stands for every other item with the same content. What was recorded before stays, and
    /// media that have gone meanwhile, or hold other content now, are passed over.
    ///
    /// - parameter batch: nil where nothing could be made of the file, so that it does not come up again.
    public func record(_ batch: [(medium: UnseenMedium, likeness: Likeness?)]) throws {
        guard !batch.isEmpty else { return }
        try write { db in
            let statement = try db.cachedStatement(
                sql: """
                    INSERT OR IGNORE INTO likeness (item, position, hash, turns, quality)
                    SELECT item, position, ?, ?, ? FROM media
                    WHERE sha256 = ? AND CASE WHEN ? THEN item = ? AND position = ? ELSE original IS NULL END
                    """)
            for (medium, likeness) in batch {
                try statement.execute(arguments: [
                    likeness.map { Data($0.hash.bytes) }, likeness.map { Data($0.turns.flatMap(\.bytes)) },
                    likeness?.quality ?? 0, medium.sha256, medium.isLinked, medium.item, medium.position,
                ])
            }
        }
    }
}

/// `likeness` rows of the items that come in.
enum KnownLikeness {
    /// Gives a new medium the likeness of the same content, where that is on the shelf and known.
    static func copy(to item: Int64, position: Int, sha256: Data, in db: Database) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO likeness (item, position, hash, turns, quality)
                SELECT ?, ?, l.hash, l.turns, l.quality
                FROM media m JOIN likeness l ON l.item = m.item AND l.position = m.position
                WHERE m.sha256 = ? AND m.original IS NULL LIMIT 1
                """
        ).execute(arguments: [item, position, sha256])
    }
}
