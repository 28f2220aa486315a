import COpenVINO
import Foundation
import Synchronization

/// A network ready to run. Calls from several threads are taken one after another; one call can have several inputs in
/// flight.
public final class CompiledNetwork: @unchecked Sendable {
    // @unchecked: `requests` and what lies behind them are touched only under `running`.
    public let name: String
    public let inputs: [String]
    public let outputs: [String]

    private let engine: Engine
    private let compiled: OpaquePointer
    /// How many inputs the engine works on best at a time: 1 under the hint of latency, about one a core under that of
    /// throughput.
    public let requestsInFlight: Int
    /// Made when they are first needed, since each has memory of its own for what lies between the layers.
    private var requests: [OpaquePointer] = []
    private let running = Mutex(())
    /// The compiled network may go on reading constants where they are.
    private let weights: MappedFile?

    private var library: OpenVINOLibrary { engine.library }

    /// Takes over `compiled`.
    init(name: String, engine: Engine, compiled: OpaquePointer, weights: MappedFile?) throws(EngineError) {
        let library = engine.library
        do throws(EngineError) {
            inputs = try Self.portNames(of: compiled, library, count: library.inputCount, port: library.input)
            outputs = try Self.portNames(of: compiled, library, count: library.outputCount, port: library.output)
            requestsInFlight = try Self.requestsInFlight(of: compiled, library)
        } catch {
            library.compiledFree(compiled)
            throw error
        }
        self.name = name
        self.engine = engine
        self.compiled = compiled
        self.weights = weights
        // Everything is set, so what is thrown from here on goes through `deinit`.
        _ = try request(0)
        try checkWeights()
    }

    deinit {
        requests.forEach(library.requestFree)
        library.compiledFree(compiled)
    }

    /// Runs the network once.
    ///
    /// - Parameters:
    ///   - tensors: one tensor for each of ``inputs``.
    ///   - wanted: outputs to copy out; nil copies all.
    /// - Throws: ``EngineError``; a shape the network does not take is ``EngineError/refused(step:reason:)``, weights
    ///   that were written to meanwhile are ``EngineError/weightsChanged(network:path:)``.
    public func infer(_ tensors: [String: Tensor], wanted: [String]? = nil) throws(EngineError) -> [String: Tensor] {
        try running.withLock { _ throws(EngineError) in
            let request = try request(0)
            try fill(request, tensors, wanted)
            try library.check(library.infer(request), "run \(self.name)")
            return try results(of: request, wanted)
        }
    }

    /// Runs the network on each input, ``requestsInFlight`` of them at a time. One that fails takes no other with it.
    ///
    /// - Returns: what came of each, in their order; failures are those of ``infer(_:wanted:)``.
    public func infer(
        each inputs: [[String: Tensor]], wanted: [String]? = nil
    ) -> [Result<[String: Tensor], EngineError>] {
        running.withLock { _ in
            var found: [Result<[String: Tensor], EngineError>] = []
            var started: [Result<OpaquePointer, EngineError>] = []
            func finishNext() {
                let next = started[found.count]
                found.append(
                    next.flatMap { request in
                        attempt { () throws(EngineError) in
                            try library.check(library.waitInfer(request), "run \(name)")
                            return try results(of: request, wanted)
                        }
                    })
            }
            for (index, tensors) in inputs.enumerated() {
                // In turns: the request that is taken now is the one that was started longest ago.
                if index - found.count == requestsInFlight { finishNext() }
                started.append(
                    attempt { () throws(EngineError) in
                        let request = try request(index % requestsInFlight)
                        try fill(request, tensors, wanted)
                        try library.check(library.startInfer(request), "run \(name)")
                        return request
                    })
            }
            while found.count < inputs.count { finishNext() }
            return found
        }
    }

    private func attempt<Value>(_ body: () throws(EngineError) -> Value) -> Result<Value, EngineError> {
        do throws(EngineError) { return .success(try body()) } catch { return .failure(error) }
    }

    private func request(_ index: Int) throws(EngineError) -> OpaquePointer {
        while requests.count <= index {
            var made: OpaquePointer?
            try library.check(library.createRequest(compiled, &made), "prepare \(name)")
            guard let made else { throw .refused(step: "prepare \(name)", reason: "no request") }
            requests.append(made)
        }
        return requests[index]
    }

    private func fill(
        _ request: OpaquePointer, _ tensors: [String: Tensor], _ wanted: [String]?
    ) throws(EngineError) {
        for name in tensors.keys where !inputs.contains(name) { throw .noSuchPort(name: name, have: inputs) }
        for name in wanted ?? [] where !outputs.contains(name) { throw .noSuchPort(name: name, have: outputs) }
        for (name, tensor) in tensors { try set(request, name, tensor) }
        try checkWeights()
    }

