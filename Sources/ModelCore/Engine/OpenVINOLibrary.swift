import COpenVINO
import Foundation

/// The functions of one loaded `libopenvino_c`, looked up once.
///
/// The library stays loaded until the process ends: OpenVINO keeps threads and static state that do not survive
/// `dlclose`.
struct OpenVINOLibrary: @unchecked Sendable {
    // @unchecked: holds only addresses of functions, which never change.
    let path: String
    let version: String

    let errorInfo: ov_get_error_info_fn
    let lastMessage: ov_get_last_err_msg_fn
    let free: ov_free_fn
    let coreCreate: ov_core_create_fn
    let coreFree: ov_core_free_fn
    let readModel: ov_core_read_model_from_memory_buffer_fn
    let modelFree: ov_model_free_fn
    let compile: UnsafeMutableRawPointer
    let compiledFree: ov_compiled_model_free_fn
    let inputCount: ov_compiled_model_size_fn
    let outputCount: ov_compiled_model_size_fn
    let input: ov_compiled_model_port_fn
    let output: ov_compiled_model_port_fn
    let portName: ov_port_get_any_name_fn
    let portFree: ov_output_const_port_free_fn
    let compiledProperty: ov_compiled_model_get_property_fn
    let createRequest: ov_compiled_model_create_infer_request_fn
    let setTensor: ov_infer_request_set_tensor_fn
    let getTensor: ov_infer_request_get_tensor_fn
    let infer: ov_infer_request_infer_fn
    let startInfer: ov_infer_request_start_async_fn
    let waitInfer: ov_infer_request_wait_fn
    let requestFree: ov_infer_request_free_fn
    let tensorCreate: ov_tensor_create_fn
    let tensorOverMemory: ov_tensor_create_from_host_ptr_fn
    let tensorShape: ov_tensor_get_shape_fn
    let shapeFree: ov_shape_free_fn
    let tensorType: ov_tensor_get_element_type_fn
    let tensorByteCount: ov_tensor_get_byte_size_fn
    let tensorData: ov_tensor_data_fn
    let tensorFree: ov_tensor_free_fn

    init(path: String) throws(EngineError) {
        guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
            throw .notLoadable(path: path, reason: dlerror().map { String(cString: $0) } ?? "unknown reason")
        }
        let symbols = Symbols(handle: handle, path: path)
        self.path = path

        let getVersion = try symbols["ov_get_openvino_version", as: ov_get_openvino_version_fn.self]
        let freeVersion = try symbols["ov_version_free", as: ov_version_free_fn.self]
        var found = ov_version_t()
        guard getVersion(&found) == 0, let build = found.buildNumber else {
            throw .unsupportedVersion(path: path, found: "of an unknown version")
        }
        version = String(cString: build)
        freeVersion(&found)
        guard let year = Int(version.prefix(while: \.isNumber)), year >= 2026 else {
            throw .unsupportedVersion(path: path, found: version)
        }

        errorInfo = try symbols["ov_get_error_info"]
        lastMessage = try symbols["ov_get_last_err_msg"]
        free = try symbols["ov_free"]
        coreCreate = try symbols["ov_core_create"]
        coreFree = try symbols["ov_core_free"]
        readModel = try symbols["ov_core_read_model_from_memory_buffer"]
        modelFree = try symbols["ov_model_free"]
        compile = try symbols.address("ov_core_compile_model")
        compiledFree = try symbols["ov_compiled_model_free"]
        inputCount = try symbols["ov_compiled_model_inputs_size"]
        outputCount = try symbols["ov_compiled_model_outputs_size"]
        input = try symbols["ov_compiled_model_input_by_index"]
        output = try symbols["ov_compiled_model_output_by_index"]
        portName = try symbols["ov_port_get_any_name"]
        portFree = try symbols["ov_output_const_port_free"]
        compiledProperty = try symbols["ov_compiled_model_get_property"]
        createRequest = try symbols["ov_compiled_model_create_infer_request"]
        setTensor = try symbols["ov_infer_request_set_tensor"]
        getTensor = try symbols["ov_infer_request_get_tensor"]
        infer = try symbols["ov_infer_request_infer"]
        startInfer = try symbols["ov_infer_request_start_async"]
        waitInfer = try symbols["ov_infer_request_wait"]
        requestFree = try symbols["ov_infer_request_free"]
        tensorCreate = try symbols["ov_tensor_create"]
        tensorOverMemory = try symbols["ov_tensor_create_from_host_ptr"]
        tensorShape = try symbols["ov_tensor_get_shape"]
        shapeFree = try symbols["ov_shape_free"]
        tensorType = try symbols["ov_tensor_get_element_type"]
        tensorByteCount = try symbols["ov_tensor_get_byte_size"]
        tensorData = try symbols["ov_tensor_data"]
        tensorFree = try symbols["ov_tensor_free"]
    }

    /// Turns a status into an error that carries the engine's own words.
    func check(_ status: ov_status_t, _ step: @autoclosure () -> String) throws(EngineError) {
        guard status != 0 else { return }
        var words = errorInfo(status).map { String(cString: $0) } ?? "status \(status)"
        if let message = lastMessage() {
            let detail = String(cString: message)
            free(message)
            if !detail.isEmpty { words += ": " + detail.split(whereSeparator: \.isNewline).joined(separator: " ") }
        }
        throw .refused(step: step(), reason: words)
    }
}

/// Looks up functions in a loaded library.
private struct Symbols {
    let handle: UnsafeMutableRawPointer
    let path: String

    func address(_ name: String) throws(EngineError) -> UnsafeMutableRawPointer {
        guard let address = dlsym(handle, name) else { throw .missingFunction(path: path, name: name) }
        return address
    }

    subscript<Function>(_ name: String, as type: Function.Type = Function.self) -> Function {
        get throws(EngineError) { unsafeBitCast(try address(name), to: Function.self) }
    }
}
