/// An array of numbers with a shape: what goes into a network and comes out of it.
///
/// Values are row-major. A shape of `[]` is one scalar.
public struct Tensor: Sendable, Hashable {
    public enum Values: Sendable, Hashable {
        case float([Float])
        case int64([Int64])
        case byte([UInt8])
    }

    public let shape: [Int]
    public let values: Values

    /// - Throws: ``EngineError/badTensor(_:)`` where the number of values is not the product of `shape`.
    public init(shape: [Int], values: Values) throws(EngineError) {
        let count =
            switch values {
            case .float(let v): v.count
            case .int64(let v): v.count
            case .byte(let v): v.count
            }
        guard shape.allSatisfy({ $0 >= 0 }),
            shape.reduce(1, { $0.multipliedReportingOverflow(by: $1).partialValue }) == count
        else { throw .badTensor("shape \(shape) with \(count) values") }
        self.shape = shape
        self.values = values
    }

    public init(_ values: [Float], shape: [Int]) throws(EngineError) {
        try self.init(shape: shape, values: .float(values))
    }

    public init(_ values: [Int64], shape: [Int]) throws(EngineError) {
        try self.init(shape: shape, values: .int64(values))
    }

    public init(_ values: [UInt8], shape: [Int]) throws(EngineError) {
        try self.init(shape: shape, values: .byte(values))
    }

    /// The values of a float tensor; empty for the other types.
    public var floats: [Float] {
        if case .float(let values) = values { values } else { [] }
    }
}
