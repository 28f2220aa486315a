/// How intervals are drawn.
public struct BootstrapRules: Sendable, Hashable {
    /// The same seed over the same ratings gives the same interval, on any machine.
    public var seed: UInt64
    /// Resamples of the items.
    public var samples: Int

    public init(seed: UInt64 = 1, samples: Int = 1000) {
        self.seed = seed
        self.samples = samples
    }
}

/// A small generator with a seed (SplitMix64: Steele, Lea and Flood 2014, "Fast splittable pseudorandom number
/// generators"). The standard library's way from its bits to a number in a range is not promised to stay, so it has its
/// own.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number below `bound`: the high word of the product (Lemire 2019). Its bias is below bound / 2⁶⁴.
    mutating func below(_ bound: Int) -> Int {
        Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }
}

extension RatingPatterns {
    /// Estimates coefficients with their intervals: items are drawn with replacement, as many as there are, and every
    /// coefficient is computed on each such draw (Efron 1979; percentile interval).
    func estimates(of coefficients: [Coefficient], rules: BootstrapRules) -> [Coefficient: Estimate] {
        var draws: [Coefficient: [Double]] = [:]
        var generator = SplitMix64(seed: rules.seed)
        var drawn = [Int](repeating: 0, count: patterns.count)
        for _ in 0..<(patternOfItem.count > 1 ? rules.samples : 0) {
            for index in drawn.indices { drawn[index] = 0 }
            for _ in patternOfItem.indices { drawn[patternOfItem[generator.below(patternOfItem.count)]] += 1 }
            for coefficient in coefficients {
                guard case .success(let value) = value(of: coefficient, occurrences: drawn) else { continue }
                draws[coefficient, default: []].append(value)
            }
        }
        var estimates: [Coefficient: Estimate] = [:]
        for coefficient in coefficients {
            var estimate = Estimate(items: items(for: coefficient))
            switch value(of: coefficient, occurrences: occurrences) {
            case .success(let value):
                estimate.value = value
                let defined = (draws[coefficient] ?? []).sorted()
                estimate.undefinedSamples = rules.samples - defined.count
                if estimate.items < 2 {
                    estimate.reason = "one item has no interval"
                } else if defined.count * 20 >= rules.samples * 19, !defined.isEmpty {
                    estimate.interval = Self.quantile(0.025, of: defined)...Self.quantile(0.975, of: defined)
                } else {
                    estimate.reason = "more than one resample in twenty has no value, so there is no interval"
                }
            case .failure(let undefined): estimate.reason = undefined.rawValue
            }
            estimates[coefficient] = estimate
        }
        return estimates
    }

    /// Linear between neighbours (Hyndman and Fan 1996, type 7: what NumPy and R do unasked).
    static func quantile(_ share: Double, of sorted: [Double]) -> Double {
        let position = share * Double(sorted.count - 1)
        let low = Int(position)
        let high = min(low + 1, sorted.count - 1)
        return sorted[low] + (sorted[high] - sorted[low]) * (position - Double(low))
    }
}
