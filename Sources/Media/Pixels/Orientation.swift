/// How a camera stored a picture, as EXIF tag 0x0112 says it (CIPA DC-008, Exif 2.32, 4.6.4 A).
enum Orientation: UInt8, CaseIterable, Sendable {
    case upright = 1
    case mirrored = 2
    case upsideDown = 3
    case mirroredUpsideDown = 4
    /// Mirrored over the main diagonal.
    case transposed = 5
    /// Stored so that it must be turned 90° clockwise to be upright.
    case leftSideUp = 6
    /// Mirrored over the other diagonal.
    case transversed = 7
    /// Stored so that it must be turned 90° counter-clockwise.
    case rightSideUp = 8

    /// Whether the upright picture is as wide as the stored one is high.
    var swapsSides: Bool { rawValue >= 5 }

    /// Where the pixel of the upright picture at (`x`, `y`) lies in the stored one.
    func source(x: Int, y: Int, stored: PixelSize) -> (x: Int, y: Int) {
        let right = stored.width - 1
        let bottom = stored.height - 1
        return switch self {
        case .upright: (x, y)
        case .mirrored: (right - x, y)
        case .upsideDown: (right - x, bottom - y)
        case .mirroredUpsideDown: (x, bottom - y)
        case .transposed: (y, x)
        case .leftSideUp: (y, bottom - x)
        case .transversed: (right - y, bottom - x)
        case .rightSideUp: (right - y, x)
        }
    }
}
