import Crypto
import Foundation

/// One model as `model list` and `doctor` show it.
public struct ModelDescription: Sendable, Hashable {
    public enum Status: Sendable, Hashable {
        case ready
        /// What is missing and how to get it.
        case missing(String)
        /// What is wrong with the files and what to do.
        case corrupt(String)

        /// What to tell a person; nil where nothing is wrong.
        public var advice: String? {
            switch self {
            case .ready: nil
            case .missing(let text), .corrupt(let text): text
            }
        }
    }

    /// `name@version`.
    public let id: String
    public let family: String
    /// `image` or `text`.
    public let modality: String
    public let licence: String
    public let source: String
    public let weightsSHA256: String
    /// Where the weights lie; nil where they are missing.
    public let weightsPath: String?
    /// Policies it can score, by itself or by fitted heads, sorted; empty for a model that waits for its first head.
    public let policies: [String]
    /// Policies beside those that it is asked about in words, sorted.
    public let zeroShot: [ZeroShot]

    public struct ZeroShot: Sendable, Hashable {
        public let policy: String
        /// ``Head/id``, which scores name.
        public let head: String
        public let isCalibrated: Bool
    }

    public let status: Status
}

/// The models a person has: recipes, the weights found for them, the heads fitted on them, and what policies they can be
/// asked about in words.
///
///     let library = try ModelLibrary(recipes: "models", stores: ModelLibrary.stores(startingFrom: [folder]))
///     for model in library.descriptions { print(model.id, model.status) }
///
/// Recipes come with the program, or lie in a store beside the weights that `model add` put there.
public struct ModelLibrary: Sendable {
    public let recipes: [Recipe]
    /// Those of a queue come first; what they score is not among the policies of the shipped ones.
    public let heads: [Head]
    /// ``Head/id`` of those of a queue.
    let learnt: Set<String>
    /// Policies in words, for models that have no head for them.
    public let zeroShot: [ZeroShotPolicy]
    public let calibrations: [Calibration]
    /// Folders with model folders in them, best first.
    public let stores: [String]
    /// What was left out and why: heads for other weights than those of the recipes, added models that are unsound.
    public let notes: [String]
    private let checked: CheckedWeights

    /// - Parameters:
    ///   - folder: with `*.toml` recipes, `heads/*.json` and `calibration/*.json`.
    ///   - stores: where weights are looked for.
    ///   - zeroShot: policies in words.
    ///   - learnt: what is in use in a queue.
    ///   - cacheFile: remembers which files have been hashed, by size and time; nil hashes every time.
    /// - Throws: ``RecipeError`` for the first bad recipe, head or calibration.
    public init(
        recipes folder: String, stores: [String], zeroShot: [ZeroShotPolicy] = [],
        learnt: LearntHeads = LearntHeads(), cacheFile: String? = nil
    ) throws(RecipeError) {
        self.stores = stores
        self.zeroShot = zeroShot
        checked = CheckedWeights(file: cacheFile)
        var recipes: [Recipe] = []
        for path in try Self.files(in: folder, ending: ".toml", required: true) {
            recipes.append(try Recipe(path: path))
        }
        var notes: [String] = []
        for path in stores.flatMap(ModelStore.recipes(in:)) {
            // One that somebody added must not take the others with it.
            do throws(RecipeError) {
                let recipe = try Recipe(path: path)
                if let other = recipes.first(where: { $0.id == recipe.id }) {
                    notes.append("\(path) is not used: \(recipe.id) is described by \(other.file).")
                } else {
                    recipes.append(recipe)
                }
            } catch {
                notes.append("An added model is not used: \(error)")
            }
        }
        self.recipes = recipes
        let learnt = learnt.usable(with: recipes, notes: &notes)
        var shipped: [Head] = []
        for path in try Self.files(in: folder + "/heads", ending: ".json", required: false) {
            let head = try Head(path: path)
            if let recipe = recipes.first(where: { $0.id == head.model }), recipe.weightsSHA256 != head.weightsSHA256 {
                notes.append("\(path) was fitted on other weights of \(head.model) and is not used.")
            } else {
                shipped.append(head)
            }
        }
        let heads = learnt.explained(as: shipped) + shipped.compactMap(learnt.remainder)
        // What is in use in the queue comes first, and the first says what a direction's probability is.
        var calibrations = learnt.calibrations
        let learntCount = learnt.calibrations.count
        for path in try Self.files(in: folder + "/calibration", ending: ".json", required: false) {
            let calibration = try Calibration(path: path)
            if let other = calibrations.dropFirst(learntCount).first(where: { $0.calibratesWhat(calibration) }) {
                throw .invalid(
                    file: path, line: 0, key: "policies", reason: "calibrate what \(other.file) calibrates already")
            }
            if let recipe = recipes.first(where: { $0.id == calibration.model }),
                recipe.weightsSHA256 != calibration.weightsSHA256
            {
                notes.append("\(path) was fitted on other weights of \(calibration.model) and is not used.")
                continue
            }
            // Without the policies' words nobody can say which heads there are.
            let lost =
                zeroShot.isEmpty ? [] : calibration.lost(among: shipped + heads, recipes: recipes, words: zeroShot)
            for head in lost {
                notes.append("\(path) calibrates \(printable(head)), which is not there any more: fit it again.")
            }
            calibrations.append(calibration)
        }
        for calibration in learnt.calibrations where !zeroShot.isEmpty {
            for head in calibration.lost(among: heads, recipes: recipes, words: zeroShot) {
                notes.append(
                    "\(printable(calibration.file)) of this queue calibrates \(printable(head)), which is not in use.")
            }
        }
        self.heads = heads
        self.learnt = Set(learnt.heads.map(\.id))
        self.calibrations = calibrations
        self.notes = notes
    }

