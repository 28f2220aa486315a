import Crypto
import Foundation
import Synchronization

/// Reads a snapshot on as many threads as there are cores and passes its pages on in the order of the record.
///
/// As many pages as there are cores are read at once, while those before them are written. Each page is a read of its
/// own, so that none stands in a writer's way for long.
///
/// Not checked: every task of a round touches a reader of its own, and the first alone what is written; between rounds
/// one thread touches all.
final class SnapshotWriter<Maker: SnapshotPageMaker>: @unchecked Sendable {
    private let readers: [SnapshotReader<Maker>]
    private let write: (Maker.Page) throws -> Void
    /// What the readers have read and nobody has written yet, in order.
    private var pages: [Maker.Page] = []

    /// - parameter maker: Each reader has a copy of it.
    /// - parameter write: Called with one page at a time, on any thread.
    init(_ snapshot: Snapshot, path: String, maker: Maker, write: @escaping (Maker.Page) throws -> Void) throws {
        self.write = write
        let cores = min(ProcessInfo.processInfo.activeProcessorCount, 4)
        readers = try (0..<cores).map { _ in try SnapshotReader(snapshot, path: path, maker: maker) }
    }

    /// What was read so far.
    var counts: SnapshotCounts { readers.reduce(into: SnapshotCounts()) { $0.add($1.maker.counts) } }

    /// - parameter last: The last row of the record that is looked at.
    /// - parameter progress: Called with the rows read so far.
    func write(upTo last: Int64, progress: (Int) -> Void) throws {
        for first in stride(from: 1, through: last, by: readers.count * Int(SnapshotPages.size)) {
            let outcomes = Mutex([Result<Maker.Page?, any Error>](repeating: .success(nil), count: readers.count + 1))
            DispatchQueue.concurrentPerform(iterations: readers.count + 1) { [self] task in
                let outcome: Result<Maker.Page?, any Error> = Result {
                    guard task > 0 else {
                        try writePages()
                        return nil
                    }
                    return try readers[task - 1].page(from: first + Int64(task - 1) * SnapshotPages.size)
                }
                outcomes.withLock { $0[task] = outcome }
            }
            pages = try outcomes.withLock { try $0.map { try $0.get() } }.compactMap { $0 }
            progress(readers.reduce(0) { $0 + $1.maker.counts.rows })
        }
        try writePages()
    }

    private func writePages() throws {
        for page in pages { try write(page) }
    }
}
