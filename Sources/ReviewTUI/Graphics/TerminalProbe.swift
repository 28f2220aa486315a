import Media

/// Asks a terminal what it can show, and takes its answers out of what it types back.
///
/// ```swift
/// send(TerminalProbe.query)                       // once, then paint with symbols
/// let (keys, replies) = probe.feed(bytesRead)     // all session long
/// ```
///
/// A terminal that never answers costs nothing. Answers may come split anywhere, late, twice or never; whatever has
/// the form of an answer is kept from the keys, known or not.
struct TerminalProbe: Sendable {
    /// The questions, in one batch. Device attributes come last: every terminal answers those, so their answer says
    /// that no other will come. Kitty graphics by asking for a one-pixel picture without drawing it; size of a cell
    /// and of the text area (xterm's window operations 16 and 14); name and version (XTVERSION); whether mode 2026,
    /// synchronized output, is known; how many colours a sixel picture may have (XTSMGRAPHICS item 1); the colour of the
    /// background (OSC 11).
    static let query = Array(
        ("\u{1B}_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\u{1B}\\\u{1B}[16t\u{1B}[14t\u{1B}[>0q\u{1B}[?2026$p\u{1B}[?1;1;0S"
            + "\u{1B}]11;?\u{1B}\\\u{1B}[c").utf8)

    /// Terminals that draw the questions instead of reading them.
    static func canAsk(term: String?) -> Bool {
        guard let term, !term.isEmpty else { return false }
        return term != "dumb" && term != "linux" && !term.hasPrefix("vt52")
    }

    enum Reply: Hashable, Sendable {
        /// Device attributes, the last answer to a batch.
        case attributes([Int])
        /// Pixels of one cell.
        case cell(PixelSize)
        /// Pixels of all rows and columns.
        case textArea(PixelSize)
        /// Name and version, printable ASCII.
        case version(String)
        case kittyGraphics(Bool)
        case synchronizedOutput(Bool)
        /// Colour registers of sixel pictures.
        case colorRegisters(Int)
        /// What lies under cells that have no background of their own.
        case background(RGB)

        /// Whether it says that the terminal draws sixels.
        var offersSixel: Bool {
            if case .attributes(let numbers) = self { numbers.dropFirst().contains(4) } else { false }
        }
    }

    /// The longest answer kept; what is longer is no answer, and dropped up to its end.
    private static let longest = 512
    private var pending: [UInt8] = []
    private var isOverlong = false

    /// Whether bytes wait for the rest of their sequence. Call ``flush()`` when nothing more comes for a while.
    var isWaiting: Bool { !pending.isEmpty }

    /// Takes what the terminal sent; gives back what the user typed, and the answers.
    mutating func feed(_ bytes: some Sequence<UInt8>) -> (keys: [UInt8], replies: [Reply]) {
        var keys: [UInt8] = []
        var replies: [Reply] = []
        for byte in bytes {
            pending.append(byte)
            var settled = false
            while !settled, !pending.isEmpty {
                settled = true
                switch Self.judge(pending) {
                case .incomplete:
                    guard pending.count > Self.longest else { break }
                    // Its kind and where it stands now say how it ends.
                    isOverlong = true
                    pending.removeSubrange(3..<pending.count - 1)
                case .keys:
                    if !isOverlong { keys += pending }
                    begin(with: 0)
                case .keysBefore(let rest):
                    if !isOverlong { keys += pending.dropLast(rest) }
                    begin(with: rest)
                    settled = false
                case .reply(let reply):
                    if let reply, !isOverlong { replies.append(reply) }
                    begin(with: 0)
                case .droppedBefore(let rest):
                    begin(with: rest)
                    settled = false
                }
            }
        }
        return (keys, replies)
    }

    /// Keeps the last bytes only, as the start of something new.
    private mutating func begin(with rest: Int) {
        pending = pending.suffix(rest)
        isOverlong = false
    }

    /// Gives up waiting: the start of a key sequence becomes keys (a lone Escape), the start of an answer is dropped.
    mutating func flush() -> [UInt8] {
        defer { begin(with: 0) }
        return pending.count <= 2 || !Self.isReplyStart(pending) ? pending : []
    }

    // MARK: - Judging

    private enum Judgement {
        case incomplete
        /// All of it was typed.
        case keys
        /// All but the last bytes, which start something new, was typed.
        case keysBefore(Int)
        /// A whole answer; nil where it is none that matters.
        case reply(Reply?)
        /// The start of an answer that was broken off by the last bytes.
        case droppedBefore(Int)
    }

