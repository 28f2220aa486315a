/// Embeddings as rows of length 1: what heads are fitted on.
///
///     var table = EmbeddingTable(width: 384)
///     for embedding in embeddings { table.append(embedding) }
///
/// Row-major 32-bit floats, 1.5 kB a row of 384: fifty thousand rows are 77 MB, and reading them is what a fit costs.
public struct EmbeddingTable: Sendable, Hashable {
    public let width: Int
    public private(set) var count = 0
    /// `[count, width]`.
    public private(set) var values: [Float] = []

    public init(width: Int) {
        self.width = max(1, width)
    }

    public mutating func reserveCapacity(_ rows: Int) {
        values.reserveCapacity(rows * width)
    }

    /// Adds an embedding, scaled to length 1 (zero stays zero).
    ///
    /// - Returns: the number of its row; nil, and nothing is added, where it has another width or holds a number that is
    ///   not finite.
    @discardableResult
    public mutating func append(_ embedding: [Float]) -> Int? {
        guard embedding.count == width, embedding.allSatisfy(\.isFinite) else { return nil }
        values += Projection.unit(embedding)
        count += 1
        return count - 1
    }

    public func row(_ index: Int) -> ArraySlice<Float> {
        values[index * width..<(index + 1) * width]
    }

    /// The scalar product of two rows: their cosine.
    public func product(_ first: Int, _ second: Int) -> Float {
        values.withUnsafeBufferPointer { values in
            guard let start = values.baseAddress else { return 0 }
            return scalarProduct(start + first * width, start + second * width, width)
        }
    }

    /// direction · row + bias.
    public func projection(of row: Int, on fit: LinearFit) -> Double {
        values.withUnsafeBufferPointer { values in
            guard let start = values.baseAddress else { return fit.bias }
            return fit.bias + scalarProduct(start + row * width, fit.direction, min(width, fit.direction.count))
        }
    }
}
