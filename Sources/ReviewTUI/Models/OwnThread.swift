import Foundation
import Synchronization

/// Runs work that takes a processor for seconds on a thread of its own, so that Swift's shared threads stay free.
///
/// - Parameter work: asks from time to time whether the task was cancelled, and then throws `CancellationError`.
func onOwnThread<Result: Sendable>(
    _ work: @escaping @Sendable (_ isCancelled: @Sendable () -> Bool) throws -> Result
) async throws -> Result {
    let flag = CancellationFlag()
    return try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue(label: "reviewtui.fit", qos: .utility).async {
                continuation.resume(with: Swift.Result { try work { flag.isRaised.load(ordering: .relaxed) } })
            }
        }
    } onCancel: {
        flag.isRaised.store(true, ordering: .relaxed)
    }
}

private final class CancellationFlag: Sendable {
    let isRaised = Atomic(false)
}
