import Foundation

/// How a model that was trained on pairs of pictures and texts turns their cosine into a logit: scale·cos + bias.
///
/// Both are trained, and lie in the checkpoint as `logit_scale` (its logarithm) and `logit_bias`, in transformers' layout
/// and in OpenCLIP's.
///
/// Source: Radford et al. 2021 (a softmax over texts, which has no use for a bias); Zhai et al. 2023, "Sigmoid Loss for
/// Language Image Pre-Training", algorithm 1 (a sigmoid for each pair, with one).
struct LogitScale: Sendable, Hashable {
    let scale: Double
    /// Nil where the model compares texts with one another and says nothing of one alone.
    let bias: Double?

    /// What training can end with: CLIP's is held at 100, SigLIP's ends near 115.
    static let scales = 1e-3...1e4
    static let biases = -1e4...1e4
}

extension Checkpoint {
    /// - Throws: ``WeightsError/unfit(path:tensor:reason:)`` where the checkpoint has no scale, or one that no training
    ///   could end with.
    func logitScale() throws(WeightsError) -> LogitScale {
        let scale = exp(try number("logit_scale"))
        guard LogitScale.scales.contains(scale) else {
            throw .unfit(
                path: weights.path, tensor: "logit_scale", reason: "is no logarithm of a scale from 0.001 to 10,000")
        }
        guard weights.entries["logit_bias"] != nil else { return LogitScale(scale: scale, bias: nil) }
        let bias = try number("logit_bias")
        guard LogitScale.biases.contains(bias) else {
            throw .unfit(path: weights.path, tensor: "logit_bias", reason: "is not from -10,000 to 10,000")
        }
        return LogitScale(scale: scale, bias: bias)
    }

    private func number(_ tensor: String) throws(WeightsError) -> Double {
        let values = try weights.floats(tensor)
        guard values.count == 1, values[0].isFinite else {
            throw .unfit(path: weights.path, tensor: tensor, reason: "is not one finite number")
        }
        return Double(values[0])
    }
}
