import Crypto
import Foundation

/// The folder of compiled networks: a drawer for each, of which those used longest ago are thrown away.
///
/// OpenVINO names the files itself, by a hash that covers the weights, so a drawer can hold more than one. That a drawer
/// was used stands in its time of modification. Whoever has a network open that another process throws away keeps it.
struct CompiledNetworkCache {
    let folder: String
    let byteLimit: Int

    /// The drawer of a network, made where it is missing and marked as used now.
    func drawer(for source: Engine.Source, name: String, options: Engine.Options) -> String {
        var hasher = SHA256()
        hasher.update(data: Array("\(name)|\(options.precision)|\(options.performance)|\(options.threads)|".utf8))
        switch source {
        case .ir(let xml, _): hasher.update(data: Array(xml.utf8))
        case .onnx(let bytes): hasher.update(data: Array("\(bytes.count)".utf8))
        }
        let drawer = "\(folder)/\(hasher.finalize().hex.prefix(32))"
        try? FileManager.default.createDirectory(atPath: drawer, withIntermediateDirectories: true)
        try? FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: drawer)
        return drawer
    }

    /// Throws away what was used longest ago until the rest is within the limit.
    func prune(keeping kept: String) {
        let files = FileManager.default
        let entries = ((try? files.contentsOfDirectory(atPath: folder)) ?? []).map { name in
            let path = "\(folder)/\(name)"
            let attributes = try? files.attributesOfItem(atPath: path)
            return (path: path, used: attributes?[.modificationDate] as? Date ?? .distantPast, bytes: size(of: path))
        }
        var total = entries.reduce(0) { $0 + $1.bytes }
        for entry in entries.sorted(by: { $0.used < $1.used }) where entry.path != kept {
            guard total > byteLimit else { return }
            try? files.removeItem(atPath: entry.path)
            total -= entry.bytes
        }
    }

    /// Of a file, or of the files in a drawer.
    private func size(of path: String) -> Int {
        let files = FileManager.default
        let inside = (try? files.contentsOfDirectory(atPath: path))?.map { "\(path)/\($0)" } ?? [path]
        return inside.reduce(0) {
            $0 + ((try? files.attributesOfItem(atPath: $1))?[.size] as? Int ?? 0)
        }
    }
}
