import Dispatch
import Foundation

/// Work that takes a core for its whole time, on all cores: policies beside one another.
public enum Concurrently {
    /// What `body` makes of 0..<count, in that order.
    ///
    /// Blocks the calling thread until all is done: never call it from asynchronous code, whose shared pool has no thread to
    /// spare; give it a thread of its own.
    public static func map<Value: Sendable>(_ count: Int, _ body: @Sendable (Int) -> Value) -> [Value] {
        let found = Found<Value>(count)
        DispatchQueue.concurrentPerform(iterations: count) { index in found.set(body(index), at: index) }
        return found.values
    }

    private final class Found<Value: Sendable>: @unchecked Sendable {
        private let lock = NSLock()
        private var slots: [Value?]

        init(_ count: Int) { slots = Array(repeating: nil, count: count) }

        func set(_ value: Value, at index: Int) { lock.withLock { slots[index] = value } }

        var values: [Value] { lock.withLock { slots.compactMap { $0 } } }
    }
}
