/// The values of one column in a row group, as they stand in a page: levels apart from values.
///
/// A column that is required has no levels. One with nulls has definition levels 0 and 1. A list has repetition levels (0
/// begins a row, 1 goes on with it) and definition levels: 0 an empty list, 1 a null element, 2 an element.
struct ParquetChunk {
    /// The least and the greatest value, as PLAIN would write them (texts without their length).
    struct Range: Hashable {
        var least: [UInt8]
        var greatest: [UInt8]
    }

    private let type: ColumnType
    private let isList: Bool
    private let isRequired: Bool
    private var repetition = LevelRuns()
    private var definition = LevelRuns()
    private var plain: [UInt8] = []
    private var flags: [Bool] = []
    private var bounds = Bounds()

    /// Values and nulls, and one for each empty list: what the page's header counts.
    private(set) var values = 0
    private(set) var nulls = 0

    init(_ column: ParquetWriter.Column) {
        type = column.type.element
        isList = column.type.isList
        isRequired = column.isRequired
    }

    var size: Int { plain.count + flags.count / 8 }

    mutating func removeAll() {
        self = ParquetChunk(type: type, isList: isList, isRequired: isRequired)
    }

    private init(type: ColumnType, isList: Bool, isRequired: Bool) {
        self.type = type
        self.isList = isList
        self.isRequired = isRequired
    }

    // MARK: - Appending

    mutating func append(_ value: ColumnValue) {
        guard isList else {
            values += 1
            let isNull = !append(plain: value)
            if !isRequired { definition.append(isNull ? 0 : 1) }
            return
        }
        if case .singles(let elements) = value, !elements.isEmpty { return append(elements) }
        guard case .list(let elements) = value, !elements.isEmpty else {
            values += 1
            nulls += 1
            repetition.append(0)
            definition.append(0)
            return
        }
        for (number, element) in elements.enumerated() {
            values += 1
            repetition.append(number == 0 ? 0 : 1)
            definition.append(append(plain: element) ? 2 : 1)
        }
    }

    /// A list without nulls.
    private mutating func append(_ elements: [Float]) {
        values += elements.count
        for number in elements.indices {
            repetition.append(number == 0 ? 0 : 1)
            definition.append(2)
        }
        elements.withUnsafeBytes { plain.append(contentsOf: $0) }
    }

    /// - returns: False for a null.
    private mutating func append(plain value: ColumnValue) -> Bool {
        switch value {
        case .null, .list, .singles:
            nulls += 1
            return false
        case .text(let text):
            let start = plain.count + 4
            plain.append(contentsOf: [0, 0, 0, 0])
            plain.append(contentsOf: text.utf8)
            let count = UInt32(plain.count - start)
            for byte in 0..<4 { plain[start - 4 + byte] = UInt8(truncatingIfNeeded: count >> UInt32(byte * 8)) }
            bounds.add(text: plain[start...])
        case .integer(let integer), .time(let integer):
            append(word: UInt64(bitPattern: integer))
            bounds.add(integer: integer)
        case .number(let number):
            append(word: number.bitPattern)
            bounds.add(number: number)
        case .flag(let flag):
            flags.append(flag)
            bounds.add(integer: flag ? 1 : 0)
        }
        return true
    }

    private mutating func append(word: UInt64) {
        withUnsafeBytes(of: word.littleEndian) { plain.append(contentsOf: $0) }
    }

    // MARK: - The page

    /// Levels, then values, before compression.
    var page: [UInt8] {
        var bytes: [UInt8] = []
        if isList { bytes += repetition.withLength }
        if isList || !isRequired { bytes += definition.withLength }
        guard type == .flag else { return bytes + plain }
        // Eight to a byte, the first in the lowest bit.
        for start in stride(from: 0, to: flags.count, by: 8) {
            var byte: UInt8 = 0
            for (bit, flag) in flags[start..<min(start + 8, flags.count)].enumerated() where flag { byte |= 1 << bit }
            bytes.append(byte)
        }
        return bytes
    }

    /// Nil where there are no values, or one is too long to stand in a footer.
    var range: Range? { bounds.range(of: type) }
}

/// Levels of at most two bits as runs of RLE (parquet-format, `Encodings.md`): a varint of twice the count, then the level.
private struct LevelRuns {
    private var bytes: [UInt8] = []
    private var level: UInt8 = 0
    private var count: UInt64 = 0

    mutating func append(_ next: UInt8) {
        if next != level, count > 0 { end() }
        level = next
        count += 1
    }

    private mutating func end() {
        ThriftCompact.append(varint: count << 1, to: &bytes)
        bytes.append(level)
        count = 0
    }

    /// With the length in four bytes before them.
    var withLength: [UInt8] {
        var runs = self
        if runs.count > 0 { runs.end() }
        let length = UInt32(runs.bytes.count)
        return (0..<4).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) } + runs.bytes
    }
}

/// The least and the greatest of what was added.
private struct Bounds {
    private var texts: (least: [UInt8], greatest: [UInt8])?
    private var isTooLong = false
    private var integers: ClosedRange<Int64>?
    private var numbers: ClosedRange<Double>?
    private var hasNaN = false

    /// A footer is no place for a post.
    private static let longest = 64

    mutating func add(text: ArraySlice<UInt8>) {
        guard !isTooLong else { return }
        guard text.count <= Self.longest else {
            isTooLong = true
            texts = nil
            return
        }
        guard let (least, greatest) = texts else {
            texts = (Array(text), Array(text))
            return
        }
        if text.lexicographicallyPrecedes(least) { texts?.least = Array(text) }
        if greatest.lexicographicallyPrecedes(text) { texts?.greatest = Array(text) }
    }

    mutating func add(integer: Int64) {
        integers = integers.map { min($0.lowerBound, integer)...max($0.upperBound, integer) } ?? integer...integer
    }

    mutating func add(number: Double) {
        guard !number.isNaN else { return hasNaN = true }
        numbers = numbers.map { min($0.lowerBound, number)...max($0.upperBound, number) } ?? number...number
    }

    func range(of type: ColumnType) -> ParquetChunk.Range? {
        func word(_ word: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
        switch type {
        case .text, .list: return texts.map { ParquetChunk.Range(least: $0.least, greatest: $0.greatest) }
        case .integer, .time:
            return integers.map {
                ParquetChunk.Range(
                    least: word(UInt64(bitPattern: $0.lowerBound)), greatest: word(UInt64(bitPattern: $0.upperBound)))
            }
        case .flag:
            return integers.map {
                ParquetChunk.Range(least: [UInt8($0.lowerBound)], greatest: [UInt8($0.upperBound)])
            }
        // Of use to nobody in an embedding.
        case .single: return nil
        case .number:
            // A zero may be of either sign, and a NaN is in no order (parquet.thrift, ColumnOrder).
            guard let numbers, !hasNaN else { return nil }
            let least = numbers.lowerBound == 0 ? -0.0 : numbers.lowerBound
            let greatest = numbers.upperBound == 0 ? 0.0 : numbers.upperBound
            return ParquetChunk.Range(least: word(least.bitPattern), greatest: word(greatest.bitPattern))
        }
    }
}
