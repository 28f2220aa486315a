/// An encoder explained by any method, for directions that need be in no head: one input at a time. ``ProjectedEncoder`` is
/// the fast way for heads and their own methods.
final class Explainer {
    private let encoder: Encoder
    private let name: String
    private let engine: Engine
    private var networks: [RelevanceMethod: CompiledNetwork] = [:]

    /// - Parameter name: of the model, for messages.
    init(_ encoder: Encoder, name: String, engine: Engine) {
        self.encoder = encoder
        self.name = name
        self.engine = engine
    }

    /// One value a token: a row a direction, or one row of a method that is about none.
    ///
    /// - Parameters:
    ///   - input: the network's tensors for one input of so many tokens.
    ///   - directions: each as long as the embedding.
    /// - Returns: and, of texts, how much attention each token receives.
    func maps(
        _ input: [String: Tensor], tokens: Int, directions: [[Float]], _ method: RelevanceMethod
    ) throws -> (maps: [[Float]], received: [Float]) {
        let network = try explaining(method)
        var input = input
        if method.kind.isDirected {
            input["directions"] = try Tensor(
                directions.flatMap { $0 }, shape: [directions.count, encoder.embeddingWidth])
        }
        let rows = method.kind.isDirected ? directions.count : 1
        let isText = network.outputs.contains("received")
        let found = try network.infer(input, wanted: isText ? ["relevance", "received"] : ["relevance"])
        let values = try found.floats("relevance", shape: [1, rows, tokens], of: name)
        let received = isText ? try found.floats("received", shape: [1, tokens], of: name) : []
        return ((0..<rows).map { Array(values[$0 * tokens..<($0 + 1) * tokens]) }, received)
    }

    private func explaining(_ method: RelevanceMethod) throws -> CompiledNetwork {
        if let known = networks[method] { return known }
        let network = try engine.compile(encoder.explainGraph(method), name: name + " " + method.kind.rawValue)
        networks[method] = network
        return network
    }
}
