/// The other side of ``MediaDecoder``: the process that reads hostile files.
///
/// The executable gives it a hidden subcommand whose whole work is
/// `exit(MediaWorker.run(input: 0, output: 1))`. It needs no file, no network and no environment: bytes come in and
/// pixels go out over one socket.
public enum MediaWorker {
    /// Memory the process may map, in bytes: the worst lawful file (64 megapixels, interlaced, with alpha) needs 0.7 GiB.
    static let addressSpace: UInt = 2 << 30

    /// Decodes requests until the console goes away.
    ///
    /// - Returns: the exit status: 0 after a clean end of input, 1 where the other side broke the protocol.
    public static func run(input: Int32, output: Int32) -> Int32 {
        System.restrictThisProcess(addressSpace: addressSpace, keeping: [input, output])
        guard write(littleEndian(Hello.words), to: output) else { return 0 }
        while true {
            guard let header = read(Request.byteCount, from: input) else { return 0 }
            guard let request = Request(words: words(of: header)) else { return 1 }
            System.endThisProcess(afterSeconds: request.seconds)
            guard let file = read(request.count, from: input) else { return 0 }
            guard answer(request, file: file, to: output) else { return 0 }
            System.endThisProcess(afterSeconds: 0)
        }
    }

    private static func answer(_ request: Request, file: [UInt8], to output: Int32) -> Bool {
        do throws(MediaError) {
            let picture = try ImageDecoder(limits: request.limits).decode(file, bound: request.bound)
            let reply = Reply(id: request.id, picture: picture)
            return write(littleEndian(reply.words), to: output) && write(picture.image.pixels, to: output)
        } catch {
            let reply = Reply(id: request.id, error: error)
            var detail: [UInt8] = []
            if case .corrupt(_, let text) = error { detail = Array(text.utf8.prefix(reply.detailCount)) }
            return write(littleEndian(reply.words) + detail, to: output)
        }
    }

    /// nil where the other side is gone.
    private static func read(_ count: Int, from descriptor: Int32) -> [UInt8]? {
        var got = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while got < count {
                let n = System.read(
                    descriptor, UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[got...]))
                if n <= 0 { break }
                got += n
            }
            filled = got
        }
        return got == count ? bytes : nil
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var sent = 0
            while sent < buffer.count {
                let n = System.write(descriptor, UnsafeRawBufferPointer(rebasing: buffer[sent...]))
                if n <= 0 { return false }
                sent += n
            }
            return true
        }
    }
}
