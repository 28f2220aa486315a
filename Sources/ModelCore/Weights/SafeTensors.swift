import Foundation

/// The tensors of a checkpoint, memory-mapped: names, types and shapes at once, values straight from the page cache.
///
///     let weights = try SafeTensors(path: folder + "/model.safetensors")
///     let sharded = try SafeTensors(path: folder + "/model.safetensors.index.json")
///     let table = try weights.floats("embeddings.position_embeddings.weight")
///
/// The files may come from anywhere: ``SafeTensorsLayout`` says what is checked before a header is believed, and
/// ``ShardIndex`` what before several files are taken for one. They are opened once: what is checked here is what a
/// network is compiled from.
public struct SafeTensors: Sendable {
    public enum ElementType: String, Sendable {
        case f64 = "F64", f32 = "F32", f16 = "F16", bf16 = "BF16"
        case f8e4m3 = "F8_E4M3", f8e5m2 = "F8_E5M2"
        case i64 = "I64", i32 = "I32", i16 = "I16", i8 = "I8"
        case u64 = "U64", u32 = "U32", u16 = "U16", u8 = "U8", bool = "BOOL"

        public var byteCount: Int {
            switch self {
            case .f64, .i64, .u64: 8
            case .f32, .i32, .u32: 4
            case .f16, .bf16, .i16, .u16: 2
            case .f8e4m3, .f8e5m2, .i8, .u8, .bool: 1
            }
        }

        /// The name of this type in OpenVINO's IR.
        var irName: String {
            switch self {
            case .bool: "boolean"
            case .f8e4m3: "f8e4m3"
            case .f8e5m2: "f8e5m2"
            default: rawValue.lowercased()
            }
        }
    }

    public struct Entry: Sendable, Hashable {
        public let type: ElementType
        public let shape: [Int]
        /// Byte offset from the start of the mapped files.
        public let offset: Int
        public let byteCount: Int
    }

    /// The file, or the index of a checkpoint in shards.
    public let path: String
    public let entries: [String: Entry]
    let file: MappedFile

    init(path: String, entries: [String: Entry], file: MappedFile) {
        self.path = path
        self.entries = entries
        self.file = file
    }

    /// - Parameter path: a `.safetensors` file, or the `.index.json` that names the shards beside it.
    /// - Throws: ``WeightsError``.
    public init(path: String) throws(WeightsError) { try self.init(WeightFiles(path: path)) }

    /// - Throws: ``WeightsError``.
    init(_ files: WeightFiles) throws(WeightsError) {
        path = files.path
        file = try MappedFile(files.tensorFiles)
        var entries: [String: Entry] = [:]
        var fileOfTensor: [String: Int] = [:]
        for (index, opened) in files.tensorFiles.enumerated() {
            let bytes = file.bytes(ofFile: index)
            let layout: SafeTensorsLayout
            do {
                layout = try SafeTensorsLayout(bytes)
            } catch {
                if let what = ForeignFormat.pickle(startingWith: bytes) { throw .pickle(path: opened.path, what: what) }
                throw .malformed(path: opened.path, reason: error.reason)
            }
            let start = file.ranges[index].lowerBound
            for (name, entry) in layout.entries {
                guard fileOfTensor.updateValue(index, forKey: name) == nil else {
                    throw .malformed(path: opened.path, reason: "tensor \(printable(name)) is in two shards")
                }
                entries[name] = Entry(
                    type: entry.type, shape: entry.shape, offset: start + entry.offset, byteCount: entry.byteCount)
            }
        }
        self.entries = entries
        try files.index?.check(fileOfTensor)
    }

    /// The values of a float tensor as `Float`, row-major (F64, F32, F16 and BF16 are read).
    ///
    /// - Throws: ``WeightsError/unfit(path:tensor:reason:)`` for a missing tensor or another type.
    public func floats(_ name: String) throws(WeightsError) -> [Float] {
        guard let entry = entries[name] else { throw .unfit(path: path, tensor: printable(name), reason: "is missing") }
        let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[entry.offset..<entry.offset + entry.byteCount])
        func values<Bits: FixedWidthInteger>(_ convert: (Bits) -> Float) -> [Float] {
            (0..<bytes.count / MemoryLayout<Bits>.size).map {
                convert(
                    Bits(littleEndian: bytes.loadUnaligned(fromByteOffset: MemoryLayout<Bits>.size * $0, as: Bits.self))
                )
            }
        }
        return switch entry.type {
        case .f64: values { (bits: UInt64) in Float(Double(bitPattern: bits)) }
        case .f32: values { (bits: UInt32) in Float(bitPattern: bits) }
        case .f16: values { (bits: UInt16) in Float(Float16(bitPattern: bits)) }
        case .bf16: values { (bits: UInt16) in Float(bitPattern: UInt32(bits) << 16) }
        default:
            throw .unfit(
                path: path, tensor: printable(name), reason: "is \(entry.type.rawValue), not a float that is read")
        }
    }
}

/// A name from a file, fit for a message: printable ASCII only and not longer than a line.
func printable(_ name: String) -> String {
    let safe = name.unicodeScalars.prefix(80).map { (0x20..<0x7F).contains($0.value) ? Character($0) : "?" }
    return String(safe)
}
