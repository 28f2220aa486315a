import Foundation
import Media
import Testing

@Suite("The decoder's own process")
struct MediaDecoderTests {
    private let bound = PixelSize(width: 100, height: 100)

    private func decoder(timeout: Duration = .seconds(30)) -> MediaDecoder {
        MediaDecoder(executable: program, arguments: ["media-worker"], timeout: timeout)
    }

    /// A worker that is a shell script: it can misbehave in ways that no real file must be able to cause.
    private func impostor(_ script: String, timeout: Duration = .seconds(30)) -> MediaDecoder {
        MediaDecoder(executable: "/bin/sh", arguments: ["-c", script], timeout: timeout)
    }

    /// What a worker says first.
    private let hello = #"printf 'hmTR\001\000\000\000'; "#

    private func withFolder(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("media-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder)
    }

    @Test("a file comes back as the pixels that this process would decode, bounded or whole")
    func decodes() async throws {
        try await withFolder { folder in
            let image = gradient(width: 640, height: 480)
            let png = PNGEncoder.encode(image)
            let path = folder.appendingPathComponent("a.jpg").path
            try Data(png).write(to: URL(fileURLWithPath: path))
            let decoder = decoder()
            let whole = try await decoder.decode(path: path, bound: nil)
            #expect(whole == DecodedImage(image: image, originalSize: image.size, format: .png))
            let small = try await decoder.decode(path: path, bound: bound)
            #expect(try small == ImageDecoder().decode(png, bound: bound))
            #expect(small.image.size == PixelSize(width: 100, height: 75))
            #expect(try await decoder.decode(bytes: png, bound: bound) == small)
        }
    }

    @Test("what is no readable file is refused without waking the worker")
    func refusals() async throws {
        try await withFolder { folder in
            let decoder = MediaDecoder(executable: "/nowhere", arguments: [])
            func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
            try Data().write(to: folder.appendingPathComponent("empty"))
            try FileManager.default.createSymbolicLink(atPath: path("link"), withDestinationPath: path("empty"))
            #expect(mkfifo(path("pipe"), 0o600) == 0)
            let expected: [(String, MediaError)] = [
                (path("missing"), .notFound), (folder.path, .isDirectory), (path("link"), .isSymbolicLink),
                (path("pipe"), .notAFile), (path("empty"), .empty), (path("empty/x"), .notFound),
                (path("empty") + "\0.png", .notFound), ("/dev/null", .notAFile),
            ]
            for (path, reason) in expected {
                await #expect(throws: reason) { try await decoder.decode(path: path, bound: bound) }
            }
            let small = MediaDecoder(executable: "/nowhere", arguments: [], limits: DecodeLimits(bytes: 10))
            await #expect(throws: MediaError.tooManyBytes(count: 11, limit: 10)) {
                try await small.decode(bytes: [UInt8](repeating: 0, count: 11), bound: bound)
            }
        }
    }

