import Foundation
import Media

/// The picture over the whole screen, and which part of it is seen.
struct Zoom: Hashable, Sendable {
    enum Scale: Hashable, Sendable {
        /// The whole picture, as large as there is room.
        case fitted
        /// So many of the screen's pixels for each of the picture's own, as a power of two: 0 is 1:1.
        case power(Int)
    }

    /// A pixel of the picture.
    struct Point: Hashable, Sendable {
        var x: Int
        var y: Int
    }

    var scale = Scale.fitted
    /// What stands in the middle; nil is the picture's own middle.
    var centre: Point?
}

/// Where a zoom looks: a picture of a size, in a room of so many of the screen's pixels.
///
/// Where the terminal draws symbols, one of the screen's pixels is half a cell, which is about as wide as high.
struct ZoomGeometry: Hashable, Sendable {
    /// Of the original, upright.
    var picture: PixelSize
    /// At least one pixel.
    var room: PixelSize

    /// Eight by eight pixels of the screen for one of the picture's: single pixels can be counted.
    static let greatestPower = 3

    /// Bytes of a decoded picture, three a pixel: what is larger is held smaller, and shown less sharp.
    static let mostBytes = 64 << 20

    init(picture: PixelSize, area: CellSize, graphics: ScreenAbilities.Graphics) {
        self.picture = picture
        switch graphics {
        case .symbols, .ascii: room = PixelSize(width: area.columns, height: area.rows * 2)
        case .sixel(let cell, _):
            room = PixelSize(width: area.columns * cell.width, height: area.rows * cell.height / 6 * 6)
        case .inlineImages(let cell):
            room = PixelSize(width: area.columns * cell.width, height: area.rows * cell.height)
        case .kitty(let cell, _):
            let most = KittyImageID.mostCells
            room = PixelSize(width: min(most, area.columns) * cell.width, height: min(most, area.rows) * cell.height)
        }
        room = PixelSize(width: max(1, room.width), height: max(1, room.height))
    }

    // MARK: What is seen

    /// The screen's pixels for one of the picture's where the whole of it fills the room.
    var fittedScale: Double {
        min(
            Double(room.width) / Double(max(1, picture.width)), Double(room.height) / Double(max(1, picture.height)))
    }

    /// The part that is seen, in the picture's own pixels.
    func part(_ zoom: Zoom) -> PixelRect {
        guard case .power(let power) = zoom.scale else { return PixelRect(whole: picture) }
        func span(_ centre: Int, _ side: Int, _ room: Int) -> (start: Int, length: Int) {
            let length = min(side, max(1, power < 0 ? room << -power : room >> power))
            return (min(max(0, centre - length / 2), side - length), length)
        }
        let centre = zoom.centre ?? Zoom.Point(x: picture.width / 2, y: picture.height / 2)
        let across = span(centre.x, picture.width, room.width)
        let down = span(centre.y, picture.height, room.height)
        return PixelRect(x: across.start, y: down.start, width: across.length, height: down.length)
    }

    /// The size in which a picture is decoded to be seen at a scale: no larger than it is shown, nor than may be held.
    ///
    /// - Parameter detail: pixels decoded, each way, for one of the screen's.
    static func decodedSize(of picture: PixelSize, power: Int, detail: Int) -> PixelSize {
        let wanted = min(1, pow(2, Double(power)) * Double(detail))
        let held = min(1, (Double(mostBytes) / 3 / Double(max(1, picture.area))).squareRoot())
        let share = min(wanted, held)
        guard share < 1 else { return picture }
        return PixelSize(
            width: max(1, Int((Double(picture.width) * share).rounded(.down))),
            height: max(1, Int((Double(picture.height) * share).rounded(.down))))
    }

    // MARK: Moving

    /// A step nearer; nil where there is none.
    func nearer(_ zoom: Zoom) -> Zoom? {
        let power: Int
        switch zoom.scale {
        // The first one that shows noticeably more than the fitted picture.
        case .fitted: power = Int(log2(fittedScale * 1.01).rounded(.down)) + 1
        case .power(let present): power = present + 1
        }
        guard power <= Self.greatestPower else { return nil }
        return Zoom(scale: .power(power), centre: zoom.centre)
    }

    /// A step back, at last to the whole picture.
    func farther(_ zoom: Zoom) -> Zoom {
        guard case .power(let power) = zoom.scale, pow(2, Double(power - 1)) > fittedScale * 1.01 else { return Zoom() }
        return Zoom(scale: .power(power - 1), centre: zoom.centre)
    }

    /// Moved by a quarter of what is seen, as far as the picture goes.
    ///
    /// - Parameters:
    ///   - across: quarters to the right.
    ///   - down: quarters downwards.
    func panned(_ zoom: Zoom, across: Int, down: Int) -> Zoom {
        let seen = part(zoom)
        func moved(_ start: Int, _ length: Int, _ side: Int, _ quarters: Int) -> Int {
            min(max(0, start + quarters * max(1, length / 4)), side - length) + length / 2
        }
        return Zoom(
            scale: zoom.scale,
            centre: Zoom.Point(
                x: moved(seen.x, seen.size.width, picture.width, across),
                y: moved(seen.y, seen.size.height, picture.height, down)))
    }

    // MARK: In words

    /// `1:1, 33 % × 40 %, from 120,80`: the scale, and how much of the picture is seen.
    func words(_ zoom: Zoom) -> String {
        guard case .power(let power) = zoom.scale else {
            let scale = fittedScale
            let ratio = scale < 1 ? "1:" + Self.short(1 / scale) : Self.short(scale) + "×"
            return phrase("\(ratio), the whole")
        }
        let seen = part(zoom)
        func percent(_ length: Int, _ side: Int) -> Int { Int((100 * Double(length) / Double(max(1, side))).rounded()) }
        let ratio = power <= 0 ? "1:\(1 << -power)" : "\(1 << power)×"
        let share = "\(percent(seen.size.width, picture.width)) % × \(percent(seen.size.height, picture.height)) %"
        return phrase("\(ratio), \(share), from \(seen.x),\(seen.y)")
    }

    private static func short(_ ratio: Double) -> String {
        ratio < 10 ? String(format: "%.1f", ratio) : String(format: "%.0f", ratio)
    }
}
