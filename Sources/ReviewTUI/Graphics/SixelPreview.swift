import CChafa
import Media

/// Draws a picture in pixels for terminals that answer that they know sixel (DEC STD 070, 9.4).
struct SixelPreview: Sendable {
    enum Palette: Sendable {
        /// 240 fixed colours: a third of the time, slight bands in skies.
        case fixed
        /// 256 colours chosen from the picture.
        case chosen
    }

    var palette: Palette = .fixed

    /// The bytes to send with the cursor at the picture's top left cell: one DCS string, nothing else.
    ///
    /// - Parameter size: pixels, from ``PreviewGeometry/sixelPixels(for:in:cell:enlarging:)``. Sides are held between
    ///   1 and 8192.
    func encode(_ image: RGBImage, size: PixelSize) -> [UInt8] {
        let size = PixelSize(width: min(8192, max(1, size.width)), height: min(8192, max(1, size.height)))
        let scaled = image.resized(to: size, filter: size.area > image.size.area ? .bilinear : .lanczos)
        let picture = ChafaPicture(scaled, width: size.width, height: size.height) { config in
            chafa_canvas_config_set_cell_geometry(config, 1, 1)
            chafa_canvas_config_set_pixel_mode(config, CHAFA_PIXEL_MODE_SIXELS)
            chafa_canvas_config_set_canvas_mode(
                config, palette == .fixed ? CHAFA_CANVAS_MODE_INDEXED_240 : CHAFA_CANVAS_MODE_TRUECOLOR)
            chafa_canvas_config_set_preprocessing_enabled(config, 0)
            // Fewer passes over the palette; the difference is not visible.
            chafa_canvas_config_set_work_factor(config, 0.5)
        }
        return picture.printed()
    }
}
