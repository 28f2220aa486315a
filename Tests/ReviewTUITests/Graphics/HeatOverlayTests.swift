import Media
import Testing

@testable import ReviewTUI

@Suite("Heat over a picture")
struct HeatOverlayTests {
    private let image = RGBImage(width: 64, height: 48, red: 100, green: 110, blue: 120)
    /// One hot patch, at row 0 and column 3 of four by four.
    private let corner = HeatGrid(rows: 4, columns: 4, values: [0, 0, 0, 2] + [Float](repeating: 0, count: 12))

    private func change(_ image: RGBImage, _ other: RGBImage, x: Int, y: Int) -> Int {
        let (a, b) = (image[x: x, y: y], other[x: x, y: y])
        return abs(Int(a.red) - Int(b.red)) + abs(Int(a.green) - Int(b.green)) + abs(Int(a.blue) - Int(b.blue))
    }

    @Test("heat glows where the relevance is, brightest in the patch's middle, and leaves the rest alone")
    func place() throws {
        let grid = try #require(corner)
        let heated = HeatOverlay(grid: grid, style: .heat, scale: 1).composited(over: image)
        #expect(change(heated, image, x: 56, y: 6) > 100)
        #expect(heated[x: 10, y: 40] == image[x: 10, y: 40])
        #expect(change(heated, image, x: 56, y: 6) > change(heated, image, x: 46, y: 6))
    }

