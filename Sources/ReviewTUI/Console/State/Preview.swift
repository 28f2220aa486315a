import Media
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
        var opacity: OverlayOpacity

        /// What is laid over the picture; nil where the values do not fill the grid.
        var heat: HeatOverlay? {
            HeatGrid(rows: rows, columns: columns, values: values).map {
                HeatOverlay(grid: $0, style: style, scale: Float(strength), signed: signed, opacity: opacity)
            }
        }
    }

    /// What of the picture is seen while it stands over the whole screen.
    struct Viewport: Hashable, Sendable {
        struct Part: Hashable, Sendable {
            /// In the picture's own pixels.
            var rect: PixelRect
            /// The picture's own size.
            var whole: PixelSize
            /// As in ``Zoom/Scale/power(_:)``.
            var power: Int
        }

        /// Nil: the whole, fitted.
        var part: Part?
        /// The area of the ordinary preview. A picture whose detail is lessened is made from no more pixels than that
        /// shows, so that no zoom reveals what the preview does not.
        var ordinary: CellSize
    }

    var media: MediaReference
    var size: CellSize
    var viewport: Viewport?
    var overlay: Overlay?
    /// Outlined on it: what the reviewer marks.
    var boxes: [Rationale.Box] = []
    /// What is taken from the picture before anything is laid over it.
    var softening: Set<Softening>
    var abilities: ScreenAbilities

    /// Whether what is shown has less detail than the picture.
    var lessensDetail: Bool { !softening.isSubset(of: [.grey]) }
}

/// A preview ready to be shown.
struct Picture: Hashable, Sendable {
    /// The picture as symbols; drawn where there are no graphics, and until they come.
    var cells: CellBuffer
    /// The same in pixels, for terminals that draw them.
    var pixels: PixelPicture?
    /// In pixels, of the original.
    var pixelWidth: Int
    var pixelHeight: Int
    var format: String
    /// What the decoder had to say, for a person.
    var notes: [String] = []
}

/// Bytes that make a terminal draw a picture, and the cells it covers.
struct PixelPicture: Hashable, Sendable {
    enum Form: Hashable, Sendable {
        /// Painted over cells, and gone when they are written again.
        case sixel
        /// Likewise.
        case inlineImage
        /// Kept by the terminal under an id, shown where cells hold its placeholders.
        case kitty(KittyImageID)
    }

    var form: Form
    /// Draws a painted picture at the cursor; hands a kitty picture over.
    var bytes: [UInt8]
    /// Makes the terminal forget a kitty picture; empty for others.
    var forgetting: [UInt8] = []
    /// Ends a kitty picture that was handed over in part; empty for others.
    var ending: [UInt8] = []
    var size: CellSize

    /// Whether what lies over it would be painted over.
    var isPainted: Bool { form == .sixel || form == .inlineImage }
}

/// What became of a request.
enum PreviewContent: Hashable, Sendable {
    case picture(Picture)
    /// A sentence that says why there is none.
    case failed(String)
}
