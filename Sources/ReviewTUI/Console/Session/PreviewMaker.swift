import Media
import Queue
import Synchronization

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
    /// Pictures over the whole screen are large, and are quickly cut anew.
    private var views = RecentValues<PreviewRequest, PreviewContent>(limit: 3)
    private var enlarged: (key: DecodeKey, image: DecodedImage)?
    private let newestView = Mutex<PreviewRequest?>(nil)
    /// Counts the pictures that a terminal keeps under an id. Far more ids than previews are kept: no two of those share
    /// one.
    private var kittyPictures = 0
    private let run = UInt8.random(in: 1...255)

    /// Pixels for each cell of a preview in symbols: more than any symbol shows, so that the overlay is smooth.
    private static let symbolCell = PixelSize(width: 8, height: 16)

    init(decoder: MediaDecoder) {
        self.decoder = decoder
    }

    /// Says which preview is wanted now, before it is made: who pans faster than parts of a picture are drawn gets the
    /// last one, and the others are left out.
    nonisolated func expect(_ request: PreviewRequest) {
        if request.viewport != nil { newestView.withLock { $0 = request } }
    }

    /// A preview, or why there is none; nil where another part of the picture is wanted by now.
    func make(_ request: PreviewRequest) async -> PreviewContent? {
        if let known = request.viewport == nil ? made[request] : views[request] { return known }
        let isStale = request.viewport != nil && newestView.withLock { $0 != nil && $0 != request }
        if isStale { return nil }
        let content: PreviewContent
        do throws(MediaError) {
            content = .picture(try await draw(request))
        } catch {
            content = .failed("\(error)")
            // Another try may succeed where the trouble was not the file's own.
            if [.unavailable, .tryAgain].contains(error.exitStatus) { return content }
        }
        if request.viewport == nil { made[request] = content } else { views[request] = content }
        return content
    }

    private func draw(_ request: PreviewRequest) async throws(MediaError) -> Picture {
        let view = try await view(request)
        var picture = Picture(
            cells: CellBuffer(size: CellSize(columns: 0, rows: 0)), pixels: nil,
            pixelWidth: view.source.originalSize.width, pixelHeight: view.source.originalSize.height,
            format: view.source.format.name, notes: view.source.notes.map(\.description).sorted())
        switch request.abilities.graphics {
        case .symbols, .ascii:
            let isUnicode = request.abilities.unicode && request.abilities.graphics != .ascii
            let symbols = SymbolPreview(
                colors: request.abilities.colours, symbols: isUnicode ? .blocks : .ascii)
            let size =
                view.exactly.map { CellSize(columns: $0.width, rows: ($0.height + 1) / 2) }
                ?? PreviewGeometry.cells(for: view.shape, in: request.size)
            picture.cells = symbols.draw(view.image, size: size)
        case .sixel(let cell, let colours):
            let pixels = view.exactly ?? PreviewGeometry.sixelPixels(for: view.shape, in: request.size, cell: cell)
            picture.pixels = PixelPicture(
                form: .sixel, bytes: SixelPreview(colors: colours).encode(view.image, size: pixels),
                size: PreviewGeometry.cells(covering: pixels, cell: cell))
        case .inlineImages(let cell):
            let size = Self.cells(of: view, request, cell: cell)
            picture.pixels = PixelPicture(
                form: .inlineImage, bytes: InlineImagePreview().encode(view.image, in: size), size: size)
        case .kitty(let cell, let throughTmux):
            let size = Self.cells(of: view, request, cell: cell)
            let id = KittyImageID(run: run, counting: kittyPictures)
            kittyPictures += 1
            let kitty = KittyPreview(throughTmux: throughTmux)
            picture.pixels = PixelPicture(
                form: .kitty(id), bytes: kitty.transmission(view.image, as: .placeholders(id, size)),
                forgetting: kitty.deletion(of: id), ending: kitty.ending, size: size)
        }
        return picture
    }

    /// The cells that a terminal scales a picture into.
    private static func cells(of view: View, _ request: PreviewRequest, cell: PixelSize) -> CellSize {
        view.exactly.map { PreviewGeometry.cells(covering: $0, cell: cell) }
            ?? PreviewGeometry.scaledCells(for: view.shape, in: request.size, cell: cell)
    }

    // MARK: What is drawn

    /// Pixels with all that lies over them.
    fileprivate struct View {
        var image: RGBImage
        /// Of which `image` shows the whole; its shape is kept.
        var shape: PixelSize
        /// The screen's pixels that it is to have; nil: as many as there is room for.
        var exactly: PixelSize?
        var source: DecodedImage
    }

    private func view(_ request: PreviewRequest) async throws(MediaError) -> View {
        guard let viewport = request.viewport else {
            let source = try await decode(request.media, for: request.size, request)
            return View(image: dressed(source.image, request), shape: source.originalSize, source: source)
        }
        guard !request.lessensDetail else { return try await softenedView(request, viewport) }
        guard let part = viewport.part else {
            let bound = Self.bound(request.size, request)
            let source = try await decodeForZoom(DecodeKey(path: request.media.storedPath, bound: bound))
            return View(image: dressed(source.image, request), shape: source.originalSize, source: source)
        }
        // Symbols show more than one point in half a cell; and nothing is decoded larger than it is.
        let detail = request.abilities.graphics.drawsPixels ? 1 : 4
        let bound = ZoomGeometry.decodedSize(of: part.whole, power: part.power, detail: detail)
        let source = try await decodeForZoom(DecodeKey(path: request.media.storedPath, bound: bound))
        let held = part.rect.scaled(from: part.whole, to: source.image.size)
        var image = source.image.cropped(x: held.x, y: held.y, size: held.size)
        image = image.softened(request.softening)
        image = request.overlay?.heat?.composited(over: image, part: held, of: source.image.size) ?? image
        image = image.outlining(request.boxes, part: held, of: source.image.size)
        return View(image: image, request, shown: part, source: source)
    }

    /// A part of the ordinary preview, blurred as it is there and enlarged: no pixel of it comes from a larger picture.
    private func softenedView(
        _ request: PreviewRequest, _ viewport: PreviewRequest.Viewport
    ) async throws(MediaError) -> View {
        let source = try await decode(request.media, for: viewport.ordinary, request)
        let whole = dressed(source.image, request)
        guard let part = viewport.part else { return View(image: whole, shape: source.originalSize, source: source) }
        let held = part.rect.scaled(from: part.whole, to: whole.size)
        let image = whole.cropped(x: held.x, y: held.y, size: held.size)
        return View(image: image, request, shown: part, source: source)
    }

    /// Pixels to decode for an area of cells.
    private static func bound(_ size: CellSize, _ request: PreviewRequest) -> PixelSize {
        let cell =
            switch request.abilities.graphics {
            case .symbols, .ascii: symbolCell
            case .sixel(let cell, _), .inlineImages(let cell), .kitty(let cell, _): cell
            }
        return PixelSize(width: size.columns * cell.width, height: size.rows * cell.height)
    }

    private func decode(
        _ media: MediaReference, for size: CellSize, _ request: PreviewRequest
    ) async throws(MediaError) -> DecodedImage {
        let key = DecodeKey(path: media.storedPath, bound: Self.bound(size, request))
        if let known = decoded[key] { return known }
        let image = try await decoder.decode(path: key.path, bound: key.bound)
        decoded[key] = image
        // Another picture is looked at: the large one is done with.
        if enlarged?.key.path != key.path { enlarged = nil }
        return image
    }

    /// Decodes once, however often it is moved over; only one picture is held so large.
    private func decodeForZoom(_ key: DecodeKey) async throws(MediaError) -> DecodedImage {
        if let enlarged, enlarged.key == key { return enlarged.image }
        enlarged = nil
        let image = try await decoder.decode(path: key.path, bound: key.bound)
        enlarged = (key, image)
        return image
    }

    /// The softened picture, and the explanation over it.
    private func dressed(_ image: RGBImage, _ request: PreviewRequest) -> RGBImage {
        let image = image.softened(request.softening)
        return (request.overlay?.heat?.composited(over: image) ?? image).outlining(request.boxes)
    }
}

