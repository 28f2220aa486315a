import ModelCore
import Queue

/// Fits heads for the console, behind the reviewer's back: on a connection of its own, so that what it writes reaches the
/// console as any other process's writing does.
///
/// Models are read anew each time, since somebody may have adopted another head meanwhile. What is adopted scores what waits
/// at once, from stored embeddings, a few milliseconds at a time (``Rescoring``).
struct ConsoleRefit: Sendable {
    let path: String
    let reviewer: String
    let settings: RefitSettings

    /// - Throws: what the models, the fits and the queue say, in words.
    func run() async throws -> RefitNews {
        let store = try QueueStore.open(at: path)
        let models = try InstalledModels(of: store)
        var options = Refit.Options(by: reviewer)
        options.adoption = settings.adoptsIfBetter ? .ifBetter : .propose
        options.name = Self.name
        // The other core is the console's.
        options.isSideBySide = false
        let outcome = try await Refit(store: store, library: models.library, scorer: nil).run(options: options)
        let rescored = try await onOwnThread { _ in
            outcome.adoptedModels.isEmpty ? nil : try Rescoring(store: store).run(models: outcome.adoptedModels)
        }
        return RefitNews(outcome, rescored: rescored?.changed.values.reduce(0, +) ?? 0)
    }

    /// Of the heads that come about this way.
    private static let name = "console"
}

extension RefitNews {
    fileprivate init(_ outcome: Refit.Outcome, rescored: Int) {
        self.init(
            changes: outcome.fitted.compactMap { policy in
                policy.comparison.candidate.averagePrecision.map { after in
                    Change(
                        policy: policy.policy, before: policy.comparison.current?.averagePrecision?.value,
                        after: after.value, isAdopted: policy.isAdopted)
                }
            },
            rescored: rescored, leftOut: outcome.leftOut.map(\.sentence))
    }
}
