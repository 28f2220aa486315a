/// Width and height of an image, in pixels.
public struct PixelSize: Hashable, Sendable, CustomStringConvertible {
    public var width: Int
    public var height: Int

    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    public var description: String { "\(width)×\(height)" }

    /// Pixels in all. Both sides come from 31-bit header fields at most, so the product cannot overflow.
    public var area: Int { width * height }

    /// The same size lying on its side.
    public var transposed: PixelSize { PixelSize(width: height, height: width) }

    /// The largest size of the same shape inside `bound`, at least 1×1; never larger than this one.
    public func fitted(in bound: PixelSize) -> PixelSize {
        if width <= bound.width && height <= bound.height { return self }
        return filled(in: bound)
    }

    /// The largest size of the same shape inside `bound`, at least 1×1, also where that is larger than this one.
    public func filled(in bound: PixelSize) -> PixelSize {
        guard width > 0, height > 0 else { return PixelSize(width: 1, height: 1) }
        let scale = min(Double(bound.width) / Double(width), Double(bound.height) / Double(height))
        return PixelSize(
            width: min(max(1, bound.width), max(1, Int((Double(width) * scale).rounded()))),
            height: min(max(1, bound.height), max(1, Int((Double(height) * scale).rounded()))))
    }
}
