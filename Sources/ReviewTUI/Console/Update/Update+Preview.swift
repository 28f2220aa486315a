import Queue

extension PreviewSlot {
    /// Notes what is wanted now; true where it is not what was asked for last.
    mutating func want(_ request: PreviewRequest?) -> Bool {
        guard request != wanted else { return false }
        wanted = request
        // What was made stands in for what is wanted, but never for something softer.
        let softening = request?.softening ?? []
        if request?.media != shown?.media || !softening.isSubset(of: shown?.softening ?? []) {
            shown = nil
            content = nil
        }
        return true
    }

    /// Takes a preview if it is the one that is waited for; late ones are dropped.
    mutating func take(_ made: PreviewContent, for request: PreviewRequest) {
        guard request == wanted else { return }
        shown = request
        content = made
    }
}

extension ConsoleState {
    /// The preview an item asks for under the present settings; nil where it has no picture, or a hidden one.
    func previewRequest(for focus: Focus) -> PreviewRequest? {
        guard focus.item.media.indices.contains(focus.mediaIndex), !focus.restricted || focus.revealed else {
            return nil
        }
        guard let area = layout(for: focus).preview, area.size.rows > 0, area.size.columns > 0 else { return nil }
        var laid: PreviewRequest.Overlay?
        if explains(focus), overlay != .off, let explanation = focus.gridExplanation,
            case .grid(let rows, let columns, let values) = explanation.relevance
        {
            laid = PreviewRequest.Overlay(
                rows: rows, columns: columns, values: values, signed: explanation.signed,
                strength: focus.strength(of: explanation), style: overlay, opacity: opacity)
        }
        var boxes = focus.evidence.boxes(media: focus.mediaIndex)
        if case .marking(.box(let box)) = mode, focus.id == self.focus?.id { boxes.append(box) }
        return PreviewRequest(
            media: focus.item.media[focus.mediaIndex], size: area.size, overlay: laid, boxes: boxes,
            softening: softening(of: focus), abilities: abilities)
    }
}
