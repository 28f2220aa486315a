import Media

/// Composites relevance over a picture before it is turned into symbols or sixels.
///
/// Strength is relevance relative to the grid's maximum, times `scale`. The caller passes the score as the scale, so
/// that a map that stands behind a score of 0.02 never glows like one behind 0.99. Of signed maps only the positive
/// part shows.
struct HeatOverlay: Sendable {
    var grid: HeatGrid
    var style: OverlayStyle
    /// In [0, 1]: the score that the map explains.
    var scale: Float
    /// How much of the picture the strongest heat covers, in [0, 1].
    var opacity: Float = 0.7

    func composited(over image: RGBImage) -> RGBImage {
        let scale = self.scale.isFinite ? min(1, max(0, self.scale)) : 0
        guard scale > 0 else { return image }
        let relevance = grid.relevance(width: image.width, height: image.height)
        switch style {
        case .heat: return heated(image, relevance, scale)
        case .contour: return outlined(image, relevance, scale)
        case .spotlight: return grid.values.contains { $0 > 0 } ? spotlit(image, relevance, scale) : image
        }
    }

    private func heated(_ image: RGBImage, _ relevance: [Float], _ scale: Float) -> RGBImage {
        mixed(image) { pixel in
            let strength = relevance[pixel] * scale
            // Colour and cover both grow with strength, so that weak relevance leaves the picture readable.
            return (Colormap.table[Int(strength * 255)], strength * opacity)
        }
    }

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
            return (Colormap.table[min(255, level * 64)], scale)
        }
    }

    private func spotlit(_ image: RGBImage, _ relevance: [Float], _ scale: Float) -> RGBImage {
        mixed(image) { pixel in (RGB(0, 0, 0), (1 - relevance[pixel]) * scale * 0.8) }
    }

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
