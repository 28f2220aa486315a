/// Why a checkpoint's tokenizer cannot be used.
public enum TokenizerError: Error, CustomStringConvertible, Sendable, Equatable {
    case unreadable(path: String, reason: String)
    /// A field that holds something else than its kind of value.
    case malformed(path: String, field: String, reason: String)
    /// A field that is well-formed and asks for something that is not done here.
    case unsupported(path: String, field: String, found: String, supported: String)

    public var description: String {
        switch self {
        case .unreadable(let path, let reason):
            "\(path) cannot be read: \(reason). Fetch the model again."
        case .malformed(let path, let field, let reason):
            "\(path): `\(printable(field))` \(reason). Fetch the model again."
        case .unsupported(let path, let field, let found, let supported):
            "\(path): `\(printable(field))` is \(printable(found)), which is not supported; what is: \(supported). "
                + "Choose a checkpoint whose tokenizer needs nothing else."
        }
    }
}
