/// A model that reads pictures from texts, run by the engine: each picture is encoded once, texts go in batches.
final class PictureReader {
    /// A picture as texts read it.
    struct Encoded {
        /// `picture`, and `reach` where the model has it.
        let tensors: [String: Tensor]
        /// Not normalised; empty where the model has none.
        let embedding: [Float]
    }

    /// Patches of a picture.
    let rows: Int
    let columns: Int
    private let graphs: any JointGraphs
    private let texts: any JointTexts
    private let name: String
    private let engine: Engine
    private var picturing: CompiledNetwork?
    private var scoring: CompiledNetwork?
    private var explaining: [CrossMethod: CompiledNetwork] = [:]

    /// Tokens a batch: more gain nothing on a few cores and cost memory.
    private static let batchTokens = 512
    /// Texts a batch of explanations, whose gradients are as large as all attention together.
    private static let explainedBatch = 8

    /// - Parameter name: of the model, for messages.
    init(_ model: JointModel, name: String, engine: Engine) throws {
        guard case .patches(let patches) = model.graphs.image.embedding else {
            throw ScorerError.wrongModality(model: name, modality: "texts")
        }
        (rows, columns) = (patches.rows, patches.columns)
        graphs = model.graphs
        texts = model.texts
        self.name = name
        self.engine = engine
    }

    /// Compiles what every picture goes through.
    func prepare() throws {
        _ = try (picturingNetwork(), scoringNetwork())
    }

    /// - Throws: ``ExplanationError`` where the method does not apply.
    func check(_ method: ExplanationMethod) throws(ExplanationError) {
        if let cross = try method.cross() { _ = try graphs.checkedLayer(of: cross) }
    }

    func encode(_ images: [PixelImage]) throws -> [Encoded] {
        let network = try picturingNetwork()
        let inputs = try images.map {
            ["pixels": try Tensor($0.rgb, shape: [1, $0.height, $0.width, 3])]
        }
        return try network.infer(each: inputs).map { outcome in
            var found = try outcome.get()
            _ = try found.floats("picture", shape: [1, nil, nil], of: name)
            let embedding =
                network.outputs.contains("embedding")
                ? try found.floats("embedding", shape: [1, graphs.image.embeddingWidth], of: name) : []
            found["embedding"] = nil
            return Encoded(tensors: found, embedding: embedding)
        }
    }

    /// What the model says of each text, in their order, for each picture.
    func scores(of encodings: [Tokenizer.Encoding], in pictures: [Encoded]) throws -> [[Double]] {
        let network = try scoringNetwork()
        // Longest first, in batches of like length, so that little is computed for padding.
        let order = encodings.indices.sorted {
            (encodings[$1].ids.count, $0) < (encodings[$0].ids.count, $1)
        }
        var batches: [[Int]] = []
        var rest = order[...]
        while let longest = rest.first {
            let size = max(1, Self.batchTokens / max(1, encodings[longest].ids.count))
            batches.append(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        let inputs = try batches.map { try texts.inputs($0.map { encodings[$0] }) }
        return try pictures.map { picture in
            let own = picture.tensors.filter { network.inputs.contains($0.key) }
            let outcomes = network.infer(each: inputs.map { $0.merging(own) { $1 } }, wanted: ["score"])
            var scores = [Double](repeating: 0, count: encodings.count)
            for (batch, outcome) in zip(batches, outcomes) {
                let values = try outcome.get().floats("score", shape: [batch.count], of: name)
                for (text, value) in zip(batch, values) { scores[text] = Double(value) }
            }
            return scores
        }
    }

    /// The mean map of some texts over a picture's patches, row-major: the gradient of a mean is the mean of gradients.
    func map(of encodings: [Tokenizer.Encoding], in picture: Encoded, by method: CrossMethod) throws -> [Float] {
        let network = try explainingNetwork(method)
        let own = picture.tensors.filter { network.inputs.contains($0.key) }
        var sum = [Float](repeating: 0, count: rows * columns)
        for start in stride(from: 0, to: encodings.count, by: Self.explainedBatch) {
            let batch = Array(encodings[start..<min(start + Self.explainedBatch, encodings.count)])
            let inputs = try texts.inputs(batch).merging(own) { $1 }
            let values = try network.infer(inputs, wanted: ["whole"])
                .floats("whole", shape: [batch.count, sum.count], of: name)
            for (place, value) in values.enumerated() { sum[place % sum.count] += value }
        }
        return sum.map { $0 / Float(max(1, encodings.count)) }
    }

    func grid(_ map: [Float]) -> ModelExplanation.Relevance { .grid(rows: rows, columns: columns, values: map) }

    private func picturingNetwork() throws -> CompiledNetwork {
        if let picturing { return picturing }
        let network = try engine.compile(graphs.pictureGraph(), name: name + " picture")
        picturing = network
        return network
    }

    private func scoringNetwork() throws -> CompiledNetwork {
        if let scoring { return scoring }
        let network = try engine.compile(graphs.readingGraph(explaining: nil), name: name + " texts")
        scoring = network
        return network
    }

    private func explainingNetwork(_ method: CrossMethod) throws -> CompiledNetwork {
        if let known = explaining[method] { return known }
        let network = try engine.compile(
            graphs.readingGraph(explaining: method), name: name + " " + method.kind.rawValue)
        explaining[method] = network
        return network
    }
}
