/// A tensor of a file, or consecutive rows of one: the way to one part of a fused matrix.
///
/// Tensors are row-major, so rows are contiguous and a slice is a view of the mapped file.
struct WeightSlice: Sendable, Hashable {
    let name: String
    /// Of the whole tensor.
    let tensorShape: [Int]
    /// Along the first axis; nil takes all.
    let rows: Range<Int>?

    /// - Parameter shape: of the whole tensor.
    init(_ name: String, shape: [Int], rows: Range<Int>? = nil) {
        self.name = name
        tensorShape = shape
        self.rows = rows
    }

    /// Of what is taken.
    var shape: [Int] { rows.map { [$0.count] + tensorShape.dropFirst() } ?? tensorShape }
}

/// Describes a network as OpenVINO IR text whose constants point into a mapped safetensors file.
///
///     let graph = GraphBuilder(weights: file)
///     let x = graph.parameter("tokens", .i64, shape: [nil, nil])
///     graph.result("embedding", graph.gather(graph.weight("embeddings.word_embeddings.weight"), x, axis: 0))
///     let network = try engine.compile(graph.source(), name: "toy")
///
/// Shapes are not tracked: OpenVINO infers them when it reads the text, and so the ports carry no dimensions (only a
/// `precision`, which its reader wants and then ignores; tried with 2026.4).
///
/// Small constants that no file holds (axes, shapes, scalars, an interpolated position table) are gathered in a tail
/// that ``MappedFile`` puts behind the file, because IR knows only one buffer of constants.
final class GraphBuilder {
    /// An output of a layer, to be the input of others.
    struct Wire: Hashable {
        fileprivate let layer: Int
        fileprivate let port: Int
    }

    enum ElementType: String {
        case f32, f64, i64, i8, u8, boolean
    }

    let weights: SafeTensors
    private let quantizing: Bool
    /// The first fault met. Descriptions read as formulas because their steps do not throw; ``source()`` does.
    private(set) var fault: WeightsError?

    private var layers: [String] = []
    private var edges: [String] = []
    private var names: [Wire: [String]] = [:]
    private var results: [(name: String, wire: Wire)] = []
    private var outputCounts: [Int] = []
    private var inputCounts: [Int] = []
    private var loaded: [WeightSlice: Wire] = [:]
    private var copied: [WeightSlice: Wire] = [:]
    private var quantized: [Linear: Wire] = [:]
    private var constants: [ConstantKey: Wire] = [:]
    private var tail: [UInt8] = []

    private struct ConstantKey: Hashable {
        let type: ElementType
        let shape: [Int]
        let bytes: [UInt8]
    }

    /// - Parameter quantizing: whether ``matrix(of:)`` gives 8-bit weights.
    init(weights: SafeTensors, quantizing: Bool = false) {
        self.weights = weights
        self.quantizing = quantizing
    }

    // MARK: What goes in

    /// An input of the network; a nil dimension is free.
    func parameter(_ name: String, _ type: ElementType, shape: [Int?]) -> Wire {
        let dimensions = shape.map { $0.map(String.init) ?? "?" }.joined(separator: ",")
        let wire = add("Parameter", attributes: ["shape": dimensions, "element_type": type.rawValue], inputs: [])
        names[wire, default: []].append(name)
        return wire
    }

    /// A tensor of the file, as f32 whatever float type it is stored in.
    ///
    /// - Parameter shape: what the family expects; another one is a fault.
    func weight(_ name: String, shape: [Int]) -> Wire { weight(WeightSlice(name, shape: shape)) }

    /// A tensor of the file or some of its rows, where they lie: nothing is copied.
    func weight(_ slice: WeightSlice) -> Wire {
        if let known = loaded[slice] { return known }
        guard let (entry, bytes) = bytes(of: slice) else { return scalar(0) }
        let wire = const(entry.type, shape: slice.shape, offset: bytes.lowerBound, byteCount: bytes.count)
        loaded[slice] = wire
        return wire
    }

