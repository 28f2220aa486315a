/// A picture ready for a model: 8-bit RGB, row-major, no padding.
public struct PixelImage: Sendable, Hashable {
    public let width: Int
    public let height: Int
    /// `width * height * 3` bytes, red first.
    public let rgb: [UInt8]

    /// Nil where the number of bytes does not fit the size.
    public init?(width: Int, height: Int, rgb: [UInt8]) {
        guard width > 0, height > 0, width <= 65536, height <= 65536, rgb.count == width * height * 3 else {
            return nil
        }
        self.width = width
        self.height = height
        self.rgb = rgb
    }
}

/// The size a model wants its pictures in. The caller scales, with the whole picture squashed into the size, so that
/// the relevance grid lies over the whole picture.
public struct ImageInput: Sendable, Hashable {
    public enum Filter: String, Sendable, CaseIterable {
        case bilinear, bicubic
    }

    public let model: String
    public let width: Int
    public let height: Int
    /// With antialiasing when the picture is made smaller, as Pillow's filters of these names.
    public let filter: Filter
}
