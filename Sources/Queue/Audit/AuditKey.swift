import Crypto
import Foundation

/// The secret that signs checkpoints (Ed25519, RFC 8032). Keep its file where whoever writes the queue cannot read it.
public struct AuditKey: Sendable {
    private let key: Curve25519.Signing.PrivateKey
    private static let prefix = "reviewtui-audit-private-key:"

    /// A new key.
    public init() { key = Curve25519.Signing.PrivateKey() }

    /// Reads a key file that ``write(to:)`` made.
    ///
    /// - throws: ``QueueError/notFound(_:)`` where there is none, ``QueueError/failed(_:)`` where others than its owner
    ///   may read it, ``QueueError/rejected(_:)`` where it is something else.
    public init(file path: String) throws {
        let shown = Visible.text(path, limit: 400)
        let text = try SmallFile.read(path) { status in
            if status.st_mode & 0o077 != 0 {
                throw QueueError.failed(
                    "\(shown) can be read by others than its owner: chmod 600 it, or make a new key.")
            }
        }
        guard text.hasPrefix(Self.prefix), let bytes = Data(hex: text.dropFirst(Self.prefix.count)),
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes)
        else {
            throw QueueError.rejected("\(shown) is no key for checkpoints: make one with reviewtui audit key.")
        }
        self.key = key
    }

    public var publicKey: AuditPublicKey { AuditPublicKey(key: key.publicKey) }

    /// Writes the key into a new file that only its owner can read.
    ///
    /// - throws: ``QueueError/usage(_:)`` where there is such a file already.
    public func write(to path: String) throws {
        try SmallFile.write("\(Self.prefix)\(key.rawRepresentation.hex)\n", to: path, mode: 0o600)
    }

    func signature(for message: Data) throws -> Data { try key.signature(for: message) }
}

/// What tells a checkpoint's signature: give it to whoever verifies, by another way than the checkpoints come.
public struct AuditPublicKey: Sendable {
    private let key: Curve25519.Signing.PublicKey
    private static let prefix = "reviewtui-audit-public-key:"

    init(key: Curve25519.Signing.PublicKey) { self.key = key }

    /// Takes 64 hex digits, or else reads a file that ``write(to:)`` made.
    ///
    /// - throws: ``QueueError/notFound(_:)`` where there is no such file, ``QueueError/rejected(_:)`` where it holds no
    ///   public key.
    public init(hexOrFile argument: String) throws {
        var text = argument
        if Data(hex: argument[...])?.count != 32 {
            text = try SmallFile.read(argument)
            if text.hasPrefix(Self.prefix) { text.removeFirst(Self.prefix.count) }
        }
        guard let bytes = Data(hex: text[...]), let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes)
        else {
            throw QueueError.rejected(
                """
                \(Visible.text(argument, limit: 400)) is no public key: name the .pub file that reviewtui audit key \
                made, or its 64 hex digits.
                """)
        }
        self.key = key
    }

    /// 64 hex digits.
    public var hex: String { key.rawRepresentation.hex }

    /// Writes the key into a new file that anybody may read.
    public func write(to path: String) throws {
        try SmallFile.write("\(Self.prefix)\(hex)\n", to: path, mode: 0o644)
    }

    func isValid(_ signature: Data, for message: Data) -> Bool { key.isValidSignature(signature, for: message) }
}

/// Files of a few lines: keys and checkpoints.
enum SmallFile {
    /// The text of a file without the line's end.
    ///
    /// - parameter check: Gets the file's status before it is read.
    static func read(_ path: String, check: (stat) throws -> Void = { _ in }) throws -> String {
        let shown = Visible.text(path, limit: 400)
        let descriptor = try openToRead(path)
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw QueueError.failed("Cannot read \(shown): \(systemError()).")
        }
        try check(status)
        guard let data = try? file.read(upToCount: 65_537), data.count <= 65_536,
            let text = String(data: data, encoding: .utf8)
        else {
            throw QueueError.rejected("\(shown) is neither a key nor a checkpoint.")
        }
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    /// Writes a new file and waits until it is on the disk; one that is there is never overwritten.
    static func write(_ text: String, to path: String, mode: mode_t) throws {
        let shown = Visible.text(path, limit: 400)
        let descriptor = Foundation.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else {
            throw errno == EEXIST
                ? QueueError.usage("\(shown) is there already and is not overwritten: name a new file.")
                : QueueError.failed("Cannot write \(shown): \(systemError()).")
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try file.write(contentsOf: Data(text.utf8))
            try file.synchronize()
        } catch {
            unlink(path)
            throw QueueError.failed("Writing \(shown) failed: is the disk full?")
        }
    }
}

extension Data {
    /// Bytes from pairs of hex digits; nil where they are something else.
    init?(hex: Substring) {
        let digits = Array(hex.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = Self.value(ofHex: digits[index]), let low = Self.value(ofHex: digits[index + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        self.init(bytes)
    }

    private static func value(ofHex digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
