import Media

/// How pictures are to be drawn, as a person asks for it.
enum GraphicsChoice: String, CaseIterable, Sendable {
    /// The best that the terminal says it can.
    case auto
    case kitty, sixel, iterm2, symbols, ascii
}

/// What a terminal has answered to ``TerminalProbe/query`` so far, and which graphics follow from that.
///
/// Kitty's protocol comes first, but only where the terminal is known to have its Unicode placeholders: others answer
/// the question for the protocol with OK and show the placeholders as rows of unknown characters, as WezTerm does. Those
/// get sixel. For iTerm2's inline images there is no question: the terminal's name says whether it has them.
struct TerminalAnswers: Hashable, Sendable {
    /// Name and version as the terminal gives them; printable ASCII.
    private(set) var version: String?
    private(set) var speaksKitty = false
    private(set) var drawsSixel = false
    private(set) var colourRegisters = 256
    private(set) var synchronizes = false
    /// The colour of the background; nil while nobody has said.
    private(set) var background: RGB?
    /// Pixels of a cell; nil while nobody has said.
    private(set) var cell: PixelSize?
    /// Whether the last answer of a batch has come.
    private(set) var isComplete = false

    /// - Parameter cells: columns and rows of the terminal, by which a text area is divided.
    mutating func take(_ reply: TerminalProbe.Reply, cells: CellSize) {
        switch reply {
        case .attributes:
            drawsSixel = reply.offersSixel
            isComplete = true
        case .cell(let size): cell = Self.plausible(size)
        case .textArea(let size):
            let part = PixelSize(width: size.width / max(1, cells.columns), height: size.height / max(1, cells.rows))
            cell = cell ?? Self.plausible(part)
        case .version(let text): version = text
        case .kittyGraphics(let works): speaksKitty = works
        case .synchronizedOutput(let known): synchronizes = known
        case .colorRegisters(let count): colourRegisters = min(256, max(2, count))
        case .background(let colour): background = colour
        }
    }

    /// The window has another size: cells may have, too, and the questions are put again.
    mutating func expectNewSizes() {
        cell = nil
        isComplete = false
    }

    /// kitty has drawn placeholders since 0.28, Ghostty since its first release.
    var hasPlaceholders: Bool {
        guard speaksKitty, let version = version?.lowercased() else { return false }
        if version.hasPrefix("ghostty") { return true }
        guard version.hasPrefix("kitty(") else { return false }
        let numbers = version.dropFirst("kitty(".count).split(whereSeparator: { !$0.isNumber }).prefix(2)
            .compactMap { Int($0) }
        return numbers.count == 2 && (numbers[0], numbers[1]) >= (0, 28)
    }

    /// iTerm2, whose own they are, and WezTerm.
    var drawsInlineImages: Bool { ["iterm2", "wezterm"].contains { version?.lowercased().hasPrefix($0) == true } }

    /// The graphics to draw with now.
    ///
    /// - Parameters:
    ///   - choice: one of the pixel formats is taken at its word, whatever the terminal answers.
    ///   - fallbackCell: pixels of a cell as the terminal's driver knows them.
    ///   - throughTmux: whether the terminal that answers is tmux, and not the one that draws.
    func graphics(
        _ choice: GraphicsChoice, abilities: ScreenAbilities, fallbackCell: PixelSize? = nil, throughTmux: Bool = false
    ) -> ScreenAbilities.Graphics {
        let cell = self.cell ?? fallbackCell
        switch choice {
        case .symbols: return .symbols
        case .ascii: return .ascii
        case .kitty:
            return abilities.carriesPlaceholders
                ? .kitty(cell: cell ?? PreviewGeometry.assumedCell, throughTmux: throughTmux) : .symbols
        case .sixel: return .sixel(cell: cell ?? PreviewGeometry.assumedCell, colours: colourRegisters)
        case .iterm2: return .inlineImages(cell: cell ?? PreviewGeometry.assumedCell)
        case .auto:
            guard isComplete, !throughTmux else { return .symbols }
            if hasPlaceholders, abilities.carriesPlaceholders {
                return .kitty(cell: cell ?? PreviewGeometry.assumedCell, throughTmux: false)
            }
            // Sixels have to fit their cells to the pixel.
            if drawsSixel, let cell { return .sixel(cell: cell, colours: colourRegisters) }
            if drawsInlineImages { return .inlineImages(cell: cell ?? PreviewGeometry.assumedCell) }
            return .symbols
        }
    }

    private static func plausible(_ size: PixelSize) -> PixelSize? {
        (3...100).contains(size.width) && (6...200).contains(size.height) ? size : nil
    }
}

extension ScreenAbilities {
    /// Whether cells can hold kitty's placeholders: they need UTF-8 and a foreground colour for the picture's id.
    var carriesPlaceholders: Bool { unicode && (colours == .indexed || colours == .truecolor) }
}
