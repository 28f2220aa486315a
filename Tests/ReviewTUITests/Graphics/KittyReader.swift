import Foundation
import Media

@testable import ReviewTUI

/// What a terminal makes of kitty's graphics protocol, for tests: strict about everything the writer promises.
struct KittyReader {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// One command, its chunks put together.
    struct Command {
        var keys: [String: String]
        var payload: [UInt8] = []

        /// The pixels of a transmission.
        func image() throws -> RGBImage { try ImageDecoder().decode(payload).image }
    }

    private(set) var commands: [Command] = []
    /// Base64 bytes of each escape code.
    private(set) var chunks: [Int] = []

    /// - Parameter bytes: escape codes of the protocol and nothing else.
    init(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        var open: (command: Command, base64: [UInt8])?
        while !rest.isEmpty {
            guard rest.starts(with: Array("\u{1B}_G".utf8)), let end = rest.firstIndex(of: UInt8(ascii: "\\")),
                rest[end - 1] == 0x1B
            else { throw Failure(description: "no escape code at \(bytes.count - rest.count)") }
            let body = rest[(rest.startIndex + 3)..<(end - 1)]
            rest = rest[(end + 1)...]
            let parts = body.split(separator: UInt8(ascii: ";"), maxSplits: 1, omittingEmptySubsequences: false)
            var keys: [String: String] = [:]
            for pair in String(decoding: parts[0], as: UTF8.self).split(separator: ",") {
                let sides = pair.split(separator: "=", maxSplits: 1).map(String.init)
                guard sides.count == 2, keys[sides[0]] == nil else { throw Failure(description: "keys \(pair)") }
                keys[sides[0]] = sides[1]
            }
            let base64 = parts.count > 1 ? Array(parts[1]) : []
            guard keys["q"] == "2" else { throw Failure(description: "the terminal would answer") }
            chunks.append(base64.count)
            let more = keys["m"] == "1"
            if var current = open {
                guard Set(keys.keys) == ["q", "m"] else { throw Failure(description: "keys in a later chunk") }
                current.base64 += base64
                open = current
            } else {
                open = (Command(keys: keys), base64)
            }
            if more, base64.count % 4 != 0 { throw Failure(description: "a chunk that is no multiple of four") }
            if !more, let current = open {
                var command = current.command
                guard let data = Data(base64Encoded: Data(current.base64)) else { throw Failure(description: "base64") }
                command.payload = Array(data)
                commands.append(command)
                open = nil
            }
        }
        if open != nil { throw Failure(description: "the last chunk is missing") }
    }

    /// What a cell's text and foreground say by the protocol: the picture's id, and which of its cells.
    static func placeholder(in cell: Cell, depth: ColorDepth) -> (id: UInt32, row: Int, column: Int)? {
        let scalars = Array(cell.text.unicodeScalars)
        guard scalars.count == 4, scalars[0] == "\u{10EEEE}", let foreground = cell.style.foreground else { return nil }
        let numbers = scalars.dropFirst().compactMap { diacritics.firstIndex(of: $0) }
        guard numbers.count == 3, let colour = Palette.index(of: foreground, depth: depth) else { return nil }
        return (UInt32(numbers[2]) << 24 | UInt32(colour), numbers[0], numbers[1])
    }

    /// kitty's rule for the marks that stand for numbers, applied to Swift's own Unicode tables: class 230, in Unicode 6.0,
    /// no decomposition, and none of those that normalisation joins with a letter.
    static let diacritics: [Unicode.Scalar] = {
        let joined: Set<UInt32> = [
            0x300, 0x301, 0x302, 0x303, 0x304, 0x306, 0x307, 0x308, 0x309, 0x30A, 0x30B, 0x30C, 0x30F, 0x311, 0x313,
            0x314, 0x342, 0x653, 0x654,
        ]
        return (0x300...0x1E000).compactMap(Unicode.Scalar.init).filter { scalar in
            let properties = scalar.properties
            guard properties.canonicalCombiningClass == .above, properties.generalCategory == .nonspacingMark,
                let age = properties.age, (age.major, age.minor) <= (6, 0), !joined.contains(scalar.value)
            else { return false }
            let text = String(Character(scalar))
            return Array(text.decomposedStringWithCanonicalMapping.unicodeScalars) == [scalar]
        }
    }()
}
