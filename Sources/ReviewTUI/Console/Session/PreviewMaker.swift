import Media
import Queue

/// Makes previews: decodes through the worker process, lays the explanation over, and encodes for the terminal.
///
/// Decoded pictures and finished previews are kept, so that another overlay does not decode again and going back
/// costs nothing.
actor PreviewMaker {
    private struct DecodeKey: Hashable {
        var path: String
        var bound: PixelSize
    }

    private let decoder: MediaDecoder
    private var decoded = RecentValues<DecodeKey, DecodedImage>(limit: 8)
    private var made = RecentValues<PreviewRequest, PreviewContent>(limit: 24)
    /// Counts the pictures that a terminal keeps under an id. Far more ids than previews are kept: no two of those share
    /// one.
    private var kittyPictures = 0
    private let run = UInt8.random(in: 1...255)

    /// Pixels for each cell of a preview in symbols: more than any symbol shows, so that the overlay is smooth.
    private static let symbolCell = PixelSize(width: 8, height: 16)

    init(decoder: MediaDecoder) {
        self.decoder = decoder
    }

    func make(_ request: PreviewRequest) async -> PreviewContent {
        if let known = made[request] { return known }
        let content: PreviewContent
        do throws(MediaError) {
            content = .picture(try await draw(request))
        } catch {
            content = .failed("\(error)")
            // Another try may succeed where the trouble was not the file's own.
            if [.unavailable, .tryAgain].contains(error.exitStatus) { return content }
        }
        made[request] = content
        return content
    }

    private func draw(_ request: PreviewRequest) async throws(MediaError) -> Picture {
        let cell =
            switch request.abilities.graphics {
            case .symbols, .ascii: Self.symbolCell
            case .sixel(let cell, _), .kitty(let cell, _): cell
            }
        let bound = PixelSize(width: request.size.columns * cell.width, height: request.size.rows * cell.height)
        let decoded = try await decode(DecodeKey(path: request.media.storedPath, bound: bound))
        let image = dressed(decoded.image, request)
        var picture = Picture(
            cells: CellBuffer(size: CellSize(columns: 0, rows: 0)), pixels: nil,
            pixelWidth: decoded.originalSize.width, pixelHeight: decoded.originalSize.height,
            format: decoded.format.name, notes: decoded.notes.map(\.description).sorted())
        switch request.abilities.graphics {
        case .symbols, .ascii:
            let isUnicode = request.abilities.unicode && request.abilities.graphics != .ascii
            let symbols = SymbolPreview(
                colors: request.abilities.colours, symbols: isUnicode ? .blocks : .ascii)
            picture.cells = symbols.draw(
                image, size: PreviewGeometry.cells(for: decoded.originalSize, in: request.size))
        case .sixel(_, let colours):
            let pixels = PreviewGeometry.sixelPixels(for: decoded.originalSize, in: request.size, cell: cell)
            picture.pixels = PixelPicture(
                form: .sixel, bytes: SixelPreview(colors: colours).encode(image, size: pixels),
                size: PreviewGeometry.cells(covering: pixels, cell: cell))
        case .kitty(_, let throughTmux):
            let size = PreviewGeometry.kittyCells(for: decoded.originalSize, in: request.size, cell: cell)
            let id = KittyImageID(run: run, counting: kittyPictures)
            kittyPictures += 1
            let kitty = KittyPreview(throughTmux: throughTmux)
            picture.pixels = PixelPicture(
                form: .kitty(id), bytes: kitty.transmission(image, as: .placeholders(id, size)),
                forgetting: kitty.deletion(of: id), size: size)
        }
        return picture
    }

    private func decode(_ key: DecodeKey) async throws(MediaError) -> DecodedImage {
        if let known = decoded[key] { return known }
        let image = try await decoder.decode(path: key.path, bound: key.bound)
        decoded[key] = image
        return image
    }

    /// The softened picture, and the explanation over it.
    private func dressed(_ image: RGBImage, _ request: PreviewRequest) -> RGBImage {
        let image = image.softened(request.softening)
        return request.overlay?.heat?.composited(over: image) ?? image
    }
}

/// The values used last, at most `limit` of them.
struct RecentValues<Key: Hashable, Value> {
    private let limit: Int
    private var values: [Key: Value] = [:]
    /// Least recently used first.
    private var order: [Key] = []

    init(limit: Int) {
        self.limit = limit
    }

    subscript(key: Key) -> Value? {
        mutating get {
            guard let value = values[key] else { return nil }
            order.removeAll { $0 == key }
            order.append(key)
            return value
        }
        set {
            order.removeAll { $0 == key }
            values[key] = newValue
            guard newValue != nil else { return }
            order.append(key)
            if order.count > limit { values[order.removeFirst()] = nil }
        }
    }
}
