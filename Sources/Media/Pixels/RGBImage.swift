/// A decoded picture: 8-bit sRGB, no alpha, already upright.
///
/// ```swift
/// let small = image.fitting(PixelSize(width: 800, height: 450))
/// let (r, g, b) = small[x: 10, y: 20]
/// ```
public struct RGBImage: Hashable, Sendable {
    public let width: Int
    public let height: Int
    /// Row-major, `width * height * 3` bytes: red, green, blue.
    public private(set) var pixels: [UInt8]

    /// Wraps pixels.
    ///
    /// - Precondition: both sides are at least 1 and `pixels` has exactly `width * height * 3` bytes. Whoever takes
    ///   the three from somewhere untrusted checks before calling.
    public init(width: Int, height: Int, pixels: [UInt8]) {
        precondition(width > 0 && height > 0 && pixels.count == width * height * 3, "pixels do not fit the size")
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    /// A picture of one colour.
    public init(width: Int, height: Int, red: UInt8, green: UInt8, blue: UInt8) {
        var pixels = [UInt8](repeating: red, count: width * height * 3)
        for i in 0..<width * height {
            pixels[i * 3 + 1] = green
            pixels[i * 3 + 2] = blue
        }
        self.init(width: width, height: height, pixels: pixels)
    }

    public var size: PixelSize { PixelSize(width: width, height: height) }

    /// One pixel. Traps outside the picture.
    public subscript(x x: Int, y y: Int) -> (red: UInt8, green: UInt8, blue: UInt8) {
        get {
            let i = (y * width + x) * 3
            return (pixels[i], pixels[i + 1], pixels[i + 2])
        }
        set {
            let i = (y * width + x) * 3
            pixels[i] = newValue.red
            pixels[i + 1] = newValue.green
            pixels[i + 2] = newValue.blue
        }
    }

    // MARK: - Parts and turns

    /// The part of the picture that starts at (`x`, `y`), clipped to the picture; at least one pixel of it.
    public func cropped(x: Int, y: Int, size wanted: PixelSize) -> RGBImage {
        let left = min(max(0, x), width - 1)
        let top = min(max(0, y), height - 1)
        let right = min(width, max(left + 1, x + wanted.width))
        let bottom = min(height, max(top + 1, y + wanted.height))
        var out: [UInt8] = []
        out.reserveCapacity((right - left) * (bottom - top) * 3)
        for row in top..<bottom {
            out.append(contentsOf: pixels[(row * width + left) * 3..<(row * width + right) * 3])
        }
        return RGBImage(width: right - left, height: bottom - top, pixels: out)
    }

    /// The middle of the picture, as model preprocessing crops it: offsets are `(side - wanted) / 2`, rounded down.
    public func centreCropped(to wanted: PixelSize) -> RGBImage {
        cropped(x: (width - wanted.width) / 2, y: (height - wanted.height) / 2, size: wanted)
    }

    /// The picture turned upright, given how it was stored.
    func upright(from orientation: Orientation) -> RGBImage {
        if orientation == .upright { return self }
        let out = orientation.swapsSides ? size.transposed : size
        var turned = [UInt8](repeating: 0, count: pixels.count)
        let (w, h) = (width, height)
        pixels.withUnsafeBufferPointer { source in
            turned.withUnsafeMutableBufferPointer { target in
                for y in 0..<out.height {
                    for x in 0..<out.width {
                        let (sx, sy) = orientation.source(x: x, y: y, stored: PixelSize(width: w, height: h))
                        let from = (sy * w + sx) * 3
                        let to = (y * out.width + x) * 3
                        target[to] = source[from]
                        target[to + 1] = source[from + 1]
                        target[to + 2] = source[from + 2]
                    }
                }
            }
        }
        return RGBImage(width: out.width, height: out.height, pixels: turned)
    }
}
