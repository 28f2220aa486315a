import COpenVINO
import Foundation

/// Compiles networks with OpenVINO, which it loads at run time so that the console works without.
///
///     let engine = try Engine(path: Engine.locate(startingFrom: [workingDirectory]))
///     let network = try engine.compile(.onnx(bytes))
///     let outputs = try network.infer(["pixels": tensor])
///
/// Safe to use from any thread. Compiling and inferring block the calling thread for as long as they take: call them
/// off the main actor.
public final class Engine: @unchecked Sendable {
    // @unchecked: `core` is OpenVINO's ov::Core, whose member functions are thread-safe (its documentation).
    let library: OpenVINOLibrary
    private let core: OpaquePointer
    private let options: Options

    public struct Options: Sendable, Hashable {
        public enum Precision: String, Sendable, CaseIterable {
            /// Parity with the reference computations. OpenVINO's own default is bf16 on recent processors.
            case f32
            /// Half the processor time where the processor has AMX or AVX512-BF16. Embeddings then move by up to 2.2 % of
            /// their largest component, 1.5e-4 in cosine (MiniLM and DINOv2-small on the fixtures' inputs).
            case bf16
            /// Weights of linear layers as bytes with a scale an output, activations as bytes with a scale a group while
            /// they are multiplied; all else f32. Of a network that comes as an ONNX file nothing is changed.
            case int8

            /// What an ONNX file's network is computed with.
            var ofFileNetworks: Self { self == .int8 ? .f32 : self }

            fileprivate var hint: String { self == .int8 ? Self.f32.rawValue : rawValue }
        }

        public enum Performance: String, Sendable, CaseIterable {
            case latency = "LATENCY"
            case throughput = "THROUGHPUT"
        }

        public var precision: Precision = .f32
        public var performance: Performance = .latency
        /// Where compiled networks are kept; nil keeps none. The folder is created where it is missing.
        public var cacheFolder: String?
        /// What the folder may hold; the networks that were used longest ago go first.
        public var cacheByteLimit = 2 << 30
        /// 0 lets OpenVINO use every core.
        public var threads = 0

        public init() {}
    }

    /// What is to be compiled.
    public enum Source: Sendable {
        /// OpenVINO IR whose constants point into `weights`.
        case ir(xml: String, weights: MappedFile)
        /// The bytes of an ONNX file.
        case onnx([UInt8])
    }

    /// Loads OpenVINO.
    ///
    /// - Parameter path: `libopenvino_c.so`, as ``locate(startingFrom:environment:)`` finds it.
    /// - Throws: ``EngineError``.
    public init(path: String, options: Options = Options()) throws(EngineError) {
        library = try OpenVINOLibrary(path: path)
        var core: OpaquePointer?
        try library.check(library.coreCreate(&core), "start")
        guard let core else { throw .refused(step: "start", reason: "no core") }
        self.core = core
        self.options = options
    }

    deinit { library.coreFree(core) }

    /// The loaded OpenVINO's build, as in `2026.4.1-22982-…`.
    public var version: String { library.version }
    /// Of the numbers that networks compute with.
    public var precision: Options.Precision { options.precision }
    /// The loaded file.
    public var path: String { library.path }

    /// Compiles a network for the processor; seconds the first time, a fraction of one out of the cache folder.
    ///
    /// - Throws: ``EngineError/refused(step:reason:)`` with OpenVINO's words.
    public func compile(_ source: Source, name: String) throws(EngineError) -> CompiledNetwork {
        var model: OpaquePointer?
        let weights: MappedFile?
        switch source {
        case .ir(let xml, let file):
            weights = file
            // Reading beyond the end of a file that was cut short would end the process.
            if let path = file.changedFile { throw .weightsChanged(network: name, path: path) }
            let tensor = try weightTensor(over: file)
            defer { library.tensorFree(tensor) }
            let xml = Array(xml.utf8CString)
            try library.check(library.readModel(core, xml, xml.count - 1, tensor, &model), "read \(name)")
        case .onnx(let bytes):
            weights = nil
            let status = bytes.withUnsafeBytes { raw in
                library.readModel(core, raw.bindMemory(to: CChar.self).baseAddress, raw.count, nil, &model)
            }
            try library.check(status, "read \(name)")
        }
        defer { library.modelFree(model) }

        var compiled: OpaquePointer?
        let cache = options.cacheFolder.map { CompiledNetworkCache(folder: $0, byteLimit: options.cacheByteLimit) }
        let drawer = cache?.drawer(for: source, name: name, options: options)
        let properties = properties(cacheFolder: drawer)
        let status = withCStrings(properties) { pointers in
            reviewtui_ov_core_compile_model(
                library.compile, core, model, "CPU", pointers, properties.count / 2, &compiled)
        }
        try library.check(status, "compile \(name)")
        if let drawer { cache?.prune(keeping: drawer) }
        guard let compiled else { throw .refused(step: "compile \(name)", reason: "no network") }
        return try CompiledNetwork(name: name, engine: self, compiled: compiled, weights: weights)
    }

    /// Keys and values alternating.
    private func properties(cacheFolder: String?) -> [String] {
        var properties = ["INFERENCE_PRECISION_HINT", options.precision.hint]
        properties += ["PERFORMANCE_HINT", options.performance.rawValue]
        if options.threads > 0 { properties += ["INFERENCE_NUM_THREADS", String(options.threads)] }
        if let cacheFolder { properties += ["CACHE_DIR", cacheFolder] }
        // 0 turns off what the engine may otherwise do to weights that come as bytes.
        properties += ["DYNAMIC_QUANTIZATION_GROUP_SIZE", options.precision == .int8 ? "64" : "0"]
        return properties
    }

    /// A view of a mapped file; OpenVINO reads it and never writes.
    private func weightTensor(over file: MappedFile) throws(EngineError) -> OpaquePointer {
        let bytes = file.bytes
        var dimensions = [Int64(bytes.count)]
        var tensor: OpaquePointer?
        let status = dimensions.withUnsafeMutableBufferPointer { dims in
            library.tensorOverMemory(
                Int32(REVIEWTUI_OV_U8), ov_shape_t(rank: 1, dims: dims.baseAddress),
                UnsafeMutableRawPointer(mutating: bytes.baseAddress), &tensor)
        }
        try library.check(status, "see the weights")
        guard let tensor else { throw .refused(step: "see the weights", reason: "no tensor") }
        return tensor
    }
}

/// Calls `body` with C strings that live as long as the call.
private func withCStrings<Result>(_ strings: [String], _ body: ([UnsafePointer<CChar>?]) -> Result) -> Result {
    let copies = strings.map { strdup($0) }
    defer { copies.forEach { free($0) } }
    return body(copies.map { UnsafePointer($0) })
}
