import Media
import Testing

@testable import ReviewTUI

@Suite("How large a picture stands")
struct PreviewGeometryTests {
    private let cell = PixelSize(width: 10, height: 20)

    @Test(
        "a picture fills its area as far as its shape allows",
        arguments: [
            (PixelSize(width: 1000, height: 1000), CellSize(columns: 80, rows: 20), CellSize(columns: 40, rows: 20)),
            (PixelSize(width: 2000, height: 1000), CellSize(columns: 40, rows: 40), CellSize(columns: 40, rows: 10)),
            (PixelSize(width: 32, height: 32), CellSize(columns: 10, rows: 3), CellSize(columns: 6, rows: 3)),
            (PixelSize(width: 10_000, height: 1), CellSize(columns: 40, rows: 10), CellSize(columns: 40, rows: 1)),
            (PixelSize(width: 1, height: 10_000), CellSize(columns: 40, rows: 10), CellSize(columns: 1, rows: 10)),
            (PixelSize(width: 5, height: 5), CellSize(columns: 0, rows: 0), CellSize(columns: 1, rows: 1)),
        ])
    func symbols(image: PixelSize, area: CellSize, expected: CellSize) {
        #expect(PreviewGeometry.cells(for: image, in: area, cell: cell) == expected)
    }

    @Test("a sixel picture never reaches below its area, whatever the cell's height")
    func sixelBands() {
        for height in 1...40 {
            for rows in 1...12 {
                let cell = PixelSize(width: 7, height: height)
                let area = CellSize(columns: 30, rows: rows)
                let pixels = PreviewGeometry.sixelPixels(for: PixelSize(width: 300, height: 900), in: area, cell: cell)
                let bands = (pixels.height + 5) / 6
                if rows * height >= 6 { #expect(bands * 6 <= rows * height) }
                #expect(pixels.width <= 210 && pixels.width >= 1 && pixels.height >= 1)
                #expect(PreviewGeometry.cells(covering: pixels, cell: cell).rows <= rows)
            }
        }
    }

    @Test("no sixel picture is larger than the terminal says it draws, nor in a zoom")
    func limit() {
        let (photo, area) = (PixelSize(width: 4000, height: 3000), CellSize(columns: 200, rows: 60))
        for limit in [PixelSize(width: 1000, height: 1000), PixelSize(width: 1000, height: 100)] {
            let pixels = PreviewGeometry.sixelPixels(for: photo, in: area, cell: cell, limit: limit)
            #expect(pixels.width <= limit.width && pixels.height <= limit.height)
            #expect(pixels.width == limit.width || pixels.height == limit.height / 6 * 6)
            let graphics = ScreenAbilities.Graphics.sixel(cell: cell, colours: 256)
            let room = ZoomGeometry(picture: photo, area: area, graphics: graphics, limit: limit).room
            #expect(room == PixelSize(width: limit.width, height: limit.height / 6 * 6))
        }
    }

    @Test("small pictures grow to their area only where that is asked for")
    func enlarging() {
        let small = PixelSize(width: 30, height: 20)
        let area = CellSize(columns: 60, rows: 18)
        #expect(PreviewGeometry.sixelPixels(for: small, in: area, cell: cell, enlarging: false) == small)
        #expect(
            PreviewGeometry.sixelPixels(for: small, in: area, cell: cell, enlarging: true)
                == PixelSize(width: 540, height: 360))
    }
}
