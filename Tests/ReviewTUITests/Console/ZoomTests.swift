import Foundation
import Media
import Queue
import Testing

@testable import ReviewTUI

@Suite("The picture over the whole screen")
struct ZoomTests {
    private func reviewer(
        policy: String = "spam", columns: Int = 100, rows: Int = 33, abilities: ScreenAbilities = ScreenAbilities()
    ) -> Reviewer {
        Reviewer(
            [Sample.picture("p", scores: [(policy, 0.8)]), Sample.harmless], columns: columns, rows: rows,
            abilities: abilities)
    }

    // MARK: Where it looks

    @Test("steps go from the fitted picture through powers of two to 8× and back")
    func steps() throws {
        // Half a cell is a pixel of the screen: 100 × 60 of them for 640 × 480, which is 1:8.
        let geometry = ZoomGeometry(
            picture: PixelSize(width: 640, height: 480), area: CellSize(columns: 100, rows: 30), graphics: .symbols)
        var scales: [Zoom.Scale] = []
        var zoom = Zoom()
        while let nearer = geometry.nearer(zoom) {
            zoom = nearer
            scales.append(nearer.scale)
        }
        #expect(scales == (-2...3).map { .power($0) })
        for power in (-2...2).reversed() {
            zoom = geometry.farther(zoom)
            #expect(zoom.scale == .power(power))
        }
        #expect(geometry.farther(zoom) == Zoom())
        #expect(geometry.farther(Zoom()) == Zoom())
    }

    @Test("1:1 shows as many of the picture's pixels as there is room for, around the same middle")
    func oneToOne() {
        let geometry = ZoomGeometry(
            picture: PixelSize(width: 640, height: 480), area: CellSize(columns: 40, rows: 15),
            graphics: .sixel(cell: PixelSize(width: 8, height: 16), colours: 256))
        // 15 rows of 16 pixels are 40 whole bands of sixels.
        #expect(geometry.part(Zoom(scale: .power(0))) == PixelRect(x: 160, y: 120, width: 320, height: 240))
        #expect(geometry.words(Zoom(scale: .power(0))) == "1:1, 50 % × 50 %, from 160,120")
        #expect(geometry.words(Zoom(scale: .power(1))) == "2×, 25 % × 25 %, from 240,180")
        #expect(geometry.words(Zoom()) == "1:2.0, the whole")
    }

    @Test("panning goes by a quarter of what is seen, and stops at the picture's edge")
    func panning() {
        let geometry = ZoomGeometry(
            picture: PixelSize(width: 640, height: 480), area: CellSize(columns: 40, rows: 15),
            graphics: .sixel(cell: PixelSize(width: 8, height: 16), colours: 256))
        var zoom = geometry.panned(Zoom(scale: .power(0)), across: 1, down: -1)
        #expect(geometry.part(zoom) == PixelRect(x: 240, y: 60, width: 320, height: 240))
        for _ in 0..<9 { zoom = geometry.panned(zoom, across: 1, down: -1) }
        #expect(geometry.part(zoom) == PixelRect(x: 320, y: 0, width: 320, height: 240))
        // The way back begins at once, however often the edge was pushed against.
        zoom = geometry.panned(zoom, across: -1, down: 1)
        #expect(geometry.part(zoom) == PixelRect(x: 240, y: 60, width: 320, height: 240))
    }

    @Test("a picture of 200 megapixels is held in no more than 64 MB, one that is seen smaller in less")
    func memory() {
        let large = PixelSize(width: 20_000, height: 10_000)
        let held = ZoomGeometry.decodedSize(of: large, power: 0, detail: 1)
        #expect(held.area * 3 <= ZoomGeometry.mostBytes && held.area * 3 > ZoomGeometry.mostBytes * 9 / 10)
        #expect(ZoomGeometry.decodedSize(of: large, power: -3, detail: 1) == PixelSize(width: 2500, height: 1250))
        let small = PixelSize(width: 640, height: 480)
        #expect(ZoomGeometry.decodedSize(of: small, power: 3, detail: 1) == small)
    }

