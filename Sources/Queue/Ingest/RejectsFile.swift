import Foundation

/// Refused lines as JSON Lines, for mending and taking in again.
final class RejectsFile {
    private let file: FileHandle

    /// - parameter input: What is being read: writing refusals into it would destroy it.
    init(path: String, besides input: Int32?) throws {
        let shown = Visible.text(path, limit: 400)
        let descriptor = Foundation.open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw QueueError.failed("Cannot write \(shown): \(systemError()).") }
        var (source, target) = (stat(), stat())
        if let input, fstat(input, &source) == 0, fstat(descriptor, &target) == 0, source.st_ino == target.st_ino,
            source.st_dev == target.st_dev
        {
            close(descriptor)
            throw QueueError.usage("\(shown) is the input itself: name another file for the rejects.")
        }
        ftruncate(descriptor, 0)
        file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    func append(_ raw: RawItem, reason: String) throws {
        var members = [JSONMember("line", .integer(Int64(raw.line))), JSONMember("reason", .string(reason))]
        if let text = String(validating: raw.input, as: UTF8.self) {
            members.append(JSONMember("input", .string(text)))
        } else {
            members.append(JSONMember("input_base64", .string(Data(raw.input).base64EncodedString())))
        }
        try file.write(contentsOf: Data((JSONValue.object(members).text + "\n").utf8))
    }
}
