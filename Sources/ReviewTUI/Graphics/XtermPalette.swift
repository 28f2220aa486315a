extension RGB {
    /// The entry of xterm's 256 colours (cube 16–231, greys 232–255) that looks most like this colour.
    ///
    /// Squared differences of the levels and of the chroma: by levels alone the dense greys win over every muted
    /// colour, and skin and wood come out grey.
    var xtermIndex: Int {
        func step(_ level: UInt8) -> Int { level < 48 ? 0 : level < 115 ? 1 : (Int(level) - 35) / 40 }
        let cube = 16 + 36 * step(red) + 6 * step(green) + step(blue)
        let grey = 232 + min(23, max(0, ((Int(red) + Int(green) + Int(blue)) / 3 - 3) / 10))
        return difference(to: RGB(xterm: grey)) < difference(to: RGB(xterm: cube)) ? grey : cube
    }

    var nearestXterm: RGB { RGB(xterm: xtermIndex) }

    /// The colour of an entry from 16 to 255; the first sixteen are the user's own.
    init(xterm index: Int) {
        if index >= 232 {
            let level = UInt8(clamping: 8 + (index - 232) * 10)
            self.init(level, level, level)
        } else {
            func level(_ step: Int) -> UInt8 { step == 0 ? 0 : UInt8(clamping: 55 + step * 40) }
            let cube = max(0, index - 16)
            self.init(level(cube / 36), level(cube / 6 % 6), level(cube % 6))
        }
    }

    /// Squared differences of the levels and of the chroma.
    func difference(to other: RGB) -> Int {
        let (r, g, b) = (Int(red) - Int(other.red), Int(green) - Int(other.green), Int(blue) - Int(other.blue))
        let chroma = self.chroma - other.chroma
        return r * r + g * g + b * b + chroma * chroma
    }

    private var chroma: Int { Int(max(red, green, blue)) - Int(min(red, green, blue)) }
}
