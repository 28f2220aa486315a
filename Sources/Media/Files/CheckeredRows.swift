/// Lays rows over a checkerboard where they are transparent, and hands them on.
struct CheckeredRows {
    var reducer: RowReducer
    private(set) var sawTransparency = false
    private(set) var count = 0
    private var line: [UInt8]
    /// Side of a square of the board, in the picture's own pixels.
    private let square: Int

    init(reducer: RowReducer) {
        self.reducer = reducer
        line = [UInt8](repeating: 0, count: reducer.size.width * 3)
        square = max(4, max(reducer.size.width, reducer.size.height) / 24)
    }

    mutating func take(_ row: ArraySlice<UInt8>, channels: Int) {
        row.withUnsafeBufferPointer { source in
            if channels == 3 {
                reducer.add(source)
            } else if channels == 4 {
                composite(source)
                line.withUnsafeBufferPointer { reducer.add($0) }
            }
        }
        count += 1
    }

    private mutating func composite(_ source: UnsafeBufferPointer<UInt8>) {
        let width = source.count / 4
        var transparent = false
        line.withUnsafeMutableBufferPointer { target in
            guard var from = source.baseAddress, var to = target.baseAddress else { return }
            var (x, inSquare, dark) = (0, 0, count / square & 1 == 1)
            while x < width {
                let alpha = UInt32(from[3])
                let board = (dark ? 102 : 153) &* (255 &- alpha) &+ 127
                to[0] = UInt8(truncatingIfNeeded: (UInt32(from[0]) &* alpha &+ board) / 255)
                to[1] = UInt8(truncatingIfNeeded: (UInt32(from[1]) &* alpha &+ board) / 255)
                to[2] = UInt8(truncatingIfNeeded: (UInt32(from[2]) &* alpha &+ board) / 255)
                if alpha < 255 { transparent = true }
                from += 4
                to += 3
                x &+= 1
                inSquare &+= 1
                if inSquare == square { (inSquare, dark) = (0, !dark) }
            }
        }
        if transparent { sawTransparency = true }
    }
}
