/// An approximate inverse Hessian of a logistic loss, from some of its rows: the centre from which ``QuasiNewton`` starts.
///
/// With m rows drawn in proportion to their share of the curvature, w_i·p_i·(1 − p_i), the Hessian of the objective is
/// about H = (Σ w·p·(1 − p)/(W·m)) Σ x·xᵀ + I/(C·W), the bias unpenalised (subsampled Newton: Roosta-Khorasani and Mahoney
/// 2019). Embeddings have a few wide directions and many narrow ones, which plain L-BFGS learns one by one; from here it
/// sees them all at once.
struct Curvature: Sendable {
    private let width: Int
    /// Σ x·xᵀ with its factor, `[width + 1, width + 1]`, the bias last; below the diagonal only.
    private let products: [Double]
    /// Lower triangular, L·Lᵀ = H; row-major, `[width + 1, width + 1]`.
    private var factor: [Double] = []

    init(width: Int, products: [Double]) {
        (self.width, self.products) = (width, products)
    }

    /// Takes up a penalty: 1/(C·W).
    mutating func factor(penalty: Double) {
        let size = width + 1
        factor = [Double](repeating: 0, count: size * size)
        factor.withUnsafeMutableBufferPointer { factor in
            guard let start = factor.baseAddress else { return }
            for row in 0..<size {
                for column in 0...row {
                    let known = scalarProduct(start + row * size, start + column * size, column)
                    let value = products[row * size + column] - known
                    if row == column {
                        // A bias that no row bends still has a minimum somewhere.
                        start[row * size + row] = max(value + (row < width ? penalty : 0), 1e-10).squareRoot()
                    } else {
                        start[row * size + column] = value / start[column * size + column]
                    }
                }
            }
        }
    }

    /// H⁻¹·vector.
    func solve(_ vector: [Double]) -> [Double] {
        let size = width + 1
        var found = vector
        factor.withUnsafeBufferPointer { factor in
            found.withUnsafeMutableBufferPointer { found in
                guard let start = factor.baseAddress, let x = found.baseAddress else { return }
                for row in 0..<size {
                    x[row] = (x[row] - scalarProduct(start + row * size, x, row)) / start[row * size + row]
                }
                for row in stride(from: size - 1, through: 0, by: -1) {
                    let value = x[row] / start[row * size + row]
                    x[row] = value
                    let line = start + row * size
                    for column in 0..<row { x[column] -= value * line[column] }
                }
            }
        }
        return found
    }
}
