import Foundation
import ModelCore
import Queue

/// The models that this machine has, and the engine they run on.
struct InstalledModels: Sendable {
    let library: ModelLibrary
    /// The heads of a queue that come before the shipped ones.
    let heads: HeadsInUse
    /// What was left out and why.
    let notes: [String]
    private let locations: Locations

    /// Where directions made of words are kept.
    var directionCache: String { locations.cacheHome.appending(path: "directions").path }

    /// - Parameters:
    ///   - taxonomy: of the policies that models may be asked about in words; nil asks about none.
    ///   - heads: of a queue that are in use in it.
    init(locations: Locations = Locations(), taxonomy: Taxonomy? = nil, heads: HeadsInUse = .none) throws {
        let folder = locations.folders("models").first { folder in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
            return names.contains { $0.hasSuffix(".toml") }
        }
        guard let folder else {
            throw CommandFailure(
                .unavailable,
                "No model recipes were found: run reviewtui from its own folder, or name that with REVIEWTUI_SHARE.")
        }
        self.locations = locations
        self.heads = heads
        var notes: [String] = []
        let learnt = LearntHeads(heads, notes: &notes)
        let checked = locations.cacheHome.appending(path: "checked-weights.json").path
        library = try ModelLibrary(
            recipes: folder.path,
            stores: ModelLibrary.stores(startingFrom: Self.searchRoots(locations))
                + [locations.cacheHome.appending(path: "models").path],
            zeroShot: taxonomy?.inWords ?? [], learnt: learnt, cacheFile: checked)
        self.notes = notes + library.notes
    }

    /// Loads OpenVINO.
    func engine(_ options: Engine.Options = Engine.Options()) throws -> Engine {
        var options = options
        options.cacheFolder = locations.cacheHome.appending(path: "compiled").path
        return try Engine(path: try enginePath(), options: options)
    }

    func enginePath() throws -> String {
        try Engine.locate(startingFrom: Self.searchRoots(locations))
    }

    /// Where the search for the project's `.deps` starts: the program's own folder. Not the working directory: a
    /// library found there is loaded, and moderators work in folders that hold other people's files.
    private static func searchRoots(_ locations: Locations) -> [String] {
        locations.ancestors.prefix(1).map(\.path)
    }

    /// The models of these names, or all that are ready.
    ///
    /// - Parameters:
    ///   - admittingUncalibrated: whether numbers that are no probabilities are wanted, too.
    ///   - precision: of the numbers that networks compute with.
    ///   - performance: latency where somebody waits for one answer, throughput where many inputs are at hand.
    func scorer(
        models names: [String], admittingUncalibrated: Bool = true, precision: Engine.Options.Precision = .f32,
        performance: Engine.Options.Performance = .latency
    ) throws -> Scorer {
        var options = Engine.Options()
        options.precision = precision
        options.performance = performance
        let scorer = try Scorer(
            library: library, engine: try engine(options), models: names.isEmpty ? nil : names,
            admittingUncalibrated: admittingUncalibrated,
            directionCache: directionCache)
        guard !scorer.textModels.isEmpty || !scorer.imageInputs.isEmpty else {
            throw CommandFailure(
                .unavailable, "No model's weights are here. Run `make deps`; `reviewtui model list` tells more.")
        }
        return scorer
    }
}

extension Taxonomy {
    /// The policies that have prompts, in plain words.
    var inWords: [ZeroShotPolicy] {
        policies.compactMap { policy in
            policy.prompts.map {
                ZeroShotPolicy(
                    policy: policy.id.rawValue, description: policy.summary, templates: $0.templates,
                    positive: $0.positive, negative: $0.negative, threshold: policy.threshold)
            }
        }
    }
}
