/// What the header of one safetensors file says, believed only after every rule of the format has been checked.
///
/// The bytes may come from anywhere. The header is read as exactly the JSON that the format allows, without recursion
/// and without a tree of values: `{"NAME":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},…}` and one optional
/// `__metadata__` object of texts. Then every tensor must be as long as its shape says and the tensors must fill the
/// file end to end, which leaves no room for overlaps, holes and hidden bytes. Nothing outside `bytes` is read.
///
/// Source: the format description of the safetensors project (huggingface/safetensors, README, "Format"). Stricter
/// than its reference implementation in two points: unknown fields and names given twice are refused.
struct SafeTensorsLayout {
    struct Fault: Error {
        let reason: String
    }

    /// Offsets count from the start of the file.
    private(set) var entries: [String: SafeTensors.Entry] = [:]

    /// The largest header that is read, as in the reference implementation.
    static let headerLimit = 100_000_000
    /// More dimensions than any published network has.
    private static let rankLimit = 16

    init(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
        guard bytes.count >= 8 else { throw Fault(reason: "it is shorter than its length field") }
        let headerLength = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard headerLength <= Self.headerLimit, Int(headerLength) <= bytes.count - 8 else {
            throw Fault(reason: "the header claims \(headerLength) bytes")
        }
        let dataStart = 8 + Int(headerLength)
        let dataLength = bytes.count - dataStart
        var cursor = JSONCursor(UnsafeRawBufferPointer(rebasing: bytes[8..<dataStart]))
        // Required by the format, so that a file of another kind is not taken for one of this.
        guard bytes.count > 8, bytes[8] == UInt8(ascii: "{") else {
            throw Fault(reason: "the header is not a JSON object")
        }
        do {
            try cursor.eachMember { (cursor, name) throws(JSONCursor.Fault) in
                if name == "__metadata__" { return try cursor.skipTexts() }
                let entry: SafeTensors.Entry
                do throws(Fault) {
                    entry = try Self.entry(&cursor, dataStart: dataStart, dataLength: dataLength)
                } catch {
                    throw JSONCursor.Fault(reason: "tensor \(printable(name)) \(error.reason)")
                }
                guard entries.updateValue(entry, forKey: name) == nil else {
                    throw JSONCursor.Fault(reason: "tensor \(printable(name)) is there twice")
                }
            }
            try cursor.end()
        } catch {
            throw Fault(reason: error.reason)
        }
        try checkEndToEnd(from: dataStart, to: bytes.count)
    }

    private func checkEndToEnd(from dataStart: Int, to end: Int) throws(Fault) {
        var expected = dataStart
        for entry in entries.values.sorted(by: { ($0.offset, $0.byteCount) < ($1.offset, $1.byteCount) }) {
            guard entry.offset == expected else {
                throw Fault(reason: "tensors overlap or leave a hole at byte \(expected)")
            }
            expected += entry.byteCount
        }
        guard expected == end else { throw Fault(reason: "\(end - expected) bytes belong to no tensor") }
    }

    private static func entry(
        _ cursor: inout JSONCursor, dataStart: Int, dataLength: Int
    ) throws(Fault) -> SafeTensors.Entry {
        var type: SafeTensors.ElementType?
        var shape: [Int]?
        var offsets: [Int]?
        do {
            try cursor.eachMember { (cursor, key) throws(JSONCursor.Fault) in
                switch key {
                case "dtype" where type == nil:
                    type = SafeTensors.ElementType(rawValue: try cursor.text())
                    if type == nil { throw JSONCursor.Fault(reason: "has an unknown dtype") }
                case "shape" where shape == nil:
                    shape = try cursor.integers(atMost: rankLimit, fault: "has no usable shape")
                case "data_offsets" where offsets == nil:
                    offsets = try cursor.integers(atMost: 2, fault: "has no usable data_offsets")
                default:
                    throw JSONCursor.Fault(reason: "has a field `\(printable(key))` that is unknown or there twice")
                }
            }
        } catch {
            throw Fault(reason: error.reason)
        }
        guard let type else { throw Fault(reason: "has no dtype") }
        guard let shape else { throw Fault(reason: "has no usable shape") }
        guard let offsets, offsets.count == 2 else { throw Fault(reason: "has no usable data_offsets") }
        guard offsets[0] <= offsets[1], offsets[1] <= dataLength else { throw Fault(reason: "lies outside the file") }
        guard let byteCount = Self.byteCount(of: shape, type) else {
            throw Fault(reason: "has a shape too large to count")
        }
        guard byteCount == offsets[1] - offsets[0] else { throw Fault(reason: "is not as long as its shape says") }
        return SafeTensors.Entry(type: type, shape: shape, offset: dataStart + offsets[0], byteCount: byteCount)
    }

    private static func byteCount(of shape: [Int], _ type: SafeTensors.ElementType) -> Int? {
        var byteCount = type.byteCount
        for dimension in shape {
            let (product, overflow) = byteCount.multipliedReportingOverflow(by: dimension)
            guard !overflow else { return nil }
            byteCount = product
        }
        return byteCount
    }
}