    /// `$REVIEWTUI_MODELS`, then `.deps/models` in the given folders and those above, then
    /// `$XDG_DATA_HOME/reviewtui/models`; only those that exist.
    public static func stores(
        startingFrom folders: [String], environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> [String] {
        var found: [String] = []
        if let given = environment["REVIEWTUI_MODELS"], !given.isEmpty { found.append(given) }
        found += folders.flatMap(Engine.selfAndAncestors(of:)).map { $0 + "/.deps/models" }
        let home = environment["HOME"].map { $0 + "/.local/share" }
        if let data = environment["XDG_DATA_HOME"].flatMap({ $0.isEmpty ? nil : $0 }) ?? home {
            found.append(data + "/reviewtui/models")
        }
        var seen: Set<String> = []
        return found.filter { seen.insert($0).inserted && FileManager.default.fileExists(atPath: $0) }
    }

    /// Every recipe with the state of its files, sorted by id. Hashes weights that were not hashed before: 90 MB take
    /// about 0.1 s.
    public var descriptions: [ModelDescription] {
        recipes.map(describe).sorted { $0.id < $1.id }
    }

    /// The recipe of a model by `name` (the newest version of it, by number) or `name@version`.
    ///
    /// - Throws: ``RecipeError/unknownModel(name:known:)``.
    public func recipe(_ name: String) throws(RecipeError) -> Recipe {
        if let recipe = recipes.first(where: { $0.id == name }) { return recipe }
        let versions = recipes.filter { $0.name == name }
        guard let newest = versions.max(by: { $0.version.compare($1.version, options: .numeric) == .orderedAscending })
        else { throw .unknownModel(name: name, known: recipes.map(\.id)) }
        return newest
    }

    public func describe(_ recipe: Recipe) -> ModelDescription {
        let path = folder(of: recipe).map { $0 + "/" + recipe.weightsFile }
        let own = recipe.outputs.map(\.policy)
        let learnt = heads(of: recipe).flatMap { $0.policies.map(\.policy) }
        return ModelDescription(
            id: recipe.id, family: recipe.family.rawValue, modality: recipe.modality.rawValue, licence: recipe.licence,
            source: recipe.source, weightsSHA256: recipe.weightsSHA256, weightsPath: path,
            policies: Set(own + learnt).sorted(), zeroShot: zeroShotDescriptions(of: recipe),
            status: status(of: recipe))
    }

    private func zeroShotDescriptions(of recipe: Recipe) -> [ModelDescription.ZeroShot] {
        let asked = policiesInWords(for: recipe)
        func describe(_ policy: ZeroShotPolicy) -> ModelDescription.ZeroShot {
            ModelDescription.ZeroShot(
                policy: policy.policy, head: recipe.headID(of: policy), isCalibrated: isCalibrated(policy, for: recipe))
        }
        guard recipe.prompts == nil else {
            return asked.filter { !$0.positive.isEmpty }.map(describe).sorted { $0.policy < $1.policy }
        }
        guard !asked.isEmpty, let folder = folder(of: recipe),
            let weights = try? SafeTensors(path: "\(folder)/\(recipe.weightsFile)"),
            let side = try? ZeroShot(recipe, Checkpoint(of: recipe, folder: folder, weights: weights))
        else { return [] }
        return asked.filter(side.suffices).map(describe).sorted { $0.policy < $1.policy }
    }

    /// The policies that a model is asked about in words: a fitted head, or the model's own output, is better.
    func policiesInWords(for recipe: Recipe) -> [ZeroShotPolicy] {
        guard ZeroShot.isThinkable(recipe) || recipe.prompts != nil else { return [] }
        let known = Set(recipe.outputs.map(\.policy) + heads(of: recipe).flatMap { $0.policies.map(\.policy) })
        return zeroShot.filter { !known.contains($0.policy) }
    }

    /// What was fitted on a model's weights, whatever for.
    func calibrationEntries(for recipe: Recipe) -> [Calibration.Entry] {
        calibrations.filter { $0.weightsSHA256 == recipe.weightsSHA256 }.flatMap(\.entries)
    }

    /// Whether a model's answers about a policy in words were calibrated.
    func isCalibrated(_ policy: ZeroShotPolicy, for recipe: Recipe) -> Bool {
        calibrationEntries(for: recipe).contains { $0.policy == policy.policy && $0.head == recipe.headID(of: policy) }
    }

    /// A head as far as it may score. What nobody calibrated may not unless that is wanted; but whoever adopted a head of
    /// the queue wants it, calibrated or not.
    func admitted(_ head: Head, admittingUncalibrated: Bool) -> Head? {
        admittingUncalibrated || learnt.contains(head.id) ? head : head.calibratedOnly
    }

    /// The heads that were fitted on a model.
    func heads(of recipe: Recipe) -> [Head] { heads.filter { $0.model == recipe.id } }

    /// The folder of a model's files, or nil where no store has its weights.
    func folder(of recipe: Recipe) -> String? {
        let folders = recipe.folder.map { folder in stores.map { "\($0)/\(folder)" } } ?? [recipe.home]
        return folders.first { FileManager.default.fileExists(atPath: "\($0)/\(recipe.weightsFile)") }
    }

    /// The folder of a model whose files have been checked.
    ///
    /// - Throws: ``RecipeError/notReady(model:reason:)``.
    func readyFolder(of recipe: Recipe) throws(RecipeError) -> String {
        if let advice = status(of: recipe).advice { throw .notReady(model: recipe.id, reason: advice) }
        guard let folder = folder(of: recipe) else { throw .notReady(model: recipe.id, reason: "its folder is gone") }
        return folder
    }

    /// A model's weights, opened, found to be those that the recipe names, and read: what was hashed is what a network
    /// is compiled from, whoever renames what meanwhile.
    ///
    /// - Throws: ``RecipeError/notReady(model:reason:)`` or ``WeightsError``.
    func weights(of recipe: Recipe) throws -> SafeTensors {
        let files = try WeightFiles(path: readyFolder(of: recipe) + "/" + recipe.weightsFile)
        guard try checked.sha256(of: files) == recipe.weightsSHA256 else {
            throw RecipeError.notReady(model: recipe.id, reason: "its weights were exchanged just now. Try again.")
        }
        return try SafeTensors(files)
    }

    /// Whether a model's files are there and are those that its recipe names.
    ///
    /// - Parameter anew: reads every byte, whatever is remembered of an earlier look.
    public func status(of recipe: Recipe, anew: Bool = false) -> ModelDescription.Status {
        guard let folder = folder(of: recipe) else {
            let place = recipe.folder.map { "\($0)/\(recipe.weightsFile) is in none of the model stores" }
            return .missing(
                place.map {
                    "\($0). Run `make deps` or `reviewtui model pull \(recipe.name)`, or set REVIEWTUI_MODELS to the folder that "
                        + "holds \(recipe.folder ?? "")."
                }
                    ?? "\(recipe.home)/\(recipe.weightsFile) has gone. Remove the model (`reviewtui model remove "
                    + "\(recipe.id)`) and add it again.")
        }
        do throws(WeightsError) {
            let weights = try WeightFiles(path: "\(folder)/\(recipe.weightsFile)")
            let hash = try checked.sha256(of: weights, anew: anew)
            guard hash == recipe.weightsSHA256 else { return unlike(recipe, path: weights.path, hash: hash) }
            for (name, expected) in recipe.files.sorted(by: { $0.key < $1.key }) {
                let file = try OpenedFile(path: "\(folder)/\(name)")
                let hash = try checked.sha256(of: file, anew: anew)
                guard hash == expected else { return unlike(recipe, path: file.path, hash: hash) }
            }
            return .ready
        } catch {
            return .corrupt(error.description)
        }
    }

    private func unlike(_ recipe: Recipe, path: String, hash: String) -> ModelDescription.Status {
        let advice =
            recipe.folder == nil
            ? "Remove the model (`reviewtui model remove \(recipe.id)`) and add it again." : "Run `make deps`."
        return .corrupt("\(path) is not the file that \(recipe.file) names (SHA-256 \(hash)). \(advice)")
    }

    private static func files(in folder: String, ending: String, required: Bool) throws(RecipeError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(ending) }.sorted()
                .map { folder + "/" + $0 }
        } catch {
            if required { throw .unreadable(file: folder, reason: error.localizedDescription) }
            return []
        }
    }
}

extension Calibration {
    /// Heads that it calibrates and that are neither among some nor made of a policy's words, in order.
    fileprivate func lost(among heads: [Head], recipes: [Recipe], words: [ZeroShotPolicy]) -> [String] {
        let recipe = recipes.first { $0.id == model }
        let asked = words.map { recipe?.headID(of: $0) ?? $0.headID }
        return Set(entries.map(\.head)).subtracting(heads.filter { $0.model == model }.map(\.id) + asked).sorted()
    }
}
