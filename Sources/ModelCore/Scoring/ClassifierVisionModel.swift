import Crypto
import Foundation

/// A loaded ONNX classifier that ends in average pooling: probabilities, and exact class activation maps.
final class ClassifierVisionModel: VisionModel {
    private let recipe: Recipe
    private let settings: Recipe.ImageSettings
    private let path: String
    private let engine: Engine
    private var loaded: (network: CompiledNetwork, classifier: PooledClassifier)?

    init(recipe: Recipe, folder: String, engine: Engine) throws {
        guard let settings = recipe.image else {
            throw ScorerError.wrongModality(model: recipe.id, modality: "texts")
        }
        self.recipe = recipe
        self.settings = settings
        self.engine = engine
        path = "\(folder)/\(recipe.weightsFile)"
    }

    func prepare(explain: ExplainRequest) throws { _ = try load() }

    /// - Throws: ``ExplanationError`` for what needs attention, which this network has none of.
    func check(_ method: ExplanationMethod) throws(ExplanationError) {
        switch method.kind {
        case .cam, .occlusion: try method.requireNoParts()
        case .legrad, .pooled, .weighted, .decomposition, .attention, .rollout, .crossAttention, .crossGradient:
            throw .notApplicable(
                method: method.kind.rawValue, reason: "it is a convolutional network without attention")
        }
    }

    func assess(
        _ images: [PixelImage], explain: ExplainRequest, by method: ExplanationMethod?
    ) throws -> [Assessment] {
        if let method { try check(method) }
        let (network, classifier) = try load()
        let outputs = network.infer(each: try images.map { [classifier.input: try input($0)] })
        return try zip(images, outputs).map {
            try assessment($0, $1.get(), classifier, explain: explain, by: method)
        }
    }

    private func assessment(
        _ image: PixelImage, _ outputs: [String: Tensor], _ classifier: PooledClassifier, explain: ExplainRequest,
        by method: ExplanationMethod?
    ) throws -> Assessment {
        let logits = try outputs.floats(classifier.logits, shape: [1, classifier.classes], of: recipe.id)
        let probabilities = Self.softmax(logits)
        let scores = recipe.outputs.map {
            Assessment.PolicyScore(
                policy: $0.policy, probability: Double(probabilities[$0.row]), threshold: $0.threshold, head: nil)
        }
        let wanted = Projection.wanted(explain, among: scores)
        let explained = recipe.outputs.filter { wanted.contains($0.policy) }
        let explanations: [ModelExplanation]
        if explained.isEmpty {
            explanations = []
        } else if method?.kind == .occlusion {
            explanations = try falls(image, explained)
        } else {
            _ = try outputs.floats(classifier.features, shape: [1, classifier.channels, nil, nil], of: recipe.id)
            explanations = explained.compactMap { output in
                outputs[classifier.features].flatMap { explanation(output, features: $0, classifier) }
            }
        }
        return Assessment(
            model: recipe.id, weightsSHA256: recipe.weightsSHA256, precision: engine.precision.ofFileNetworks,
            embedding: [], scores: scores, explanations: explanations,
            untrained: Projection.untrained(explain, scores: scores), notes: [])
    }

    /// - Throws: always: its classes are no directions in an embedding space.
    func relevance(
        of image: PixelImage, to directions: [[Float]], by method: ExplanationMethod
    ) throws -> [ModelExplanation.Relevance] {
        throw ExplanationError.notApplicable(
            method: method.kind.rawValue, reason: "it scores classes of its own and no direction from outside")
    }

    func embeddings(of images: [PixelImage]) throws -> [[Float]] { images.map { _ in [] } }

    private func load() throws -> (network: CompiledNetwork, classifier: PooledClassifier) {
        if let loaded { return loaded }
        let bytes = try checkedBytes()
        let classifier = try PooledClassifier(OnnxGraph(bytes, path: path), path: path)
        for output in recipe.outputs where max(output.row, output.against) >= classifier.classes {
            throw RecipeError.invalid(
                file: recipe.file, line: 0, key: "output.row",
                reason: "is beyond the \(classifier.classes) classes of the file")
        }
        let extended = OnnxGraph.bytes(bytes, addingOutputs: [classifier.features, classifier.logits])
        let made = (try engine.compile(.onnx(extended), name: recipe.id), classifier)
        loaded = made
        return made
    }

    /// The file's bytes, in memory of our own, found to be those that the recipe names.
    private func checkedBytes() throws -> [UInt8] {
        let file = try OpenedFile(path: path)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(file.byteCount)
        try file.eachChunk { bytes += $0 }
        guard SHA256.hash(data: bytes).hex == recipe.weightsSHA256 else {
            throw RecipeError.notReady(model: recipe.id, reason: "its weights were exchanged just now. Try again.")
        }
        return bytes
    }

