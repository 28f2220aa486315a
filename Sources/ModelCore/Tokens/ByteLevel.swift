/// GPT-2's way to spell any text with 256 characters: one that prints for each byte of its UTF-8 (Radford et al. 2019).
enum ByteLevel {
    /// The character of each byte: itself where it prints, else the next free one from U+0100.
    static let characters: [Unicode.Scalar] = {
        var free: UInt32 = 0x100
        return (0...255).map { (byte: UInt32) in
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return Unicode.Scalar(byte) ?? " "
            default:
                free += 1
                return Unicode.Scalar(free - 1) ?? " "
            }
        }
    }()

    /// What a space is spelled with.
    static let space = characters[0x20]

    static func split(_ text: AlignedText, prefixesSpace: Bool, splits: Bool) -> [AlignedText] {
        guard let first = text.first else { return [] }
        var text = text
        if prefixesSpace, first.scalar != " " { text = [first.replaced(by: " ")] + text }
        var spelled: [AlignedScalar] = []
        spelled.reserveCapacity(text.count)
        // Every piece's end in the spelled text.
        var ends: [Int] = []
        var start = text.startIndex
        while start < text.endIndex {
            let end = splits ? wordEnd(in: text, from: start) : text.endIndex
            for item in text[start..<end] {
                if item.scalar.value < 0x80 {
                    spelled.append(item.replaced(by: characters[Int(item.scalar.value)]))
                } else {
                    for byte in UTF8.encode(item.scalar) ?? .init() {
                        spelled.append(item.replaced(by: characters[Int(byte)]))
                    }
                }
            }
            ends.append(spelled.count)
            start = end
        }
        return zip([0] + ends, ends).map { spelled[$0..<$1] }
    }

    /// The end of GPT-2's `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`, which fits
    /// everywhere. Written out, since it splits every text of half of the models.
    private static func wordEnd(in text: AlignedText, from start: Int) -> Int {
        func scalar(_ index: Int) -> Unicode.Scalar? { index < text.endIndex ? text[index].scalar : nil }
        if scalar(start) == "'" {
            switch scalar(start + 1) {
            case "s", "t", "m", "d": return start + 2
            case "r" where scalar(start + 2) == "e", "v" where scalar(start + 2) == "e",
                "l" where scalar(start + 2) == "l":
                return start + 3
            default: break
            }
        }
        let first = scalar(start) == " " ? start + 1 : start
        if let kind = scalar(first).map(Kind.init), kind != .space {
            var end = first + 1
            while end < text.endIndex, Kind(text[end].scalar) == kind { end += 1 }
            return end
        }
        var end = start + 1
        while end < text.endIndex, Kind(text[end].scalar) == .space { end += 1 }
        // The last space of several goes with the word after it.
        return end < text.endIndex && end - start > 1 ? end - 1 : end
    }

    private enum Kind {
        case letter, number, space, other

        init(_ scalar: Unicode.Scalar) {
            if scalar.value < 0x80 {
                switch scalar.value {
                case 0x41...0x5A, 0x61...0x7A: self = .letter
                case 0x30...0x39: self = .number
                case 0x20, 0x09...0x0D: self = .space
                default: self = .other
                }
            } else if ReferenceUnicode.isLetter(scalar) {
                self = .letter
            } else if ReferenceUnicode.isNumber(scalar) {
                self = .number
            } else {
                self = ReferenceUnicode.isWhitespace(scalar) ? .space : .other
            }
        }
    }
}
