import Media

/// What `doctor` says of a terminal's graphics: what the console will draw with, and what would improve it.
struct GraphicsAdvice: Hashable, Sendable {
    /// Nil where nothing answered.
    var answers: TerminalAnswers?
    var abilities: ScreenAbilities
    /// Pixels of a cell as the terminal's driver knows them.
    var driverCell: PixelSize?
    var isInTmux = false
    /// Whether standard input and output are a terminal that could be asked.
    var couldAsk = true

    /// What pictures are drawn with.
    var found: String {
        guard let answers else {
            if isInTmux { return "symbols: inside tmux nothing else is asked for" }
            return couldAsk
                ? "symbols: the terminal answered none of the questions"
                : "symbols: no terminal here that could be asked"
        }
        let name = answers.version.map { " (\($0))" } ?? ""
        switch drawn(answers) {
        case .kitty(let cell, _): return "kitty graphics in cells of \(cell.width)×\(cell.height) pixels\(name)"
        case .inlineImages: return "iTerm2's inline images\(name)"
        case .sixel(let cell, let colours):
            return "sixel, \(colours) colours, cells of \(cell.width)×\(cell.height) pixels\(name)"
        case .symbols, .ascii: return (abilities.unicode ? "half-blocks" : "ASCII") + name
        }
    }

    /// What would make pictures better, a sentence each; empty where there is nothing better.
    var improvements: [String] {
        var advice: [String] = []
        if isInTmux {
            advice.append(
                "Outside tmux the terminal is asked what it can. Inside, in kitty or Ghostty, `tmux set -g "
                    + "allow-passthrough on` and `review --graphics kitty` draw in pixels.")
        } else if let answers {
            advice += improvements(of: answers)
        } else if couldAsk {
            advice.append("If it draws pictures all the same, say so: `review --graphics kitty` or `--graphics sixel`.")
        } else {
            advice.append("Run doctor in the terminal that you review in.")
        }
        if !abilities.unicode { advice.append("A UTF-8 locale (LC_ALL=C.UTF-8) doubles what symbols show.") }
        return advice
    }

    private func improvements(of answers: TerminalAnswers) -> [String] {
        switch drawn(answers) {
        case .kitty, .inlineImages: return []
        case .sixel:
            return answers.colourRegisters < 256
                ? ["The terminal has \(answers.colourRegisters) colours for sixel; 256 show photos smoothly."] : []
        case .symbols, .ascii:
            if answers.hasPlaceholders, !abilities.carriesPlaceholders {
                return [
                    "The terminal draws pictures in pixels, but the console needs UTF-8 and 256 colours for them: check "
                        + "TERM, NO_COLOR and the locale."
                ]
            }
            if answers.drawsSixel {
                return ["The terminal draws sixel but does not say how large its cells are: `review --graphics sixel`."]
            }
            if answers.version?.hasPrefix("XTerm") == true {
                return ["xterm draws sixel when started as `xterm -ti vt340`, if it was built with it."]
            }
            return ["kitty, Ghostty, foot, iTerm2, WezTerm, Konsole and `xterm -ti vt340` draw pictures in pixels."]
        }
    }

    private func drawn(_ answers: TerminalAnswers) -> ScreenAbilities.Graphics {
        answers.graphics(.auto, abilities: abilities, fallbackCell: driverCell, throughTmux: isInTmux)
    }
}
