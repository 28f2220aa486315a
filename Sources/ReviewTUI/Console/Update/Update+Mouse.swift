import Queue

/// The mouse: everything that it does, keys do, too.
extension ConsoleState {
    mutating func point(_ event: MouseEvent) -> [Effect] {
        guard let target = MouseTarget.at(row: event.row, column: event.column, self) else { return [] }
        switch event.action {
        case .click: return click(target)
        case .wheelUp: return turn(-1, over: target)
        case .wheelDown: return turn(1, over: target)
        }
    }

    private mutating func click(_ target: MouseTarget) -> [Effect] {
        switch target {
        case .command(let command):
            // By its key, so that it waits its turn like one. The dialogs' keys are not commands.
            guard mode == .review else { return [] }
            if let key = keymap.keys(for: command).first { return takeInTurn(key) }
            return command.need == .nothing ? run(command) : []
        case .key(let key): return takeInTurn(key)
        case .listRow(let index): return mode == .review && isQuiet ? select(index) : []
        case .policy(let policy):
            if mode == .review, isQuiet { focus?.choice.toggle(policy) }
            return []
        case .pickerRow(let index):
            guard case .policies(var picker) = mode else { return [] }
            picker.index = index
            picker.typed = ""
            mode = .policies(picker)
            return pressInPicker(.character(" "), picker)
        case .picture(let point):
            guard let zoom, let geometry = zoomGeometry else { return [] }
            show(Zoom(scale: zoom.scale, centre: point), geometry)
            return []
        case .list, .text, .dialog, .zoom: return []
        }
    }

    /// The wheel, by a notch downwards or upwards.
    private mutating func turn(_ step: Int, over target: MouseTarget) -> [Effect] {
        let key: Key = step > 0 ? .down : .up
        switch (mode, target) {
        case (.help, _), (.history, _):
            var effects: [Effect] = []
            for _ in 0..<3 { effects += act(on: key) }
            return effects
        case (.policies, _): return act(on: key)
        case (.review, .listRow), (.review, .list): return isQuiet ? move(by: step) : []
        case (.review, .text):
            scroll(by: 3 * step)
            return []
        case (.review, .picture), (.review, .zoom):
            return pressInZoom(.character(step > 0 ? "-" : "+"))
        default: return []
        }
    }

    /// Whether nothing is under way that changes which item is before the reviewer.
    private var isQuiet: Bool { focus?.isRecording != true && !undoIsAsked && waiting.isEmpty }
}
