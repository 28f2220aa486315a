/// Reads the protobuf wire format field by field, in bounds whatever the bytes say.
///
/// Source: protobuf.dev, "Encoding".
struct ProtobufReader {
    struct Fault: Error {}

    enum Value {
        case number(UInt64)
        case bytes(ArraySlice<UInt8>)
    }

    private let bytes: ArraySlice<UInt8>
    private var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    /// The next field, or nil at the end.
    mutating func next() throws(Fault) -> (field: Int, value: Value)? {
        guard position < bytes.endIndex else { return nil }
        let key = try varint()
        let field = Int(truncatingIfNeeded: key >> 3)
        switch key & 7 {
        case 0: return (field, .number(try varint()))
        case 1: return (field, .bytes(try take(8)))
        case 2:
            let count = try varint()
            guard count <= UInt64(bytes.endIndex - position) else { throw Fault() }
            return (field, .bytes(try take(Int(count))))
        case 5: return (field, .bytes(try take(4)))
        default: throw Fault()
        }
    }

    private mutating func take(_ count: Int) throws(Fault) -> ArraySlice<UInt8> {
        guard count <= bytes.endIndex - position else { throw Fault() }
        defer { position += count }
        return bytes[position..<position + count]
    }

    private mutating func varint() throws(Fault) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard position < bytes.endIndex else { throw Fault() }
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw Fault()
    }
}
