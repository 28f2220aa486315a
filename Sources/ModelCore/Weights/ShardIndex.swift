import Foundation

/// `model.safetensors.index.json`: which tensors of a large checkpoint lie in which file beside it.
///
/// `{"metadata":{"total_size":…},"weight_map":{"NAME":"model-00001-of-00002.safetensors",…}}`, as the transformers
/// project writes it. The shards must be plain names in the index's own folder, so that an index cannot reach for
/// files elsewhere, and must hold exactly the tensors that it says.
struct ShardIndex {
    static let ending = ".safetensors.index.json"
    let opened: OpenedFile
    /// Sorted.
    let shards: [String]
    private var path: String { opened.path }
    private let shardOfTensor: [String: String]

    private static let byteLimit = 50_000_000
    private static let shardLimit = 1024

    /// - Throws: ``WeightsError``.
    init(path: String) throws(WeightsError) {
        func malformed(_ reason: String) -> WeightsError { .malformed(path: path, reason: reason) }
        opened = try OpenedFile(path: path)
        guard opened.byteCount <= Self.byteLimit else { throw malformed("an index of \(opened.byteCount) bytes") }
        let mapped = try MappedFile([opened])
        let map: [String: String]
        do {
            map = try Self.weightMap(mapped.bytes(ofFile: 0))
        } catch {
            throw malformed(error.reason)
        }
        shards = Set(map.values).sorted()
        guard !shards.isEmpty, shards.count <= Self.shardLimit else {
            throw malformed("it names \(shards.count) files")
        }
        for shard in shards where !Self.isPlainName(shard) {
            throw malformed("it names the file \(printable(shard)), which is not a plain name of a safetensors file")
        }
        shardOfTensor = map
    }

    var shardPaths: [String] {
        let folder = (path as NSString).deletingLastPathComponent
        return shards.map { "\(folder.isEmpty ? "." : folder)/\($0)" }
    }

    /// Holds what the shards contain against what the index says.
    ///
    /// - Parameter found: the number of each tensor's file, in the order of ``shards``.
    func check(_ found: [String: Int]) throws(WeightsError) {
        for (name, shard) in shardOfTensor {
            guard let index = found[name], index < shards.count, shards[index] == shard else {
                throw .malformed(path: path, reason: "tensor \(printable(name)) is not in \(printable(shard))")
            }
        }
        guard found.count == shardOfTensor.count else {
            throw .malformed(path: path, reason: "the shards hold tensors that it does not name")
        }
    }

    private static func weightMap(_ bytes: UnsafeRawBufferPointer) throws(JSONCursor.Fault) -> [String: String] {
        var map: [String: String]?
        var cursor = JSONCursor(bytes)
        try cursor.eachMember { (cursor, key) throws(JSONCursor.Fault) in
            guard key == "weight_map", map == nil else { return try cursor.skipValue() }
            var read: [String: String] = [:]
            try cursor.eachMember { (cursor, name) throws(JSONCursor.Fault) in
                guard read.updateValue(try cursor.text(), forKey: name) == nil else {
                    throw JSONCursor.Fault(reason: "tensor \(printable(name)) is there twice")
                }
            }
            map = read
        }
        try cursor.end()
        guard let map else { throw JSONCursor.Fault(reason: "it has no weight_map") }
        return map
    }

    private static func isPlainName(_ name: String) -> Bool {
        name.hasSuffix(".safetensors") && !name.hasPrefix(".") && name.utf8.count <= 255
            && name.utf8.allSatisfy { (0x21..<0x7F).contains($0) && $0 != UInt8(ascii: "/") }
    }
}