    @Test(
        "the glow follows the score: 0.02 hardly shows, 0 not at all",
        arguments: [OverlayStyle.heat, .spotlight, .contour, .mask])
    func strength(style: OverlayStyle) throws {
        let grid = try #require(corner)
        func changed(_ scale: Float) -> Int {
            let overlaid = HeatOverlay(grid: grid, style: style, scale: scale).composited(over: image)
            return zip(overlaid.pixels, image.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 0
        }
        #expect(changed(0) == 0)
        #expect(changed(.nan) == 0)
        #expect(changed(0.02) <= 6)
        #expect(changed(0.99) > 60)
        #expect(changed(7) == changed(1))
    }

    @Test("a map without anything positive shows the picture as it is", arguments: OverlayStyle.allCases)
    func nothing(style: OverlayStyle) throws {
        let maps: [[Float]] = [[0, 0, 0, 0], [-1, -2, -3, 0], [.nan, -Float.infinity, 0, 0]]
        for values in maps {
            let grid = try #require(HeatGrid(rows: 2, columns: 2, values: values))
            #expect(HeatOverlay(grid: grid, style: style, scale: 1).composited(over: image) == image)
        }
    }

    @Test("of a signed map only the positive part glows")
    func signed() throws {
        let grid = try #require(HeatGrid(rows: 1, columns: 2, values: [-5, 1]))
        let heated = HeatOverlay(grid: grid, style: .heat, scale: 1).composited(over: image)
        #expect(heated[x: 2, y: 20] == image[x: 2, y: 20])
        #expect(change(heated, image, x: 60, y: 20) > 100)
    }

    @Test("spotlight dims what did not matter and keeps what did")
    func spotlight() throws {
        let grid = try #require(corner)
        let lit = HeatOverlay(grid: grid, style: .spotlight, scale: 1).composited(over: image)
        #expect(lit[x: 63, y: 0] == image[x: 63, y: 0])
        #expect(lit[x: 5, y: 40].green < 40)
    }

    @Test("contour draws lines and leaves the picture between them")
    func contour() throws {
        let grid = try #require(corner)
        let lined = HeatOverlay(grid: grid, style: .contour, scale: 1).composited(over: image)
        let changed = (0..<64 * 48).count { lined.pixels[$0 * 3] != image.pixels[$0 * 3] }
        #expect(changed > 20 && changed < 64 * 48 / 6)
        #expect(lined[x: 63, y: 0] == image[x: 63, y: 0])
    }

    @Test("a mask hides all but what mattered most, wholly, and leaves that as it is")
    func mask() throws {
        let grid = try #require(corner)
        for opacity in OverlayOpacity.allCases {
            let masked = HeatOverlay(grid: grid, style: .mask, scale: 1, opacity: opacity).composited(over: image)
            #expect(masked[x: 60, y: 2] == image[x: 60, y: 2])
            #expect(masked[x: 5, y: 40] == (40, 40, 40))
            let hidden = (0..<64 * 48).count { masked.pixels[$0 * 3] == 40 }
            #expect(hidden > 64 * 48 * 3 / 4)
        }
    }

    @Test("the mask's edge stands where relevance is half its maximum")
    func maskEdge() throws {
        let grid = try #require(HeatGrid(rows: 1, columns: 2, values: [0, 4]))
        let wide = RGBImage(width: 200, height: 1, red: 240, green: 240, blue: 240)
        let masked = HeatOverlay(grid: grid, style: .mask, scale: 1).composited(over: wide)
        // Relevance is 0.5 between the middles of the patches, at 100 of 200.
        #expect(masked[x: 93, y: 0].red == 40)
        #expect(masked[x: 106, y: 0].red == 240)
        #expect(abs(Int(masked[x: 99, y: 0].red) + Int(masked[x: 100, y: 0].red) - 280) <= 2)
    }

    @Test(
        "opacity is the most that heat, lines and darkness cover", arguments: [OverlayStyle.heat, .contour, .spotlight])
    func opacity(style: OverlayStyle) throws {
        let grid = try #require(corner)
        let white = RGBImage(width: 64, height: 48, red: 255, green: 255, blue: 255)
        var before = 0
        for opacity in OverlayOpacity.allCases {
            let covered = HeatOverlay(grid: grid, style: style, scale: 1, opacity: opacity).composited(over: white)
            let most = covered.pixels.map { 255 - Int($0) }.max() ?? 0
            #expect(most <= (255 * opacity.rawValue + 99) / 100)
            #expect(most > before)
            before = most
        }
    }

    @Test("a signed heat shows what speaks against in blue and what speaks for in orange, on one scale")
    func bothSigns() throws {
        let grid = try #require(HeatGrid(rows: 1, columns: 3, values: [-4, 0, 2]))
        let grey = RGBImage(width: 90, height: 3, red: 60, green: 60, blue: 60)
        let heated = HeatOverlay(grid: grid, style: .heat, scale: 1, signed: true).composited(over: grey)
        let (against, middle, inFavour) = (heated[x: 5, y: 1], heated[x: 44, y: 1], heated[x: 85, y: 1])
        #expect(against.blue > against.red + 60)
        #expect(abs(Int(middle.red) - 60) <= 2 && abs(Int(middle.blue) - 60) <= 2)
        #expect(inFavour.red > inFavour.blue + 10)
        // Half the magnitude is half the strength: it covers less and is darker.
        #expect(Int(inFavour.red) < Int(against.blue) - 40)
    }

    @Test("a grid that its values do not fill is refused")
    func shapes() {
        #expect(HeatGrid(rows: 2, columns: 2, values: [1, 2, 3]) == nil)
        #expect(HeatGrid(rows: 0, columns: 2, values: []) == nil)
        #expect(HeatGrid(rows: -1, columns: -1, values: [1]) == nil)
    }

    @Test("relevance is interpolated between the middles of patches and flat beyond the outer ones")
    func interpolation() throws {
        let grid = try #require(HeatGrid(rows: 1, columns: 2, values: [0, 1]))
        let line = grid.relevance(width: 8, height: 1)
        #expect(line == [0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1])
    }

    @Test("the colours are inferno's, as matplotlib publishes them, to nine levels")
    func inferno() {
        // Entries 0, 64, 128, 191 and 255 of matplotlib's table.
        let published = [(0, 0, 4), (87, 16, 110), (188, 55, 84), (249, 140, 10), (252, 255, 164)]
        for (strength, color) in zip([0, 0.251, 0.502, 0.749, 1] as [Float], published) {
            let mine = Colormap.color(strength)
            #expect(abs(Int(mine.red) - color.0) <= 9, "\(strength)")
            #expect(abs(Int(mine.green) - color.1) <= 9, "\(strength)")
            #expect(abs(Int(mine.blue) - color.2) <= 9, "\(strength)")
        }
    }

    @Test("every sixteenth of the map differs from the next, and is lighter, to every kind of eye", arguments: Eyes.all)
    func even(eyes: Eyes) throws {
        let colours = (0...16).map { OKLab(eyes.seeing(Colormap.color(Float($0) / 16))) }
        let steps = zip(colours, colours.dropFirst()).map { $0.distance(to: $1) }
        let mean = steps.reduce(0, +) / 16
        // Without colour blindness three quarters of the mean; with it no step is lost.
        #expect(try #require(steps.min()) > mean * (eyes.matrix == nil ? 0.75 : 0.4))
        #expect(zip(colours, colours.dropFirst()).allSatisfy { $1.lightness > $0.lightness + 0.02 })
    }

    @Test("for and against are evenly spaced, equally light, and told apart by every kind of eye", arguments: Eyes.all)
    func signedMap(eyes: Eyes) {
        for step in 1...8 {
            let strength = Float(step) / 8
            let (inFavour, against) = (Colormap.signedColor(strength), Colormap.signedColor(-strength))
            #expect(abs(OKLab(inFavour).lightness - 0.78 * strength) < 0.01)
            #expect(abs(OKLab(against).lightness - 0.78 * strength) < 0.01)
            let distance = OKLab(eyes.seeing(inFavour)).distance(to: OKLab(eyes.seeing(against)))
            #expect(distance > (eyes.name == "tritanopia" ? 0.12 : 0.15) * strength, "\(strength)")
        }
        #expect(Colormap.signedColor(0) == RGB(0, 0, 0))
        #expect(Colormap.signedColor(.nan) == RGB(0, 0, 0))
        #expect(Colormap.signedTable.count == 511 && Colormap.signedTable[255] == RGB(0, 0, 0))
    }

    @Test("brightness rises all the way, so that the map can be read without colour")
    func monotone() {
        let luma = Colormap.table.map { 0.299 * Float($0.red) + 0.587 * Float($0.green) + 0.114 * Float($0.blue) }
        #expect(zip(luma, luma.dropFirst()).allSatisfy { $1 > $0 - 0.6 })
        #expect((luma.first ?? 255) < 5 && (luma.last ?? 0) > 220)
    }
}

/// What a colour looks like to somebody, by Machado, Oliveira and Fernandes, "A physiologically-based model for
/// simulation of color vision deficiency" (IEEE TVCG 15(6), 2009), at full severity: on linear light.
struct Eyes: Sendable, CustomTestStringConvertible {
    let name: String
    let matrix: [[Float]]?