    @Test("no part leaves the picture, of whatever size and on whatever screen")
    func parts() {
        for picture in [(1, 1), (3, 5000), (5000, 3), (641, 479)] {
            for graphics in [
                ScreenAbilities.Graphics.symbols, .sixel(cell: PixelSize(width: 7, height: 15), colours: 16),
                .kitty(cell: PixelSize(width: 9, height: 19), throughTmux: false),
            ] {
                let size = PixelSize(width: picture.0, height: picture.1)
                let geometry = ZoomGeometry(
                    picture: size, area: CellSize(columns: 77, rows: 21), graphics: graphics)
                for power in -12...3 {
                    for centre in [-9, 0, 2, 9999] {
                        let part = geometry.part(Zoom(scale: .power(power), centre: .init(x: centre, y: centre)))
                        #expect(part.x >= 0 && part.y >= 0 && part.size.width > 0 && part.size.height > 0)
                        #expect(part.x + part.size.width <= size.width && part.y + part.size.height <= size.height)
                        let held = part.scaled(from: size, to: PixelSize(width: 40, height: 30))
                        #expect(held.x + held.size.width <= 40 && held.y + held.size.height <= 30 && held.size.area > 0)
                    }
                }
            }
        }
    }

    @Test("heat lies over a part as it lies there over the whole", arguments: [false, true])
    func heat(signed: Bool) throws {
        let grid = try #require(HeatGrid(rows: 2, columns: 3, values: [1, -2, 0.5, 0, 3, -1]))
        let overlay = HeatOverlay(grid: grid, style: .heat, scale: 0.9, signed: signed)
        let picture = RGBImage(width: 60, height: 40, red: 100, green: 110, blue: 120)
        let part = PixelRect(x: 17, y: 5, width: 30, height: 21)
        let crop = picture.cropped(x: part.x, y: part.y, size: part.size)
        let expected = overlay.composited(over: picture).cropped(x: part.x, y: part.y, size: part.size)
        #expect(overlay.composited(over: crop, part: part, of: picture.size) == expected)
    }

    // MARK: Keys

    @Test("z opens it, + and arrows ask for parts, and z, esc and q leave it without ending the console")
    func keys() throws {
        for leave in ["z", "esc", "q"] {
            var mia = reviewer()
            mia.press("z")
            #expect(mia.state.zoomPreview.wanted?.size == CellSize(columns: 100, rows: 30))
            #expect(mia.state.zoomPreview.wanted?.viewport?.part == nil)
            #expect(mia.statusLine.contains("1:8.0, the whole"), "\(mia.statusLine)")
            mia.press("+ + + right")
            let part = try #require(mia.state.zoomPreview.wanted?.viewport?.part)
            #expect(part.power == 0 && part.rect == PixelRect(x: 295, y: 210, width: 100, height: 60))
            #expect(mia.statusLine.contains("1:1, 16 % × 13 %, from 295,210"), "\(mia.statusLine)")
            mia.press("home")
            #expect(mia.state.zoomPreview.wanted?.viewport?.part?.rect.x == 270)
            mia.press("0")
            #expect(mia.state.zoomPreview.wanted?.viewport?.part == nil)
            mia.press(leave)
            #expect(mia.state.zoom == nil && !mia.hasLeft)
            #expect(mia.screen.contains("SCORES"))
        }
    }

    @Test("h, j, k, l pan and neither move in the list nor open the history")
    func letters() {
        var mia = reviewer()
        mia.press("z + + l j h k")
        #expect(mia.state.zoom?.centre == .init(x: 320, y: 240))
        #expect(mia.state.focus?.id == "p" && mia.state.mode == .review)
    }

