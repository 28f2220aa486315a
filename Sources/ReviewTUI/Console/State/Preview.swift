import Queue

/// Everything a picture of a preview depends on: the key of its cache, and the order to make it.
struct PreviewRequest: Hashable, Sendable {
    struct Overlay: Hashable, Sendable {
        var rows: Int
        var columns: Int
        /// Row-major relevance.
        var values: [Float]
        var signed: Bool
        /// How strongly it glows, in [0, 1]: the score of the policy it explains.
        var strength: Double
        var style: OverlayStyle
    }

    var media: MediaReference
    var size: CellSize
    var overlay: Overlay?
    var blurred: Bool
    var grey: Bool
    var abilities: ScreenAbilities
}

/// A preview ready to be shown.
struct Picture: Hashable, Sendable {
    /// The picture as symbols; drawn where there are no graphics, and until they come.
    var cells: CellBuffer
    /// The same as sixel, with the cells it covers.
    var sixel: SixelPicture?
    /// In pixels, of the original.
    var pixelWidth: Int
    var pixelHeight: Int
    var format: String
    /// What the decoder had to say, for a person.
    var notes: [String] = []
}

/// Bytes that make a terminal draw a picture, and the cells it covers.
struct SixelPicture: Hashable, Sendable {
    var bytes: [UInt8]
    var size: CellSize

    /// Pictures are compared by what they were made from elsewhere; here length and ends are enough to tell a change.
    static func == (a: SixelPicture, b: SixelPicture) -> Bool { a.size == b.size && a.bytes == b.bytes }
}

/// What became of a request.
enum PreviewContent: Hashable, Sendable {
    case picture(Picture)
    /// A sentence that says why there is none.
    case failed(String)
}
