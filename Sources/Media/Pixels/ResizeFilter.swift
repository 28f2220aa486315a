import Foundation

/// The kernel that weighs source pixels when a picture is resized.
///
/// When shrinking, the kernel is widened by the factor, so that every source pixel counts (antialiased, as Pillow's
/// `Image.resize` and therefore most models' preprocessing does it). Samples are mixed as they are stored (sRGB,
/// not linear light): fine bright detail comes out a little darker than an optical reduction would, and equal to
/// what the models were trained on.
public enum ResizeFilter: String, CaseIterable, Sendable {
    /// The one pixel under the middle of each new one: for enlarging test pictures and masks.
    case nearest
    /// Mean over the area of each new pixel; the cheapest good filter for shrinking.
    case area
    /// Linear interpolation, a triangle when shrinking.
    case bilinear
    /// Cubic convolution with a = −0.5 (Keys 1981, eq. 15 with a = −1/2), as Pillow's BICUBIC.
    case bicubic
    /// Lanczos' windowed sinc over three lobes: the sharpest when shrinking.
    case lanczos

    /// Half-width of the kernel at scale 1, in source pixels.
    var support: Double {
        switch self {
        case .nearest, .area: 0.5
        case .bilinear: 1
        case .bicubic: 2
        case .lanczos: 3
        }
    }

    /// The kernel's value at a distance from its centre.
    func weight(_ distance: Double) -> Double {
        let x = abs(distance)
        switch self {
        case .nearest, .area:
            return distance > -0.5 && distance <= 0.5 ? 1 : 0
        case .bilinear:
            return x < 1 ? 1 - x : 0
        case .bicubic:
            let a = -0.5
            if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
            if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
            return 0
        case .lanczos:
            if x >= 3 { return 0 }
            if x == 0 { return 1 }
            let px = Double.pi * x
            return sin(px) * sin(px / 3) / (px * px / 3)
        }
    }
}

/// For each new pixel along one axis, which old ones it mixes and with what weights.
struct ResizeTaps {
    /// The first old pixel of each new one.
    var starts: [Int32]
    /// How many old pixels each new one has.
    var counts: [Int32]
    /// `stride` weights for each new pixel, the first `counts[i]` of them used; they sum to 1.
    var weights: [Float]
    var stride: Int

    init(from old: Int, to new: Int, filter: ResizeFilter) {
        let scale = Double(old) / Double(new)
        let widening = max(1, scale)
        let support = filter.support * widening
        stride = Int(support.rounded(.up)) * 2 + 1
        starts = []
        counts = []
        starts.reserveCapacity(new)
        counts.reserveCapacity(new)
        weights = [Float](repeating: 0, count: new * stride)
        var kernel = [Double](repeating: 0, count: stride)
        for i in 0..<new {
            let centre = (Double(i) + 0.5) * scale
            if filter == .nearest {
                starts.append(Int32(min(old - 1, Int(centre))))
                counts.append(1)
                weights[i * stride] = 1
                continue
            }
            // Which samples count, and where a sample's middle lies, follow Pillow's resampler, for equal results.
            let first = max(0, Int(centre - support + 0.5))
            let last = min(old, Int(centre + support + 0.5))
            var sum = 0.0
            for j in first..<last {
                kernel[j - first] = filter.weight((Double(j) - centre + 0.5) / widening)
                sum += kernel[j - first]
            }
            for j in 0..<(last - first) { weights[i * stride + j] = Float(sum == 0 ? 0 : kernel[j] / sum) }
            starts.append(Int32(first))
            counts.append(Int32(last - first))
        }
    }
}
