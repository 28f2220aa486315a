import Foundation
import ModelCore
import Queue

extension LearntHeads {
    /// What is in use in a queue, in ModelCore's words.
    ///
    /// - Parameter notes: gets what cannot be read, which then is as if nobody had adopted it.
    init(_ inUse: HeadsInUse, notes: inout [String]) {
        self.init()
        func reading<Part>(_ uses: [HeadsInUse.Use], _ read: (HeadsInUse.Use) throws -> Part?) -> [Part] {
            uses.compactMap { use in
                do {
                    return try read(use)
                } catch {
                    notes.append("A head of this queue is not used: \(error)")
                    return nil
                }
            }
        }
        heads = reading(inUse.heads) { use in
            try Head(data: Data(use.document.utf8), file: use.id).keeping(use.policies.map(\.rawValue))
        }
        calibrations = reading(inUse.calibrations) { use in
            try Calibration(data: Data(use.document.utf8), file: use.id).keeping(use.policies.map(\.rawValue))
        }
    }
}

extension InstalledModels {
    /// With the policies of a queue, and the heads that are in use in it.
    init(of store: QueueStore, locations: Locations = Locations()) throws {
        try self.init(locations: locations, taxonomy: store.taxonomy(), heads: store.headsInUse())
    }
}

extension GlobalOptions {
    /// The models, with policies and heads of the queue where there is one that can be read.
    func installedModels() throws -> InstalledModels {
        if let store = try? openQueue() { return try InstalledModels(of: store) }
        return try InstalledModels(taxonomy: try? taxonomyInForce())
    }
}
