import CNCurses
import Foundation
import Synchronization

/// Puts the terminal back whatever happens: what a signal handler needs, prepared beforehand.
///
/// A crash handler may only call async-signal-safe functions (POSIX, 2.4.3): it writes these bytes, restores the line
/// discipline with `tcsetattr`, and raises the signal again under its former action.
enum TerminalRescue {
    // Plain memory, written before the handlers are installed and only read in them.
    nonisolated(unsafe) private static var descriptor: Int32 = -1
    nonisolated(unsafe) private static var wakeDescriptor: Int32 = -1
    nonisolated(unsafe) private static var bytes: UnsafeMutablePointer<UInt8>?
    nonisolated(unsafe) private static var count = 0
    nonisolated(unsafe) private static var wantsBacktrace = false
    nonisolated(unsafe) private static var modes: UnsafeMutablePointer<termios>?
    nonisolated(unsafe) private static var former: UnsafeMutablePointer<sigaction>?
    nonisolated(unsafe) private static var endings: UnsafeMutablePointer<Int32>?
    nonisolated(unsafe) private static var forgetting: UnsafeMutablePointer<UInt8>?
    /// How many of those bytes are to be written; the bytes stand before the number does.
    private static let forgettingCount = Atomic<Int>(0)
    private static let mostForgetting = 128

    private static let crashes = [SIGSEGV, SIGABRT, SIGILL, SIGTRAP, SIGBUS, SIGFPE]
    private static let requests = [SIGWINCH, SIGCONT, SIGTERM, SIGHUP, SIGINT, SIGTSTP]

    /// Remembers how the terminal is now, and what bytes bring it back.
    static func arm(descriptor: Int32, restoring text: [UInt8]) {
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: max(1, text.count))
        for (index, byte) in text.enumerated() { memory[index] = byte }
        let saved = UnsafeMutablePointer<termios>.allocate(capacity: 1)
        tcgetattr(descriptor, saved)
        forgetting = .allocate(capacity: mostForgetting)
        bytes = memory
        count = text.count
        modes = saved
        Self.descriptor = descriptor
    }

    /// Watches signals: requests are written to `wake`, one byte each with the signal's number; crashes restore the
    /// terminal at once. A second request to end before the first was heeded restores and ends, too.
    static func install(wake: Int32) {
        wakeDescriptor = wake
        wantsBacktrace = getenv("SWIFT_BACKTRACE") != nil
        let actions = UnsafeMutablePointer<sigaction>.allocate(capacity: 65)
        let counter = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
        counter.pointee = 0
        for number in 0..<65 { (actions + number).initialize(to: sigaction()) }
        former = actions
        endings = counter
        // A stack of its own, so that a stack overflow can be handled too.
        let size = 1 << 16
        var stack = stack_t()
        stack.ss_sp = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        stack.ss_size = size
        sigaltstack(&stack, nil)
        for number in crashes {
            handle(number, flags: SA_ONSTACK | Int32(bitPattern: UInt32(SA_NODEFER))) { TerminalRescue.crash($0) }
        }
        for number in requests { handle(number, flags: SA_RESTART) { TerminalRescue.request($0) } }
        signal(SIGPIPE, SIG_IGN)
    }

    /// Remembers what takes the picture off the terminal that it keeps now; nothing for none.
    static func forget(_ text: [UInt8]) {
        forgettingCount.store(0, ordering: .sequentiallyConsistent)
        guard let forgetting, text.count <= mostForgetting else { return }
        for (index, byte) in text.enumerated() { forgetting[index] = byte }
        forgettingCount.store(text.count, ordering: .sequentiallyConsistent)
    }

    private static func handle(_ number: Int32, flags: Int32, _ handler: @convention(c) (Int32) -> Void) {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = handler
        action.sa_flags = flags
        sigaction(number, &action, former.map { $0 + Int(number) })
    }

    /// Lets SIGTSTP stop the process, or be a request again.
    static func letStop(_ stops: Bool) {
        if stops { signal(SIGTSTP, SIG_DFL) } else { handle(SIGTSTP, flags: SA_RESTART) { TerminalRescue.request($0) } }
    }

    /// Writes the restoring bytes and the former modes. Async-signal-safe.
    static func restore() {
        guard descriptor >= 0 else { return }
        if let bytes { _ = write(descriptor, bytes, count) }
        let left = forgettingCount.load(ordering: .sequentiallyConsistent)
        if left > 0, let forgetting { _ = write(descriptor, forgetting, left) }
        if let modes { tcsetattr(descriptor, TCSANOW, modes) }
    }

    /// Nothing is left to restore.
    static func disarm() {
        descriptor = -1
    }

    private static func crash(_ number: Int32) {
        restore()
        end(by: number)
    }

    private static func request(_ number: Int32) {
        let saved = errno
        if number == SIGTERM || number == SIGHUP || number == SIGINT, let endings {
            endings.pointee += 1
            if endings.pointee > 1 {
                restore()
                end(by: number)
            }
        }
        var byte = UInt8(truncatingIfNeeded: number)
        _ = write(wakeDescriptor, &byte, 1)
        errno = saved
    }

    /// Raises the signal again under the system's own action, so that the parent sees how the process ended.
    ///
    /// Not under the action it had before: for SIGTERM that is ncurses', which exits with 1, and for crashes it may be
    /// Swift's backtrace, which asks questions on the terminal. Whoever sets `SWIFT_BACKTRACE` gets that one.
    static func end(by number: Int32) {
        var action = sigaction()
        if wantsBacktrace, crashes.contains(number), let former { action = former[Int(number)] }
        sigaction(number, &action, nil)
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, number)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
        raise(number)
    }
}
