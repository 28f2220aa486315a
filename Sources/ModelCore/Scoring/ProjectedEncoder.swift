import Foundation

/// An encoder with its heads, run on many inputs at once: embeddings, scores, and token relevance of the policies that are
/// to be explained.
///
/// Inputs go in batches of like length, several batches in flight. Where explanations are wanted, the explain graph runs
/// *instead of* the score graph: it gives the embedding too, and each input's leading direction is chosen in the graph.
/// Only inputs for which that was not the whole answer (several flagged policies) are looked at twice, together.
final class ProjectedEncoder {
    /// What goes in, by number, so that batches can be put together of any inputs.
    struct Inputs {
        /// Tokens of each input; inputs of like length are batched.
        let lengths: [Int]
        /// Most inputs a batch of so many tokens each.
        let batch: (_ length: Int) -> Int
        /// The network's tensors for some of the inputs.
        let tensors: ([Int]) throws(EngineError) -> [String: Tensor]
    }

    /// What was seen in one input.
    struct Seen {
        var embedding: [Float] = []
        var scores: [Assessment.PolicyScore] = []
        /// Policies that are to be explained.
        var wanted: [String] = []
        /// Relevance of each token, padding included, by row of ``directions``.
        var maps: [Int: [Float]] = [:]
        /// Of each token, padding included; texts that were explained only.
        var received: [Float] = []
        /// How much the pooling looks at each token; pictures that were not explained only.
        var attention: [Float] = []
    }

    /// One row of what the graphs get as `directions`.
    struct Direction {
        let head: Int
        /// nil for a head's neutral direction.
        let policy: String?
        let values: [Float]
        let scale: Float
        let offset: Float
        let cut: Float
    }

    let encoder: Encoder
    let projection: Projection
    let directions: [Direction]
    private let name: String
    private let engine: Engine
    /// Of each head.
    private let methods: [RelevanceMethod]
    private let contrasts: [Head.Explain.Contrast]
    /// Of pictures, fixed in the graph; texts come in any number.
    private let fixedBatch: Int?
    private var scoring: CompiledNetwork?
    private var explaining: [RelevanceMethod: CompiledNetwork] = [:]

    /// - Parameters:
    ///   - name: of the model, for messages.
    ///   - method: how a head's directions are explained, and which other directions' maps that takes.
    init(
        _ encoder: Encoder, name: String, heads: [Head], engine: Engine,
        method: (Head) -> (RelevanceMethod, Head.Explain.Contrast)
    ) {
        var encoder = encoder
        encoder.quantizing = engine.precision == .int8
        self.encoder = encoder
        self.name = name
        self.engine = engine
        projection = Projection(model: name, heads: heads)
        methods = heads.map { method($0).0 }
        let contrasts = heads.map { method($0).1 }
        self.contrasts = contrasts
        if case .patches = encoder.embedding { fixedBatch = 1 } else { fixedBatch = nil }
        directions = heads.enumerated().flatMap { index, head in
            let policies = head.policies.map { Direction($0, head: index) }
            guard contrasts[index] == .neutral, let neutral = head.neutral else { return policies }
            return policies + [Direction(neutral: neutral, head: index)]
        }
    }

    /// An encoder for its embeddings only.
    ///
    /// - Parameter name: of the model, for messages.
    convenience init(_ encoder: Encoder, name: String, engine: Engine) {
        self.init(encoder, name: name, heads: [], engine: engine) { _ in (RelevanceMethod(.attention), .none) }
    }

    /// Compiles what requests of this kind will run first.
    func prepare(explain: ExplainRequest) throws {
        if let guess = firstGuess(explain) {
            _ = try explainingNetwork(guess.method)
        } else {
            _ = try scoringNetwork()
        }
    }

    /// - Returns: what was seen in each input, in their order.
    /// - Throws: ``EngineError``, ``WeightsError``, ``ExplanationError`` or ``ScorerError``, the first that any batch met.
    func look(at inputs: Inputs, explain: ExplainRequest) throws -> [Seen] {
        var seen = [Seen](repeating: Seen(), count: inputs.lengths.count)
        let everything = Array(seen.indices)
        if let guess = firstGuess(explain) {
            let work = everything.map { (input: $0, directions: guess.directions) }
            try self.explain(work, of: inputs, guess.method, leading: guess.leading, into: &seen)
        } else {
            try score(everything, of: inputs, into: &seen)
        }
        for index in seen.indices {
            seen[index].scores = try projection.scores(of: seen[index].embedding)
            seen[index].wanted = Projection.wanted(explain, among: seen[index].scores)
        }
        for method in Set(methods) {
            let work = everything.map { (input: $0, directions: missing(in: seen[$0], method)) }
            try self.explain(
                work.filter { !$0.directions.isEmpty }, of: inputs, method, leading: false, into: &seen)
        }
        return seen
    }

    /// Embeddings in the order of the inputs, not normalised.
    ///
    /// - Throws: as ``look(at:explain:)``.
    func embeddings(of inputs: Inputs) throws -> [[Float]] { try look(at: inputs, explain: .none).map(\.embedding) }

