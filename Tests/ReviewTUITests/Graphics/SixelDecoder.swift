/// A small sixel reader for tests, strict about everything the writer promises.
struct SixelDecoder {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private(set) var width = 0
    private(set) var height = 0
    /// Each register's colour in percent.
    private(set) var registers: [Int: (red: Int, green: Int, blue: Int)] = [:]
    /// Register of each pixel, row-major; nil where nothing was painted.
    private(set) var pixels: [Int?] = []

    private let bytes: [UInt8]
    private var at = 0

    init(_ bytes: [UInt8]) throws {
        self.bytes = bytes
        let start = Array("\u{1B}P0;1;0q\"1;1;".utf8)
        guard bytes.starts(with: start) else { throw Failure(description: "no introducer") }
        at = start.count
        width = try number()
        try expect(";")
        height = try number()
        pixels = Array(repeating: nil, count: width * height)
        try paint()
    }

    private mutating func paint() throws {
        var (x, top, register, run) = (0, 0, 0, 1)
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            switch byte {
            case UInt8(ascii: "#"):
                register = try number()
                if at < bytes.count, bytes[at] == UInt8(ascii: ";") {
                    at += 1
                    guard try number() == 2 else { throw Failure(description: "colour is not RGB") }
                    try expect(";")
                    let red = try number()
                    try expect(";")
                    let green = try number()
                    try expect(";")
                    let blue = try number()
                    guard max(red, green, blue) <= 100 else { throw Failure(description: "colour over 100 %") }
                    registers[register] = (red, green, blue)
                }
            case UInt8(ascii: "!"): run = try number()
            case UInt8(ascii: "$"): x = 0
            case UInt8(ascii: "-"): (x, top) = (0, top + 6)
            case 63...126:
                for _ in 0..<run {
                    for row in 0..<6 where (byte - 63) >> UInt8(row) & 1 == 1 {
                        guard x < width, top + row < height, registers[register] != nil else {
                            throw Failure(description: "painted outside at \(x),\(top + row)")
                        }
                        guard pixels[(top + row) * width + x] == nil else {
                            throw Failure(description: "painted twice at \(x),\(top + row)")
                        }
                        pixels[(top + row) * width + x] = register
                    }
                    x += 1
                }
                run = 1
            case 0x1B:
                guard at == bytes.count - 1, bytes[at] == UInt8(ascii: "\\") else {
                    throw Failure(description: "something after the end")
                }
                return
            default: throw Failure(description: "byte \(byte)")
            }
        }
        throw Failure(description: "no end")
    }

    private mutating func number() throws -> Int {
        var value: Int?
        while at < bytes.count, (48...57).contains(bytes[at]) {
            value = (value ?? 0) * 10 + Int(bytes[at] - 48)
            at += 1
        }
        guard let value else { throw Failure(description: "no number at \(at)") }
        return value
    }

    private mutating func expect(_ character: Unicode.Scalar) throws {
        guard at < bytes.count, bytes[at] == UInt8(ascii: character) else {
            throw Failure(description: "no \(character) at \(at)")
        }
        at += 1
    }
}
