import Crypto
import Foundation

/// Reads a source batch by batch, one ahead of whoever takes them, on a thread of its own.
///
/// Reading, hashing and copying media take about as long as writing the rows, and neither needs the other.
final class BatchReader: @unchecked Sendable {
    struct Batch {
        var items: [IncomingItem] = []
        /// Lines that the contract refuses, in the order of the source.
        var refusals: [(raw: RawItem, reason: String)] = []
        /// Of the whole source, up to the end of this batch.
        var progress = IngestProgress(items: 0, bytes: 0, totalBytes: nil)
    }

    private static let batchItems = 5000
    private static let batchBytes = 8 << 20

    // Only the thread of `queue` touches what follows, until `pending` has been waited for.
    private var items: any RawItems
    private let contract: ItemContract
    private let collector: FileCollector
    private var plain: PlainLineReader
    private var linesDone = 0
    private var result: Result<Batch?, any Error> = .success(nil)

    private let queue = DispatchQueue(label: "ingest.read")
    private var pending: DispatchWorkItem?

    init(items: any RawItems, contract: ItemContract, collector: FileCollector) {
        self.items = items
        self.contract = contract
        self.collector = collector
        plain = PlainLineReader(contract: contract)
    }

    /// The next batch, whose media are on the disk; nil at the end of the source.
    func next() throws -> Batch? {
        if pending == nil { start() }
        finish()
        let batch = try result.get()
        if batch != nil { start() }
        return batch
    }

    /// Waits until nothing reads any more, so that the source can be closed.
    func finish() {
        // A work item may be waited for once only.
        pending?.wait()
        pending = nil
    }

    private func start() {
        let work = DispatchWorkItem { [self] in result = Result { try read() } }
        pending = work
        queue.async(execute: work)
    }

    private func read() throws -> Batch? {
        var batch = Batch()
        var bytes = 0
        var isAtEnd = true
        while let raw = try items.next() {
            isAtEnd = false
            linesDone += 1
            bytes += raw.input.count
            do {
                batch.items.append(try collector.collect(raw, try describe(raw)))
            } catch let refusal as Refusal {
                batch.refusals.append((raw, refusal.reason))
            }
            if batch.items.count + batch.refusals.count >= Self.batchItems || bytes >= Self.batchBytes { break }
        }
        if isAtEnd { return nil }
        try collector.shelf.settle()
        try Self.drawKeys(of: &batch.items)
        batch.progress = IngestProgress(items: linesDone, bytes: items.bytesRead, totalBytes: items.totalBytes)
        return batch
    }

    /// Gives every item its key, its lottery number and the commitment to its content, asking the system once.
    private static func drawKeys(of items: inout [IncomingItem]) throws {
        let size = 40
        guard let source = FileHandle(forReadingAtPath: "/dev/urandom"),
            let random = try source.read(upToCount: size * items.count), random.count == size * items.count
        else {
            if items.isEmpty { return }
            throw QueueError.failed("The system gives no random bytes: check /dev/urandom.")
        }
        random.withUnsafeBytes { random in
            for index in items.indices {
                let own = UnsafeRawBufferPointer(rebasing: random[index * size..<(index + 1) * size])
                items[index].key = SymmetricKey(data: own[..<32])
                items[index].lottery = Int64(own.loadUnaligned(fromByteOffset: 32, as: UInt64.self) >> 1)
                items[index].commitment = AuditChain.commitment(to: items[index].digest, key: items[index].key)
            }
        }
    }

    private func describe(_ raw: RawItem) throws(Refusal) -> DescribedItem {
        if case .unread = raw.content, let described = plain.item(raw.input) { return described }
        return try contract.describe(try raw.value())
    }
}
