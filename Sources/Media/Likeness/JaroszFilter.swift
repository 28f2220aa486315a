extension RGBImage {
    /// Luminance on 64 × 64 points, row-major, in [0, 255]: blurred by two passes of a moving mean along the rows and
    /// along the columns (a tent in both directions), then sampled (Facebook 2019, "PDQ Hashing Algorithm",
    /// down-sampling after W. Jarosz, "Fast Image Convolutions", 2001).
    ///
    /// Every running sum adds and subtracts in the order of the reference implementation, or bits near the median would
    /// differ from its. What is not sampled in the end is not computed: the third pass writes 64 columns, the last 64
    /// rows.
    func jaroszReduced() -> [Float] {
        let side = PDQFingerprint.side
        let (width, height) = (self.width, self.height)
        if width == side && height == side { return luminances() }
        let (across, down) = (MovingMean(length: width), MovingMean(length: height))
        let columns = (0..<side).map { sample($0, of: width) }
        let rows = (0..<side).map { sample($0, of: height) }
        let narrow = [Float](unsafeUninitializedCapacity: height * side) { narrow, count in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: height * width * 2) { planes in
                guard let first = planes.baseAddress else { return }
                let second = first + height * width
                pixels.withUnsafeBufferPointer { pixels in
                    across.alongRows(
                        height: height,
                        read: { x, y in luminance(pixels, at: (y * width + x) * 3) },
                        write: { x, y, mean in first[y * width + x] = mean })
                }
                down.alongColumns(first, width: width) { y, means in
                    (second + y * width).update(from: means, count: width)
                }
                across.alongRows(
                    height: height, at: columns,
                    read: { x, y in second[y * width + x] },
                    write: { index, y, mean in narrow[y * side + index] = mean })
            }
            count = height * side
        }
        var wanted = rows.enumerated().makeIterator()
        var next = wanted.next()
        return [Float](unsafeUninitializedCapacity: side * side) { out, count in
            narrow.withUnsafeBufferPointer { narrow in
                guard let narrow = narrow.baseAddress, let target = out.baseAddress else { return }
                down.alongColumns(narrow, width: side) { y, means in
                    // A picture of fewer than 64 rows is asked for some of them several times.
                    while let (index, row) = next, row == y {
                        (target + index * side).update(from: means, count: side)
                        next = wanted.next()
                    }
                }
            }
            count = side * side
        }
    }

    private func luminances() -> [Float] {
        pixels.withUnsafeBufferPointer { pixels in
            stride(from: 0, to: pixels.count, by: 3).map { luminance(pixels, at: $0) }
        }
    }
}

/// The middle of one of 64 equal parts of a side, as a position in the picture.
private func sample(_ index: Int, of length: Int) -> Int {
    Int((Double(index) + 0.5) * Double(length) / Double(PDQFingerprint.side))
}

/// ITU-R BT.601 luma of a pixel, in [0, 255]: computed in double precision, kept in single.
@inline(__always)
private func luminance(_ pixels: UnsafeBufferPointer<UInt8>, at index: Int) -> Float {
    let red: Double = Double(pixels[index]) * 0.299
    let green: Double = Double(pixels[index + 1]) * 0.587
    let blue: Double = Double(pixels[index + 2]) * 0.114
    return Float(red + green + blue)
}

/// A moving mean over lines of one length; at the ends the window holds what there is of it.
private struct MovingMean {
    let length: Int
    /// Half of a 64th of the side, rounded up: two passes reach over a whole one.
    let window: Int
    /// How many samples lie in the window from its middle to its right end.
    private let reach: Int

    /// - Precondition: `length` is at least 1.
    init(length: Int) {
        self.length = length
        window = (length + 2 * PDQFingerprint.side - 1) / (2 * PDQFingerprint.side)
        reach = (window + 2) / 2
    }

    /// The steps of the mean at one place: what comes into the window, what leaves it, and how much is then in it.
    @inline(__always)
    private func step(_ index: Int) -> (enters: Int?, leaves: Int?, count: Int) {
        let enters = index + reach - 1
        let leaves = index + reach - 1 - window
        let count: Int = min(length, enters + 1) - max(0, leaves + 1)
        return (enters < length ? enters : nil, leaves >= 0 ? leaves : nil, count)
    }

    /// Means along the rows of a plane, eight rows at a time: one row alone would wait for each sum before the next.
    ///
    /// - Parameters:
    ///   - wanted: ascending places in a row whose means are written, by their index; nil for all.
    ///   - read: the sample at (x, y).
    ///   - write: takes index or x, y, and the mean.
    @inline(__always)
    func alongRows(
        height: Int, at wanted: [Int]? = nil, read: (Int, Int) -> Float, write: (Int, Int, Float) -> Void
    ) {
        typealias Lanes = SIMD8<Float>
        withUnsafeTemporaryAllocation(of: Lanes.self, capacity: length) { line in
            for top in stride(from: 0, to: height, by: Lanes.scalarCount) {
                let lanes = min(Lanes.scalarCount, height - top)
                for x in 0..<length {
                    var samples = Lanes()
                    for lane in 0..<lanes { samples[lane] = read(x, top + lane) }
                    line[x] = samples
                }
                var sum = Lanes()
                for x in 0..<reach - 1 { sum += line[x] }
                var next = 0
                for x in 0..<length {
                    let (enters, leaves, count) = step(x)
                    if let enters { sum += line[enters] }
                    if let leaves { sum -= line[leaves] }
                    if let wanted {
                        guard next < wanted.count, wanted[next] == x else { continue }
                        let mean = sum / Float(count)
                        while next < wanted.count, wanted[next] == x {
                            for lane in 0..<lanes { write(next, top + lane, mean[lane]) }
                            next += 1
                        }
                    } else {
                        let mean = sum / Float(count)
                        for lane in 0..<lanes { write(x, top + lane, mean[lane]) }
                    }
                }
            }
        }
    }

    /// Means along the columns of a plane, all columns at once.
    ///
    /// - Parameter write: takes each row's number and its means, which it must copy.
    @inline(__always)
    func alongColumns(_ plane: UnsafePointer<Float>, width: Int, write: (Int, UnsafePointer<Float>) -> Void) {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: width * 2) { lines in
            guard let sums = lines.baseAddress else { return }
            let means = sums + width
            sums.initialize(repeating: 0, count: width)
            means.initialize(repeating: 0, count: width)
            for y in 0..<reach - 1 {
                let row = plane + y * width
                for x in 0..<width { sums[x] += row[x] }
            }
            for y in 0..<length {
                let (enters, leaves, count) = step(y)
                if let enters {
                    let row = plane + enters * width
                    for x in 0..<width { sums[x] += row[x] }
                }
                if let leaves {
                    let row = plane + leaves * width
                    for x in 0..<width { sums[x] -= row[x] }
                }
                let divisor = Float(count)
                for x in 0..<width { means[x] = sums[x] / divisor }
                write(y, means)
            }
        }
    }
}
