import Crypto
import Foundation
import GRDB

/// The head of a chain, signed, to keep where whoever writes the queue cannot reach it.
///
/// A chain whose end was cut off with its decisions, or that was computed anew from the start, looks whole to itself.
/// Held against a checkpoint made before, it does not:
///
/// ```swift
/// let checkpoint = try store.checkpoint(signedWith: AuditKey(file: "audit.key"))
/// try checkpoint.write(to: "/mnt/elsewhere/2026-11-24.json")
/// let kept = try Checkpoint(file: "/mnt/elsewhere/2026-11-24.json", trusting: publicKey)
/// let report = try store.auditVerify(against: [kept])
/// ```
public struct Checkpoint: Sendable, Hashable {
    /// Names the queue; random, and the same in all its checkpoints.
    public let queue: String
    /// The last event when it was made: the checkpoint's own.
    public let event: Int64
    /// That event's hash, 64 hex digits.
    public let hash: String
    public let time: Timestamp
    /// For finding the right key. It proves nothing: whoever forges a checkpoint writes another one here.
    public let publicKey: String
    let signature: Data

    init(queue: String, event: Int64, hash: String, time: Timestamp, key: AuditKey) throws {
        self.queue = queue
        self.event = event
        self.hash = hash
        self.time = time
        publicKey = key.publicKey.hex
        signature = try key.signature(
            for: Self.message(queue: queue, event: event, hash: hash, time: time, publicKey: publicKey))
    }

    /// Reads a checkpoint's file and checks its signature.
    ///
    /// - parameter key: The public key, from a source of its own.
    /// - throws: ``QueueError/notFound(_:)`` where there is no such file, ``QueueError/rejected(_:)`` where it is no
    ///   checkpoint, or where this key did not sign it.
    public init(file path: String, trusting key: AuditPublicKey) throws {
        let shown = Visible.text(path, limit: 400)
        let text = try SmallFile.read(path)
        guard let json = try? JSONValue(parsing: text), json["format"]?.string == Self.format,
            json["version"]?.int64 == 1, let queue = json["queue"]?.string, let event = json["event"]?.int64,
            let hash = json["hash"]?.string,
            let time = json["time"]?.string.flatMap({ Timestamp(rfc3339: $0) }),
            let publicKey = json["public_key"]?.string,
            let signature = json["signature"]?.string.flatMap({ Data(hex: $0[...]) })
        else {
            throw QueueError.rejected("\(shown) is no checkpoint of a chain: name one that audit checkpoint made.")
        }
        let message = Self.message(queue: queue, event: event, hash: hash, time: time, publicKey: publicKey)
        guard key.isValid(signature, for: message) else {
            throw QueueError.rejected(
                publicKey == key.hex
                    ? "\(shown) was changed after it was signed: fetch it again from where checkpoints are kept."
                    : "\(shown) is signed with another key than the one to be trusted: check both.")
        }
        self.queue = queue
        self.event = event
        self.hash = hash
        self.time = time
        self.publicKey = publicKey
        self.signature = signature
    }

    private static let format = "reviewtui-checkpoint"

    /// What is signed: the canonical JSON of everything but the signature.
    private static func message(
        queue: String, event: Int64, hash: String, time: Timestamp, publicKey: String
    ) -> Data {
        let value: JSONValue = [
            "format": .string(format), "version": 1, "queue": .string(queue), "event": .integer(event),
            "hash": .string(hash), "time": .string(time.rfc3339), "public_key": .string(publicKey),
        ]
        return Data(value.canonicalText.utf8)
    }

    /// What the file holds, and what `audit checkpoint --json` prints.
    public var json: JSONValue {
        [
            "format": .string(Self.format), "version": 1, "queue": .string(queue), "event": .integer(event),
            "hash": .string(hash), "time": .string(time.rfc3339), "public_key": .string(publicKey),
            "signature": .string(signature.hex),
        ]
    }

    /// Writes it into a new file.
    ///
    /// - throws: ``QueueError/usage(_:)`` where there is such a file already.
    public func write(to path: String) throws {
        try SmallFile.write(json.text + "\n", to: path, mode: 0o644)
    }
}

extension QueueStore {
    /// Walks the chain and, where it is whole, signs its head. The making of it is an event, the one that is signed.
    ///
    /// - parameter earlier: Checkpoints that the chain must still hold, so that nothing forged gets a signature.
    /// - throws: ``QueueError/failed(_:)`` where the chain is broken: nothing is signed then.
    public func checkpoint(signedWith key: AuditKey, after earlier: [Checkpoint] = []) throws -> Checkpoint {
        if let fault = try auditVerify(against: earlier).fault {
            throw QueueError.failed(
                "The chain is broken at \(fault.table.rawValue) row \(fault.row), so its head is not signed: run "
                    + "reviewtui audit verify.")
        }
        return try write { db in
            let now = clock()
            let head = try AuditChain.append(
                kind: "checkpoint", body: ["public_key": .string(key.publicKey.hex)], in: db, at: now)
            return try Checkpoint(queue: auditName, event: head.seq, hash: head.hash.hex, time: now, key: key)
        }
    }

    /// What checkpoints call this queue. It comes from the queue's random key and tells nothing of it.
    var auditName: String {
        HMAC<SHA256>.authenticationCode(for: Data("checkpoint".utf8), using: queueKey).prefix(16).hex
    }
}
