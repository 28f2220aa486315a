import Foundation
import Queue

/// Where words go: results to stdout, everything said to a person to stderr, nothing unsanitised to either.
enum Output {
    /// Prints lines of a result. Text from items must have been made safe already.
    static func result(_ text: String, ending: String = "\n") {
        write(text + ending, to: STDOUT_FILENO)
    }

    /// Says something to the person at the terminal.
    static func say(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { SafeText.line(String($0)) }
        write(lines.joined(separator: "\n") + "\n", to: STDERR_FILENO)
    }

    /// Says which lines of a file were refused and why; of many, the first.
    static func say(refused lines: [IngestRejection], of count: Int) {
        for line in lines { say("line \(line.line): \(line.reason)") }
        if count > lines.count { say("… and \(count - lines.count) more; --rejects FILE gets them all.") }
    }

    /// Writes control sequences of the program's own to stderr.
    static func raw(_ text: String) {
        write(text, to: STDERR_FILENO)
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0 && errno == EINTR { continue }
            // Whoever read this has gone (`reviewtui … | head`): there is nobody to tell.
            guard written > 0 else { return }
            bytes = bytes.dropFirst(written)
        }
    }
}
