import Foundation

/// Why a recipe or a head file cannot be used, with the place of the fault.
public enum RecipeError: Error, CustomStringConvertible, Sendable, Equatable {
    case unreadable(file: String, reason: String)
    /// `line` counts from 1 and is 0 where the fault is not in one line.
    case invalid(file: String, line: Int, key: String, reason: String)
    /// A model that no recipe describes.
    case unknownModel(name: String, known: [String])
    /// A model whose files are not there, or not the ones the recipe names.
    case notReady(model: String, reason: String)

    public var description: String {
        switch self {
        case .unreadable(let file, let reason): "\(file) cannot be read: \(reason)."
        case .invalid(let file, let line, let key, let reason):
            "\(file)\(line > 0 ? ":\(line)" : ""): `\(key)` \(reason)."
        case .unknownModel(let name, let known):
            "There is no model \(printable(name)). Known: \(known.joined(separator: ", ")). See `reviewtui model list`."
        case .notReady(let model, let reason): "Model \(model) is not ready: \(reason)"
        }
    }
}

extension RecipeError {
    /// The bytes of a file.
    ///
    /// - Throws: ``unreadable(file:reason:)``.
    static func contents(of path: String) throws(RecipeError) -> Data {
        do {
            return try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw .unreadable(file: path, reason: error.localizedDescription)
        }
    }
}
