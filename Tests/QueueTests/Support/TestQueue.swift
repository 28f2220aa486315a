import Foundation
import Synchronization
import Testing

@testable import Queue

/// A queue in a folder of its own that goes away with it, under a clock that stands still until it is moved.
final class TestQueue: Sendable {
    let folder: String
    let store: QueueStore
    private let clock: MovingClock

    static let start = Timestamp(milliseconds: 1_795_000_000_000)

    init(durability: Durability = .here) throws {
        folder = try Self.temporaryFolder()
        let clock = MovingClock(Self.start)
        self.clock = clock
        store = try QueueStore.create(
            at: folder + "/queue.sqlite", taxonomy: Self.defaultTaxonomy(), durability: durability,
            clock: { clock.now })
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func pass(seconds: Double) { clock.pass(seconds: seconds) }

    /// A second connection to the same file, as another process would have.
    func another() throws -> QueueStore {
        let clock = clock
        return try QueueStore.open(at: store.path, durability: store.durability, clock: { clock.now })
    }

    @discardableResult
    func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
        let path = "\(folder)/\(name)"
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String { try write(name, text.utf8) }

    /// Takes lines in and expects every one to be accepted.
    func fill(_ lines: [JSONValue]) throws {
        let report = try ingest(lines.map(\.text))
        try #require(report.rejected == 0, "\(report.rejections)")
    }

    func ingest(_ lines: [String], _ options: IngestOptions = IngestOptions()) throws -> IngestReport {
        let path = try write("items.jsonl", lines.joined(separator: "\n") + "\n")
        return try store.ingest(.jsonLines(path: path), options: options)
    }

    /// Text posts `post-0`, `post-1` …, flagged a second apart, so that they are claimed in this order.
    static func posts(_ count: Int, scores: [JSONValue] = []) -> [JSONValue] {
        (0..<count).map { number in
            let flagged = Timestamp(milliseconds: start.milliseconds - 100_000_000 + Int64(number) * 1000)
            return [
                "id": .string("post-\(number)"), "text": .string("This is post number \(number)."),
                "flagged_at": .string(flagged.rfc3339), "scores": .array(scores),
            ]
        }
    }

    static func score(_ policy: String, _ value: Double, model: String = "upstream@1") -> JSONValue {
        ["model": .string(model), "policy": .string(policy), "score": .number(value)]
    }

    static func defaultTaxonomy() throws -> Taxonomy {
        try Taxonomy.load(file: packageFolder + "/policies/default.toml")
    }

    static let packageFolder: String = {
        var folder = URL(fileURLWithPath: #filePath)
        while folder.path != "/", !FileManager.default.fileExists(atPath: folder.path + "/Package.swift") {
            folder.deleteLastPathComponent()
        }
        return folder.path
    }()

    static func temporaryFolder() throws -> String {
        let folder = NSTemporaryDirectory() + "/queue-tests-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return folder
    }
}

private final class MovingClock: Sendable {
    private let time: Mutex<Timestamp>

    init(_ start: Timestamp) { time = Mutex(start) }

    var now: Timestamp { time.withLock { $0 } }

    func pass(seconds: Double) { time.withLock { $0 = $0.adding(seconds: seconds) } }
}

/// Runs something that must throw a `QueueError` and gives its description.
func refusal(_ body: () throws -> Void, sourceLocation: SourceLocation = #_sourceLocation) -> String {
    do {
        try body()
    } catch let error as QueueError {
        return "\(error)"
    } catch {
        Issue.record("not a QueueError: \(error)", sourceLocation: sourceLocation)
        return ""
    }
    Issue.record("nothing was thrown", sourceLocation: sourceLocation)
    return ""
}

extension QueueError {
    /// The case without its text.
    var kind: String {
        switch self {
        case .usage: "usage"
        case .rejected: "rejected"
        case .notFound: "notFound"
        case .busy: "busy"
        case .leaseLost: "leaseLost"
        case .failed: "failed"
        }
    }
}

/// The kind of the `QueueError` that something throws; nil where it throws none.
func kind(of body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch {
        return (error as? QueueError)?.kind ?? "\(error)"
    }
}

/// Tests name items by literals; the program never does.
extension ItemID: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) { self.init(value) }
}