    private func results(
        of request: OpaquePointer, _ wanted: [String]?
    ) throws(EngineError) -> [String: Tensor] {
        try checkWeights()
        var results: [String: Tensor] = [:]
        for name in wanted ?? outputs { results[name] = try get(request, name) }
        return results
    }

    /// Costs a system call a file. Before an inference it keeps from reading beyond the end of a file that was cut
    /// short, which would end the process; after it, from believing what came out of changed numbers.
    private func checkWeights() throws(EngineError) {
        if let path = weights?.changedFile { throw .weightsChanged(network: name, path: path) }
    }

    private func set(_ request: OpaquePointer, _ name: String, _ tensor: Tensor) throws(EngineError) {
        let type =
            switch tensor.values {
            case .float: REVIEWTUI_OV_F32
            case .int64: REVIEWTUI_OV_I64
            case .byte: REVIEWTUI_OV_U8
            }
        var dimensions = tensor.shape.map(Int64.init)
        var made: OpaquePointer?
        let rank = Int64(dimensions.count)
        let status = dimensions.withUnsafeMutableBufferPointer { dims in
            library.tensorCreate(Int32(type), ov_shape_t(rank: rank, dims: dims.baseAddress), &made)
        }
        try library.check(status, "make input \(name)")
        defer { library.tensorFree(made) }
        var data: UnsafeMutableRawPointer?
        try library.check(library.tensorData(made, &data), "fill input \(name)")
        func fill(_ bytes: UnsafeRawBufferPointer) {
            if let data, let source = bytes.baseAddress { data.copyMemory(from: source, byteCount: bytes.count) }
        }
        switch tensor.values {
        case .float(let values): values.withUnsafeBytes(fill)
        case .int64(let values): values.withUnsafeBytes(fill)
        case .byte(let values): values.withUnsafeBytes(fill)
        }
        try library.check(library.setTensor(request, name, made), "take input \(name) of shape \(tensor.shape)")
    }

    private func get(_ request: OpaquePointer, _ name: String) throws(EngineError) -> Tensor {
        var tensor: OpaquePointer?
        try library.check(library.getTensor(request, name, &tensor), "give output \(name)")
        defer { library.tensorFree(tensor) }
        var shape = ov_shape_t()
        try library.check(library.tensorShape(tensor, &shape), "give the shape of \(name)")
        let dimensions = (0..<Int(shape.rank)).map { Int(shape.dims[$0]) }
        _ = library.shapeFree(&shape)
        var type: Int32 = 0
        var byteCount = 0
        var data: UnsafeMutableRawPointer?
        try library.check(library.tensorType(tensor, &type), "give the type of \(name)")
        try library.check(library.tensorByteCount(tensor, &byteCount), "give the size of \(name)")
        try library.check(library.tensorData(tensor, &data), "give the values of \(name)")
        let bytes = UnsafeRawBufferPointer(start: data, count: data == nil ? 0 : byteCount)
        switch Int(type) {
        case Int(REVIEWTUI_OV_F32): return try Tensor(Array(bytes.bindMemory(to: Float.self)), shape: dimensions)
        case Int(REVIEWTUI_OV_I64): return try Tensor(Array(bytes.bindMemory(to: Int64.self)), shape: dimensions)
        default: throw .badTensor("output \(name) has element type \(type)")
        }
    }

    private static func requestsInFlight(
        of compiled: OpaquePointer, _ library: OpenVINOLibrary
    ) throws(EngineError) -> Int {
        let key = "OPTIMAL_NUMBER_OF_INFER_REQUESTS"
        var value: UnsafeMutablePointer<CChar>?
        try library.check(library.compiledProperty(compiled, key, &value), "give \(key)")
        guard let value else { return 1 }
        defer { library.free(value) }
        return max(1, Int(String(cString: value)) ?? 1)
    }

    private static func portNames(
        of compiled: OpaquePointer, _ library: OpenVINOLibrary, count: ov_compiled_model_size_fn,
        port: ov_compiled_model_port_fn
    ) throws(EngineError) -> [String] {
        var total = 0
        try library.check(count(compiled, &total), "count ports")
        var names: [String] = []
        for index in 0..<total {
            var found: OpaquePointer?
            try library.check(port(compiled, index, &found), "find port \(index)")
            defer { library.portFree(found) }
            var name: UnsafeMutablePointer<CChar>?
            try library.check(library.portName(found, &name), "name port \(index)")
            if let name {
                names.append(String(cString: name))
                library.free(name)
            }
        }
        return names
    }
}
