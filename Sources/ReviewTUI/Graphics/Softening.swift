import Media
import Queue

// Softening lessens what a reviewer must see before they choose to see it.

extension RGBImage {
    /// The picture with all of these done to it, in the order of ``Softening``: colour first, blocks last. Nothing is done
    /// to the blocks after they are made: a blurred mosaic is easier to recognise than a sharp one (Harmon and Julesz 1973,
    /// Science 180, 1194).
    func softened(_ softening: Set<Softening>) -> RGBImage {
        softening.sorted().reduce(self) { image, step in
            let longer = max(image.width, image.height)
            return switch step {
            case .grey: image.greyed()
            case .blur: image.blurred(radius: max(2, longer / 40))
            case .lines: image.outlined(smoothing: max(1, longer / 400))
            case .detail: image.mosaic(across: 24)
            }
        }
    }

    /// The picture in squares, each of the mean colour of what it covers.
    ///
    /// - Parameter across: squares along the longer side, about; fewer where the picture has fewer pixels.
    func mosaic(across: Int) -> RGBImage {
        let side = (max(width, height) + across - 1) / max(1, across)
        guard side > 1 else { return self }
        var out = pixels
        out.withUnsafeMutableBufferPointer { pixels in
            for top in stride(from: 0, to: height, by: side) {
                for left in stride(from: 0, to: width, by: side) {
                    let rows = top..<min(height, top + side)
                    let columns = left..<min(width, left + side)
                    let count = rows.count * columns.count
                    for channel in 0..<3 {
                        var sum = count / 2
                        for y in rows { for x in columns { sum += Int(pixels[(y * width + x) * 3 + channel]) } }
                        let mean = UInt8(sum / count)
                        for y in rows { for x in columns { pixels[(y * width + x) * 3 + channel] = mean } }
                    }
                }
            }
        }
        return RGBImage(width: width, height: height, pixels: out)
    }

    /// The picture's edges as dark lines on a light ground: the steepness of its luma by Sobel's operator (Sobel and Feldman
    /// 1968; Duda and Hart 1973, section 7.3), dark in proportion, and darkest where it reaches that of the steepest 4 % of
    /// the picture. A picture without edges stays blank: what is less steep than ``faintest`` is not drawn up.
    ///
    /// - Parameter smoothing: radius of the blur before it, in pixels, without which film grain becomes lines.
    func outlined(smoothing: Int) -> RGBImage {
        let steepness = blurred(radius: smoothing).steepness()
        let steepest = max(Self.faintest, Self.value(under: 0.96, of: steepness))
        let pixels = [UInt8](unsafeUninitializedCapacity: steepness.count * 3) { out, filled in
            for (index, value) in steepness.enumerated() {
                let ink = min(1, max(0, (Double(value) / Double(steepest) - 0.25) / 0.75))
                let level = UInt8(Self.ground - ink * (Self.ground - Self.ink))
                for channel in 0..<3 { out[index * 3 + channel] = level }
            }
            filled = steepness.count * 3
        }
        return RGBImage(width: width, height: height, pixels: pixels)
    }

    /// Levels of luma of the ground and of the darkest line.
    private static let ground = 236.0
    private static let ink = 24.0
    /// Of Sobel's two sums together; an edge from black to white has 1020.
    private static let faintest = 48

    /// |Gx| + |Gy| of Sobel's kernels on the luma of Rec. 601; 0 on the border.
    private func steepness() -> [Int] {
        let luma = greyed().pixels
        var found = [Int](repeating: 0, count: width * height)
        guard width > 2, height > 2 else { return found }
        luma.withUnsafeBufferPointer { luma in
            for y in 1..<height - 1 {
                for x in 1..<width - 1 {
                    func at(_ dx: Int, _ dy: Int) -> Int { Int(luma[((y + dy) * width + x + dx) * 3]) }
                    let across = at(1, -1) + 2 * at(1, 0) + at(1, 1) - at(-1, -1) - 2 * at(-1, 0) - at(-1, 1)
                    let down = at(-1, 1) + 2 * at(0, 1) + at(1, 1) - at(-1, -1) - 2 * at(0, -1) - at(1, -1)
                    found[y * width + x] = abs(across) + abs(down)
                }
            }
        }
        return found
    }

    /// The least value that this share of all does not pass.
    private static func value(under share: Double, of values: [Int]) -> Int {
        var counts = [Int](repeating: 0, count: 2041)
        for value in values { counts[min(2040, value)] += 1 }
        var left = Int(Double(values.count) * share)
        for (value, count) in counts.enumerated() {
            left -= count
            if left <= 0 { return value }
        }
        return 2040
    }

    /// The picture without colour: luma of Rec. 601 on the stored levels.
    func greyed() -> RGBImage {
        let count = width * height
        let grey = [UInt8](unsafeUninitializedCapacity: count * 3) { out, filled in
            pixels.withUnsafeBufferPointer { source in
                for i in 0..<count {
                    let red = 299 * Int(source[i * 3])
                    let green = 587 * Int(source[i * 3 + 1])
                    let luma = UInt8((red + green + 114 * Int(source[i * 3 + 2]) + 500) / 1000)
                    out[i * 3] = luma
                    out[i * 3 + 1] = luma
                    out[i * 3 + 2] = luma
                }
            }
            filled = count * 3
        }
        return RGBImage(width: width, height: height, pixels: grey)
    }

    /// The picture blurred: three box blurs, which is a Gaussian to the eye. Cost does not grow with the radius.
    ///
    /// - Parameter radius: of one box, in pixels; detail finer than about three times that is gone.
    func blurred(radius: Int) -> RGBImage {
        let radius = min(max(0, radius), max(width, height))
        guard radius > 0 else { return self }
        var from = pixels
        var to = pixels
        for _ in 0..<3 {
            boxBlur(from, into: &to, lines: height, length: width, step: 3, lineStep: width * 3, radius: radius)
            boxBlur(to, into: &from, lines: width, length: height, step: width * 3, lineStep: 3, radius: radius)
        }
        return RGBImage(width: width, height: height, pixels: from)
    }
}

/// Replaces each sample by the mean of its line within a radius; a line's ends go on for ever with their last sample.
private func boxBlur(
    _ from: [UInt8], into to: inout [UInt8], lines: Int, length: Int, step: Int, lineStep: Int, radius: Int
) {
    let window = UInt32(2 * radius + 1)
    from.withUnsafeBufferPointer { source in
        to.withUnsafeMutableBufferPointer { target in
            for line in 0..<lines {
                for channel in 0..<3 {
                    let start = line * lineStep + channel
                    let first = UInt32(source[start])
                    let last = start + (length - 1) * step
                    var sum = first * UInt32(radius + 1)
                    for i in 0..<radius { sum += UInt32(source[start + min(i, length - 1) * step]) }
                    for i in 0..<length {
                        let entering = i + radius < length ? source[start + (i + radius) * step] : source[last]
                        sum += UInt32(entering)
                        let leaving = i > radius ? UInt32(source[start + (i - radius - 1) * step]) : first
                        sum -= leaving
                        target[start + i * step] = UInt8((sum + window / 2) / window)
                    }
                }
            }
        }
    }
}
