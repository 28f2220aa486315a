import Synchronization

/// A ``Progress`` that work on other threads moves.
final class SharedProgress: Sendable {
    private let bar: Mutex<Progress>

    init(_ title: String, unit: String) { bar = Mutex(Progress(title, unit: unit)) }

    func show(done: Int, fraction: Double?) { bar.withLock { $0.show(done: done, fraction: fraction) } }

    func clear() { bar.withLock { $0.clear() } }
}
