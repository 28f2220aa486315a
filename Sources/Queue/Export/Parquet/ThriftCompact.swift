/// Writes structures in Thrift's compact protocol, in which Parquet keeps its page headers and its footer (Apache Thrift,
/// `doc/specs/thrift-compact-protocol.md`).
///
/// ```swift
/// var thrift = ThriftCompact()
/// thrift.field(1, i32: 0)
/// thrift.field(5) { $0.field(1, i32: 12) }
/// thrift.stop()
/// ```
///
/// Fields must come in ascending order of their numbers.
struct ThriftCompact {
    private(set) var bytes: [UInt8] = []
    private var last: [Int16] = [0]

    private enum Kind {
        static let yes: UInt8 = 1, no: UInt8 = 2, i16: UInt8 = 4, i32: UInt8 = 5, i64: UInt8 = 6, binary: UInt8 = 8
        static let list: UInt8 = 9, structure: UInt8 = 12
    }

    // MARK: - Fields

    mutating func field(_ number: Int16, flag: Bool) { head(number, flag ? Kind.yes : Kind.no) }

    mutating func field(_ number: Int16, i16: Int16) {
        head(number, Kind.i16)
        zigzag(Int64(i16))
    }

    mutating func field(_ number: Int16, i32: Int) {
        head(number, Kind.i32)
        zigzag(Int64(i32))
    }

    mutating func field(_ number: Int16, i64: Int64) {
        head(number, Kind.i64)
        zigzag(i64)
    }

    mutating func field(_ number: Int16, binary: [UInt8]) {
        head(number, Kind.binary)
        append(binary: binary)
    }

    mutating func field(_ number: Int16, text: String) { field(number, binary: Array(text.utf8)) }

    /// A structure.
    mutating func field(_ number: Int16, _ body: (inout ThriftCompact) -> Void) {
        head(number, Kind.structure)
        structure(body)
    }

    mutating func field(_ number: Int16, i32List numbers: [Int]) {
        list(number, Kind.i32, numbers.count)
        for value in numbers { zigzag(Int64(value)) }
    }

    mutating func field(_ number: Int16, textList texts: [String]) {
        list(number, Kind.binary, texts.count)
        for text in texts { append(binary: Array(text.utf8)) }
    }

    mutating func field<Element>(
        _ number: Int16, list elements: [Element], _ body: (inout ThriftCompact, Element) -> Void
    ) {
        list(number, Kind.structure, elements.count)
        for element in elements { structure { body(&$0, element) } }
    }

    /// Ends the outermost structure.
    mutating func stop() { bytes.append(0) }

    // MARK: - Machinery

    private mutating func structure(_ body: (inout ThriftCompact) -> Void) {
        last.append(0)
        body(&self)
        last.removeLast()
        bytes.append(0)
    }

    private mutating func head(_ number: Int16, _ kind: UInt8) {
        let delta = number - last[last.count - 1]
        last[last.count - 1] = number
        if (1...15).contains(delta) {
            bytes.append(UInt8(delta) << 4 | kind)
        } else {
            bytes.append(kind)
            zigzag(Int64(number))
        }
    }

    private mutating func list(_ number: Int16, _ kind: UInt8, _ count: Int) {
        head(number, Kind.list)
        if count < 15 {
            bytes.append(UInt8(count) << 4 | kind)
        } else {
            bytes.append(0xF0 | kind)
            Self.append(varint: UInt64(count), to: &bytes)
        }
    }

    private mutating func append(binary: [UInt8]) {
        Self.append(varint: UInt64(binary.count), to: &bytes)
        bytes += binary
    }

    private mutating func zigzag(_ value: Int64) {
        Self.append(varint: UInt64(bitPattern: value << 1 ^ value >> 63), to: &bytes)
    }

    /// Seven bits at a time, the lowest first (ULEB128).
    static func append(varint: UInt64, to bytes: inout [UInt8]) {
        var rest = varint
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
