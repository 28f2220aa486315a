import Foundation

/// How much a model's answer leaves open: what a verdict on the item would settle. All from 0 to 1, the most open highest.
///
/// Of one policy, entropy, margin at one half and least confidence put items in the same order (Settles 2009, 3.1); they
/// differ where policies are added up or where the threshold is not one half.
public enum Uncertainty {
    /// −p·log₂ p − (1 − p)·log₂(1 − p), in bits (Shannon 1948; as a reason to ask, Lewis and Gale 1994).
    public static func entropy(_ p: Double) -> Double {
        func part(_ p: Double) -> Double { p > 0 ? -p * log2(p) : 0 }
        return part(p) + part(1 - p)
    }

    /// 1 at the threshold, falling to 0 at either end: 1 − |p − t|/t below it, 1 − |p − t|/(1 − t) above (the margin between
    /// the two best answers, Scheffer, Decomain and Wrobel 2001, is |2p − 1| at t = ½).
    public static func margin(_ p: Double, threshold: Double = 0.5) -> Double {
        let room = p < threshold ? threshold : 1 - threshold
        return room > 0 ? max(0, 1 - abs(p - threshold) / room) : 1
    }

    /// What several models disagree on: the entropy of their mean less the mean of their entropies, in bits. The
    /// Jensen-Shannon divergence of the answers, mean divergence from the consensus (McCallum and Nigam 1998); of draws
    /// from a posterior it is what BALD measures (Houlsby et al. 2011, equation 2).
    ///
    /// - Parameter probabilities: of one policy by each model; of fewer than two there is no disagreement.
    public static func disagreement(_ probabilities: [Double]) -> Double {
        guard probabilities.count > 1 else { return 0 }
        let count = Double(probabilities.count)
        let mean = probabilities.reduce(0, +) / count
        return max(0, entropy(mean) - probabilities.reduce(0) { $0 + entropy($1) } / count)
    }
}