    @Test("errors of the file come back as themselves, and the same worker goes on")
    func fileErrors() async throws {
        let decoder = decoder()
        let good = PNGEncoder.encode(gradient(width: 10, height: 10))
        await #expect(throws: MediaError.unsupported(.gif)) {
            try await decoder.decode(bytes: Array("GIF89a......".utf8), bound: bound)
        }
        var bad = good
        bad[bad.count - 13] ^= 1
        await #expect(throws: MediaError.corrupt(.png, detail: "IDAT: CRC error")) {
            try await decoder.decode(bytes: bad, bound: bound)
        }
        var vast = good
        vast.replaceSubrange(16..<24, with: [0, 0, 0x27, 0x10, 0, 0, 0x27, 0x10])
        await #expect(
            throws: MediaError.tooManyPixels(size: PixelSize(width: 10_000, height: 10_000), limit: 64_000_000)
        ) {
            try await decoder.decode(bytes: vast, bound: bound)
        }
        #expect(try await decoder.decode(bytes: good, bound: bound).image == gradient(width: 10, height: 10))
    }

    @Test("the worst lawful picture, 64 megapixels interlaced with alpha, fits in the worker's memory")
    func largest() async throws {
        // 8000×8000 grey with alpha, all zeros: hand-made, since no library writes Adam7 in little memory.
        let file = PNGFile.interlacedGreyAlpha(side: 8000)
        let decoded = try await decoder(timeout: .seconds(300)).decode(bytes: file, bound: bound)
        #expect(decoded.originalSize == PixelSize(width: 8000, height: 8000))
        #expect(decoded.notes == [.transparent])
    }

    // MARK: - Workers that misbehave

    @Test("a worker that dies fails only its own request, with the signal, and the next one starts a new worker")
    func restarts() async throws {
        try await withFolder { folder in
            let flag = folder.appendingPathComponent("died").path
            let script = """
                if [ -e '\(flag)' ]; then exec '\(program)' media-worker; fi
                \(hello) head -c 100 >/dev/null; : > '\(flag)'; kill -SEGV $$
                """
            let decoder = impostor(script)
            let file = PNGEncoder.encode(gradient(width: 10, height: 10))
            await #expect(throws: MediaError.workerDied(.signal(11))) {
                try await decoder.decode(bytes: file, bound: bound)
            }
            let after = try await decoder.decode(bytes: file, bound: bound)
            #expect(after.image == gradient(width: 10, height: 10))
        }
    }

    @Test("a worker that stops reading and goes away does not end this process by SIGPIPE")
    func brokenPipe() async {
        let large = [UInt8](repeating: 7, count: 8 << 20)
        await #expect(throws: MediaError.workerDied(.exit(3))) {
            try await impostor(hello + "exit 3").decode(bytes: large, bound: bound)
        }
    }

    @Test("a worker that never answers, or never reads, is ended after the timeout", arguments: [1, 8 << 20])
    func timesOut(count: Int) async {
        await #expect(throws: MediaError.timedOut(seconds: 0.5)) {
            try await impostor(hello + "exec sleep 1000", timeout: .milliseconds(500))
                .decode(bytes: [UInt8](repeating: 7, count: count), bound: bound)
        }
    }

    @Test("a cancelled request ends, though its worker never answers")
    func cancels() async {
        let decoder = impostor(hello + "exec sleep 1000", timeout: .seconds(900))
        let bound = bound
        let task = Task { try await decoder.decode(bytes: [1, 2, 3], bound: bound) }
        try? await Task.sleep(for: .milliseconds(50))
        task.cancel()
        await #expect(throws: MediaError.cancelled) { try await task.value }
    }

    @Test("what is no worker, or is not there, is said to be so")
    func noWorker() async {
        for script in ["exit 64", "echo Usage: something else entirely"] {
            await #expect {
                try await impostor(script).decode(bytes: [1, 2, 3], bound: bound)
            } throws: { error in
                guard case MediaError.workerUnavailable = error else { return false }
                return true
            }
        }
        await #expect(throws: MediaError.workerUnavailable(detail: "No such file or directory")) {
            try await MediaDecoder(executable: "/nowhere", arguments: []).decode(bytes: [1], bound: bound)
        }
    }

    @Test("an answer that breaks the protocol is refused and its worker ended")
    func nonsense() async {
        let scripts = [
            // Another magic number; a picture larger than the bound, whose pixels would be awaited for ever.
            "printf '%044d' 0; exec sleep 1000",
            #"printf 'amTR\001\000\000\000\000\000\000\000\001\000\000\000\000\000\000\000'"#
                + #"; printf '\377\377\000\000\377\377\000\000\377\377\000\000\377\377\000\000\000\000\000\000\000\000\000\000'"#
                + "; exec sleep 1000",
        ]
        for script in scripts {
            await #expect(throws: MediaError.badReply(detail: "header")) {
                try await impostor(hello + script).decode(bytes: [1, 2, 3], bound: bound)
            }
        }
    }

    // MARK: - Real crashers

    @Test(
        "about 800 fuzz findings and crashers of public projects give a picture or a reason, and never hurt this process",
        .enabled(if: hasData("corrupt-images"), "\(missingData)"))
    func corpus() async throws {
        let files = dataFiles("corrupt-images")
        #expect(files.count > 500)
        let decoder = decoder()
        var pictures = 0
        var deaths: [String] = []
        for file in files {
            do throws(MediaError) {
                let decoded = try await decoder.decode(path: file.path, bound: bound)
                #expect(decoded.image.width <= 100 && decoded.image.height <= 100)
                pictures += 1
            } catch {
                switch error {
                case .workerDied, .timedOut: deaths.append("\(file.lastPathComponent): \(error.reason)")
                case .workerUnavailable, .badReply, .cancelled, .notFound:
                    Issue.record("\(file.lastPathComponent): \(error)")
                default: #expect(!error.reason.isEmpty)
                }
            }
        }
        #expect(pictures > 50)
        #expect(deaths.isEmpty, "survived, but each should be a refusal: \(deaths)")
        // And it still works.
        let good = PNGEncoder.encode(gradient(width: 10, height: 10))
        #expect(try await decoder.decode(bytes: good, bound: bound).image == gradient(width: 10, height: 10))
    }
}
