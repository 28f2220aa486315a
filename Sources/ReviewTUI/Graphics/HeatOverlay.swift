import Media

/// How an explanation is laid over a picture.
enum OverlayStyle: String, CaseIterable, Sendable {
    /// Colour over what mattered.
    case heat
    /// Lines at a quarter, half and three quarters of the strongest relevance: the picture stays as it is between.
    case contour
    /// What did not matter is dimmed.
    case spotlight
    /// All but what mattered most is hidden.
    case mask
    case off

    /// The style that the overlay key shows after this one.
    var next: OverlayStyle {
        let all = Self.allCases
        return all[((all.firstIndex(of: self) ?? 0) + 1) % all.count]
    }
}

/// How much of the picture heat, lines or darkness cover where they are strongest, in percent.
enum OverlayOpacity: Int, CaseIterable, Sendable {
    case light = 35
    case medium = 55
    case strong = 75

    /// The step that the opacity key takes after this one.
    var next: OverlayOpacity {
        let all = Self.allCases
        return all[((all.firstIndex(of: self) ?? 0) + 1) % all.count]
    }

    /// In [0, 1].
    var share: Float { Float(rawValue) / 100 }
}

/// Composites relevance over a picture before it is turned into symbols or pixels for the terminal.
///
/// Strength is relevance relative to the grid's maximum, times `scale`. The caller passes the score as the scale, so
/// that a map that stands behind a score of 0.02 never glows like one behind 0.99. Of signed maps only the positive
/// part shows, but for heat when `signed` says so.
struct HeatOverlay: Sendable {
    var grid: HeatGrid
    var style: OverlayStyle
    /// In [0, 1]: the score that the map explains.
    var scale: Float
    /// Heat shows what speaks against in another colour, both relative to the greatest magnitude.
    var signed = false
    /// Of heat, lines and darkness. A mask hides as much as the score says, whatever this is.
    var opacity = OverlayOpacity.strong

    /// Relevance at the lines of a contour, relative to the maximum.
    static let contours: [Float] = [0.25, 0.5, 0.75]
    /// Relevance above which a mask leaves the picture, relative to the maximum.
    static let maskLevel: Float = 0.5

    func composited(over image: RGBImage) -> RGBImage {
        composited(over: image, part: PixelRect(whole: image.size), of: image.size)
    }

    /// Lays it over a part of a picture as it lies there over the whole.
    ///
    /// - Parameters:
    ///   - image: the part's pixels.
    ///   - part: where they stand in the whole, as large as `image`.
    func composited(over image: RGBImage, part: PixelRect, of whole: PixelSize) -> RGBImage {
        let scale = usedScale
        guard style != .off, scale > 0 else { return image }
        if style == .heat, signed {
            let relevance = grid.signedRelevance(part, of: whole)
            return mixed(image) { pixel in glow(of: relevance[pixel]) }
        }
        let hasRelevance = grid.top > 0
        guard hasRelevance else { return image }
        let relevance = grid.relevance(part, of: whole)
        switch style {
        case .heat: return mixed(image) { pixel in glow(of: relevance[pixel]) }
        case .contour: return outlined(image, relevance, scale)
        case .spotlight:
            return mixed(image) { pixel in (RGB(0, 0, 0), (1 - relevance[pixel]) * scale * opacity.share) }
        case .mask: return masked(image, relevance, scale)
        case .off: return image
        }
    }

    /// The heat of a relevance in [0, 1], or in [-1, 1] where the map is signed: its colour and how much of the picture
    /// it covers. Both grow with strength, so that weak relevance leaves the picture readable.
    func glow(of relevance: Float) -> (color: RGB, share: Float) {
        let strength = relevance * usedScale
        let color =
            signed ? Colormap.signedTable[255 + Int(strength * 255)] : Colormap.table[Int(max(0, strength) * 255)]
        return (color, abs(strength) * opacity.share)
    }

    private var usedScale: Float { scale.isFinite ? min(1, max(0, scale)) : 0 }

    private func outlined(_ image: RGBImage, _ relevance: [Float], _ scale: Float) -> RGBImage {
        let width = image.width
        let height = image.height
        let thickness = max(1, min(width, height) / 160)
        return mixed(image) { pixel in
            let x = pixel % width
            let y = pixel / width
            let here = Int(relevance[pixel] * 4)
            let right = Int(relevance[y * width + min(width - 1, x + thickness)] * 4)
            let below = Int(relevance[min(height - 1, y + thickness) * width + x] * 4)
            let level = max(here, right, below)
            if level == min(here, right, below) { return (Colormap.table[0], 0) }
            return (Colormap.table[min(255, level * 64)], scale * opacity.share)
        }
    }

    private func masked(_ image: RGBImage, _ relevance: [Float], _ scale: Float) -> RGBImage {
        mixed(image) { pixel in
            // A soft edge a tenth wide: a hard one would look like something in the picture.
            let shown = min(1, max(0, (relevance[pixel] - Self.maskLevel) / 0.1 + 0.5))
            return (Self.hidden, (1 - shown) * scale)
        }
    }

    /// Dark, but told apart from black.
    private static let hidden = RGB(40, 40, 40)

    /// Every pixel mixed with a colour by that colour's share in [0, 1].
    private func mixed(_ image: RGBImage, _ cover: (Int) -> (color: RGB, share: Float)) -> RGBImage {
        let count = image.width * image.height
        let pixels = [UInt8](unsafeUninitializedCapacity: count * 3) { out, filled in
            image.pixels.withUnsafeBufferPointer { source in
                for pixel in 0..<count {
                    let (color, share) = cover(pixel)
                    let keep = 1 - share
                    let i = pixel * 3
                    out[i] = UInt8(Float(source[i]) * keep + Float(color.red) * share + 0.5)
                    out[i + 1] = UInt8(Float(source[i + 1]) * keep + Float(color.green) * share + 0.5)
                    out[i + 2] = UInt8(Float(source[i + 2]) * keep + Float(color.blue) * share + 0.5)
                }
            }
            filled = count * 3
        }
        return RGBImage(width: image.width, height: image.height, pixels: pixels)
    }
}
