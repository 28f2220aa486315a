/// Four rows of embeddings in double precision, a one behind each for the bias: what ``LogisticObjective`` computes with.
///
/// They lie in memory one after another, `[4, size]`, and column by column, `[size, 4]`: of the former the optimiser makes
/// vectors along the columns, of the latter along the rows.
struct FourRows: ~Copyable {
    /// A number of each row.
    struct Numbers {
        var a = 0.0
        var b = 0.0
        var c = 0.0
        var d = 0.0

        subscript(row: Int) -> Double {
            get { row == 0 ? a : row == 1 ? b : row == 2 ? c : d }
            set {
                switch row {
                case 0: a = newValue
                case 1: b = newValue
                case 2: c = newValue
                default: d = newValue
                }
            }
        }

        static func * (first: Numbers, second: Numbers) -> Numbers {
            Numbers(
                a: first.a * second.a, b: first.b * second.b, c: first.c * second.c, d: first.d * second.d)
        }
    }

    /// Columns, and the bias.
    let size: Int
    private let lines: UnsafeMutablePointer<Double>
    private let columns: UnsafeMutablePointer<Double>

    init(size: Int) {
        self.size = size
        lines = .allocate(capacity: 8 * size)
        columns = lines + 4 * size
    }

    deinit { lines.deallocate() }

    /// Takes up a row.
    func widen(_ row: UnsafePointer<Float>, as place: Int) {
        let line = lines + place * size
        let width = size - 1
        var column = 0
        while column < width {
            line[column] = Double(row[column])
            column &+= 1
        }
        line[width] = 1
    }

    /// Makes ready for ``products(_:)``, once all four rows are there.
    func interleave() {
        let (first, second, third, fourth) = (lines, lines + size, lines + 2 * size, lines + 3 * size)
        var values = columns
        var column = 0
        while column < size {
            values[0] = first[column]
            values[1] = second[column]
            values[2] = third[column]
            values[3] = fourth[column]
            values += 4
            column &+= 1
        }
    }

    /// The scalar products of the rows with a point.
    func products(_ point: UnsafePointer<Double>) -> Numbers {
        // Two sums of each row: one addition need not wait for the other.
        var (even, odd) = (Numbers(), Numbers())
        var values = columns
        var column = 0
        while column &+ 1 < size {
            let (first, second) = (point[column], point[column &+ 1])
            even.a += values[0] * first
            even.b += values[1] * first
            even.c += values[2] * first
            even.d += values[3] * first
            odd.a += values[4] * second
            odd.b += values[5] * second
            odd.c += values[6] * second
            odd.d += values[7] * second
            values += 8
            column &+= 2
        }
        if column < size {
            let last = point[column]
            even.a += values[0] * last
            even.b += values[1] * last
            even.c += values[2] * last
            even.d += values[3] * last
        }
        return Numbers(a: even.a + odd.a, b: even.b + odd.b, c: even.c + odd.c, d: even.d + odd.d)
    }

    /// What stands in a column.
    func column(_ column: Int) -> Numbers {
        Numbers(
            a: lines[column], b: lines[size + column], c: lines[2 * size + column], d: lines[3 * size + column])
    }

    /// Adds the rows, each times its share.
    ///
    /// - Parameter count: of the columns that are wanted.
    func add(_ shares: Numbers, to sums: UnsafeMutablePointer<Double>, _ count: Int) {
        let (a, b, c, d) = (shares.a, shares.b, shares.c, shares.d)
        let (first, second, third, fourth) = (lines, lines + size, lines + 2 * size, lines + 3 * size)
        var column = 0
        while column < count {
            sums[column] += (first[column] * a + second[column] * b) + (third[column] * c + fourth[column] * d)
            column &+= 1
        }
    }
}
