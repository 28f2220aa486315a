/// Why a file of weights cannot be used, in words that say what to do next.
public enum WeightsError: Error, CustomStringConvertible, Sendable, Equatable {
    case unreadable(path: String, reason: String)
    /// Not a well-formed safetensors file. `reason` says which rule it breaks.
    case malformed(path: String, reason: String)
    /// A well-formed file that lacks a tensor the family needs, or has it in another shape or type.
    case unfit(path: String, tensor: String, reason: String)

    public var description: String {
        switch self {
        case .unreadable(let path, let reason):
            "\(path) cannot be read (\(reason)). Run `make deps` to fetch the models again."
        case .malformed(let path, let reason):
            "\(path) is not a sound safetensors file: \(reason). Fetch it again."
        case .unfit(let path, let tensor, let reason):
            "\(path) does not fit its model family: tensor \(tensor) \(reason). Check the recipe's `family`."
        }
    }
}
