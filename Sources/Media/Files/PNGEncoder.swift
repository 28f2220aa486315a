import CPNG

/// Writes an image as a PNG file.
public enum PNGEncoder {
    /// The whole file, 8-bit RGB; empty where libpng ran out of memory.
    public static func encode(_ image: RGBImage) -> [UInt8] {
        var control = rt_png_rgb(UInt32(image.width), UInt32(image.height))
        defer { png_image_free(&control) }
        let bound = rt_png_bound(control)
        return [UInt8](unsafeUninitializedCapacity: bound) { target, count in
            var used = bound
            let written = png_image_write_to_memory(
                &control, target.baseAddress, &used, 0, image.pixels, Int32(image.width * 3), nil)
            count = written != 0 ? used : 0
        }
    }
}
