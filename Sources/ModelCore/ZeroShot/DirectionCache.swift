import Crypto
import Foundation

/// Keeps zero-shot directions between runs: reading all policies' words takes a text tower seconds.
///
/// A direction is found again only for the same weights, tokenizer, precision and words. Deleting the folder is safe.
struct DirectionCache {
    /// Nil keeps nothing.
    let folder: String?

    private struct File: Codable {
        let key: String
        let direction: ZeroShot.Direction
    }

    /// What a direction follows from, 64 hex digits.
    static func key(_ policy: ZeroShotPolicy, _ recipe: Recipe, precision: Engine.Options.Precision) -> String {
        var parts = ["1", recipe.weightsSHA256, recipe.modality.rawValue, precision.rawValue, policy.sha256]
        parts += recipe.files.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
        parts += recipe.text.map { [String($0.maximumTokens), $0.pooling] } ?? []
        return SHA256.hash(data: Data(parts.joined(separator: "\0").utf8)).hex
    }

    /// - Parameter width: of the model's embeddings; a direction of another is not one.
    func direction(_ key: String, width: Int) -> ZeroShot.Direction? {
        guard let path = path(key), let data = FileManager.default.contents(atPath: path), data.count < 1_000_000,
            let file = try? JSONDecoder().decode(File.self, from: data), file.key == key,
            file.direction.vector.count == width, file.direction.vector.allSatisfy(\.isFinite),
            file.direction.bias.isFinite
        else { return nil }
        return file.direction
    }

    /// What cannot be kept is computed again the next time.
    func keep(_ direction: ZeroShot.Direction, as key: String) {
        guard let folder, let path = path(key) else { return }
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let data = try? JSONEncoder().encode(File(key: key, direction: direction))
        try? data?.write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    private func path(_ key: String) -> String? { folder.map { "\($0)/\(key).json" } }
}
