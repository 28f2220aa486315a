import Foundation

/// The parts of an ONNX file that are needed to find a classifier's last layers.
///
/// Field numbers: onnx/onnx.proto (ModelProto.graph 7; GraphProto.node 1, initializer 5, input 11, output 12;
/// NodeProto.input 1, output 2, op_type 4; TensorProto.dims 1, data_type 2, float_data 4, name 8, raw_data 9).
struct OnnxGraph {
    struct Node {
        var type = ""
        var inputs: [String] = []
        var outputs: [String] = []
    }

    struct Initializer {
        var shape: [Int] = []
        var values: [Float] = []
    }

    private(set) var nodes: [Node] = []
    private(set) var initializers: [String: Initializer] = [:]
    /// Names of the graph's inputs (initializers among them in old files) and outputs.
    private(set) var inputs: [String] = []
    private(set) var outputs: [String] = []

    /// - Throws: ``WeightsError/malformed(path:reason:)``.
    init(_ bytes: [UInt8], path: String) throws(WeightsError) {
        do {
            var reader = ProtobufReader(bytes[...])
            while let (field, value) = try reader.next() {
                if field == 7, case .bytes(let graph) = value { try read(graph: graph) }
            }
        } catch {
            throw .malformed(path: path, reason: "not a sound ONNX file")
        }
        guard !outputs.isEmpty else { throw .malformed(path: path, reason: "an ONNX file without outputs") }
    }

    /// The node that makes a tensor.
    func producer(of tensor: String) -> Node? { nodes.first { $0.outputs.contains(tensor) } }

    /// `bytes` with more tensors among the outputs. Protobuf merges what is appended, so nothing is rewritten.
    static func bytes(_ bytes: [UInt8], addingOutputs names: [String]) -> [UInt8] {
        var graph = ProtobufWriter()
        for name in names {
            var output = ProtobufWriter()
            output.string(1, name)
            graph.message(12, output.bytes)
        }
        var model = ProtobufWriter()
        model.message(7, graph.bytes)
        return bytes + model.bytes
    }

    private mutating func read(graph: ArraySlice<UInt8>) throws(ProtobufReader.Fault) {
        var reader = ProtobufReader(graph)
        while let (field, value) = try reader.next() {
            guard case .bytes(let bytes) = value else { continue }
            switch field {
            case 1: nodes.append(try Self.node(bytes))
            case 5:
                let (name, initializer) = try Self.initializer(bytes)
                initializers[name] = initializer
            case 11: inputs += try Self.strings(1, in: bytes)
            case 12: outputs += try Self.strings(1, in: bytes)
            default: break
            }
        }
    }

    private static func strings(_ wanted: Int, in bytes: ArraySlice<UInt8>) throws(ProtobufReader.Fault) -> [String] {
        var found: [String] = []
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            if field == wanted, case .bytes(let text) = value { found.append(String(decoding: text, as: UTF8.self)) }
        }
        return found
    }

    private static func node(_ bytes: ArraySlice<UInt8>) throws(ProtobufReader.Fault) -> Node {
        var node = Node()
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            guard case .bytes(let text) = value else { continue }
            switch field {
            case 1: node.inputs.append(String(decoding: text, as: UTF8.self))
            case 2: node.outputs.append(String(decoding: text, as: UTF8.self))
            case 4: node.type = String(decoding: text, as: UTF8.self)
            default: break
            }
        }
        return node
    }

    private static func initializer(
        _ bytes: ArraySlice<UInt8>
    ) throws(ProtobufReader.Fault) -> (String, Initializer) {
        var name = ""
        var found = Initializer()
        var isFloat = false
        var raw: ArraySlice<UInt8> = []
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .number(let dimension)): found.shape.append(Int(clamping: dimension))
            case (1, .bytes(let packed)): found.shape += try packedIntegers(packed)
            case (2, .number(let type)): isFloat = type == 1
            case (4, .bytes(let packed)), (9, .bytes(let packed)): raw = packed
            case (8, .bytes(let text)): name = String(decoding: text, as: UTF8.self)
            default: break
            }
        }
        // The large convolution kernels are never asked for: only what a classifier's last layer could be is unpacked.
        if isFloat, found.shape.count <= 2 {
            found.values = raw.withUnsafeBytes { bytes in
                (0..<bytes.count / 4).map {
                    Float(
                        bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
                }
            }
        }
        return (name, found)
    }

    private static func packedIntegers(_ bytes: ArraySlice<UInt8>) throws(ProtobufReader.Fault) -> [Int] {
        // A packed field is a row of varints; each is read as the value of a field that is not there.
        var found: [Int] = []
        var value: UInt64 = 0
        var shift: UInt64 = 0
        for byte in bytes {
            guard shift < 64 else { throw ProtobufReader.Fault() }
            value |= UInt64(byte & 0x7F) << shift
            shift += 7
            if byte < 0x80 {
                found.append(Int(clamping: value))
                (value, shift) = (0, 0)
            }
        }
        return found
    }
}