    /// Judges bytes whose every proper prefix was incomplete.
    private static func judge(_ bytes: [UInt8]) -> Judgement {
        guard bytes[0] == 0x1B else { return .keys }
        guard bytes.count > 1, let last = bytes.last else { return .incomplete }
        switch bytes[1] {
        case UInt8(ascii: "["): return bytes.count == 2 ? .incomplete : controlSequence(bytes, last)
        case UInt8(ascii: "P"), UInt8(ascii: "_"), UInt8(ascii: "]"):
            return bytes.count == 2 ? .incomplete : string(bytes, last)
        case 0x1B: return .keysBefore(1)
        default: return .keys
        }
    }

    /// CSI: parameters 0x30–0x3F, intermediates 0x20–0x2F, one final byte (ECMA-48, 5.4).
    private static func controlSequence(_ bytes: [UInt8], _ last: UInt8) -> Judgement {
        if (0x20...0x3F).contains(last) { return .incomplete }
        let wasReply = bytes.count > 3 && isReplyStart(bytes)
        guard (0x40...0x7E).contains(last) else { return wasReply ? .droppedBefore(1) : .keysBefore(1) }
        let body = bytes[2..<bytes.count - 1]
        let isPrivate = body.first == UInt8(ascii: "?")
        let numbers = body.drop { !(0x30...0x39).contains($0) }.split(omittingEmptySubsequences: false) { $0 == 0x3B }
            .map { digits in digits.prefix(6).reduce(0) { (0x30...0x39).contains($1) ? $0 * 10 + Int($1 - 0x30) : $0 } }
        switch last {
        case UInt8(ascii: "c") where isPrivate: return .reply(.attributes(numbers))
        case UInt8(ascii: "y") where isPrivate:
            // Mode reports: 1 set, 2 reset, 3 always set; 0 unknown, 4 always reset.
            guard numbers.count == 2, numbers[0] == 2026 else { return .reply(nil) }
            return .reply(.synchronizedOutput((1...3).contains(numbers[1])))
        case UInt8(ascii: "S") where isPrivate:
            // Item 1 is the colour registers, status 0 success.
            guard numbers.count == 3, numbers[0] == 1, numbers[1] == 0, numbers[2] >= 2 else { return .reply(nil) }
            return .reply(.colorRegisters(numbers[2]))
        case UInt8(ascii: "t") where !body.isEmpty:
            guard numbers.count == 3, (1...20_000).contains(numbers[1]), (1...20_000).contains(numbers[2]) else {
                return .reply(nil)
            }
            let size = PixelSize(width: numbers[2], height: numbers[1])
            if numbers[0] == 6 { return .reply(size.width <= 256 && size.height <= 256 ? .cell(size) : nil) }
            return .reply(numbers[0] == 4 ? .textArea(size) : nil)
        default: return isReplyStart(bytes) ? .reply(nil) : .keys
        }
    }

    /// DCS, APC and OSC: text up to ST (ESC \) or, for OSC, BEL.
    private static func string(_ bytes: [UInt8], _ last: UInt8) -> Judgement {
        let kind = bytes[1]
        if last == 0x07 && kind == UInt8(ascii: "]") { return .reply(stringReply(kind, bytes[2..<bytes.count - 1])) }
        if bytes.count > 3 && bytes[bytes.count - 2] == 0x1B {
            return last == UInt8(ascii: "\\")
                ? .reply(stringReply(kind, bytes[2..<bytes.count - 2])) : .droppedBefore(2)
        }
        if last == 0x1B || last >= 0x20 && last != 0x7F { return .incomplete }
        return bytes.count == 3 ? .keysBefore(1) : .droppedBefore(1)
    }

    private static func stringReply(_ kind: UInt8, _ body: ArraySlice<UInt8>) -> Reply? {
        let text = String(decoding: body.filter { $0 >= 0x20 && $0 < 0x7F }, as: UTF8.self)
        if kind == UInt8(ascii: "P"), text.hasPrefix(">|") { return .version(String(text.dropFirst(2))) }
        if kind == UInt8(ascii: "_"), text.hasPrefix("Gi=31;") { return .kittyGraphics(text.hasSuffix(";OK")) }
        if kind == UInt8(ascii: "]"), text.hasPrefix("11;") {
            return RGB(terminalColour: text.dropFirst(3)).map(Reply.background)
        }
        return nil
    }

    /// Whether no key sends what these bytes start with.
    private static func isReplyStart(_ bytes: [UInt8]) -> Bool {
        guard bytes.count > 2, bytes[0] == 0x1B else { return false }
        switch bytes[1] {
        case UInt8(ascii: "["): return bytes[2] == UInt8(ascii: "?") || bytes[2] == UInt8(ascii: ">")
        case UInt8(ascii: "P"), UInt8(ascii: "_"), UInt8(ascii: "]"): return true
        default: return false
        }
    }
}