    /// The same numbers as ``weight(_:)`` as a constant of its own, copied behind the file.
    ///
    /// OpenVINO's CPU plugin (2026.4) caches repacked weights by address and packed shape. A *square* matrix that is
    /// multiplied both as it is and transposed therefore gets one packing for both, and one product is silently wrong.
    /// A copy has another address.
    func copyOfWeight(_ slice: WeightSlice) -> Wire {
        if let known = copied[slice] { return known }
        guard let (entry, bytes) = bytes(of: slice) else { return scalar(0) }
        let offset = append(Array(weights.file.bytes[bytes]))
        let wire = const(entry.type, shape: slice.shape, offset: offset, byteCount: bytes.count)
        copied[slice] = wire
        return wire
    }

    /// The matrix of a linear layer, [out, in] where `outputFirst`, else [in, out].
    ///
    /// Quantised, it is always [out, in]: q·s with q in −127...127 and one scale s = max|w|/127 an output, by which no
    /// output can overflow and none suffers from another's range. Nothing is calibrated: the engine makes bytes of each
    /// token's activations when it runs (`DYNAMIC_QUANTIZATION_GROUP_SIZE`).
    func matrix(of layer: Linear) -> (wire: Wire, outputFirst: Bool) {
        guard quantizing, layer.input * layer.output >= Self.leastQuantized else {
            return (weight(layer.weight), layer.outputFirst)
        }
        if let known = quantized[layer] { return (known, true) }
        guard bytes(of: layer.weight) != nil, let values = try? weights.floats(layer.weight.name) else {
            return (weight(layer.weight), layer.outputFirst)
        }
        let start = (layer.weight.rows?.lowerBound ?? 0) * layer.input
        let (next, along) = layer.outputFirst ? (layer.input, 1) : (1, layer.output)
        var (bytes, scales) = ([UInt8](), [Float]())
        bytes.reserveCapacity(layer.input * layer.output)
        for output in 0..<layer.output {
            let row = (0..<layer.input).map { values[start + output * next + $0 * along] }
            let scale = max(row.reduce(0) { max($0, abs($1)) } / 127, .leastNormalMagnitude)
            scales.append(scale)
            bytes += row.map { UInt8(bitPattern: Int8(max(-127, min(127, ($0 / scale).rounded())))) }
        }
        let whole = toFloat(constant(.i8, [layer.output, layer.input], bytes))
        let wire = times(whole, constant(scales, shape: [layer.output, 1]))
        quantized[layer] = wire
        return (wire, true)
    }

    /// Smaller matrices (of 16 by 16) cost nothing and are left exact.
    private static let leastQuantized = 256

    /// Where a slice lies in the file, after its tensor was checked; nil and a fault where it does not fit.
    private func bytes(of slice: WeightSlice) -> (SafeTensors.Entry, Range<Int>)? {
        guard let entry = weights.entries[slice.name] else {
            fail(slice.name, "is missing")
            return nil
        }
        guard entry.shape == slice.tensorShape else {
            fail(slice.name, "has shape \(entry.shape) where \(slice.tensorShape) is needed")
            return nil
        }
        guard [.f32, .f16, .bf16, .f64].contains(entry.type) else {
            fail(slice.name, "is \(entry.type.rawValue) where a float is needed")
            return nil
        }
        guard let rows = slice.rows, let total = entry.shape.first, total > 0 else {
            return (entry, entry.offset..<entry.offset + entry.byteCount)
        }
        let row = entry.byteCount / total
        return (entry, entry.offset + row * rows.lowerBound..<entry.offset + row * rows.upperBound)
    }

    private func const(_ type: SafeTensors.ElementType, shape: [Int], offset: Int, byteCount: Int) -> Wire {
        let wire = add(
            "Const",
            attributes: [
                "element_type": type.irName, "shape": dimensions(shape), "offset": String(offset),
                "size": String(byteCount),
            ], inputs: [])
        return type == .f32 ? wire : toFloat(wire)
    }

    func constant(_ values: [Float], shape: [Int]) -> Wire {
        constant(.f32, shape, values.withUnsafeBytes { Array($0) })
    }

    func constant(_ values: [Int], shape: [Int]? = nil) -> Wire {
        constant(.i64, shape ?? [values.count], values.map(Int64.init).withUnsafeBytes { Array($0) })
    }

    /// In double precision until the engine folds it, so that the description itself is exact.
    func scalar(_ value: Double) -> Wire { constant(exactly: [value], shape: []) }

