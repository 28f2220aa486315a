import Foundation
import Synchronization

/// Lets the writers of one queue in one after another, so that nobody waits long.
///
/// SQLite has no waiting line: whoever finds the lock taken sleeps and tries again, and whoever has just written finds it
/// free. So some wait for seconds while others write again and again. Here they wait at a file of their own, for two
/// bytes of it in turn: the *next* one's place, and the *turn*. Whoever has written stands behind the one who is next.
/// With sixteen processes the longest wait for a claim fell from two seconds to a quarter of one, at the same rate
/// (`make bench-queue`).
///
/// It only orders them. What keeps the queue right is SQLite's own lock: a writer goes on to that one without a turn
/// where the file cannot be made or the turn does not come, and is told there who is busy. A process that dies gives back
/// what it holds by dying.
final class Turnstile: Sendable {
    private enum Place: Int, Sendable { case next, turn }

    private let path: String
    /// -1 until the first writer comes, and where the file cannot be made.
    private let file = Mutex<Int32>(-1)

    /// - parameter database: The file it stands in front of; the turnstile is `<database>-turn` beside it.
    init(database: String) { path = database + "-turn" }

    deinit {
        file.withLock { if $0 >= 0 { close($0) } }
    }

    /// Runs `body` when it is its turn, or without one after some four seconds. One thread of a process at a time: they
    /// would share one turn.
    func passing<Value>(_ body: () throws -> Value) rethrows -> Value {
        try file.withLock { descriptor in
            if descriptor < 0 { descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600) }
            guard descriptor >= 0, Self.take(.next, of: descriptor, sleeping: 200...1_500, tries: 2_000) else {
                return try body()
            }
            // One process at most tries this often, so the turn is handed on without a pause.
            let hasTurn = Self.take(.turn, of: descriptor, sleeping: 50...100, tries: 15_000)
            Self.giveBack(.next, of: descriptor)
            defer { if hasTurn { Self.giveBack(.turn, of: descriptor) } }
            return try body()
        }
    }

    /// Random sleeps, so that nobody is always a little late.
    private static func take(
        _ place: Place, of descriptor: Int32, sleeping range: ClosedRange<UInt32>, tries: Int
    ) -> Bool {
        for _ in 0..<tries {
            if set(F_WRLCK, place, of: descriptor) { return true }
            guard errno == EAGAIN || errno == EACCES || errno == EINTR else { return false }
            usleep(UInt32.random(in: range))
        }
        return false
    }

    private static func giveBack(_ place: Place, of descriptor: Int32) { _ = set(F_UNLCK, place, of: descriptor) }

    /// `F_OFD_SETLK` of Linux, which Swift's Glibc leaves out.
    static let setLockOfDescription: Int32 = 37

    /// Locks of the open file description, not of the process: another connection of the same process waits as well, and
    /// closing its file frees nothing of ours.
    private static func set(_ type: Int32, _ place: Place, of descriptor: Int32) -> Bool {
        var lock = flock(
            l_type: Int16(type), l_whence: Int16(SEEK_SET), l_start: off_t(place.rawValue), l_len: 1, l_pid: 0)
        return fcntl(descriptor, setLockOfDescription, &lock) == 0
    }
}
