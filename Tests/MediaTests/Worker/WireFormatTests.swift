import Testing

@testable import Media

@Suite("What the two processes say to each other")
struct WireFormatTests {
    private let request = Request(
        id: 7, bound: PixelSize(width: 80, height: 60), limits: DecodeLimits(), count: 1234, seconds: 12)

    private var picture: Reply {
        let image = RGBImage(width: 80, height: 45, red: 1, green: 2, blue: 3)
        return Reply(
            id: 7,
            picture: DecodedImage(
                image: image, originalSize: PixelSize(width: 1920, height: 1080), format: .jpeg, notes: [.truncated]))
    }

    @Test("words survive the way through bytes")
    func bytes() {
        let some: [UInt32] = [0, 1, 0x1234_5678, .max]
        #expect(littleEndian(some).prefix(12).suffix(4) == [0x78, 0x56, 0x34, 0x12])
        #expect(words(of: littleEndian(some)) == some)
    }

    @Test("requests and replies come back equal")
    func roundTrip() {
        #expect(Request(words: request.words) == request)
        #expect(Reply(words: picture.words, to: request) == picture)
        let errors: [MediaError] = [
            .empty, .unsupported(.webp), .corrupt(.png, detail: "bad"), .tooManyBytes(count: 1234, limit: 128 << 20),
            .tooManyPixels(size: PixelSize(width: 9, height: 8), limit: 64_000_000),
        ]
        for error in errors {
            let reply = Reply(id: 7, error: error)
            let detail = Array("bad".utf8.prefix(reply.detailCount))
            #expect(Reply(words: reply.words, to: request)?.error(detail: detail, request: request) == error)
        }
    }

    @Test(
        "a reply with any lying field is refused",
        arguments: [
            (0, 0), (1, 8), (2, 99), (3, 200), (3, 70_000), (5, 0), (5, 81), (6, 61), (6, 0), (7, 79), (8, 44),
            (7, UInt32.max), (8, 100_000), (9, 1), (9, 121), (10, 1),
        ] as [(Int, UInt32)])
    func lies(field: Int, value: UInt32) {
        var words = picture.words
        words[field] = value
        #expect(Reply(words: words, to: request) == nil)
    }

    @Test("a request for more bytes than its own limit is refused by the worker")
    func requestLies() {
        var words = request.words
        words[6] = words[5] + 1
        #expect(Request(words: words) == nil)
    }

    @Test("no control byte of the worker's reaches a message")
    func sanitised() {
        let reply = Reply(id: 7, error: .corrupt(.png, detail: "12345678"))
        let error = reply.error(detail: Array("a\u{1B}]0;x\u{7}\u{9B}".utf8), request: request)
        #expect(error == .corrupt(.png, detail: "a?]0;x???"))
    }
}
