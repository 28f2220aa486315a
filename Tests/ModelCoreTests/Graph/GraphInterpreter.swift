import Foundation
import Testing

@testable import ModelCore

/// Runs a described network in Float64, one operation after the other: slow, and exact enough to hold the closed forms
/// in a graph against automatic differentiation to 1e-10.
///
/// It reads the very text that the engine is given. Every layer of it has one output.
struct GraphInterpreter {
    /// Row-major numbers with a shape; `[]` is a scalar.
    struct Array64: Equatable {
        var shape: [Int]
        var values: [Double]

        init(_ values: [Double], shape: [Int]) {
            self.shape = shape
            self.values = values
        }

        static func scalar(_ value: Double) -> Array64 { Array64([value], shape: []) }

        var integers: [Int] { values.map { Int($0) } }
        var strides: [Int] { Self.strides(shape) }

        static func strides(_ shape: [Int]) -> [Int] {
            var strides = [Int](repeating: 1, count: shape.count)
            for axis in stride(from: shape.count - 2, through: 0, by: -1) {
                strides[axis] = strides[axis + 1] * shape[axis + 1]
            }
            return strides
        }

        /// Built from the index of each place.
        init(shape: [Int], _ value: ([Int]) -> Double) {
            self.shape = shape
            values = []
            values.reserveCapacity(shape.reduce(1, *))
            var index = [Int](repeating: 0, count: shape.count)
            for _ in 0..<shape.reduce(1, *) {
                values.append(value(index))
                for axis in stride(from: shape.count - 1, through: 0, by: -1) {
                    index[axis] += 1
                    if index[axis] < shape[axis] { break }
                    index[axis] = 0
                }
            }
        }

        /// With NumPy's broadcasting: the index may be of a larger array.
        subscript(index: [Int]) -> Double {
            let skipped = index.count - shape.count
            var place = 0
            for axis in shape.indices where shape[axis] > 1 {
                place = place * shape[axis] + index[axis + skipped]
            }
            return values[place]
        }

        func map(_ body: (Double) -> Double) -> Array64 { Array64(values.map(body), shape: shape) }
    }

    struct UnknownOperation: Error { let type: String }

    private struct Layer {
        let type: String
        let attributes: [String: String]
        let names: [String]
        var inputs: [Int] = []
    }

    private let layers: [Layer]
    private let weights: MappedFile

