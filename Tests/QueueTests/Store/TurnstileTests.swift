import Foundation
import Testing

@testable import Queue

@Suite struct TurnstileTests {
    @Test("Whoever has the turn is waited for, and a turn that its holder's death gives back is taken")
    func turn() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(1))
        let other = try holdTurn(of: queue)
        let held = ContinuousClock.now
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(150)) { close(other) }
        #expect(try queue.store.claim(reviewer: "ann").count == 1)
        #expect(held.duration(to: .now) >= .milliseconds(140))
    }

    @Test("A queue whose turnstile cannot be made is written all the same")
    func without() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(1))
        try FileManager.default.removeItem(atPath: queue.store.path + "-turn")
        try FileManager.default.createDirectory(atPath: queue.store.path + "-turn", withIntermediateDirectories: false)
        #expect(try queue.another().claim(reviewer: "ann").count == 1)
    }

    @Test("A reader needs no turn")
    func reading() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(3))
        let other = try holdTurn(of: queue)
        defer { close(other) }
        #expect(try queue.another().stats().items.pending == 3)
    }

    /// As another process would hold it: by a descriptor of its own, over the whole file.
    private func holdTurn(of queue: TestQueue) throws -> Int32 {
        let descriptor = open(queue.store.path + "-turn", O_RDWR)
        var lock = flock(l_type: Int16(F_WRLCK), l_whence: Int16(SEEK_SET), l_start: 0, l_len: 0, l_pid: 0)
        try #require(descriptor >= 0 && fcntl(descriptor, Turnstile.setLockOfDescription, &lock) == 0)
        return descriptor
    }
}