    /// What was seen in one input, explained by a method that was asked for, whatever the heads say.
    ///
    /// - Parameter relevance: to each of some directions; one in all where the method is about none.
    func explanations(
        of seen: Seen, _ explain: ExplainRequest, by method: ExplanationMethod,
        relevance: ([[Float]]) throws -> [ModelExplanation.Relevance]
    ) rethrows -> [ModelExplanation] {
        guard explain != .none else { return [] }
        let policies = Projection.wanted(explain, among: seen.scores)
        let explained = projection.heads.flatMap(\.policies).filter { policies.contains($0.policy) }
        guard !method.kind.isDirected || !explained.isEmpty else { return [] }
        let names: [String?] = method.kind.isDirected ? explained.map(\.policy) : [nil]
        return try zip(names, relevance(explained.map(\.direction))).map { policy, relevance in
            ModelExplanation(
                model: name, policy: policy, method: method.kind.rawValue, signed: method.kind.isSigned,
                relevance: relevance)
        }
    }

    /// Row numbers in ``directions`` of a head's policies and, last, its neutral direction.
    func rows(ofHead head: Int) -> [Int] { directions.indices.filter { directions[$0].head == head } }

    // MARK: What to explain

    /// What can be explained before the scores are known: the policies that are asked for by name; the one that will
    /// turn out to lead, or all where that costs no more. nil where nothing is, or where heads are explained by several
    /// methods.
    private func firstGuess(
        _ explain: ExplainRequest
    ) -> (method: RelevanceMethod, directions: [Int], leading: Bool)? {
        guard let method = methods.first, methods.allSatisfy({ $0 == method }), method.kind.isDirected else {
            return nil
        }
        switch explain {
        case .none: return nil
        case .flagged:
            guard contrasts.allSatisfy({ $0 == .none }) else { return nil }
            return isFurtherDirectionCheap(method) ? (method, Array(directions.indices), false) : (method, [], true)
        case .policies(let policies):
            let rows = needed(for: policies, method)
            return rows.isEmpty ? nil : (method, rows, false)
        }
    }

    /// Whether explaining every direction costs less than looking twice at an input with two flagged policies: where one
    /// token is pooled, a direction more is one row of products a layer.
    private func isFurtherDirectionCheap(_ method: RelevanceMethod) -> Bool {
        guard method.kind == .decomposition || method.kind == .pooled else { return false }
        return switch encoder.pooling {
        case .first, .last, .endOfText: true
        case .mean, .attention: false
        }
    }

    private func missing(in seen: Seen, _ method: RelevanceMethod) -> [Int] {
        needed(for: seen.wanted, method).filter { seen.maps[$0] == nil }
    }

    /// The rows whose maps it takes to explain some policies.
    private func needed(for policies: [String], _ method: RelevanceMethod) -> [Int] {
        methods.indices.filter { methods[$0] == method }.flatMap { head in
            let rows = rows(ofHead: head)
            let asked = rows.filter { directions[$0].policy.map(policies.contains) ?? false }
            return switch contrasts[head] {
            case _ where asked.isEmpty: [Int]()
            case .none: asked
            case .neutral: asked + rows.filter { directions[$0].policy == nil }
            // The mean needs every policy's map, whichever are shown.
            case .mean: rows
            }
        }
    }

    // MARK: Running

