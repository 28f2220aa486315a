import Media

/// A palette chosen for one picture, and which entry each of its pixels gets.
///
/// Variance-based cutting of the colour space (after Wu, "Efficient statistical computations for optimal color
/// quantization", 1991, without his cumulative tables): the box of colours with the greatest weighted error is split
/// at its mean, until there are enough. Colours are counted in 5, 6 and 5 bits; entries are means of the full levels.
struct PaletteCut {
    let colors: [RGB]
    /// One entry of ``colors`` for each pixel, row-major.
    let indices: [UInt8]

    /// What an error in a channel weighs to the eye, after the weights of pngquant's colour difference.
    private static let weights: [Float] = [0.5, 1, 0.45]

    /// - Parameter limit: the most colours, from 2 to 256.
    init(_ image: RGBImage, limit: Int) {
        var histogram = Histogram(image)
        var boxes = [Box(histogram.bins[...])]
        let limit = min(256, max(2, limit))
        while boxes.count < limit {
            guard let worst = boxes.indices.max(by: { boxes[$0].error < boxes[$1].error }), boxes[worst].error > 0
            else {
                break
            }
            let (low, high) = boxes[worst].split(&histogram.bins)
            boxes[worst] = low
            boxes.append(high)
        }
        var entries = [UInt8](repeating: 0, count: Histogram.size)
        for (entry, box) in boxes.enumerated() {
            for bin in histogram.bins[box.range] { entries[Int(bin.key)] = UInt8(entry) }
        }
        colors = boxes.map(\.mean)
        indices = [UInt8](unsafeUninitializedCapacity: histogram.keys.count) { out, count in
            histogram.keys.withUnsafeBufferPointer { keys in
                entries.withUnsafeBufferPointer { entries in
                    for i in 0..<keys.count { out[i] = entries[Int(keys[i])] }
                }
            }
            count = histogram.keys.count
        }
    }

    /// How often each colour occurs.
    private struct Histogram {
        static let size = 1 << 16
        var bins: [Bin]
        /// The bin of each pixel.
        let keys: [UInt16]

        init(_ image: RGBImage) {
            var counts = [UInt32](repeating: 0, count: Self.size)
            var sums = [UInt64](repeating: 0, count: Self.size * 3)
            let count = image.width * image.height
            keys = [UInt16](unsafeUninitializedCapacity: count) { keys, filled in
                image.pixels.withUnsafeBufferPointer { pixels in
                    counts.withUnsafeMutableBufferPointer { counts in
                        sums.withUnsafeMutableBufferPointer { sums in
                            for i in 0..<count {
                                let (red, green, blue) = (pixels[i * 3], pixels[i * 3 + 1], pixels[i * 3 + 2])
                                let key = UInt16(red >> 3) << 11 | UInt16(green >> 2) << 5 | UInt16(blue >> 3)
                                keys[i] = key
                                counts[Int(key)] &+= 1
                                sums[Int(key) * 3] &+= UInt64(red)
                                sums[Int(key) * 3 + 1] &+= UInt64(green)
                                sums[Int(key) * 3 + 2] &+= UInt64(blue)
                            }
                        }
                    }
                }
                filled = count
            }
            bins = (0..<Self.size).compactMap { key in
                guard counts[key] > 0 else { return nil }
                let count = Float(counts[key])
                let mean = SIMD3(Float(sums[key * 3]), Float(sums[key * 3 + 1]), Float(sums[key * 3 + 2])) / count
                return Bin(key: UInt16(key), count: count, mean: mean)
            }
        }
    }

    private struct Bin {
        var key: UInt16
        var count: Float
        var mean: SIMD3<Float>
    }

    /// A run of bins that will share one entry.
    private struct Box {
        let range: Range<Int>
        let mean: RGB
        /// Weighted squared error of all its pixels; 0 where it cannot be split.
        let error: Float
        private let axis: Int
        private let cut: Float

        init(_ bins: ArraySlice<Bin>) {
            range = bins.indices
            var count: Float = 0
            var sum = SIMD3<Float>()
            for bin in bins {
                count += bin.count
                sum += bin.mean * bin.count
            }
            let middle = sum / max(1, count)
            var squares = SIMD3<Float>()
            for bin in bins {
                let difference = bin.mean - middle
                squares += difference * difference * bin.count
            }
            let errors = (0..<3).map { squares[$0] * PaletteCut.weights[$0] }
            axis = (0..<3).max { errors[$0] < errors[$1] } ?? 0
            cut = middle[axis]
            error = bins.count > 1 ? errors[0] + errors[1] + errors[2] : 0
            func level(_ value: Float) -> UInt8 { UInt8(min(255, max(0, value)).rounded()) }
            mean = RGB(level(middle.x), level(middle.y), level(middle.z))
        }

        /// The two halves on either side of the mean, after their bins have been brought apart.
        func split(_ bins: inout [Bin]) -> (Box, Box) {
            var boundary = bins[range].partition { $0.mean[axis] > cut }
            // Rounding can leave one side empty.
            boundary = min(max(boundary, range.lowerBound + 1), range.upperBound - 1)
            return (Box(bins[range.lowerBound..<boundary]), Box(bins[boundary..<range.upperBound]))
        }
    }
}
