import Foundation
import Queue

extension GlobalOptions {
    /// The queue that the command line, the environment or the default place names.
    func openQueue() throws -> QueueStore {
        try QueueStore.open(at: try Locations().database(option: db))
    }
}
