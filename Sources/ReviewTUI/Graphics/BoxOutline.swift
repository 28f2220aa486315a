import Media
import Queue

extension RGBImage {
    /// The picture with rectangles outlined: a light line inside a dark one, so that they stand out from any picture.
    ///
    /// - Parameters:
    ///   - boxes: in fractions of the whole picture.
    ///   - part: which part of it this is, in pixels of a picture of the size `whole`; nil where it is all of it.
    func outlining(_ boxes: [Rationale.Box], part: PixelRect? = nil, of whole: PixelSize? = nil) -> RGBImage {
        guard !boxes.isEmpty else { return self }
        var out = pixels
        let whole = whole ?? size
        let origin = (x: part?.x ?? 0, y: part?.y ?? 0)
        let thickness = max(1, max(width, height) / 240)
        func set(_ x: Int, _ y: Int, _ value: UInt8) {
            guard (0..<width).contains(x), (0..<height).contains(y) else { return }
            for channel in 0..<3 { out[(y * width + x) * 3 + channel] = value }
        }
        func frame(_ left: Int, _ top: Int, _ right: Int, _ bottom: Int, _ value: UInt8) {
            for x in stride(from: left, through: right, by: 1) {
                set(x, top, value)
                set(x, bottom, value)
            }
            for y in stride(from: top, through: bottom, by: 1) {
                set(left, y, value)
                set(right, y, value)
            }
        }
        for box in boxes {
            let left = Int((box.x * Double(whole.width)).rounded()) - origin.x
            let top = Int((box.y * Double(whole.height)).rounded()) - origin.y
            let right = Int(((box.x + box.width) * Double(whole.width)).rounded()) - 1 - origin.x
            let bottom = Int(((box.y + box.height) * Double(whole.height)).rounded()) - 1 - origin.y
            for inset in 0..<thickness * 2 {
                frame(left + inset, top + inset, right - inset, bottom - inset, inset < thickness ? 0 : 255)
            }
        }
        return RGBImage(width: width, height: height, pixels: out)
    }
}
