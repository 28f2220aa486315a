import Foundation

/// Something the terminal or the system said.
enum TerminalHappening: Sendable {
    case input(KeyDecoder.Input)
    case reply(TerminalProbe.Reply)
    /// A signal's number.
    case signal(Int32)
    /// The terminal is gone.
    case ended
}

/// Reads keys, replies and signals on a thread of its own, which sleeps until there is something.
final class TerminalInput: Sendable {
    private let wakeRead: Int32
    /// Written to by signal handlers: one byte with the signal's number.
    let wakeWrite: Int32
    private let deliver: @Sendable ([TerminalHappening]) -> Void

    /// How long a lone Escape waits for the rest of a sequence, in milliseconds.
    private static let escapeDelay: Int32 = 25

    /// - Parameter deliver: called on the reading thread.
    init(deliver: @escaping @Sendable ([TerminalHappening]) -> Void) {
        var ends: [Int32] = [-1, -1]
        pipe(&ends)
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        (wakeRead, wakeWrite) = (ends[0], ends[1])
        self.deliver = deliver
    }

    func start() {
        Thread.detachNewThread { [self] in read() }
    }

    private func read() {
        var probe = TerminalProbe()
        var decoder = KeyDecoder()
        while true {
            let waits = probe.isWaiting || decoder.isWaiting
            var descriptors = [
                pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
                pollfd(fd: wakeRead, events: Int16(POLLIN), revents: 0),
            ]
            let ready = poll(&descriptors, 2, waits ? Self.escapeDelay : -1)
            if ready < 0, errno != EINTR { return deliver([.ended]) }
            if ready == 0 {
                deliver((decoder.feed(probe.flush()) + decoder.flush()).map(TerminalHappening.input))
                continue
            }
            if descriptors[1].revents != 0 { deliver(signals()) }
            guard descriptors[0].revents != 0 else { continue }
            guard let bytes = chunk(), !bytes.isEmpty else { return deliver([.ended]) }
            let (keys, replies) = probe.feed(bytes)
            deliver(replies.map(TerminalHappening.reply) + decoder.feed(keys).map(TerminalHappening.input))
        }
    }

    private func signals() -> [TerminalHappening] {
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = Foundation.read(wakeRead, &buffer, buffer.count)
        return buffer.prefix(max(0, count)).map { .signal(Int32($0)) }
    }

    /// What can be read now; nil at the end.
    private func chunk() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Foundation.read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            return count > 0 ? Array(buffer.prefix(count)) : nil
        }
    }
}
