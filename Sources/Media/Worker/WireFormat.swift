// What console and worker say to each other over one socket: fixed headers of little-endian 32-bit words, then bytes.
// The worker may have been taken over by the file it read, so `Reply.init` is the gate: nothing of a reply is used
// before it passed, and no text of the worker's passes but printable ASCII of bounded length.

/// Sent once by the worker when it is ready.
enum Hello {
    static let words: [UInt32] = [0x5254_6D68, 1]
    static let byteCount = words.count * 4
}

/// One file to decode; `byteCount` bytes of it follow.
struct Request: Equatable {
    static let magic: UInt32 = 0x5254_6D71
    static let byteCount = 8 * 4

    var id: UInt32
    /// nil asks for every pixel.
    var bound: PixelSize?
    var limits: DecodeLimits
    /// Bytes of the file.
    var count: Int
    /// The worker ends itself when it takes longer, should nobody be there to end it.
    var seconds: UInt32

    var words: [UInt32] {
        [
            Self.magic, id, UInt32(clamping: bound?.width ?? 0), UInt32(clamping: bound?.height ?? 0),
            UInt32(clamping: limits.pixels), UInt32(clamping: limits.bytes), UInt32(clamping: count), seconds,
        ]
    }

    init(id: UInt32, bound: PixelSize?, limits: DecodeLimits, count: Int, seconds: UInt32) {
        self.id = id
        self.bound = bound
        self.limits = limits
        self.count = count
        self.seconds = seconds
    }

    /// nil where the words are no request or the file would be over the limit.
    init?(words: [UInt32]) {
        guard words.count == 8, words[0] == Self.magic, words[6] <= words[5] else { return nil }
        id = words[1]
        bound = words[2] > 0 && words[3] > 0 ? PixelSize(width: Int(words[2]), height: Int(words[3])) : nil
        limits = DecodeLimits(pixels: Int(words[4]), bytes: Int(words[5]))
        count = Int(words[6])
        seconds = words[7]
    }
}

/// What came of a request. After a picture's header come its pixels; after a failure's, `detailCount` bytes.
struct Reply: Equatable {
    static let magic: UInt32 = 0x5254_6D61
    static let byteCount = 11 * 4
    static let longestDetail = 120

    enum Outcome: UInt32 {
        case picture, empty, tooManyBytes, tooManyPixels, unsupported, corrupt
    }

    var id: UInt32
    var outcome: Outcome
    var format: MediaFormat
    var notes: Set<DecodeNote> = []
    /// Size of the pixels that follow.
    var size = PixelSize(width: 0, height: 0)
    /// The picture's own size, or the size that was refused.
    var originalSize = PixelSize(width: 0, height: 0)
    var detailCount = 0

    init(id: UInt32, picture: DecodedImage) {
        self.id = id
        outcome = .picture
        format = picture.format
        notes = picture.notes
        size = picture.image.size
        originalSize = picture.originalSize
    }

    init(id: UInt32, error: MediaError) {
        self.id = id
        format = .unknown
        switch error {
        case .empty: outcome = .empty
        case .tooManyBytes: outcome = .tooManyBytes
        case .tooManyPixels(let size, _):
            outcome = .tooManyPixels
            originalSize = size
        case .unsupported(let found):
            outcome = .unsupported
            format = found
        case .corrupt(let found, let detail):
            outcome = .corrupt
            format = found
            detailCount = min(Self.longestDetail, detail.utf8.count)
        default: outcome = .corrupt
        }
    }

    var words: [UInt32] {
        [
            Self.magic, id, outcome.rawValue, UInt32(format.rawValue), notes.reduce(0) { $0 | $1.rawValue },
            UInt32(clamping: size.width), UInt32(clamping: size.height), UInt32(clamping: originalSize.width),
            UInt32(clamping: originalSize.height), UInt32(clamping: detailCount), 0,
        ]
    }

    /// nil where the words are no lawful answer to `request`.
    init?(words: [UInt32], to request: Request) {
        guard words.count == 11, words[0] == Self.magic, words[1] == request.id,
            let outcome = Outcome(rawValue: words[2]), words[3] <= UInt32(UInt8.max),
            let format = MediaFormat(rawValue: UInt8(words[3])), words[9] <= UInt32(Self.longestDetail), words[10] == 0
        else { return nil }
        id = words[1]
        self.outcome = outcome
        self.format = format
        notes = Set(DecodeNote.allCases.filter { words[4] & $0.rawValue != 0 })
        size = PixelSize(width: Int(words[5]), height: Int(words[6]))
        originalSize = PixelSize(width: Int(words[7]), height: Int(words[8]))
        detailCount = Int(words[9])
        guard outcome == .picture else { return }
        let bound = request.bound ?? PixelSize(width: Int(Int32.max), height: Int(Int32.max))
        guard size.width > 0, size.height > 0, originalSize.width > 0, originalSize.height > 0, detailCount == 0,
            size.width <= min(bound.width, originalSize.width), size.height <= min(bound.height, originalSize.height),
            originalSize.area <= request.limits.pixels, size.area <= request.limits.pixels
        else { return nil }
    }

    /// The failure this reply reports; nil for a picture.
    func error(detail: [UInt8], request: Request) -> MediaError? {
        switch outcome {
        case .picture: nil
        case .empty: .empty
        case .tooManyBytes: .tooManyBytes(count: request.count, limit: request.limits.bytes)
        case .tooManyPixels: .tooManyPixels(size: originalSize, limit: request.limits.pixels)
        case .unsupported: .unsupported(format)
        case .corrupt: .corrupt(format, detail: printable(detail))
        }
    }
}

/// 32-bit words as little-endian bytes.
func littleEndian(_ words: [UInt32]) -> [UInt8] {
    words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
}

/// Little-endian bytes as 32-bit words; a rest of fewer than four bytes is dropped.
func words(of bytes: [UInt8]) -> [UInt32] {
    stride(from: 0, to: bytes.count / 4 * 4, by: 4).map { at in
        (0..<4).reduce(0) { $0 | UInt32(bytes[at + $1]) << (UInt32($1) * 8) }
    }
}
