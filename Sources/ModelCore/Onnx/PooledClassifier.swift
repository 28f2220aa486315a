/// Where a CNN's features, its logits and its classifier are: what an exact class activation map is made of.
///
/// Where a network ends in average pooling and a linear layer, logit_c = mean over places of ⟨w_c, feature⟩ + b_c, so
/// the parts ⟨w_c, feature(place)⟩ add up to the score itself. Source: Zhou et al. 2016, "Learning Deep Features for
/// Discriminative Localization", eq. 1-2.
struct PooledClassifier {
    /// Name of the feature map before pooling, [batch, channels, rows, columns].
    let features: String
    /// Name of the logits, [batch, classes].
    let logits: String
    let input: String
    /// [channels, classes], row-major.
    let weights: [Float]
    let bias: [Float]
    let classes: Int
    var channels: Int { weights.count / classes }

    /// Walks from the graph's output back to the pooling.
    ///
    /// - Throws: ``WeightsError/malformed(path:reason:)`` for a network of another form.
    init(_ graph: OnnxGraph, path: String) throws(WeightsError) {
        func malformed(_ reason: String) -> WeightsError {
            .malformed(path: path, reason: "\(reason), so it has no exact class activation map")
        }
        guard let output = graph.outputs.first, let softmax = graph.producer(of: output), softmax.type == "Softmax",
            let logits = softmax.inputs.first
        else { throw malformed("the network does not end in a softmax") }
        self.logits = logits

        var tensor = logits
        var bias: [Float]?
        var weights: OnnxGraph.Initializer?
        var features: String?
        // No classifier has more than a few steps between pooling and softmax; the bound guards against cycles.
        for _ in 0..<16 {
            guard let node = graph.producer(of: tensor) else { throw malformed("its last layers are cut off") }
            let constants = node.inputs.compactMap { graph.initializers[$0] }
            guard let before = node.inputs.first(where: { graph.initializers[$0] == nil }) else {
                throw malformed("\(printable(node.type)) takes no tensor")
            }
            switch node.type {
            case "Add": bias = constants.first?.values
            case "MatMul": weights = constants.first
            case "GlobalAveragePool", "AveragePool": features = before
            case "Reshape", "Squeeze", "Flatten", "Identity", "Dropout": break
            default: throw malformed("\(printable(node.type)) stands between pooling and softmax")
            }
            tensor = before
            if features != nil { break }
        }
        guard let features, let weights, weights.shape.count == 2, weights.shape[1] > 0,
            weights.values.count == weights.shape[0] * weights.shape[1]
        else { throw malformed("there is no linear layer behind average pooling") }
        guard let input = graph.inputs.first(where: { graph.initializers[$0] == nil }) else {
            throw malformed("it has no input")
        }
        self.features = features
        self.weights = weights.values
        self.input = input
        classes = weights.shape[1]
        self.bias = bias ?? Array(repeating: 0, count: classes)
        guard self.bias.count == classes else { throw malformed("its bias does not fit its classes") }
    }

    /// The map of one class against another: values that, averaged, give logit difference minus bias difference.
    ///
    /// - Parameter features: one picture's [channels, places].
    func activationMap(features: [Float], places: Int, row: Int, against: Int) -> [Float] {
        var map = [Float](repeating: 0, count: places)
        for channel in 0..<channels {
            let weight = weights[channel * classes + row] - weights[channel * classes + against]
            for place in 0..<places { map[place] += weight * features[channel * places + place] }
        }
        return map
    }
}
