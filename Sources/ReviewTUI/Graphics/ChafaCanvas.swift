import CChafa
import Media

/// How many colours the terminal shows.
enum ColorDepth: String, CaseIterable, Sendable {
    /// The terminal's own foreground and background only.
    case mono
    case eight
    case sixteen
    /// The xterm palette: colours come out as exact entries of its cube and grey ramp.
    case indexed
    case truecolor
}

/// One libchafa canvas with a picture drawn on it. Stays within the function that made it.
final class ChafaPicture {
    private let canvas: OpaquePointer

    /// - Parameters:
    ///   - image: eight by eight pixels for each cell.
    ///   - width: columns.
    ///   - configure: gets the configuration after the geometry is set.
    init(_ image: RGBImage, width: Int, height: Int, configure: (OpaquePointer) -> Void) {
        let config = chafa_canvas_config_new()
        chafa_canvas_config_set_geometry(config, gint(width), gint(height))
        // Diffusion dithering writes out of bounds in symbol mode before 1.18.2, and noise hides detail.
        chafa_canvas_config_set_dither_mode(config, CHAFA_DITHER_MODE_NONE)
        chafa_canvas_config_set_color_space(config, CHAFA_COLOR_SPACE_RGB)
        if let config { configure(config) }
        canvas = chafa_canvas_new(config)
        chafa_canvas_config_unref(config)
        image.pixels.withUnsafeBufferPointer { pixels in
            chafa_canvas_draw_all_pixels(
                canvas, CHAFA_PIXEL_RGB8, pixels.baseAddress, gint(image.width), gint(image.height),
                gint(image.width * 3))
        }
    }

    deinit { chafa_canvas_unref(canvas) }

    /// The character of a cell and its colours; nil is the terminal's own.
    func cell(column: Int, row: Int) -> (character: Unicode.Scalar, foreground: RGB?, background: RGB?) {
        var foreground: gint = -1
        var background: gint = -1
        chafa_canvas_get_colors_at(canvas, gint(column), gint(row), &foreground, &background)
        let scalar = Unicode.Scalar(chafa_canvas_get_char_at(canvas, gint(column), gint(row))) ?? " "
        return (scalar, Self.color(foreground), Self.color(background))
    }

    private static func color(_ packed: gint) -> RGB? {
        guard packed >= 0 else { return nil }
        return RGB(UInt8(packed >> 16 & 255), UInt8(packed >> 8 & 255), UInt8(packed & 255))
    }
}
