import Media

/// A part of a picture, in pixels.
struct PixelRect: Hashable, Sendable {
    /// Of its top left corner, from the picture's.
    var x: Int
    var y: Int
    var size: PixelSize

    init(x: Int, y: Int, width: Int, height: Int) {
        self.x = x
        self.y = y
        size = PixelSize(width: width, height: height)
    }

    init(whole size: PixelSize) {
        self.init(x: 0, y: 0, width: size.width, height: size.height)
    }

    /// The same part of the picture in another size, to the nearest pixel; at least one pixel, and inside of it.
    func scaled(from whole: PixelSize, to other: PixelSize) -> PixelRect {
        func span(_ start: Int, _ length: Int, _ from: Int, _ to: Int) -> (start: Int, length: Int) {
            let share = Double(to) / Double(max(1, from))
            let first = min(max(0, to - 1), Int((Double(start) * share).rounded()))
            let last = min(to, max(first + 1, Int((Double(start + length) * share).rounded())))
            return (first, last - first)
        }
        let across = span(x, size.width, whole.width, other.width)
        let down = span(y, size.height, whole.height, other.height)
        return PixelRect(x: across.start, y: down.start, width: across.length, height: down.length)
    }
}
