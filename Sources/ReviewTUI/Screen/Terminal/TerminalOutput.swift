import Foundation
import Synchronization

/// Writes to the terminal without ever waiting for it, so that a slow one never holds up the loop: at once what it takes at
/// once, and the rest on a thread of its own.
///
/// ```swift
/// output.send(cells)              // in order
/// output.mark(7)                  // heard of when everything before it is written
/// output.send(picture: pieces, breakingOff: ending)
/// ```
///
/// What is sent is written in its order. A picture can be broken off between two pieces, so that what matters more does
/// not wait for it: ``breakOffPictures()``.
final class TerminalOutput: Sendable {
    enum Happening: Hashable, Sendable {
        /// Everything before a mark is written.
        case reached(Int)
        /// Nothing is left to write.
        case drained
    }

    private struct Part {
        /// What is left of it, in pieces that are not to be torn.
        var pieces: ArraySlice<[UInt8]>
        var mark: Int?
        var isPicture = false
        var hasBegun = false
        /// Ends a picture in the middle.
        var ending: [UInt8] = []
    }

    private struct Waiting {
        var parts: [Part] = []
        /// Whether the thread has a piece in hand, and whether it is to drop the rest of it.
        var isWriting = false
        var isCut = false
        var hasEnded = false

        var isIdle: Bool { parts.isEmpty && !isWriting }
    }

    /// What a slow line carries in about a second.
    static let pieceBytes = 2048

    /// Bytes in pieces of that length.
    static func pieces(_ bytes: [UInt8]) -> [[UInt8]] {
        stride(from: 0, to: bytes.count, by: pieceBytes).map {
            Array(bytes[$0..<min(bytes.count, $0 + pieceBytes)])
        }
    }

    private let descriptor: Int32
    /// Whether writing to it returns at once, whatever it takes.
    private let isPatient: Bool
    private let waiting = Mutex(Waiting())
    private let more = DispatchSemaphore(value: 0)
    private let heard: @Sendable (Happening) -> Void

    /// - Parameters:
    ///   - terminal: a descriptor of the terminal. It is opened anew, so that writing does not wait in the system, where
    ///     it would hold up everybody who writes; those who share the descriptor notice nothing of that.
    ///   - heard: called on the writing thread, or on the one that sends.
    init(terminal: Int32, heard: @escaping @Sendable (Happening) -> Void) {
        var name = [CChar](repeating: 0, count: 256)
        let own =
            ttyname_r(terminal, &name, name.count) == 0 ? open(name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1
        descriptor = own >= 0 ? own : terminal
        isPatient = own >= 0
        self.heard = heard
        Thread.detachNewThread { [self] in write() }
    }

    // MARK: Sending

    func send(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        append(Part(pieces: Self.pieces(bytes)[...]))
    }

    /// - Parameters:
    ///   - pieces: of about ``pieceBytes`` at most, between which the picture can be broken off.
    ///   - ending: what a terminal needs to hear then.
    func send(picture pieces: [[UInt8]], breakingOff ending: [UInt8]) {
        append(Part(pieces: pieces[...], isPicture: true, ending: ending))
    }

    func mark(_ number: Int) { append(Part(pieces: [], mark: number)) }

    private func append(_ part: Part) {
        let isDone = waiting.withLock { waiting in
            var part = part
            // A thread more would cost a fast terminal a fraction of a millisecond a frame. Pictures are left to it, since
            // they can be broken off.
            if isPatient, waiting.isIdle, !part.isPicture { part.pieces = untaken(part.pieces) }
            if part.pieces.isEmpty, part.mark == nil || waiting.isIdle { return true }
            waiting.parts.append(part)
            return false
        }
        guard isDone else {
            more.signal()
            return
        }
        if let mark = part.mark { heard(.reached(mark)) }
    }

    /// What the terminal does not take at once.
    private func untaken(_ pieces: ArraySlice<[UInt8]>) -> ArraySlice<[UInt8]> {
        var rest = pieces
        while let piece = rest.first {
            let count = piece.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return rest }
            if count == piece.count { rest.removeFirst() } else { rest[rest.startIndex].removeFirst(count) }
        }
        return rest
    }

    /// Whether all that was sent is written.
    var isIdle: Bool { waiting.withLock(\.isIdle) }

    // MARK: Giving way

    /// Drops what is left of pictures; what is sent beside them is written as it was to be. Whether there was one.
    func breakOffPictures() -> Bool {
        let dropped = waiting.withLock { waiting in
            let pictures = waiting.parts.filter(\.isPicture)
            waiting.parts = waiting.parts.compactMap { part in
                guard part.isPicture else { return part }
                return part.hasBegun ? Part(pieces: [part.ending]) : nil
            }
            return !pictures.isEmpty
        }
        more.signal()
        return dropped
    }

    /// Drops all that is not written yet, in the middle of a sequence if need be. What is sent next should begin with the
    /// end of a string.
    func silence() {
        waiting.withLock { waiting in
            waiting.parts = []
            waiting.isCut = waiting.isWriting
        }
        wait()
    }

    /// Throws away what the terminal has not taken from the system yet.
    func flush() { tcflush(descriptor, TCOFLUSH) }

    /// Waits until all that was sent is written, but no longer than some seconds; whether it is.
    @discardableResult
    func wait(patience: Double = 0.5) -> Bool {
        let deadline = DispatchTime.now() + patience
        while !isIdle, DispatchTime.now() < deadline { usleep(500) }
        return isIdle
    }

    /// Ends the thread when it has written what was sent.
    func end() {
        waiting.withLock { $0.hasEnded = true }
        more.signal()
    }

    // MARK: Writing

    private enum Next {
        case bytes([UInt8])
        case mark(Int)
        case nothing
        case end
    }

    private func write() {
        while true {
            switch next() {
            case .bytes(let bytes):
                put(bytes)
                let isDone = waiting.withLock { waiting in
                    (waiting.isWriting, waiting.isCut) = (false, false)
                    return waiting.isIdle
                }
                if isDone { heard(.drained) }
            case .mark(let number): heard(.reached(number))
            case .nothing: more.wait()
            case .end: return
            }
        }
    }

    private func next() -> Next {
        waiting.withLock { waiting in
            while let part = waiting.parts.first {
                if let piece = part.pieces.first {
                    waiting.parts[0].pieces.removeFirst()
                    waiting.parts[0].hasBegun = true
                    if part.pieces.count == 1 { waiting.parts.removeFirst() }
                    waiting.isWriting = true
                    return .bytes(piece)
                }
                waiting.parts.removeFirst()
                if let mark = part.mark { return .mark(mark) }
            }
            return waiting.hasEnded ? .end : .nothing
        }
    }

    private func put(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN {
                guard !waiting.withLock(\.isCut) else { return }
                var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&ready, 1, 50)
                continue
            }
            // The terminal is gone; the reading thread says so.
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
