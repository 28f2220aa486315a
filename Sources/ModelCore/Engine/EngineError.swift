/// Why the engine cannot load, describe or run a network, in words that say what to do next.
public enum EngineError: Error, CustomStringConvertible, Sendable, Equatable {
    /// No library in any of the places looked at.
    case notFound(searched: [String])
    /// The file is there, but the dynamic loader refused it.
    case notLoadable(path: String, reason: String)
    /// A library without a function that is needed: not OpenVINO, or another generation of it.
    case missingFunction(path: String, name: String)
    case unsupportedVersion(path: String, found: String)
    /// The engine refused a network or an input. `step` is what was being done, `reason` the engine's words.
    case refused(step: String, reason: String)
    /// A network without the input or output that was asked for.
    case noSuchPort(name: String, have: [String])
    /// Weights that somebody wrote to or cut short while the network was made or run: the result was thrown away.
    case weightsChanged(network: String, path: String)
    /// A tensor whose number of values does not fit its shape, or of an element type that is not read.
    case badTensor(String)

    public var description: String {
        switch self {
        case .notFound(let searched):
            "OpenVINO was not found. Run `make deps`, or set REVIEWTUI_OPENVINO to libopenvino_c or its folder. "
                + "Looked in: \(searched.joined(separator: ", "))"
        case .notLoadable(let path, let reason):
            "\(path) could not be loaded (\(reason)). Run `make deps` to install the pinned OpenVINO again."
        case .missingFunction(let path, let name):
            "\(path) has no function \(name), so it is not a usable OpenVINO. Run `make deps`."
        case .unsupportedVersion(let path, let found):
            "\(path) is OpenVINO \(found); 2026.0 or later is needed. Run `make deps`."
        case .refused(let step, let reason):
            "OpenVINO refused to \(step): \(reason)"
        case .noSuchPort(let name, let have):
            "The network has no input or output named \(name); it has \(have.joined(separator: ", "))."
        case .weightsChanged(let network, let path):
            "\(path) was changed while \(network) was in use, so what came out was thrown away. Let no other program "
                + "write to the weights, see `reviewtui model check`, and run this again."
        case .badTensor(let what):
            "A tensor is malformed: \(what)."
        }
    }
}
