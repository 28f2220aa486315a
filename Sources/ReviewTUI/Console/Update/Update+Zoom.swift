import Media
import Queue

/// The picture over the whole screen.
extension ConsoleState {
    /// Opens it, or leaves it.
    mutating func toggleZoom() {
        guard zoom == nil else {
            leaveZoom()
            return
        }
        guard let focus, !focus.item.media.isEmpty else {
            say("There is no picture to enlarge.")
            return
        }
        zoom = Zoom()
        say("")
    }

    mutating func leaveZoom() {
        zoom = nil
        zoomPreview = PreviewSlot()
    }

    /// Whether a key moves the zoom. One that gives a verdict never does.
    func movesZoom(_ key: Key) -> Bool {
        guard zoom != nil, keymap.command(for: key)?.verdict == nil else { return false }
        switch key {
        case .left, .right, .up, .down, .home, .escape: return true
        case .character(let scalar): return "+=-0hjklq".unicodeScalars.contains(scalar)
        default: return false
        }
    }

    mutating func pressInZoom(_ key: Key) -> [Effect] {
        guard let zoom else { return [] }
        switch key {
        case .escape, .character("q"):
            leaveZoom()
            return []
        default: break
        }
        guard let geometry = zoomGeometry else {
            say("The picture is not there yet.")
            return []
        }
        switch key {
        case .character("+"), .character("="):
            guard let nearer = geometry.nearer(zoom) else {
                say("Nearer there is nothing more to see.")
                return []
            }
            show(nearer, geometry)
        case .character("-"): show(geometry.farther(zoom), geometry)
        case .character("0"): show(Zoom(), geometry)
        case .home: show(Zoom(scale: zoom.scale), geometry)
        case .left, .character("h"): show(geometry.panned(zoom, across: -1, down: 0), geometry)
        case .right, .character("l"): show(geometry.panned(zoom, across: 1, down: 0), geometry)
        case .up, .character("k"): show(geometry.panned(zoom, across: 0, down: -1), geometry)
        case .down, .character("j"): show(geometry.panned(zoom, across: 0, down: 1), geometry)
        default: break
        }
        return []
    }

    mutating func show(_ zoom: Zoom, _ geometry: ZoomGeometry) {
        self.zoom = zoom
        say("")
        guard case .power(let power) = zoom.scale, power > -1 else { return }
        let held = ZoomGeometry.decodedSize(of: geometry.picture, power: power, detail: 1)
        guard held != geometry.picture else { return }
        let percent = 100 * held.width / max(1, geometry.picture.width)
        say("So large a picture is not held whole: this is no sharper than \(percent) % of it.")
    }

    // MARK: What is shown

    /// The present picture's own size, once it is known.
    private var pictureSize: PixelSize? {
        guard let focus, focus.item.media.indices.contains(focus.mediaIndex) else { return nil }
        for slot in [zoomPreview, preview] where slot.shown?.media == focus.item.media[focus.mediaIndex] {
            if case .picture(let picture) = slot.content {
                return PixelSize(width: picture.pixelWidth, height: picture.pixelHeight)
            }
        }
        return nil
    }

    /// Nil where nothing is known of the picture yet, or nothing is to be known.
    var zoomGeometry: ZoomGeometry? {
        guard let focus, !focus.restricted || focus.revealed else { return nil }
        return pictureSize.map {
            ZoomGeometry(picture: $0, area: ZoomView.area(size).size, graphics: abilities.graphics)
        }
    }

    /// The preview that the zoom asks for: as the ordinary one, with all that lies over it, larger or a part of it.
    func zoomRequest(for focus: Focus) -> PreviewRequest? {
        guard let zoom, var request = previewRequest(for: focus) else { return nil }
        var viewport = PreviewRequest.Viewport(ordinary: request.size)
        if case .power(let power) = zoom.scale, let geometry = zoomGeometry {
            viewport.part = PreviewRequest.Viewport.Part(
                rect: geometry.part(zoom), whole: geometry.picture, power: power)
        }
        request.size = ZoomView.area(size).size
        request.viewport = viewport
        return request
    }

    /// What the zoom shows: until its own preview comes, the ordinary one.
    var zoomShown: PreviewSlot { zoomPreview.content == nil ? preview : zoomPreview }
}

extension CommandID {
    /// Whether the picture stays over the whole screen: what changes how it looks, and dialogs that open over it.
    var keepsZoom: Bool {
        switch self {
        case .explanation, .explanationPrevious, .explanationNext, .overlay, .opacity, .blur, .grey, .reveal,
            .nextMedia,
            .zoom, .note, .severity, .policies, .help, .commandLine, .redraw, .suspend:
            true
        default: false
        }
    }
}