    var testDescription: String { name }

    static let all = [
        Eyes(name: "no colour blindness", matrix: nil),
        Eyes(
            name: "protanopia",
            matrix: [
                [0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998],
            ]),
        Eyes(
            name: "deuteranopia",
            matrix: [
                [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881],
            ]),
        Eyes(
            name: "tritanopia",
            matrix: [
                [1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900],
            ]),
    ]

    func seeing(_ colour: RGB) -> RGB {
        guard let matrix else { return colour }
        let light = [colour.red, colour.green, colour.blue].map(OKLab.linear)
        let seen = matrix.map { row in OKLab.level(zip(row, light).map { $0 * $1 }.reduce(0, +)) }
        return RGB(seen[0], seen[1], seen[2])
    }
}

@Suite("Softening")
struct SofteningTests {
    @Test("grey has no colour and keeps brightness")
    func grey() {
        let image = RGBImage(width: 2, height: 1, pixels: [255, 0, 0, 10, 10, 10])
        #expect(image.greyed().pixels == [76, 76, 76, 10, 10, 10])
    }

    @Test("blurring keeps even pictures, spreads a point over the radius and keeps the size")
    func blur() {
        let even = RGBImage(width: 9, height: 7, red: 3, green: 250, blue: 77)
        #expect(even.blurred(radius: 4) == even)
        #expect(even.blurred(radius: 400) == even)
        #expect(even.blurred(radius: 0) == even)
        var point = RGBImage(width: 41, height: 41, red: 0, green: 0, blue: 0)
        for y in 16...24 { for x in 16...24 { point[x: x, y: y] = (255, 255, 255) } }
        let blurred = point.blurred(radius: 5)
        #expect(blurred.size == point.size)
        #expect(blurred[x: 20, y: 20].red < 160)
        #expect(blurred[x: 12, y: 20].red > 5)
        #expect(blurred[x: 20, y: 12] == blurred[x: 12, y: 20])
        #expect(blurred[x: 12, y: 20] == blurred[x: 28, y: 20])
    }