    @Test("a verdict key closes it and does what it does, also where its letter would pan")
    func verdicts() throws {
        var mia = reviewer()
        mia.press("z + x")
        #expect(mia.record == ["p remove spam"])
        #expect(mia.state.zoom == nil)
        var ozone = reviewer()
        ozone.use(
            try Keymap(toml: "name = \"o\"\n[keys]\nrestrict = [\"l\"]\nquit = [\"q\"]\nzoom = [\"z\"]", file: "o"))
        ozone.press("z l")
        #expect(ozone.record == ["p restrict spam"])
    }

    @Test("what lies over the picture stays in force: overlay, its policy, blur, grey")
    func dressed() throws {
        var mia = reviewer(policy: "violence/graphic")
        mia.press("z + +")
        var wanted = try #require(mia.state.zoomPreview.wanted)
        #expect(wanted.softening.contains(.blur) && wanted.lessensDetail && wanted.overlay?.style == .heat)
        let ordinary = try #require(mia.state.preview.wanted)
        #expect(wanted.viewport?.ordinary == ordinary.size)
        mia.press("o g ]")
        wanted = try #require(mia.state.zoomPreview.wanted)
        #expect(
            wanted.overlay?.style == .contour && wanted.softening.contains(.grey)
                && mia.state.focus?.explainedIndex == 1)
        #expect(mia.state.zoom != nil)
        mia.press("b")
        #expect(mia.desk.calls.contains("reveal blurred"))
        #expect(mia.state.zoomPreview.wanted?.softening.contains(.blur) == false)
        mia.press("v z")
        #expect(
            mia.state.preview.wanted?.overlay == nil && mia.state.preview.wanted?.softening.contains(.blur) == false)
    }

    @Test("a restricted picture stays hidden until it is asked for")
    func restricted() {
        var mia = reviewer(policy: "sexual/minors")
        mia.press("z +")
        #expect(mia.state.zoomPreview.wanted == nil)
        #expect(mia.screen.contains("This picture is hidden"))
        mia.press("i")
        #expect(
            mia.state.zoomPreview.wanted?.softening.contains(.blur) == true && mia.desk.calls.contains("reveal hidden"))
        mia.press("i")
        #expect(mia.state.zoomPreview.wanted == nil && mia.screen.contains("This picture is hidden"))
    }

    @Test("another item is never shown enlarged")
    func others() {
        var mia = Reviewer([Sample.picture("p"), Sample.picture("q")], columns: 100, rows: 33)
        mia.press("z + +")
        mia.take(.claimed(nil, .item("p")))
        #expect(mia.state.focus?.id != "p" && mia.state.zoom == nil)
        mia.press("z pagedown")
        #expect(mia.state.zoom == nil)
    }

    @Test("without a picture there is a sentence, and dialogs open over it")
    func without() {
        var mia = Reviewer([Sample.harmless])
        mia.press("z")
        #expect(mia.state.zoom == nil && mia.statusLine.contains("no picture"))
        var leo = reviewer()
        leo.press("z ?")
        #expect(leo.screen.contains("Verdicts"))
        leo.press("esc")
        #expect(leo.state.zoom != nil && !leo.screen.contains("Verdicts"))
    }

    @Test("a sixel picture stands in the middle of the screen, over reserved cells and nothing else")
    func place() throws {
        let abilities = ScreenAbilities(graphics: .sixel(cell: PixelSize(width: 10, height: 20), colours: 256))
        var mia = reviewer(abilities: abilities)
        mia.preview = { request in
            var picture = Sample.drawn(request.size)
            let size = CellSize(columns: request.viewport == nil ? 20 : 60, rows: request.viewport == nil ? 8 : 20)
            picture.pixels = PixelPicture(form: .sixel, bytes: [1], size: size)
            return .picture(picture)
        }
        mia.press("g z")
        let placed = try #require(mia.frame.picture)
        #expect((placed.row, placed.column, placed.picture.size.columns) == (1 + 5, 20, 60))
        mia.press("s")
        #expect(mia.frame.picture == nil)
        mia.press("esc z")
        #expect(mia.frame.picture?.picture.size.columns == 20)
    }
}
