/// Turns the bytes of a terminal into keys, whatever pieces they arrive in.
///
/// Bracketed pastes come out whole, so that pasted text can never be taken for verdicts. Unknown sequences are
/// swallowed: a stray reply of the terminal is not a key press either. Feed replies to `TerminalProbe` first.
struct KeyDecoder {
    enum Input: Hashable, Sendable {
        case key(Key)
        case paste(String)
        case mouse(MouseEvent)
    }

    /// Bytes of a sequence that is not complete yet.
    private var pending: [UInt8] = []
    private var pasted: [UInt8]?
    /// Longer pastes are cut: nobody pastes a megabyte into a note.
    private static let pasteLimit = 65_536
    private static let pasteEnd: [UInt8] = Array("\u{1B}[201~".utf8)

    /// Whether a lone Escape or half a sequence waits for what follows. After a short wait call ``flush()``.
    var isWaiting: Bool { !pending.isEmpty && pasted == nil }

    mutating func feed(_ bytes: [UInt8]) -> [Input] {
        var found: [Input] = []
        for byte in bytes {
            if pasted != nil { paste(byte, &found) } else { step(byte, &found) }
        }
        return found
    }

    /// Takes what waits for what it is so far: a lone Escape is the Escape key.
    mutating func flush() -> [Input] {
        defer { pending = [] }
        return pending == [0x1B] ? [.key(.escape)] : []
    }

    private mutating func step(_ byte: UInt8, _ found: inout [Input]) {
        // An Escape ends whatever came before it.
        if byte == 0x1B, !pending.isEmpty {
            if pending == [0x1B] { found.append(.key(.escape)) }
            pending = [byte]
            return
        }
        pending.append(byte)
        switch pending[0] {
        case 0x1B: escape(&found)
        case 0x80...: utf8(&found)
        default:
            pending = []
            if let key = Self.control(byte) { found.append(.key(key)) }
        }
    }

    private mutating func escape(_ found: inout [Input]) {
        guard pending.count > 1 else { return }
        switch pending[1] {
        case UInt8(ascii: "["):
            guard pending.count > 2, let last = pending.last, (0x40...0x7E).contains(last) else {
                if pending.count > 64 { pending = [] }
                return
            }
            let sequence = pending
            pending = []
            if sequence == Array("\u{1B}[200~".utf8) {
                pasted = []
            } else if sequence.last == UInt8(ascii: "M"),
                let event = MouseEvent(sgr: sequence.dropFirst(2).dropLast())
            {
                found.append(.mouse(event))
            } else if let key = Self.csi(sequence) {
                found.append(.key(key))
            }
        case UInt8(ascii: "O"):
            guard pending.count > 2 else { return }
            let final = pending[2]
            pending = []
            if let key = Self.final(final) { found.append(.key(key)) }
        case UInt8(ascii: "P"), UInt8(ascii: "]"), UInt8(ascii: "_"), UInt8(ascii: "^"):
            // A string sequence: swallowed up to its terminator (the Escape of ST restarts, its `\` is dropped below).
            if pending.last == 0x07 || pending.count > 4096 { pending = [] }
        default:
            // Alt and a key: taken for the key's sequence only by those who bind it, which nobody does.
            pending = []
        }
    }

    private mutating func utf8(_ found: inout [Input]) {
        let length = pending[0] >= 0xF0 ? 4 : pending[0] >= 0xE0 ? 3 : pending[0] >= 0xC0 ? 2 : 1
        guard pending.count >= length else { return }
        let bytes = pending
        pending = []
        if let text = String(validating: bytes, as: UTF8.self), let scalar = text.unicodeScalars.first {
            found.append(.key(.character(scalar)))
        }
    }

    private mutating func paste(_ byte: UInt8, _ found: inout [Input]) {
        guard var bytes = pasted else { return }
        bytes.append(byte)
        if bytes.suffix(Self.pasteEnd.count).elementsEqual(Self.pasteEnd) {
            let text = String(decoding: bytes.dropLast(Self.pasteEnd.count).prefix(Self.pasteLimit), as: UTF8.self)
            found.append(.paste(text))
            pasted = nil
        } else {
            if bytes.count > 2 * Self.pasteLimit { bytes.removeSubrange(Self.pasteLimit..<(bytes.count - 8)) }
            pasted = bytes
        }
    }

    private static func control(_ byte: UInt8) -> Key? {
        switch byte {
        case 0x00: .control(" ")
        case 0x09: .tab
        case 0x0A, 0x0D: .enter
        case 0x08, 0x7F: .backspace
        case 0x01...0x1A: .control(Unicode.Scalar(byte + 0x60))
        case 0x20...0x7E: .character(Unicode.Scalar(byte))
        default: nil
        }
    }

    private static func csi(_ sequence: [UInt8]) -> Key? {
        guard let last = sequence.last else { return nil }
        let parameters = sequence.dropFirst(2).dropLast()
        guard last == UInt8(ascii: "~") else {
            // `?`, `>` and the like open replies, not keys.
            let plain = parameters.allSatisfy { (0x30...0x3B).contains($0) }
            return plain ? final(last) : nil
        }
        switch Int(String(decoding: parameters.prefix { $0 != UInt8(ascii: ";") }, as: UTF8.self)) {
        case 1, 7: return .home
        case 4, 8: return .end
        case 3: return .delete
        case 5: return .pageUp
        case 6: return .pageDown
        case .some(let number) where (11...15).contains(number): return .function(number - 10)
        case .some(let number) where (17...21).contains(number): return .function(number - 11)
        case .some(let number) where (23...24).contains(number): return .function(number - 12)
        default: return nil
        }
    }

    private static func final(_ byte: UInt8) -> Key? {
        switch byte {
        case UInt8(ascii: "A"): .up
        case UInt8(ascii: "B"): .down
        case UInt8(ascii: "C"): .right
        case UInt8(ascii: "D"): .left
        case UInt8(ascii: "H"): .home
        case UInt8(ascii: "F"): .end
        case UInt8(ascii: "Z"): .backTab
        case UInt8(ascii: "M"): .enter
        case UInt8(ascii: "P")...UInt8(ascii: "S"): .function(Int(byte) - 0x4F)
        default: nil
        }
    }
}
