import Foundation

/// A folder with a published checkpoint: which of its files a model needs.
///
/// Nothing is believed for its name alone: the weights are read as safetensors or not at all, and pickles are not even
/// opened.
struct PublishedFolder {
    let folder: String
    /// Name of the file of weights, or of the index of its shards.
    let weightsFile: String
    /// Names of the small files beside it that are known: configuration, vocabulary, licence. Sorted.
    let companions: [String]

    /// What may lie beside the weights and is taken over. Everything else in the folder is left where it is.
    private static let known = [
        "config.json", "open_clip_config.json", "preprocessor_config.json", "processor_config.json",
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.txt",
        "vocab.json", "merges.txt", "spiece.model", "sentencepiece.bpe.model", "sentence_bert_config.json",
        "LICENSE", "LICENSE.txt", MappingFile.name,
    ]
    /// Names of weights in the order in which they are looked for: whole before shards, Hugging Face's before
    /// OpenCLIP's.
    private static let usualWeights = [
        "model.safetensors", "model" + ShardIndex.ending, "open_clip_model.safetensors",
        "open_clip_model" + ShardIndex.ending,
    ]

    /// - Throws: ``CheckpointError``, ``WeightsError/pickle(path:what:)``.
    init(folder: String) throws {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        } catch {
            throw CheckpointError.unreadable(folder: folder, reason: error.localizedDescription)
        }
        let sound = names.filter { $0.hasSuffix(".safetensors") && !$0.hasPrefix(".") }
        if let usual = Self.usualWeights.first(where: names.contains) {
            weightsFile = usual
        } else if sound.count == 1 {
            weightsFile = sound[0]
        } else if sound.isEmpty, let pickle = names.first(where: ForeignFormat.isPickle) {
            throw WeightsError.pickle(
                path: "\(folder)/\(printable(pickle))", what: "a file of pickles, and the only weights here")
        } else {
            throw CheckpointError.noWeights(folder: folder, found: sound.map(printable))
        }
        guard RecipeFields.isWord(weightsFile) else {
            throw CheckpointError.noWeights(folder: folder, found: [printable(weightsFile)])
        }
        self.folder = folder
        companions = Self.known.filter(names.contains).sorted()
    }

    /// Whether a file here says what the weights are.
    var isDescribed: Bool {
        ["config.json", "open_clip_config.json", MappingFile.name].contains { companions.contains($0) }
    }

    /// `license:` of the model card's front matter; nil where there is none.
    var licence: String? {
        guard let card = try? OpenedFile(path: folder + "/README.md"), card.byteCount < 1_000_000,
            let text = try? String(contentsOfFile: card.path, encoding: .utf8), text.hasPrefix("---")
        else { return nil }
        let front = text.dropFirst(3).split(separator: "\n---", maxSplits: 1)[0]
        let line = front.split(separator: "\n").first { $0.hasPrefix("license:") }
        return line.map { printable($0.dropFirst(8).trimmingCharacters(in: .whitespaces)) }
    }
}

/// Why a checkpoint cannot be added, in words that say what to do next.
public enum CheckpointError: Error, CustomStringConvertible, Sendable, Equatable {
    case unreadable(folder: String, reason: String)
    /// No file of weights, or several of which none has a usual name.
    case noWeights(folder: String, found: [String])
    /// A configuration that leaves open what must be known for a right score.
    case undecided(path: String, reason: String)
    case badName(String)
    /// The name and version are those of a model with other files.
    case taken(model: String, by: String)
    /// Another process is adding a model to the same store.
    case busy(store: String)
    case notAdded(model: String)
    case notWritable(path: String, reason: String)

    public var description: String {
        switch self {
        case .unreadable(let folder, let reason):
            "\(folder) cannot be read (\(reason)). Give the folder of a checkpoint, with its config.json."
        case .noWeights(let folder, let found):
            "\(folder) holds "
                + (found.isEmpty
                    ? "no safetensors file." : "several files of weights (\(found.joined(separator: ", "))).")
                + " Give a folder with one model.safetensors, or with model.safetensors.index.json and its shards."
        case .undecided(let path, let reason):
            "\(path): \(reason)"
        case .badName(let name):
            "\"\(printable(name))\" cannot be part of a model's name: letters, digits, `.`, `-` and `_`, not starting "
                + "with a dot."
        case .taken(let model, let by):
            "\(model) is taken by \(by), which has other files. Give this one another --version or --name, or remove "
                + "that one first (`reviewtui model remove \(model)`)."
        case .busy(let store):
            "Another process is changing the models in \(store). Try again when it has ended."
        case .notAdded(let model):
            "No model \(printable(model)) was added here; those that came with the program stay. See `reviewtui model "
                + "list`."
        case .notWritable(let path, let reason):
            "\(path) cannot be written (\(reason)). Check its permissions and the space on the disk, or name another "
                + "store with REVIEWTUI_MODELS."
        }
    }
}
