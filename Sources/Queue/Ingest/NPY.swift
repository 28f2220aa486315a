import Foundation

/// Reads a float32 matrix from NumPy's file format (numpy.lib.format, versions 1.0 and 2.0).
enum NPY {
    /// Bytes of header and values that a grid can have at most.
    static let sizeLimit = ResultContract.gridLimit * 4 + (1 << 16)

    /// - returns: Shape and row-major values; a vector counts as one row.
    static func matrix(_ bytes: [UInt8]) throws(Refusal) -> (rows: Int, columns: Int, values: [Float]) {
        guard bytes.count >= 10, bytes.starts(with: [0x93] + Array("NUMPY".utf8)), bytes[6] == 1 || bytes[6] == 2 else {
            throw Refusal("it is not an NPY file of version 1 or 2")
        }
        let isFirst = bytes[6] == 1
        let start = isFirst ? 10 : 12
        guard bytes.count >= start else { throw Refusal("its NPY header is cut off") }
        let length = (8..<start).reversed().reduce(0) { $0 << 8 | Int(bytes[$1]) }
        guard start + length <= bytes.count else { throw Refusal("its NPY header is cut off") }
        let header = String(decoding: bytes[start..<(start + length)], as: UTF8.self).filter { $0 != " " }
        guard header.contains("'descr':'<f4'"), header.contains("'fortran_order':False") else {
            throw Refusal("it must hold little-endian float32 in row-major order")
        }
        guard let opening = header.range(of: "'shape':("),
            let closing = header[opening.upperBound...].firstIndex(of: ")")
        else { throw Refusal("its NPY header names no shape") }
        let numbers = header[opening.upperBound..<closing].split(separator: ",").map { Int($0) ?? -1 }
        let shape = numbers.count == 1 ? [1] + numbers : numbers
        guard shape.count == 2, shape.allSatisfy({ $0 > 0 && $0 <= ResultContract.gridLimit }),
            shape[0] <= ResultContract.gridLimit / shape[1]
        else { throw Refusal("its shape must be [rows, columns] with at most \(ResultContract.gridLimit) values") }
        let body = Data(bytes[(start + length)...])
        guard body.count == shape[0] * shape[1] * 4 else {
            throw Refusal("it holds \(body.count) bytes of values where its shape takes \(shape[0] * shape[1] * 4)")
        }
        return (shape[0], shape[1], StoredRelevance.words(body).map { Float(bitPattern: $0) })
    }
}
