import Foundation

/// One line, record or file as it came in.
struct RawItem {
    enum Content {
        /// A line of JSON that nobody has read yet: ``RawItem/input``.
        case unread
        case value(JSONValue)
        case refused(Refusal)
    }

    /// Counted from 1.
    var line: Int
    /// For the rejects file.
    var input: [UInt8]
    var content: Content

    /// The value, read strictly.
    func value() throws(Refusal) -> JSONValue {
        switch content {
        case .value(let value): return value
        case .refused(let refusal): throw refusal
        case .unread:
            do throws(JSONError) {
                return try JSONValue(parsing: input)
            } catch {
                throw Refusal(error.description)
            }
        }
    }
}

extension RawItem.Content {
    init(_ result: Result<JSONValue, Refusal>) {
        switch result {
        case .success(let value): self = .value(value)
        case .failure(let refusal): self = .refused(refusal)
        }
    }
}

/// A stream of items in one of the accepted forms.
protocol RawItems {
    mutating func next() throws -> RawItem?
    var bytesRead: Int64 { get }
    var totalBytes: Int64? { get }
}

/// Reads a descriptor in large pieces and hands out lines or bytes.
struct ByteSource {
    private let descriptor: Int32
    private let name: String
    private var buffer: [UInt8] = []
    private var position = 0
    private var isAtEnd = false
    private(set) var bytesRead: Int64 = 0
    let totalBytes: Int64?

    /// - parameter name: Made visible already, for errors.
    init(descriptor: Int32, name: String) {
        self.descriptor = descriptor
        self.name = name
        var status = stat()
        let isFile = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        totalBytes = isFile ? Int64(status.st_size) : nil
    }

    /// The next byte; nil at the end.
    mutating func nextByte() throws -> UInt8? {
        guard try position < buffer.count || refill() else { return nil }
        defer { position += 1 }
        return buffer[position]
    }

    mutating func peekByte() throws -> UInt8? {
        try position < buffer.count || refill() ? buffer[position] : nil
    }

    /// The next line without its end, cut at `limit` bytes; nil at the end of the input.
    ///
    /// - returns: `isComplete` is false where the line was longer: the rest of it was passed over.
    mutating func nextLine(limit: Int) throws -> (bytes: [UInt8], isComplete: Bool)? {
        var line: [UInt8] = []
        var length = 0
        guard try position < buffer.count || refill() else { return nil }
        while true {
            let end = buffer.withUnsafeBytes { bytes in
                memchr(bytes.baseAddress! + position, 0x0A, bytes.count - position).map {
                    UnsafeRawPointer($0) - bytes.baseAddress!
                } ?? bytes.count
            }
            length += end - position
            line.append(contentsOf: buffer[position..<min(end, position + limit - line.count)])
            let isEnded = end < buffer.count
            position = isEnded ? end + 1 : end
            if try isEnded || !refill() { break }
        }
        if line.last == UInt8(ascii: "\r"), length == line.count { line.removeLast() }
        return (line, length <= limit)
    }

    /// Passes over a byte order mark; call it before anything else.
    mutating func skipByteOrderMark() throws {
        guard try refill() else { return }
        if buffer.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    private mutating func refill() throws -> Bool {
        guard !isAtEnd else { return false }
        var piece = [UInt8](repeating: 0, count: 1 << 18)
        var count = -1
        repeat {
            count = piece.withUnsafeMutableBytes { Foundation.read(descriptor, $0.baseAddress, $0.count) }
        } while count < 0 && errno == EINTR
        guard count >= 0 else { throw QueueError.failed("Reading \(name) failed: \(systemError()).") }
        isAtEnd = count == 0
        piece.removeLast(piece.count - count)
        bytesRead += Int64(count)
        (buffer, position) = (piece, 0)
        return count > 0
    }
}

/// One JSON object a line. Blank lines are passed over.
struct JSONLineItems: RawItems {
    private var source: ByteSource
    private let limit: Int
    private var line = 0

    init(source: ByteSource, limit: Int) throws {
        self.source = source
        self.limit = limit
        try self.source.skipByteOrderMark()
    }

    var bytesRead: Int64 { source.bytesRead }
    var totalBytes: Int64? { source.totalBytes }

    mutating func next() throws -> RawItem? {
        while let (bytes, isComplete) = try source.nextLine(limit: limit) {
            line += 1
            if bytes.first != UInt8(ascii: "{"), bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { continue }
            guard isComplete else {
                let reason = "the line is longer than \(limit) bytes"
                return RawItem(line: line, input: Array(bytes.prefix(1 << 16)), content: .refused(Refusal(reason)))
            }
            return RawItem(line: line, input: bytes, content: .unread)
        }
        return nil
    }
}
