import Crypto
import Foundation
import GRDB

/// Appends events to the chain and computes the hashes that hold it together.
///
/// An event's hash is the SHA-256 of the canonical JSON
/// `{"body":…,"kind":…,"previous":hex,"seq":n,"time":ms}`; the first event follows 32 zero bytes.
enum AuditChain {
    static let origin = Data(count: 32)

    struct Appended {
        var seq: Int64
        var hash: Data
    }

    /// Adds an event at the end; call it inside the transaction that does what it tells.
    @discardableResult
    static func append(kind: String, body: JSONValue, in db: Database, at time: Timestamp) throws -> Appended {
        let last = try db.cachedStatement(sql: "SELECT seq, hash FROM audit_event ORDER BY seq DESC LIMIT 1")
        let row = try Row.fetchOne(last)
        let seq = (row?["seq"] as Int64? ?? 0) + 1
        let previous = row?["hash"] as Data? ?? origin
        let text = body.canonicalText
        let hash = hash(seq: seq, time: time.milliseconds, kind: kind, body: text, previous: previous)
        try db.cachedStatement(sql: "INSERT INTO audit_event VALUES (?, ?, ?, ?, ?, ?)")
            .execute(arguments: [seq, time.milliseconds, kind, text, previous, hash])
        return Appended(seq: seq, hash: hash)
    }

    static func hash(seq: Int64, time: Int64, kind: String, body: String, previous: Data) -> Data {
        var writer = JSONWriter()
        writer.append(raw: "{\"body\":")
        writer.append(raw: body)
        writer.append(raw: ",\"kind\":")
        writer.append(string: kind)
        writer.append(raw: ",\"previous\":\"\(previous.hex)\",\"seq\":\(seq),\"time\":\(time)}")
        return Data(SHA256.hash(data: writer.bytes))
    }

    /// What the chain holds instead of something about an item: HMAC-SHA-256 under the item's own key.
    static func commitment(to text: String, key: Data) -> Data {
        Data(HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: SymmetricKey(data: key)))
    }

    /// The same of a content digest.
    static func commitment(to digest: Data, key: SymmetricKey) -> Data {
        Data(HMAC<SHA256>.authenticationCode(for: digest, using: key))
    }

    /// The key of an item's commitments.
    static func key(ofItem item: Int64, in db: Database) throws -> Data? {
        try Data.fetchOne(db.cachedStatement(sql: "SELECT subject_key FROM item WHERE seq = ?"), arguments: [item])
    }
}

extension Sequence<UInt8> {
    /// Lower-case hex digits.
    var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in self {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
