import Crypto
import Foundation
import GRDB

/// What the event of an erasure says about the decisions on the erased items: `[[seq, "hash"], …]`.
///
/// With an item's key goes the proof of the decisions on it. Who decided what and when stays in their rows, in the
/// clear, so a plain hash of a blanked row gives nothing away, and keeps it from being changed unseen.
enum ErasedDecisions {
    /// SHA-256 of a blanked row's canonical text, hex.
    static func digest(of row: DecisionRow) -> String {
        SHA256.hash(data: Data(row.canonicalText.utf8)).hex
    }

    static func json(_ rows: [(seq: Int64, row: DecisionRow)]) -> JSONValue {
        .array(rows.map { [.integer($0.seq), .string(digest(of: $0.row))] })
    }

    /// The decisions that the body of an `erase` or `purge` event names, with their digests.
    static func parse(_ body: String) -> [(seq: Int64, digest: String)] {
        let pairs = (try? JSONValue(parsing: body))?["decisions"]?.array ?? []
        return pairs.compactMap { pair in
            guard let pair = pair.array, pair.count == 2, let seq = pair[0].int64, let digest = pair[1].string else {
                return nil
            }
            return (seq, digest)
        }
    }
}
