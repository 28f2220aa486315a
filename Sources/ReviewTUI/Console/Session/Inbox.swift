import Synchronization

/// Where events for the main actor wait. Whoever reads takes all that is there at once, so that a burst of keys is
/// painted once.
final class Inbox<Message: Sendable>: Sendable {
    private let waiting = Mutex<[Message]>([])
    private let wake: AsyncStream<Void>.Continuation
    /// One element whenever something may be there.
    let wakes: AsyncStream<Void>

    init() {
        (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func post(_ messages: [Message]) {
        guard !messages.isEmpty else { return }
        waiting.withLock { $0 += messages }
        wake.yield()
    }

    func post(_ message: Message) { post([message]) }

    func take() -> [Message] {
        waiting.withLock { messages in
            defer { messages = [] }
            return messages
        }
    }
}
