import Crypto
import Foundation

/// A folder that holds the models a person added: one folder each, `NAME@VERSION`, with a recipe beside the files.
///
///     let store = ModelStore(folder: ModelStore.own())
///     let added = try store.add(folder: "clip-vit-b32", ModelStore.Wish(name: "clip"), besides: library.recipes)
///
/// A model is either there whole or not at all: everything is copied, checked and hashed in a hidden folder, which is
/// renamed into place at the end. What is checked is the copy, so the source may change meanwhile. Files are left
/// read-only; this program never writes to them again.
public struct ModelStore: Sendable {
    public let folder: String

    public init(folder: String) {
        self.folder = folder
    }

    /// `$REVIEWTUI_MODELS`, else `$XDG_DATA_HOME/reviewtui/models`.
    public static func own(environment: [String: String] = ProcessInfo.processInfo.environment) -> String {
        if let given = environment["REVIEWTUI_MODELS"], !given.isEmpty { return given }
        // The XDG specification: a relative path in this variable is to be ignored.
        let named = environment["XDG_DATA_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        return (named ?? (environment["HOME"] ?? "") + "/.local/share") + "/reviewtui/models"
    }

    /// How a checkpoint is to be added.
    public struct Wish: Sendable {
        /// Nil takes the folder's name.
        public var name: String?
        public var version = "1"
        /// A mapping file for a checkpoint in no layout that is known; nil looks for one in the folder.
        public var mapping: String?
        /// What the model is to read; nil takes pictures where its family can read both.
        public var modality: Recipe.Modality?
        /// Refers to the weights where they are instead of copying them.
        public var links = false
        /// For people; nil takes what the model card says.
        public var licence: String?
        /// For people: where the weights come from.
        public var source: String?

        public init(name: String? = nil) {
            self.name = name
        }
    }

    public struct Addition: Sendable {
        public let recipe: Recipe
        /// False where the very same model was there already.
        public let isNew: Bool
        /// For people.
        public let notes: [String]
    }

    // MARK: Adding

    /// Takes a published checkpoint into the store.
    ///
    /// - Parameters:
    ///   - source: its folder.
    ///   - others: recipes whose names are taken.
    /// - Throws: ``CheckpointError``, ``WeightsError``, ``ConfigurationError`` or ``RecipeError``; the store is then as
    ///   it was.
    public func add(folder source: String, _ wish: Wish, besides others: [Recipe] = []) throws -> Addition {
        let published = try PublishedFolder(folder: source)
        let name = wish.name ?? Self.name(from: source)
        for word in [name, wish.version] where !RecipeFields.isWord(word) { throw CheckpointError.badName(word) }
        let id = "\(name)@\(wish.version)"
        let lock = try StoreLock(folder: folder)
        defer { withExtendedLifetime(lock) {} }

        let draft = "\(folder)/\(StoreLock.draftPrefix)\(UUID().uuidString)"
        try Self.makeFolder(draft)
        defer { try? FileManager.default.removeItem(atPath: draft) }
        var files: [String: String] = [:]
        for companion in published.companions where companion != MappingFile.name || wish.mapping == nil {
            files[companion] = try Self.copy("\(source)/\(companion)", to: draft)
        }
        if let mapping = wish.mapping {
            files[MappingFile.name] = try Self.copy(mapping, to: draft, as: MappingFile.name)
        }
        guard published.isDescribed || wish.mapping != nil else {
            throw CheckpointError.undecided(
                path: source,
                reason: "nothing says what these weights are. Put the publisher's config.json beside them, or give a "
                    + "--mapping (docs/model-families.md, \"Mapping files\").")
        }
        let hash = try take(published, into: draft, linking: wish.links)
        let (recipe, notes) = try namingSource(source, of: draft) {
            let weights = try SafeTensors(path: "\(draft)/\(published.weightsFile)")
            return try describe(published, wish, name: name, hash: hash, files: files, in: draft, weights: weights)
        }
        if let other = others.first(where: { $0.id == id }), other.home != "\(folder)/\(id)" {
            guard other.weightsSHA256 == recipe.weightsSHA256 else {
                throw CheckpointError.taken(model: id, by: other.file)
            }
            return Addition(recipe: other, isNew: false, notes: [])
        }
        if let there = try existing(id) {
            guard there.weightsSHA256 == recipe.weightsSHA256, there.files == recipe.files else {
                throw CheckpointError.taken(model: id, by: there.file)
            }
            return Addition(recipe: there, isNew: false, notes: [])
        }
        try Self.moveIntoPlace(draft, "\(folder)/\(id)")
        return Addition(recipe: try Recipe(path: "\(folder)/\(id)/\(Self.recipeName)"), isNew: true, notes: notes)
    }

    /// Takes an added model out of the store.
    ///
    /// - Parameter name: `name@version`, or `name` where there is one version of it.
    /// - Returns: the id of what was removed.
    /// - Throws: ``CheckpointError``.
    public func remove(_ name: String) throws(CheckpointError) -> String {
        let lock = try StoreLock(folder: folder)
        defer { withExtendedLifetime(lock) {} }
        let added = Self.recipes(in: folder).map { ($0 as NSString).deletingLastPathComponent as NSString }
            .map(\.lastPathComponent)
        let meant = added.filter { $0 == name || $0.hasPrefix(name + "@") }
        guard let id = meant.first, meant.count == 1 else { throw .notAdded(model: name) }
        // Out of sight first: a removal that is killed leaves debris, not half a model.
        let debris = "\(folder)/\(StoreLock.draftPrefix)\(UUID().uuidString)"
        guard rename("\(folder)/\(id)", debris) == 0 else {
            throw .notWritable(path: "\(folder)/\(id)", reason: OpenedFile.lastReason)
        }
        try? FileManager.default.removeItem(atPath: debris)
        return id
    }

    /// Paths of the recipes of a store's added models, sorted.
    static func recipes(in store: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: store)) ?? []
        return names.sorted().filter { !$0.hasPrefix(".") }.map { "\(store)/\($0)/\(recipeName)" }
            .filter { FileManager.default.fileExists(atPath: $0) }
    }

    // MARK: Machinery

    private static let recipeName = "recipe.toml"

    /// A folder's name made fit for a model's: what may not stand there becomes a hyphen.
    static func name(from folder: String) -> String {
        let last = URL(fileURLWithPath: folder).standardizedFileURL.lastPathComponent.lowercased()
        let parts = last.unicodeScalars.split { !RecipeFields.isWord("a" + String($0)) }
        let joined = parts.map { String($0) }.joined(separator: "-")
        return String(joined.drop { $0 == "." || $0 == "-" }.prefix(80))
    }

    private func existing(_ id: String) throws -> Recipe? {
        let path = "\(folder)/\(id)/\(Self.recipeName)"
        return FileManager.default.fileExists(atPath: path) ? try Recipe(path: path) : nil
    }

    /// Copies or links the weights; the hash that stands for them.
    private func take(_ published: PublishedFolder, into draft: String, linking: Bool) throws -> String {
        let files = try WeightFiles(path: "\(published.folder)/\(published.weightsFile)")
        for opened in files.all {
            if linking, opened.path != files.index?.opened.path {
                let target = URL(fileURLWithPath: opened.path).standardizedFileURL.path
                guard symlink(target, "\(draft)/\(opened.name)") == 0 else {
                    throw CheckpointError.notWritable(path: "\(draft)/\(opened.name)", reason: OpenedFile.lastReason)
                }
            } else {
                _ = try Self.copy(opened.path, to: draft)
            }
        }
        return try CheckedWeights(file: nil).sha256(of: WeightFiles(path: "\(draft)/\(published.weightsFile)"))
    }

    /// Writes the recipe of what lies in `draft`, reads it back, and describes its networks.
    private func describe(
        _ published: PublishedFolder, _ wish: Wish, name: String, hash: String, files: [String: String],
        in draft: String,
        weights: SafeTensors
    ) throws -> (Recipe, notes: [String]) {
        let checkpoint = try Checkpoint(folder: draft, weights: weights)
        let family = checkpoint.family
        guard let modality = wish.modality ?? family.modalities.first, family.modalities.contains(modality) else {
            throw CheckpointError.undecided(
                path: published.folder,
                reason:
                    "a model of the family \(family.rawValue) reads no \(wish.modality == .text ? "texts" : "pictures")."
            )
        }
        var text = RecipeText(
            name: name, version: wish.version, family: family, modality: modality,
            licence: wish.licence ?? published.licence ?? "not stated",
            source: wish.source
                ?? "the folder \(URL(fileURLWithPath: published.folder).standardizedFileURL.lastPathComponent)",
            weightsFile: published.weightsFile, weightsSHA256: hash, files: files)
        var notes: [String]
        switch modality {
        case .image:
            let mapped = try MappingFile.beside(draft)?.image.map { try PublishedPreprocessing(mapped: $0, of: draft) }
            let preprocessing = try mapped ?? PublishedPreprocessing(imagesOf: draft)
            notes = preprocessing.notes
            text.image = preprocessing
            text.prompts = try Recipe.Prompts(published: checkpoint)
        case .text:
            guard case .words(let words) = try checkpoint.textEncoder().embedding else {
                throw CheckpointError.undecided(path: published.folder, reason: "its text encoder reads no tokens.")
            }
            let mapped = try MappingFile.beside(draft)?.text.map(PublishedTextSettings.init(mapped:))
            let settings = try mapped ?? PublishedTextSettings(folder: published.folder, longest: words.longest)
            notes = settings.notes
            text.text = settings
        }
        if wish.links {
            notes.append("the weights stay where they are: who can write to them can end or mislead a run")
        }
        var recipe = try Self.recipe(of: text, writtenTo: draft)
        if recipe.prompts != nil {
            do {
                _ = try JointModel(recipe, checkpoint, input: .normalized)
            } catch {
                let reason = "\(error)".replacing(draft, with: published.folder)
                guard checkpoint.hasImageEmbedding else {
                    throw CheckpointError.undecided(
                        path: published.folder, reason: "it cannot be asked anything. \(reason)")
                }
                // Its embeddings are of use without the words.
                notes.append("it cannot be asked about policies in words: \(Self.withoutFullStop(reason))")
                text.prompts = nil
                recipe = try Self.recipe(of: text, writtenTo: draft)
            }
        }
        try Rehearsal.run(recipe, checkpoint)
        if modality == .image, ZeroShot.isThinkable(recipe) {
            do {
                _ = try ZeroShot(recipe, checkpoint)
            } catch {
                let reason = Self.withoutFullStop("\(error)".replacing(draft, with: published.folder))
                notes.append("it cannot be asked about policies in words (zero-shot): \(reason)")
            }
        }
        return (recipe, notes)
    }

    private static func recipe(of text: RecipeText, writtenTo draft: String) throws -> Recipe {
        let path = "\(draft)/\(recipeName)"
        do {
            try text.toml.write(toFile: path, atomically: false, encoding: .utf8)
        } catch {
            throw CheckpointError.notWritable(path: path, reason: error.localizedDescription)
        }
        return try Recipe(path: path)
    }

    private static func withoutFullStop(_ text: String) -> String {
        text.trimmingCharacters(in: CharacterSet(charactersIn: "."))
    }

    /// Faults are found in the copy; who reads of them knows the source only.
    private func namingSource<Result>(
        _ source: String, of draft: String, _ body: () throws -> Result
    ) throws -> Result {
        func moved(_ path: String) -> String { path.hasPrefix(draft) ? source + path.dropFirst(draft.count) : path }
        do {
            return try body()
        } catch let error as WeightsError {
            throw error.mappingPath(moved)
        } catch ConfigurationError.unreadable(let path, let reason) {
            throw ConfigurationError.unreadable(path: moved(path), reason: reason)
        } catch ConfigurationError.unsupported(let path, let key, let reason) {
            throw ConfigurationError.unsupported(path: moved(path), key: key, reason: reason)
        } catch ConfigurationError.unknownFamily(let path, let found, let known) {
            throw ConfigurationError.unknownFamily(path: moved(path), found: found, known: known)
        } catch CheckpointError.undecided(let path, let reason) {
            throw CheckpointError.undecided(path: moved(path), reason: reason)
        }
    }

    private static func makeFolder(_ path: String) throws(CheckpointError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw .notWritable(path: path, reason: error.localizedDescription)
        }
    }

    /// Copies a file into a folder, read-only and durable.
    ///
    /// - Returns: SHA-256 of the bytes that were written.
    private static func copy(_ source: String, to folder: String, as name: String? = nil) throws -> String {
        let opened = try OpenedFile(path: source)
        let path = "\(folder)/\(name ?? opened.name)"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o444)
        guard descriptor >= 0 else { throw CheckpointError.notWritable(path: path, reason: OpenedFile.lastReason) }
        defer { close(descriptor) }
        var hasher = SHA256()
        var failure: CheckpointError?
        try opened.eachChunk { bytes throws(WeightsError) in
            guard failure == nil else { return }
            hasher.update(bufferPointer: bytes)
            var rest = bytes
            while !rest.isEmpty {
                let count = write(descriptor, rest.baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else {
                    failure = .notWritable(path: path, reason: OpenedFile.lastReason)
                    return
                }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
        if let failure { throw failure }
        guard fsync(descriptor) == 0 else {
            throw CheckpointError.notWritable(path: path, reason: OpenedFile.lastReason)
        }
        return hasher.finalize().hex
    }

    private static func moveIntoPlace(_ draft: String, _ place: String) throws(CheckpointError) {
        chmod("\(draft)/\(recipeName)", 0o444)
        for path in ["\(draft)/\(recipeName)", draft] { synchronize(path) }
        guard rename(draft, place) == 0 else {
            throw .notWritable(path: place, reason: OpenedFile.lastReason)
        }
        synchronize((place as NSString).deletingLastPathComponent)
    }

    /// Brings a file or a folder's list of names to the disk.
    private static func synchronize(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}

/// The right to change a store, held by one process at a time and given up by the system whatever ends that process.
private final class StoreLock {
    static let draftPrefix = ".draft-"
    private let descriptor: Int32

    /// Makes the store where it is missing and clears away what killed processes left in it.
    init(folder: String) throws(CheckpointError) {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw .notWritable(path: folder, reason: error.localizedDescription)
        }
        descriptor = open(folder + "/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .notWritable(path: folder, reason: OpenedFile.lastReason) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw .busy(store: folder)
        }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names where name.hasPrefix(Self.draftPrefix) {
            try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
        }
    }

    deinit { close(descriptor) }
}
