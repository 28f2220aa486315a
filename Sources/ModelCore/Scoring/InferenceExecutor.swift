import Dispatch

/// Runs an actor on a thread of its own.
///
/// Inference blocks its thread for as long as it takes. On Swift's shared pool, which has one thread a core, two
/// running networks would stop every other task of the program.
final class InferenceExecutor: SerialExecutor {
    private let queue: DispatchQueue

    init(label: String) {
        queue = DispatchQueue(label: label, qos: .utility)
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