extension PreviewMaker.View {
    /// A part of a picture at a zoom's scale. Kitty and iTerm2 enlarge by themselves.
    fileprivate init(
        image: RGBImage, _ request: PreviewRequest, shown part: PreviewRequest.Viewport.Part, source: DecodedImage
    ) {
        func side(_ length: Int) -> Int { max(1, part.power < 0 ? length >> -part.power : length << part.power) }
        var exactly = PixelSize(width: side(part.rect.size.width), height: side(part.rect.size.height))
        // A pixel that rounding made is no reason to scale all of them.
        if abs(exactly.width - image.width) <= 1, abs(exactly.height - image.height) <= 1 {
            exactly = PixelSize(
                width: min(exactly.width, image.width), height: min(exactly.height, image.height))
        }
        self.image = image
        if request.abilities.graphics.enlargesItself == false {
            let isWhole = exactly.width.isMultiple(of: image.width) && exactly.height.isMultiple(of: image.height)
            if exactly.width > image.width || exactly.height > image.height {
                // Pixels of the picture stay squares; what was made of fewer has none to show.
                self.image = image.resized(to: exactly, filter: isWhole && part.power > 0 ? .nearest : .bilinear)
            }
        }
        shape = part.rect.size
        self.exactly = exactly
        self.source = source
    }
}

extension ScreenAbilities.Graphics {
    /// Whether pictures are more than characters.
    var drawsPixels: Bool {
        switch self {
        case .symbols, .ascii: false
        case .sixel, .inlineImages, .kitty: true
        }
    }

    /// Whether the terminal scales a picture into its cells.
    fileprivate var enlargesItself: Bool {
        switch self {
        case .symbols, .ascii, .sixel: false
        case .inlineImages, .kitty: true
        }
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
