/// Parts of an input hidden one after another, and what their absence does to the score.
///
/// value = score of the whole − score without the part, so positive values speak for the direction and negative ones
/// against it. The score is the projection of the normalised embedding (of a classifier the difference of logits), before
/// calibration: a calibrated score near 1 hardly moves.
enum Occlusion {
    /// Source: Zeiler & Fergus 2014, "Visualizing and Understanding Convolutional Networks", section 4.2, whose grey
    /// square is here one of the picture's own mean colour: that takes a place's content away and adds no contrast.
    struct Patches {
        let width: Int
        let height: Int
        /// Cells of the map along each side; fewer in a picture with fewer pixels.
        let rows: Int
        let columns: Int
        /// Where hidden squares begin, in cells; each is ``span`` cells wide and high.
        let places: [(row: Int, column: Int)]
        private let span: (rows: Int, columns: Int)

        /// - Parameters:
        ///   - cells: of the map along each side.
        ///   - covered: sides of a hidden square, in cells. Squares lie one cell apart, so that they overlap.
        init(width: Int, height: Int, cells: Int = 8, covered: Int = 2) {
            (self.width, self.height) = (width, height)
            (rows, columns) = (min(cells, height), min(cells, width))
            span = (min(covered, rows), min(covered, columns))
            let (down, across) = (rows - span.rows, columns - span.columns)
            places = (0...down).flatMap { row in (0...across).map { (row, $0) } }
        }

        /// The picture with one square filled.
        func hidden(_ image: PixelImage, at place: (row: Int, column: Int), colour: [UInt8]) -> PixelImage {
            let top = place.row * height / rows
            let bottom = (place.row + span.rows) * height / rows
            let left = place.column * width / columns
            let right = (place.column + span.columns) * width / columns
            return image.filled(rows: top..<bottom, columns: left..<right, with: colour)
        }

        /// The mean fall of the squares that cover each cell, row-major.
        ///
        /// - Parameter falls: of ``places``, in their order.
        func map(falls: [Float]) -> [Float] {
            var sums = [Float](repeating: 0, count: rows * columns)
            var counts = [Float](repeating: 0, count: rows * columns)
            for (place, fall) in zip(places, falls) {
                for row in place.row..<place.row + span.rows {
                    for column in place.column..<place.column + span.columns {
                        sums[row * columns + column] += fall
                        counts[row * columns + column] += 1
                    }
                }
            }
            return zip(sums, counts).map { $1 > 0 ? $0 / $1 : 0 }
        }
    }

    /// A text's tokens without those of one word, for each of its words in their order.
    ///
    /// Taken out rather than masked: not every model was trained with a mask. Source: Li et al. 2016, "Understanding
    /// Neural Networks through Representation Erasure", eq. 1.
    static func withoutEachWord(_ encoding: Tokenizer.Encoding) -> [(word: Int, rest: Tokenizer.Encoding)] {
        var words: [Int] = []
        for word in encoding.words { if let word, words.last != word { words.append(word) } }
        return words.map { word in
            let kept = encoding.words.indices.filter { encoding.words[$0] != word }
            return (
                word,
                Tokenizer.Encoding(
                    ids: kept.map { encoding.ids[$0] }, offsets: kept.map { encoding.offsets[$0] },
                    words: kept.map { encoding.words[$0] }, special: kept.map { encoding.special[$0] },
                    truncated: encoding.truncated)
            )
        }
    }
}

extension PixelImage {
    /// Mean of each channel, red first.
    var meanColour: [UInt8] {
        var sums = [0, 0, 0]
        for pixel in 0..<width * height {
            for channel in 0..<3 { sums[channel] += Int(rgb[pixel * 3 + channel]) }
        }
        let count = width * height
        return sums.map { UInt8(($0 + count / 2) / count) }
    }

    /// A copy with a rectangle in one colour.
    func filled(rows: Range<Int>, columns: Range<Int>, with colour: [UInt8]) -> PixelImage {
        var pixels = rgb
        for y in rows {
            for x in columns {
                for channel in 0..<3 { pixels[(y * width + x) * 3 + channel] = colour[channel] }
            }
        }
        return PixelImage(width: width, height: height, rgb: pixels) ?? self
    }
}
