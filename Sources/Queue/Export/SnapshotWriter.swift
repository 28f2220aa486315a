import Crypto
import Foundation
import Synchronization

/// Writes a snapshot's lines to a file in the order of the record, on as many threads as there are cores.
///
/// As many pages as there are cores are read at once, while those before them are hashed and written. Each page is a
/// read of its own, so that none stands in a writer's way for long.
///
/// Not checked: every task of a round touches a reader of its own, and the first alone the file; between rounds one
/// thread touches all.
final class SnapshotWriter: @unchecked Sendable {
    private let file: SnapshotFile
    private let readers: [SnapshotReader]
    /// What the readers have read and the file does not hold yet, in order.
    private var pages: [[UInt8]] = []

    init(_ snapshot: Snapshot, path: String, key: SymmetricKey, file: SnapshotFile) throws {
        self.file = file
        let cores = min(ProcessInfo.processInfo.activeProcessorCount, 4)
        readers = try (0..<cores).map { _ in try SnapshotReader(snapshot, path: path, key: key) }
    }

    var rows: Int { readers.map(\.rows).reduce(0, +) }

    /// Rows in each split.
    var splits: [String: Int] { readers.map(\.splits).reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) } }

    /// - parameter last: The last row of the record that is looked at.
    /// - parameter progress: Called with the rows read so far.
    func write(upTo last: Int64, progress: (Int) -> Void) throws {
        for first in stride(from: 1, through: last, by: readers.count * Int(SnapshotReader.pageSize)) {
            let outcomes = Mutex([Result<[UInt8], any Error>](repeating: .success([]), count: readers.count + 1))
            DispatchQueue.concurrentPerform(iterations: readers.count + 1) { [self] task in
                let outcome: Result<[UInt8], any Error> = Result {
                    guard task > 0 else {
                        try writePages()
                        return []
                    }
                    return try readers[task - 1].lines(from: first + Int64(task - 1) * SnapshotReader.pageSize)
                }
                outcomes.withLock { $0[task] = outcome }
            }
            pages = Array(try outcomes.withLock { try $0.map { try $0.get() } }.dropFirst())
            progress(rows)
        }
        try writePages()
    }

    private func writePages() throws {
        for page in pages { try file.append(page) }
    }
}
