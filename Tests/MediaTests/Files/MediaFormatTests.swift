import Foundation
import Media
import Testing

@Suite("Telling formats apart")
struct MediaFormatTests {
    @Test(
        "a file is known by its bytes",
        arguments: [
            ("GIF89a....", MediaFormat.gif), ("RIFF\u{1}\u{1}\u{1}\u{1}WEBPVP8 ", .webp),
            ("\u{0}\u{0}\u{0}\u{18}ftypavif....", .avif), ("\u{0}\u{0}\u{0}\u{18}ftypheic....", .heic),
            ("\u{0}\u{0}\u{0}\u{18}ftypisom....", .mp4), ("%PDF-1.7", .pdf), ("II*\u{0}....", .tiff),
            ("BM......", .bmp),
            ("  <svg xmlns=", .svg), ("<!DOCTYPE html>", .html), ("just some words", .text), ("", .unknown),
            ("\u{1}\u{2}\u{3}", .unknown),
        ])
    func sniffing(start: String, format: MediaFormat) {
        #expect(MediaFormat(sniffing: Array(start.utf8)) == format)
    }

    @Test("what is not decoded yet says what it seems to be")
    func unsupported() {
        #expect { try ImageDecoder().decode(Array("GIF89a\u{1}\u{0}".utf8)) } throws: { error in
            (error as? MediaError)?.reason == "GIF is not decoded yet"
        }
        #expect(throws: MediaError.empty) { try ImageDecoder().decode([UInt8]()) }
    }

    @Test("every error says what to do next")
    func advice() {
        let errors: [MediaError] = [
            .notFound, .isDirectory, .isSymbolicLink, .notAFile, .permissionDenied, .unreadable(5), .empty,
            .tooManyBytes(count: 1 << 30, limit: 1 << 27), .changedWhileReading, .unsupported(.webp),
            .tooManyPixels(size: PixelSize(width: 1, height: 2), limit: 3), .corrupt(.png, detail: ""),
            .workerDied(.signal(11)), .timedOut(seconds: 10), .workerUnavailable(detail: "x"), .badReply(detail: "y"),
            .cancelled,
        ]
        for error in errors {
            #expect(error.description.hasPrefix(error.reason + ". "))
            #expect(error.description.count > error.reason.count + 10)
            #expect(error.reason.count < 100)
        }
        #expect(MediaError.workerDied(.signal(11)).reason == "the decoder died while reading this file (signal 11)")
        #expect(MediaError.timedOut(seconds: 10).reason == "decoding took longer than 10 s")
    }
}
