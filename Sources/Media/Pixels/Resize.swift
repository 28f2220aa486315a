extension RGBImage {
    /// The picture at another size.
    ///
    /// Results are within one level of Pillow's for the filters both have (`nearest`, `area` = `BOX`, `bilinear`,
    /// `bicubic`, `lanczos`); `Tests/MediaTests/Pixels` holds its numbers.
    ///
    /// - Parameter size: both sides are raised to 1 where they are less.
    public func resized(to size: PixelSize, filter: ResizeFilter = .lanczos) -> RGBImage {
        let new = PixelSize(width: max(1, size.width), height: max(1, size.height))
        if new == self.size { return self }
        let across = ResizeTaps(from: width, to: new.width, filter: filter)
        let down = ResizeTaps(from: height, to: new.height, filter: filter)
        let needed = Self.neededRows(of: down)
        let narrow = narrowed(rows: needed, taps: across)
        let rowBytes = new.width * 3
        let pixels = [UInt8](unsafeUninitializedCapacity: new.area * 3) { target, count in
            narrow.withUnsafeBufferPointer { source in
                withUnsafeTemporaryAllocation(of: Float.self, capacity: rowBytes) { row in
                    for y in 0..<new.height {
                        let line = UnsafeMutableBufferPointer(rebasing: target[y * rowBytes..<(y + 1) * rowBytes])
                        mixRows(source, firstRow: needed.lowerBound, taps: down, at: y, scratch: row, into: line)
                    }
                }
            }
            count = new.area * 3
        }
        return RGBImage(width: new.width, height: new.height, pixels: pixels)
    }

    /// The picture shrunk to lie within a bound, its shape kept; unchanged where it already does.
    public func fitting(_ bound: PixelSize, filter: ResizeFilter = .lanczos) -> RGBImage {
        resized(to: size.fitted(in: bound), filter: filter)
    }

    /// The picture with its shorter side at a length, as model preprocessing wants it before the centre crop.
    ///
    /// The longer side is `Int(length * long / short)`, truncated as in `torchvision` and `transformers`.
    public func resized(shortestEdge length: Int, filter: ResizeFilter = .bicubic) -> RGBImage {
        let long = Int(Double(length) * Double(max(width, height)) / Double(min(width, height)))
        let size = width <= height ? PixelSize(width: length, height: long) : PixelSize(width: long, height: length)
        return resized(to: size, filter: filter)
    }

    /// The rows that the vertical pass reads.
    private static func neededRows(of taps: ResizeTaps) -> Range<Int> {
        let last = taps.starts.count - 1
        return Int(taps.starts[0])..<Int(taps.starts[last] + taps.counts[last])
    }

    /// Some rows of the picture, resized horizontally. Rounded to 8 bits and clipped between the passes, as Pillow
    /// does it: with kernels that overshoot, the result depends on that and on the order of the passes.
    private func narrowed(rows: Range<Int>, taps: ResizeTaps) -> [UInt8] {
        let new = taps.starts.count
        let rowBytes = width * 3
        return [UInt8](unsafeUninitializedCapacity: rows.count * new * 3) { target, count in
            pixels.withUnsafeBufferPointer { source in
                withUnsafeTemporaryAllocation(of: Float.self, capacity: rowBytes) { samples in
                    guard let first = source.baseAddress, let floats = samples.baseAddress else { return }
                    for row in rows {
                        let bytes = first + row * rowBytes
                        for i in 0..<rowBytes { floats[i] = Float(bytes[i]) }
                        let start = (row - rows.lowerBound) * new * 3
                        let line = UnsafeMutableBufferPointer(rebasing: target[start..<start + new * 3])
                        mixColumns(UnsafeBufferPointer(samples), taps: taps, into: line)
                    }
                }
            }
            count = rows.count * new * 3
        }
    }
}

/// One row resized horizontally.
private func mixColumns(
    _ row: UnsafeBufferPointer<Float>, taps: ResizeTaps, into line: UnsafeMutableBufferPointer<UInt8>
) {
    guard let samples = row.baseAddress, let out = line.baseAddress else { return }
    taps.weights.withUnsafeBufferPointer { allWeights in
        guard let weights = allWeights.baseAddress else { return }
        for x in 0..<taps.starts.count {
            var red: Float = 0
            var green: Float = 0
            var blue: Float = 0
            var sample = samples + Int(taps.starts[x]) * 3
            let kernel = weights + x * taps.stride
            for tap in 0..<Int(taps.counts[x]) {
                let weight = kernel[tap]
                red += weight * sample[0]
                green += weight * sample[1]
                blue += weight * sample[2]
                sample += 3
            }
            out[x * 3] = level(red)
            out[x * 3 + 1] = level(green)
            out[x * 3 + 2] = level(blue)
        }
    }
}

/// One finished row, from the rows that the horizontal pass left. Whole rows at a time: the compiler makes vector
/// code of that.
private func mixRows(
    _ source: UnsafeBufferPointer<UInt8>, firstRow: Int, taps: ResizeTaps, at y: Int,
    scratch: UnsafeMutableBufferPointer<Float>, into line: UnsafeMutableBufferPointer<UInt8>
) {
    guard let pixels = source.baseAddress, let sums = scratch.baseAddress, let out = line.baseAddress else { return }
    let rowBytes = line.count
    let first = Int(taps.starts[y]) - firstRow
    for i in 0..<rowBytes { sums[i] = 0 }
    for tap in 0..<Int(taps.counts[y]) {
        let weight = taps.weights[y * taps.stride + tap]
        let row = pixels + (first + tap) * rowBytes
        for i in 0..<rowBytes { sums[i] += weight * Float(row[i]) }
    }
    for i in 0..<rowBytes { out[i] = level(sums[i]) }
}

/// The nearest level. At 2²³ the spacing of floats is 1, so adding it leaves the rounded value in the low bits; a
/// checked conversion takes three times as long and keeps loops from being vectorised.
@inline(__always)
private func level(_ value: Float) -> UInt8 {
    UInt8(truncatingIfNeeded: (max(0, min(255, value)) + 8_388_608).bitPattern)
}