    /// [1, rows, columns, 3] in blue, green, red order with the mean taken off.
    func input(_ image: PixelImage) throws -> Tensor {
        let side: (width: Int, height: Int) =
            settings.crop.map { ($0, $0) } ?? (settings.width, settings.height)
        let left = (image.width - side.width) / 2
        let top = (image.height - side.height) / 2
        var values: [Float] = []
        values.reserveCapacity(side.width * side.height * 3)
        for y in top..<top + side.height {
            for x in left..<left + side.width {
                let pixel = (y * image.width + x) * 3
                for channel in 0..<3 {
                    values.append(Float(image.rgb[pixel + 2 - channel]) - settings.meanBGR[channel])
                }
            }
        }
        return try Tensor(values, shape: [1, side.height, side.width, 3])
    }

    private func explanation(
        _ output: Recipe.Output, features: Tensor, _ classifier: PooledClassifier
    ) -> ModelExplanation? {
        guard features.shape.count == 4, features.shape[1] == classifier.channels else { return nil }
        let (rows, columns) = (features.shape[2], features.shape[3])
        let map = classifier.activationMap(
            features: features.floats, places: rows * columns, row: output.row, against: output.against)
        let whole = WholePictureGrid(
            width: settings.width, height: settings.height, crop: settings.crop, rows: rows, columns: columns)
        return ModelExplanation(
            model: recipe.id, policy: output.policy, method: "cam", signed: true,
            relevance: .grid(rows: whole.rows, columns: whole.columns, values: whole.spread(map)))
    }

    /// How far the difference of logits falls where a square is hidden.
    private func falls(_ image: PixelImage, _ explained: [Recipe.Output]) throws -> [ModelExplanation] {
        let (network, classifier) = try load()
        func logits(_ image: PixelImage) throws -> [Float] {
            try network.infer([classifier.input: try input(image)], wanted: [classifier.logits])
                .floats(classifier.logits, shape: [1, classifier.classes], of: recipe.id)
        }
        let squares = Occlusion.Patches(width: image.width, height: image.height)
        let colour = image.meanColour
        let whole = try logits(image)
        // The published file takes one picture at a time.
        let hidden = try squares.places.map { try logits(squares.hidden(image, at: $0, colour: colour)) }
        return explained.map { output in
            let score = { (logits: [Float]) in logits[output.row] - logits[output.against] }
            return ModelExplanation(
                model: recipe.id, policy: output.policy, method: ExplanationMethod.Kind.occlusion.rawValue,
                signed: true,
                relevance: .grid(
                    rows: squares.rows, columns: squares.columns,
                    values: squares.map(falls: hidden.map { score(whole) - score($0) })))
        }
    }

    private static func softmax(_ logits: [Float]) -> [Float] {
        let largest = logits.max() ?? 0
        let powers = logits.map { exp($0 - largest) }
        let sum = powers.reduce(0, +)
        return powers.map { $0 / sum }
    }
}

/// Lays a map over the middle square, which is all the model saw, out over the whole picture: zero where it did not
/// look. Cells are as large as the border and the map's cells have in common, so that no value is interpolated.
struct WholePictureGrid {
    let rows: Int
    let columns: Int
    private let mapColumns: Int
    private let cell: (perRow: Int, perColumn: Int)
    private let border: (top: Int, left: Int)
    private let inner: (rows: Int, columns: Int)

    init(width: Int, height: Int, crop: Int?, rows mapRows: Int, columns mapColumns: Int) {
        self.mapColumns = mapColumns
        guard let crop, crop % mapRows == 0, crop % mapColumns == 0, (width - crop) % 2 == 0, (height - crop) % 2 == 0
        else {
            (rows, columns, cell, border, inner) = (mapRows, mapColumns, (1, 1), (0, 0), (mapRows, mapColumns))
            return
        }
        let (tall, wide) = (crop / mapRows, crop / mapColumns)
        let (top, left) = ((height - crop) / 2, (width - crop) / 2)
        let (rowPixels, columnPixels) = (Self.common(tall, top), Self.common(wide, left))
        (rows, columns) = (height / rowPixels, width / columnPixels)
        cell = (tall / rowPixels, wide / columnPixels)
        border = (top / rowPixels, left / columnPixels)
        inner = (mapRows, mapColumns)
    }

    func spread(_ map: [Float]) -> [Float] {
        var values = [Float](repeating: 0, count: rows * columns)
        for row in 0..<inner.rows * cell.perRow {
            for column in 0..<inner.columns * cell.perColumn {
                values[(row + border.top) * columns + column + border.left] =
                    map[row / cell.perRow * mapColumns + column / cell.perColumn]
            }
        }
        return values
    }

    private static func common(_ a: Int, _ b: Int) -> Int { b == 0 ? a : common(b, a % b) }
}
