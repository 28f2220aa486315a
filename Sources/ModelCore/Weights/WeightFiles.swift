/// The files that one checkpoint's weights are in, held open: one, or an index with its shards.
struct WeightFiles {
    /// The file, or the index.
    let path: String
    let index: ShardIndex?
    /// Where the tensors are, shards in the order of their names.
    let tensorFiles: [OpenedFile]

    /// - Parameter path: a file of weights, or a `.safetensors.index.json`.
    /// - Throws: ``WeightsError``.
    init(path: String) throws(WeightsError) {
        self.path = path
        let index = path.hasSuffix(ShardIndex.ending) ? try ShardIndex(path: path) : nil
        self.index = index
        var opened: [OpenedFile] = []
        for path in index?.shardPaths ?? [path] { opened.append(try OpenedFile(path: path)) }
        tensorFiles = opened
    }

    /// The index before its shards.
    var all: [OpenedFile] { (index.map { [$0.opened] } ?? []) + tensorFiles }
}
