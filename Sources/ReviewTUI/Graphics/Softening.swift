import Media

// Blur and grey lessen what a reviewer must see before they choose to see it.

extension RGBImage {
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
