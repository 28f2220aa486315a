/// A picture as the decoder gives it.
public struct DecodedImage: Hashable, Sendable {
    /// Upright, within the bound that was asked for.
    public var image: RGBImage
    /// The picture's own size, upright, before it was scaled to the bound.
    public var originalSize: PixelSize
    public var format: MediaFormat
    /// What a reviewer should know about what they see.
    public var notes: Set<DecodeNote>

    public init(image: RGBImage, originalSize: PixelSize, format: MediaFormat, notes: Set<DecodeNote> = []) {
        self.image = image
        self.originalSize = originalSize
        self.format = format
        self.notes = notes
    }
}

/// Something about a picture that its pixels do not show. Raw values are bits of the worker's reply.
public enum DecodeNote: UInt32, CaseIterable, Hashable, Sendable, CustomStringConvertible {
    /// The file ends too early; the missing part is grey.
    case truncated = 1
    /// The file's data is damaged; what came before and after is shown.
    case damaged = 2
    /// The file holds several frames and the first is shown.
    case animated = 4
    /// The picture has transparent parts; a checkerboard shows through them.
    case transparent = 8

    public var description: String {
        switch self {
        case .truncated: "cut off: the missing part is grey"
        case .damaged: "damaged: parts may be wrong"
        case .animated: "animated: first frame only"
        case .transparent: "transparent"
        }
    }
}

/// What a file may cost before it is refused. Checked against its header, before anything is allocated for it.
public struct DecodeLimits: Hashable, Sendable {
    /// Width × height.
    public var pixels: Int
    /// Bytes of the file.
    public var bytes: Int

    public init(pixels: Int = 64_000_000, bytes: Int = 128 << 20) {
        self.pixels = pixels
        self.bytes = bytes
    }
}