    @Test("text in a blurred picture is gone: a fine pattern becomes even")
    func hides() {
        var stripes = RGBImage(width: 160, height: 20, red: 0, green: 0, blue: 0)
        for x in stride(from: 0, to: 160, by: 4) { for y in 0..<20 { stripes[x: x, y: y] = (255, 255, 255) } }
        let middle = (40..<120).map { Int(stripes.blurred(radius: 6)[x: $0, y: 10].red) }
        #expect((middle.max() ?? 255) - (middle.min() ?? 0) <= 4)
    }

    @Test("reduced detail is blocks of their mean, about 24 along the longer side")
    func mosaic() {
        var image = RGBImage(width: 96, height: 48, red: 0, green: 0, blue: 0)
        for y in 0..<48 { for x in stride(from: 0, to: 96, by: 2) { image[x: x, y: y] = (200, 100, 0) } }
        let blocks = image.mosaic(across: 24)
        #expect(blocks == RGBImage(width: 96, height: 48, red: 100, green: 50, blue: 0))
        var slope = image
        for y in 0..<48 { for x in 0..<96 { slope[x: x, y: y] = (UInt8(x), 0, 0) } }
        #expect(Set((0..<96).map { slope.mosaic(across: 24)[x: $0, y: 3].red }).count == 24)
        #expect(RGBImage(width: 1, height: 1, red: 7, green: 8, blue: 9).mosaic(across: 24).pixels == [7, 8, 9])
    }

    @Test("a line drawing is dark at edges, light elsewhere, without colour, and blank where there are none")
    func lines() {
        var image = RGBImage(width: 80, height: 60, red: 20, green: 40, blue: 200)
        for y in 15..<45 { for x in 20..<60 { image[x: x, y: y] = (240, 30, 30) } }
        let drawn = image.outlined(smoothing: 1)
        #expect(drawn[x: 20, y: 30].red < 100 && drawn[x: 40, y: 45].red < 100)
        #expect(drawn[x: 40, y: 30].red > 200 && drawn[x: 5, y: 5].red > 200)
        #expect((0..<4800).allSatisfy { drawn.pixels[$0 * 3] == drawn.pixels[$0 * 3 + 2] })
        // Grain of a few levels is no edge.
        var grain = RGBImage(width: 40, height: 40, red: 100, green: 100, blue: 100)
        for y in 0..<40 { for x in 0..<40 where (x * 7 + y * 13) % 5 == 0 { grain[x: x, y: y] = (106, 106, 106) } }
        #expect(grain.outlined(smoothing: 1).pixels.allSatisfy { $0 > 200 })
        #expect(RGBImage(width: 2, height: 9, red: 1, green: 2, blue: 3).outlined(smoothing: 1).size.height == 9)
    }

    @Test("all of them combine, in a stated order: colour, blur, lines, blocks")
    func together() {
        var image = RGBImage(width: 120, height: 60, red: 20, green: 40, blue: 200)
        for y in 10..<50 { for x in 30..<70 { image[x: x, y: y] = (240, 130, 30) } }
        #expect(image.softened([]) == image)
        #expect(
            image.softened([.detail, .grey, .lines, .blur])
                == image.greyed().blurred(radius: 3).outlined(smoothing: 1).mosaic(across: 24))
        #expect(image.softened([.detail, .blur]) == image.blurred(radius: 3).mosaic(across: 24))
    }
}