    /// Batches of like length, the longest first (in each batch too), so that little is computed for padding and the
    /// requests in flight end together.
    ///
    /// - Parameter directions: that each input is explained for; a batch holds the fewer inputs the more there are, so that
    ///   the memory it takes does not depend on it.
    private func batches(_ work: [Int], of inputs: Inputs, directions: Int = 1) -> [[Int]] {
        let order = work.sorted { (inputs.lengths[$1], $0) < (inputs.lengths[$0], $1) }
        var batches: [[Int]] = []
        var rest = order[...]
        while let longest = rest.first {
            let size = fixedBatch ?? max(1, inputs.batch(inputs.lengths[longest]) / max(1, directions))
            // Powers of two: the engine keeps something for every shape it has met.
            let count = 1 << (Int.bitWidth - 1 - min(size, rest.count).leadingZeroBitCount)
            batches.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        return batches
    }

    private func score(_ work: [Int], of inputs: Inputs, into seen: inout [Seen]) throws {
        let network = try scoringNetwork()
        let batches = batches(work, of: inputs)
        let outputs = network.infer(each: try batches.map { try inputs.tensors($0) })
        for (batch, outcome) in zip(batches, outputs) {
            let found = try outcome.get()
            try take("embedding", from: found, [batch.count, encoder.embeddingWidth], batch) {
                seen[$0].embedding = $1
            }
            guard found["attention"] != nil else { continue }
            try take("attention", from: found, [batch.count, inputs.lengths[batch[0]]], batch) {
                seen[$0].attention = $1
            }
        }
    }

    /// - Parameters:
    ///   - work: inputs, each with the rows of ``directions`` that it is to be explained for.
    ///   - leading: whether to explain each input's leading direction too; then `work` names none, or all the same.
    private func explain(
        _ work: [(input: Int, directions: [Int])], of inputs: Inputs, _ method: RelevanceMethod, leading: Bool,
        into seen: inout [Seen]
    ) throws {
        guard !work.isEmpty else { return }
        let network = try explainingNetwork(method)
        let rows = Dictionary(uniqueKeysWithValues: work.map { ($0.input, $0.directions) })
        // Inputs of one batch have the same number of directions.
        let batches = Dictionary(grouping: work) { $0.directions.count }.sorted { $0.key > $1.key }
            .flatMap {
                self.batches(
                    $0.value.map(\.input), of: inputs, directions: method.kind.isDirected ? $0.key : 1)
            }
        let tensors = try batches.map { batch in
            try inputs.tensors(batch).merging(
                selection(batch.map { rows[$0] ?? [] }, method, leading: leading)
            ) { $1 }
        }
        for (batch, outcome) in zip(batches, network.infer(each: tensors)) {
            let found = try outcome.get()
            try take("embedding", from: found, [batch.count, encoder.embeddingWidth], batch) {
                seen[$0].embedding = $1
            }
            let tokens = inputs.lengths[batch[0]]
            if network.outputs.contains("received") {
                try take("received", from: found, [batch.count, tokens], batch) { seen[$0].received = $1 }
            }
            var chosen = rows
            if leading {
                try take("leading", from: found, [batch.count, 1, directions.count], batch) { input, marks in
                    // Where several lead their maps were added up, which is nobody's.
                    let leaders = marks.indices.filter { marks[$0] > 0.5 }
                    chosen[input] = leaders.count == 1 ? leaders : []
                }
            }
            // A method that knows no direction has one map for all.
            let maps = method.kind.isDirected ? max(1, rows[batch[0]]?.count ?? 0) : 1
            try take("relevance", from: found, [batch.count, maps, tokens], batch) { input, values in
                for (place, row) in (chosen[input] ?? []).enumerated() {
                    let start = method.kind.isDirected ? place * tokens : 0
                    seen[input].maps[row] = Array(values[start..<start + tokens])
                }
            }
        }
    }

    /// What tells the explain graph which directions each input of a batch is explained for.
    private func selection(
        _ rows: [[Int]], _ method: RelevanceMethod, leading: Bool
    ) throws(EngineError) -> [String: Tensor] {
        guard method.kind.isDirected else { return [:] }
        let (each, all) = (max(1, rows.first?.count ?? 1), directions.count)
        var choice = [Float](repeating: 0, count: rows.count * each * all)
        for (input, rows) in rows.enumerated() {
            for (place, row) in rows.enumerated() { choice[(input * each + place) * all + row] = 1 }
        }
        return [
            "directions": try Tensor(directions.flatMap(\.values), shape: [all, encoder.embeddingWidth]),
            "choice": try Tensor(choice, shape: [rows.count, each, all]),
            "lead": try Tensor([leading ? 1 : 0] as [Float], shape: [1]),
            "scale": try Tensor(directions.map(\.scale), shape: [all]),
            "offset": try Tensor(directions.map(\.offset), shape: [all]),
            "cut": try Tensor(directions.map(\.cut), shape: [all]),
        ]
    }

    /// Hands each input of a batch its part of an output.
    private func take(
        _ output: String, from found: [String: Tensor], _ shape: [Int?], _ batch: [Int],
        _ give: (Int, [Float]) -> Void
    ) throws(ScorerError) {
        let values = try found.floats(output, shape: shape, of: name)
        let each = values.count / batch.count
        for (place, input) in batch.enumerated() { give(input, Array(values[place * each..<(place + 1) * each])) }
    }

    private func scoringNetwork() throws -> CompiledNetwork {
        if let scoring { return scoring }
        let network = try engine.compile(encoder.scoreGraph(batch: fixedBatch), name: name)
        scoring = network
        return network
    }

    private func explainingNetwork(_ method: RelevanceMethod) throws -> CompiledNetwork {
        if let known = explaining[method] { return known }
        let network = try engine.compile(
            encoder.explainGraph(method, batch: fixedBatch, choosing: .each), name: name + " explain")
        explaining[method] = network
        return network
    }
}

extension ProjectedEncoder.Direction {
    fileprivate init(_ policy: Head.PolicyDirection, head: Int) {
        self.head = head
        self.policy = policy.policy
        values = policy.direction
        let line = policy.calibration.line
        scale = Float(line.scale)
        offset = Float(line.scale * policy.bias + line.offset)
        cut = Float(policy.calibration.cut(atProbability: policy.threshold ?? 0.5))
    }

    /// Its score is nobody's: it never leads.
    fileprivate init(neutral: [Float], head: Int) {
        self.head = head
        policy = nil
        values = neutral
        (scale, offset, cut) = (0, -100, .greatestFiniteMagnitude)
    }
}
