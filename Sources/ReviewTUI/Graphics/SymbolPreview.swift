import CChafa
import Media

/// Draws a picture with characters: for every terminal, and at once.
struct SymbolPreview: Sendable {
    enum Symbols: Sendable {
        /// Half blocks and quadrants (Unicode 1.1): two by two coloured points a cell.
        case blocks
        /// Printable ASCII, for terminals without UTF-8.
        case ascii
    }

    var colors: ColorDepth = .truecolor
    var symbols: Symbols = .blocks
    /// Whether the terminal's own background is dark. Matters only without colour.
    var darkBackground = true

    /// The picture, stretched over exactly `size` cells (see ``PreviewGeometry/cells(for:in:cell:)`` for a size that
    /// keeps its shape). Sides are held between 1 and 1000.
    func draw(_ image: RGBImage, size: CellSize) -> CellBuffer {
        let columns = min(PreviewGeometry.mostCells, max(1, size.columns))
        let rows = min(PreviewGeometry.mostCells, max(1, size.rows))
        if colors == .mono {
            let ink = InkPreview(symbols: symbols, darkBackground: darkBackground)
            return ink.draw(image, size: CellSize(columns: columns, rows: rows))
        }
        // libchafa sees eight by eight pixels a cell. Scaling here keeps its own scaler out of it, which shears
        // pictures whose rows are no multiple of four bytes (1.12.4).
        let points = PixelSize(width: columns * 8, height: rows * 8)
        let enlarged = points.width > image.width || points.height > image.height
        let scaled = image.resized(to: points, filter: enlarged ? .bilinear : .area)
        let picture = ChafaPicture(scaled, width: columns, height: rows) { config in
            chafa_canvas_config_set_pixel_mode(config, CHAFA_PIXEL_MODE_SYMBOLS)
            chafa_canvas_config_set_canvas_mode(config, canvasMode)
            chafa_canvas_config_set_preprocessing_enabled(config, colors == .truecolor || colors == .indexed ? 0 : 1)
            chafa_canvas_config_set_work_factor(config, 0.5)
            let map = chafa_symbol_map_new()
            chafa_symbol_map_add_by_tags(map, tags)
            chafa_canvas_config_set_symbol_map(config, map)
            chafa_symbol_map_unref(map)
        }
        var buffer = CellBuffer(size: CellSize(columns: columns, rows: rows))
        for row in 0..<rows {
            for column in 0..<columns {
                let (character, foreground, background) = picture.cell(column: column, row: row)
                let style =
                    colors == .indexed
                    ? Style(foreground: foreground?.nearestXterm, background: background?.nearestXterm)
                    : Style(foreground: foreground, background: background)
                buffer[row, column] = Cell(text: String(character), style: style)
            }
        }
        return buffer
    }

    private var canvasMode: ChafaCanvasMode {
        switch colors {
        case .eight: CHAFA_CANVAS_MODE_INDEXED_8
        case .sixteen: CHAFA_CANVAS_MODE_INDEXED_16
        // Its nearest of 240 colours is mostly grey; `RGB.nearestXterm` keeps the hue.
        case .mono, .indexed, .truecolor: CHAFA_CANVAS_MODE_TRUECOLOR
        }
    }

    private var tags: ChafaSymbolTags {
        switch symbols {
        case .blocks:
            ChafaSymbolTags(
                CHAFA_SYMBOL_TAG_SPACE.rawValue | CHAFA_SYMBOL_TAG_HALF.rawValue | CHAFA_SYMBOL_TAG_QUAD.rawValue)
        case .ascii: ChafaSymbolTags(CHAFA_SYMBOL_TAG_SPACE.rawValue | CHAFA_SYMBOL_TAG_ASCII.rawValue)
        }
    }
}