    /// Numbers in double precision until the engine folds them.
    func constant(exactly values: [Double], shape: [Int]) -> Wire {
        toFloat(constant(.f64, shape, values.map(\.bitPattern.littleEndian).withUnsafeBytes { Array($0) }))
    }

    private func constant(_ type: ElementType, _ shape: [Int], _ bytes: [UInt8]) -> Wire {
        let key = ConstantKey(type: type, shape: shape, bytes: bytes)
        if let known = constants[key] { return known }
        let offset = append(bytes)
        let wire = add(
            "Const",
            attributes: [
                "element_type": type.rawValue, "shape": dimensions(shape), "offset": String(offset),
                "size": String(bytes.count),
            ], inputs: [])
        constants[key] = wire
        return wire
    }

    /// Puts bytes behind the file and says where they will lie.
    private func append(_ bytes: [UInt8]) -> Int {
        tail.append(contentsOf: repeatElement(0, count: (8 - tail.count % 8) % 8))
        let offset = weights.file.tailOffset + tail.count
        tail += bytes
        return offset
    }

    // MARK: What happens

    /// One operation with one output. `version` is the opset that first had it in this form.
    func add(_ type: String, _ version: String = "opset1", attributes: [String: String] = [:], inputs: [Wire]) -> Wire {
        let id = layers.count
        // Sorted, so that the same graph gives the same text and OpenVINO's cache knows it again.
        let fields = attributes.sorted { $0.key < $1.key }.map { " \($0.key)=\"\(escaped($0.value))\"" }.joined()
        layers.append("name=\"\(type)_\(id)\" type=\"\(type)\" version=\"\(version)\"><data\(fields)/>")
        inputCounts.append(inputs.count)
        for (port, input) in inputs.enumerated() {
            let from = "from-layer=\"\(input.layer)\" from-port=\"\(input.port)\""
            edges.append("<edge \(from) to-layer=\"\(id)\" to-port=\"\(port)\"/>")
        }
        return Wire(layer: id, port: inputs.count)
    }

    // MARK: What comes out

    /// Names a wire as an output of the network.
    func result(_ name: String, _ wire: Wire) {
        // A wire of its own, so that one wire can be given out under two names.
        names[wire, default: []].append(name)
        results.append((name, wire))
    }

    /// The finished description.
    ///
    /// - Throws: the first ``WeightsError`` met while describing, or one from mapping the file.
    func source() throws(WeightsError) -> Engine.Source {
        if let fault { throw fault }
        for result in results { _ = add("Result", inputs: [result.wire]) }
        return .ir(xml: xml(), weights: try weights.file.mapped(tail: tail))
    }

    private func xml() -> String {
        var text = "<?xml version=\"1.0\"?>\n<net name=\"reviewtui\" version=\"11\">\n<layers>\n"
        for (id, layer) in layers.enumerated() {
            text += "<layer id=\"\(id)\" \(layer)"
            if inputCounts[id] > 0 {
                text += "<input>"
                for port in 0..<inputCounts[id] { text += "<port id=\"\(port)\" precision=\"FP32\"></port>" }
                text += "</input>"
            }
            if !layer.contains("type=\"Result\"") {
                let wire = Wire(layer: id, port: inputCounts[id])
                let tensorNames = names[wire].map { " names=\"\($0.map(escaped).joined(separator: ","))\"" } ?? ""
                text += "<output><port id=\"\(wire.port)\" precision=\"FP32\"\(tensorNames)></port></output>"
            }
            text += "</layer>\n"
        }
        return text + "</layers>\n<edges>\n\(edges.joined(separator: "\n"))\n</edges>\n</net>\n"
    }

    private func fail(_ tensor: String, _ reason: String) {
        fault = fault ?? .unfit(path: weights.path, tensor: printable(tensor), reason: reason)
    }

    private func dimensions(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: ",") }

    private func escaped(_ text: String) -> String {
        var safe = ""
        for character in text {
            switch character {
            case "&": safe += "&amp;"
            case "<": safe += "&lt;"
            case ">": safe += "&gt;"
            case "\"": safe += "&quot;"
            default: safe.append(character)
            }
        }
        return safe
    }
}
