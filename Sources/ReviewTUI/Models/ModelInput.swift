import Media
import ModelCore

extension MediaDecoder {
    /// A picture in the size and filter a model wants, the whole of it squashed in.
    func decode(path: String, for input: ImageInput) async throws(MediaError) -> PixelImage {
        // Larger pictures are reduced in the worker first: four times the wanted size loses nothing a model could see.
        let bound = PixelSize(width: input.width * 4, height: input.height * 4)
        let decoded = try await decode(path: path, bound: bound)
        return try decoded.image.prepared(for: input)
    }
}

extension RGBImage {
    func prepared(for input: ImageInput) throws(MediaError) -> PixelImage {
        let filter: ResizeFilter =
            switch input.filter {
            case .bilinear: .bilinear
            case .bicubic: .bicubic
            }
        let scaled = resized(to: PixelSize(width: input.width, height: input.height), filter: filter)
        guard let image = PixelImage(width: scaled.width, height: scaled.height, rgb: scaled.pixels) else {
            throw .badReply(detail: "a picture of \(scaled.width)×\(scaled.height)")
        }
        return image
    }
}
