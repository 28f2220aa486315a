import Foundation

/// A memory-mapped `safetensors` file: names, types and shapes at once, values straight from the page cache.
///
/// The file may come from anywhere, so its header is believed only after every rule of the format has been checked:
/// sizes without overflow, every tensor inside the file and exactly as long as its shape says, no overlaps, no holes.
/// Source: the format description of the safetensors project (huggingface/safetensors, README, "Format").
public struct SafeTensors: Sendable {
    public enum ElementType: String, Sendable {
        case f64 = "F64", f32 = "F32", f16 = "F16", bf16 = "BF16"
        case i64 = "I64", i32 = "I32", i16 = "I16", i8 = "I8", u8 = "U8", bool = "BOOL"

        public var byteCount: Int {
            switch self {
            case .f64, .i64: 8
            case .f32, .i32: 4
            case .f16, .bf16, .i16: 2
            case .i8, .u8, .bool: 1
            }
        }

        /// The name of this type in OpenVINO's IR.
        var irName: String { self == .bool ? "boolean" : rawValue.lowercased() }
    }

    public struct Entry: Sendable, Hashable {
        public let type: ElementType
        public let shape: [Int]
        /// Byte offset from the start of the file.
        public let offset: Int
        public let byteCount: Int
    }

    public let path: String
    public let entries: [String: Entry]
    let file: MappedFile

    /// The largest header that is read, as in the reference implementation.
    private static let headerLimit = 100_000_000

    /// - Throws: ``WeightsError``.
    public init(path: String) throws(WeightsError) {
        self.path = path
        file = try MappedFile(path: path)
        let bytes = file.bytes.prefix(file.fileByteCount)
        func malformed(_ reason: String) -> WeightsError { .malformed(path: path, reason: reason) }

        guard bytes.count >= 8 else { throw malformed("shorter than its length field") }
        let headerLength = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[$1]) << (8 * UInt64($1)) }
        guard headerLength <= Self.headerLimit, Int(headerLength) <= bytes.count - 8 else {
            throw malformed("the header claims \(headerLength) bytes")
        }
        let dataStart = 8 + Int(headerLength)
        guard
            let json = try? JSONSerialization.jsonObject(with: Data(bytes[8..<dataStart])),
            let header = json as? [String: Any]
        else { throw malformed("the header is not a JSON object") }

        var entries: [String: Entry] = [:]
        for (name, value) in header where name != "__metadata__" {
            do {
                entries[name] = try Self.entry(value, dataStart: dataStart, fileByteCount: bytes.count)
            } catch {
                throw malformed("tensor \(printable(name)) \(error.reason)")
            }
        }
        // Laid end to end from the header to the end of the file: excludes overlaps and hidden bytes at once.
        var expected = dataStart
        for entry in entries.values.sorted(by: { ($0.offset, $0.byteCount) < ($1.offset, $1.byteCount) }) {
            guard entry.offset == expected else {
                throw malformed("tensors overlap or leave a hole at byte \(expected)")
            }
            expected += entry.byteCount
        }
        guard expected == bytes.count else { throw malformed("\(bytes.count - expected) bytes belong to no tensor") }
        self.entries = entries
    }

    /// The values of a float tensor as `Float`, row-major (F32, F16 and BF16 are read).
    ///
    /// - Throws: ``WeightsError/unfit(path:tensor:reason:)`` for a missing tensor or another type.
    public func floats(_ name: String) throws(WeightsError) -> [Float] {
        guard let entry = entries[name] else { throw .unfit(path: path, tensor: printable(name), reason: "is missing") }
        let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[entry.offset..<entry.offset + entry.byteCount])
        let count = entry.byteCount / entry.type.byteCount
        return switch entry.type {
        case .f32:
            (0..<count).map {
                Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
            }
        case .bf16:
            (0..<count).map {
                Float(
                    bitPattern: UInt32(
                        UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self))) << 16)
            }
        default:
            throw .unfit(
                path: path, tensor: printable(name), reason: "is \(entry.type.rawValue), not a float that is read")
        }
    }

    private struct Fault: Error { let reason: String }

    private static func entry(_ value: Any, dataStart: Int, fileByteCount: Int) throws(Fault) -> Entry {
        guard let fields = value as? [String: Any] else { throw Fault(reason: "is not an object") }
        guard let typeName = fields["dtype"] as? String, let type = ElementType(rawValue: typeName) else {
            throw Fault(reason: "has an unknown dtype")
        }
        guard let shape = integers(fields["shape"]), shape.count <= 16 else {
            throw Fault(reason: "has no usable shape")
        }
        guard let offsets = integers(fields["data_offsets"]), offsets.count == 2, offsets[0] <= offsets[1],
            offsets[1] <= fileByteCount - dataStart
        else { throw Fault(reason: "lies outside the file") }
        var byteCount = type.byteCount
        for dimension in shape {
            let product = byteCount.multipliedReportingOverflow(by: dimension)
            guard !product.overflow else { throw Fault(reason: "has a shape too large to count") }
            byteCount = product.partialValue
        }
        guard byteCount == offsets[1] - offsets[0] else { throw Fault(reason: "is not as long as its shape says") }
        return Entry(type: type, shape: shape, offset: dataStart + offsets[0], byteCount: byteCount)
    }

    /// A JSON array of whole, non-negative numbers.
    private static func integers(_ value: Any?) -> [Int]? {
        guard let numbers = value as? [NSNumber] else { return nil }
        var found: [Int] = []
        for number in numbers {
            guard let integer = Int(exactly: number.doubleValue), integer >= 0 else { return nil }
            found.append(integer)
        }
        return found
    }
}

/// A name from a file, fit for a message: printable ASCII only and not longer than a line.
func printable(_ name: String) -> String {
    let safe = name.unicodeScalars.prefix(80).map { (0x20..<0x7F).contains($0.value) ? Character($0) : "?" }
    return String(safe)
}