    init(_ source: Engine.Source) throws {
        guard case .ir(let xml, let weights) = source else { throw UnknownOperation(type: "onnx") }
        self.weights = weights
        var layers: [Layer] = []
        for line in xml.split(separator: "\n") {
            if line.hasPrefix("<layer ") {
                let parts = line.components(separatedBy: "<data")
                let names = parts[1].components(separatedBy: " names=\"").dropFirst().first?.prefix { $0 != "\"" }
                layers.append(
                    Layer(
                        type: try #require(Self.attributes(parts[0])["type"]),
                        attributes: Self.attributes(parts[1].components(separatedBy: "/>")[0]),
                        names: names.map { $0.split(separator: ",").map(String.init) } ?? []))
            } else if line.hasPrefix("<edge ") {
                let fields = Self.attributes(String(line)).compactMapValues { Int($0) }
                let (from, to) = (try #require(fields["from-layer"]), try #require(fields["to-layer"]))
                #expect(layers[to].inputs.count == fields["to-port"])
                layers[to].inputs.append(from)
            }
        }
        self.layers = layers
    }

    private static func attributes(_ text: String) -> [String: String] {
        var found: [String: String] = [:]
        let parts = text.components(separatedBy: "\"")
        for index in stride(from: 0, to: parts.count - 1, by: 2) {
            let key = parts[index].split(whereSeparator: { " =<".contains($0) }).last.map(String.init)
            if let key { found[key] = parts[index + 1] }
        }
        return found
    }

    /// - Returns: what has a name, by its name.
    func run(_ inputs: [String: Array64]) throws -> [String: Array64] {
        var found: [Array64] = []
        var named: [String: Array64] = [:]
        for layer in layers where layer.type != "Result" {
            let given = layer.inputs.map { found[$0] }
            let value =
                layer.type == "Parameter"
                ? try #require(inputs[layer.names.first ?? ""]) : try compute(layer, given)
            found.append(value)
            for name in layer.names { named[name] = value }
        }
        return named
    }

    // MARK: Operations

    private func compute(_ layer: Layer, _ x: [Array64]) throws -> Array64 {
        let attributes = layer.attributes
        switch layer.type {
        case "Const": return try constant(attributes)
        case "Convert": return attributes["destination_type"] == "i64" ? x[0].map { $0.rounded(.towardZero) } : x[0]
        case "Add": return Self.joined(x[0], x[1], +)
        case "Subtract": return Self.joined(x[0], x[1], -)
        case "Multiply": return Self.joined(x[0], x[1], *)
        case "Divide": return Self.joined(x[0], x[1], /)
        case "Equal": return Self.joined(x[0], x[1]) { $0 == $1 ? 1 : 0 }
        case "NotEqual": return Self.joined(x[0], x[1]) { $0 != $1 ? 1 : 0 }
        case "Greater": return Self.joined(x[0], x[1]) { $0 > $1 ? 1 : 0 }
        case "LessEqual": return Self.joined(x[0], x[1]) { $0 <= $1 ? 1 : 0 }
        case "Sqrt": return x[0].map { $0.squareRoot() }
        case "Exp": return x[0].map { exp($0) }
        case "Erf": return x[0].map { erf($0) }
        case "Cos": return x[0].map { cos($0) }
        case "Sin": return x[0].map { sin($0) }
        case "Tanh": return x[0].map { tanh($0) }
        case "ReLU": return x[0].map { max(0, $0) }
        case "Sigmoid": return x[0].map { 1 / (1 + exp(-$0)) }
        case "Swish": return x[0].map { $0 / (1 + exp(-$0)) }
        case "Gelu":
            return attributes["approximation_mode"] == "ERF"
                ? x[0].map { 0.5 * $0 * (1 + erf($0 / 2.0.squareRoot())) }
                : x[0].map { 0.5 * $0 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))) }
        case "SoftMax": return Self.softmax(x[0])
        case "LogSoftmax": return Self.softmax(x[0]).map { log($0) }
        case "MatMul":
            return Self.product(x[0], attributes["transpose_b"] == "true" ? Self.turned(x[1]) : x[1])
        case "ReduceSum": return Self.reduced(x[0], x[1].integers, attributes, 0, +)
        case "ReduceMax": return Self.reduced(x[0], x[1].integers, attributes, -.infinity, max)
        case "ReduceMean":
            let axes = x[1].integers.map { $0 < 0 ? $0 + x[0].shape.count : $0 }
            let count = axes.reduce(1) { $0 * x[0].shape[$1] }
            return Self.reduced(x[0], axes, attributes, 0, +).map { $0 / Double(count) }
        case "Reshape": return Array64(x[0].values, shape: Self.reshaped(x[0], x[1].integers))
        case "Transpose":
            let order = x[1].integers
            return Array64(shape: order.map { x[0].shape[$0] }) { index in
                var source = index
                for (axis, from) in order.enumerated() { source[from] = index[axis] }
                return x[0][source]
            }
        case "Unsqueeze":
            var shape = x[0].shape
            for axis in x[1].integers.sorted() { shape.insert(1, at: axis) }
            return Array64(x[0].values, shape: shape)
        case "Squeeze":
            var shape = x[0].shape
            for axis in x[1].integers.sorted().reversed() { shape.remove(at: axis) }
            return Array64(x[0].values, shape: shape)
        case "Concat": return Self.concatenated(x, axis: try #require(attributes["axis"].flatMap { Int($0) }))
        case "Slice": return Self.sliced(x)
        case "ShapeOf": return Array64(x[0].shape.map(Double.init), shape: [x[0].shape.count])
        case "Gather": return Self.gathered(x[0], x[1], axis: x[2].integers[0])
        case "GatherElements":
            let axis = try #require(attributes["axis"].flatMap { Int($0) })
            return Array64(shape: x[1].shape) { index in
                var source = index
                source[axis] = Int(x[1][index])
                return x[0][source]
            }
        case "Broadcast": return Array64(shape: x[1].integers) { x[0][$0] }
        case "Convolution": return Self.patches(x[0], x[1])
        case "MVN":
            let epsilon = try #require(attributes["eps"].flatMap { Double($0) })
            return Self.rows(x[0]) { row in
                let mean = row.reduce(0, +) / Double(row.count)
                let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
                return row.map { ($0 - mean) / (variance + epsilon).squareRoot() }
            }
        case "ScaledDotProductAttention":
            let scale = 1 / Double(x[0].shape.last ?? 1).squareRoot()
            var scores = Self.product(x[0], Self.turned(x[1])).map { $0 * scale }
            if x.count > 3 { scores = Self.joined(scores, x[3], +) }
            return Self.product(Self.softmax(scores), x[2])
        case "CumSum":
            let axis = x[1].integers[0]
            return Array64(shape: x[0].shape) { index in
                (0...index[axis]).reduce(0) { sum, place in
                    var source = index
                    source[axis] = place
                    return sum + x[0][source]
                }
            }
        case "Range":
            let values = Array(stride(from: x[0].values[0], to: x[1].values[0], by: x[2].values[0]))
            return Array64(values, shape: [values.count])
        default: throw UnknownOperation(type: layer.type)
        }
    }

    private func constant(_ attributes: [String: String]) throws -> Array64 {
        let shape = (attributes["shape"] ?? "").split(separator: ",").compactMap { Int($0) }
        let offset = try #require(attributes["offset"].flatMap { Int($0) })
        let count = shape.reduce(1, *)
        let bytes = weights.bytes
        let values: [Double]
        switch attributes["element_type"] {
        case "f64":
            values = (0..<count).map { bytes.loadUnaligned(fromByteOffset: offset + 8 * $0, as: Double.self) }
        case "f32":
            values = (0..<count).map { Double(bytes.loadUnaligned(fromByteOffset: offset + 4 * $0, as: Float.self)) }
        case "f16":
            values = (0..<count).map {
                Self.half(bytes.loadUnaligned(fromByteOffset: offset + 2 * $0, as: UInt16.self))
            }
        case "i64":
            values = (0..<count).map { Double(bytes.loadUnaligned(fromByteOffset: offset + 8 * $0, as: Int64.self)) }
        default: throw UnknownOperation(type: "Const \(attributes["element_type"] ?? "")")
        }
        return Array64(values, shape: shape)
    }

    /// IEEE 754 binary16; `Float16` is not everywhere.
    private static func half(_ bits: UInt16) -> Double {
        let (exponent, fraction) = (Int(bits >> 10 & 31), Double(bits & 1023))
        let magnitude =
            exponent == 0 ? scalbn(fraction, -24) : scalbn(1024 + fraction, exponent - 25)
        return bits >> 15 == 0 ? magnitude : -magnitude
    }

    // MARK: Machinery

    private static func broadcast(_ a: [Int], _ b: [Int]) -> [Int] {
        let rank = max(a.count, b.count)
        let (long, wide) = (
            [Int](repeating: 1, count: rank - a.count) + a, [Int](repeating: 1, count: rank - b.count) + b
        )
        return zip(long, wide).map { $0 == 1 ? $1 : $0 }
    }

    private static func joined(_ a: Array64, _ b: Array64, _ body: (Double, Double) -> Double) -> Array64 {
        if a.shape == b.shape { return Array64(zip(a.values, b.values).map(body), shape: a.shape) }
        return Array64(shape: broadcast(a.shape, b.shape)) { body(a[$0], b[$0]) }
    }

    /// The last two axes swapped.
    private static func turned(_ x: Array64) -> Array64 {
        let rank = x.shape.count
        var shape = x.shape
        shape.swapAt(rank - 1, rank - 2)
        return Array64(shape: shape) { index in
            var source = index
            source.swapAt(rank - 1, rank - 2)
            return x[source]
        }
    }

    private static func product(_ a: Array64, _ b: Array64) -> Array64 {
        let (rows, shared, columns) = (
            a.shape[a.shape.count - 2], a.shape[a.shape.count - 1], b.shape[b.shape.count - 1]
        )
        let batch = broadcast(Array(a.shape.dropLast(2)), Array(b.shape.dropLast(2)))
        return Array64(shape: batch + [rows, columns]) { index in
            var (left, right) = (index, index)
            var sum = 0.0
            for k in 0..<shared {
                left[left.count - 1] = k
                right[right.count - 2] = k
                sum += a[left] * b[right]
            }
            return sum
        }
    }

    private static func rows(_ x: Array64, _ body: (ArraySlice<Double>) -> [Double]) -> Array64 {
        let size = x.shape.last ?? 1
        return Array64(
            stride(from: 0, to: x.values.count, by: size).flatMap { body(x.values[$0..<$0 + size]) }, shape: x.shape)
    }

    private static func softmax(_ x: Array64) -> Array64 {
        rows(x) { row in
            let largest = row.max() ?? 0
            let powers = row.map { exp($0 - largest) }
            let sum = powers.reduce(0, +)
            return powers.map { $0 / sum }
        }
    }

    private static func reduced(
        _ x: Array64, _ axes: [Int], _ attributes: [String: String], _ start: Double, _ body: (Double, Double) -> Double
    ) -> Array64 {
        let axes = Set(axes.map { $0 < 0 ? $0 + x.shape.count : $0 })
        let kept = x.shape.enumerated().map { axes.contains($0.offset) ? 1 : $0.element }
        var result = Array64([Double](repeating: start, count: kept.reduce(1, *)), shape: kept)
        let strides = Array64.strides(kept)
        var place = 0
        _ = Array64(shape: x.shape) { index in
            let target = index.indices.reduce(0) { $0 + (axes.contains($1) ? 0 : index[$1] * strides[$1]) }
            result.values[target] = body(result.values[target], x.values[place])
            place += 1
            return 0
        }
        guard attributes["keep_dims"] != "true" else { return result }
        result.shape = x.shape.enumerated().filter { !axes.contains($0.offset) }.map(\.element)
        return result
    }

    private static func reshaped(_ x: Array64, _ wanted: [Int]) -> [Int] {
        var shape = wanted.enumerated().map { $0.element == 0 ? x.shape[$0.offset] : $0.element }
        if let free = shape.firstIndex(of: -1) {
            shape[free] = 1
            shape[free] = x.values.count / shape.reduce(1, *)
        }
        return shape
    }

    private static func concatenated(_ parts: [Array64], axis: Int) -> Array64 {
        var shape = parts[0].shape
        shape[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
        return Array64(shape: shape) { index in
            var source = index
            for part in parts {
                if source[axis] < part.shape[axis] { return part[source] }
                source[axis] -= part.shape[axis]
            }
            return .nan
        }
    }

    private static func sliced(_ x: [Array64]) -> Array64 {
        let (start, stop, given) = (x[1].integers[0], x[2].integers[0], x[4].integers[0])
        let axis = given < 0 ? given + x[0].shape.count : given
        let size = x[0].shape[axis]
        let from = start < 0 ? start + size : start
        let to = min(stop < 0 ? stop + size : stop, size)
        var shape = x[0].shape
        shape[axis] = max(0, to - from)
        return Array64(shape: shape) { index in
            var source = index
            source[axis] += from
            return x[0][source]
        }
    }

    private static func gathered(_ table: Array64, _ indices: Array64, axis: Int) -> Array64 {
        let shape = table.shape[..<axis] + indices.shape + table.shape[(axis + 1)...]
        return Array64(shape: Array(shape)) { index in
            let chosen = indices[Array(index[axis..<axis + indices.shape.count])]
            return table[index[..<axis] + [Int(chosen)] + index[(axis + indices.shape.count)...]]
        }
    }

    private static func patches(_ pixels: Array64, _ kernel: Array64) -> Array64 {
        let size = kernel.shape[2]
        let shape = [
            pixels.shape[0], kernel.shape[0], pixels.shape[2] / size, pixels.shape[3] / size,
        ]
        return Array64(shape: shape) { index in
            var sum = 0.0
            for c in 0..<kernel.shape[1] {
                for y in 0..<size {
                    for x in 0..<size {
                        sum +=
                            pixels[[index[0], c, index[2] * size + y, index[3] * size + x]]
                            * kernel[[index[1], c, y, x]]
                    }
                }
            }
            return sum
        }
    }
}
