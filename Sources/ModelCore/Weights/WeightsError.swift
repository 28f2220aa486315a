/// Why a file of weights cannot be used, in words that say what to do next.
public enum WeightsError: Error, CustomStringConvertible, Sendable, Equatable {
    case unreadable(path: String, reason: String)
    /// Not a well-formed safetensors file. `reason` says which rule it breaks.
    case malformed(path: String, reason: String)
    /// A file of a format whose reading can run code, or a folder that holds nothing else. It was not opened further
    /// than its first bytes. `what` says what it is.
    case pickle(path: String, what: String)
    /// A well-formed file that lacks a tensor the family needs, or has it in another shape or type.
    case unfit(path: String, tensor: String, reason: String)
    /// Weights that were written to or cut short while they were in use.
    case changed(path: String)

    /// The same of a file of another path.
    func mappingPath(_ moved: (String) -> String) -> WeightsError {
        switch self {
        case .unreadable(let path, let reason): .unreadable(path: moved(path), reason: reason)
        case .malformed(let path, let reason): .malformed(path: moved(path), reason: reason)
        case .pickle(let path, let what): .pickle(path: moved(path), what: what)
        case .unfit(let path, let tensor, let reason): .unfit(path: moved(path), tensor: tensor, reason: reason)
        case .changed(let path): .changed(path: moved(path))
        }
    }

    public var description: String {
        switch self {
        case .unreadable(let path, let reason):
            "\(path) cannot be read (\(reason)). Fetch the model again (`reviewtui model pull`, `make deps`)."
        case .malformed(let path, let reason):
            "\(path) is not a sound safetensors file: \(reason). Fetch it again."
        case .pickle(let path, let what):
            "\(path) is \(what). Reading a pickle can run the code of whoever made it, so it is never opened. Where "
                + "you trust its maker no further than its numbers, convert it on a machine with PyTorch: `python "
                + "tools/convert/checkpoint.py FILE FOLDER` (torch.load with weights_only=True)."
        case .unfit(let path, let tensor, let reason):
            "\(path) does not fit its model family: tensor \(tensor) \(reason). Check the recipe's `family`."
        case .changed(let path):
            "\(path) was changed while it was in use, so what was computed with it was thrown away. Let no other "
                + "program write to the weights, and run this again."
        }
    }
}
