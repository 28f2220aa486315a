import Foundation
import Media

/// Draws a picture in pixels for terminals that know iTerm2's inline images (iterm2.com/documentation-images.html):
/// iTerm2 itself and WezTerm.
struct InlineImagePreview: Sendable {
    /// The bytes to send with the cursor at the picture's top left cell: one OSC string, nothing else. It holds the pixels
    /// as PNG in base64; the terminal scales them into the cells with their shape kept.
    func encode(_ image: RGBImage, in cells: CellSize) -> [UInt8] {
        let png = Data(PNGEncoder.encode(image))
        let keys = "inline=1;size=\(png.count);width=\(cells.columns);height=\(cells.rows);preserveAspectRatio=1"
        // WezTerm would leave the cursor below the picture, and scroll for that at the screen's foot.
        return Array("\u{1B}]1337;File=\(keys);doNotMoveCursor=1:".utf8) + png.base64EncodedData() + [0x07]
    }
}
