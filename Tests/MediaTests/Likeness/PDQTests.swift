import Foundation
import Media
import Testing

@Suite("PDQ: what a picture looks like in 256 bits")
struct PDQTests {
    @Test("hash and quality are the reference implementation's on drawn pictures", arguments: PDQNumbers.all)
    func reference(numbers: PDQNumbers) {
        let seen = PDQFingerprint(of: numbers.picture)
        #expect(seen.quality == numbers.quality)
        #expect(seen.hash.description == numbers.hash)
    }

    @Test("the eight turns that come from one transform are the reference's")
    func dihedralReference() throws {
        let numbers = try #require(PDQNumbers.all.first { $0.kind == "waves" && $0.width == 333 })
        #expect(PDQFingerprint(of: numbers.picture).dihedral.map(\.description) == PDQNumbers.dihedral)
    }

    @Test("a picture that was turned or mirrored matches one of the eight hashes of the original")
    func turned() {
        let picture = hills(width: 333, height: 251)
        let original = PDQFingerprint(of: picture)
        for turn in PDQFingerprint.Turn.allCases {
            let seen = PDQFingerprint(of: picture.turned(turn)).hash
            let distances = original.dihedral.map { $0.distance(to: seen) }
            #expect(distances[turn.rawValue] <= PDQHash.matchDistance, "\(turn): \(distances)")
            #expect(distances.filter { $0 <= 100 }.count == 1, "\(turn): \(distances)")
        }
    }

    /// Two hills of different height, without any symmetry.
    private func hills(width: Int, height: Int) -> RGBImage {
        func square(_ offset: Int, of length: Int) -> Int { offset * offset * 100 / (length * length) }
        var pixels: [UInt8] = []
        for y in 0..<height {
            for x in 0..<width {
                let near = square(x - width / 3, of: width) * 4 + square(y - height / 4, of: height) * 7
                let far = square(x - width * 5 / 6, of: width) * 9 + square(y - height * 2 / 3, of: height) * 3
                let level = near < far ? max(0, 250 - near * 3) : max(0, 180 - far * 5)
                pixels += [UInt8(level), UInt8(level * 3 / 4), UInt8(255 - level)]
            }
        }
        return RGBImage(width: width, height: height, pixels: pixels)
    }

    @Test("a picture without structure is not matched, whatever its hash")
    func structureless() {
        #expect(!PDQFingerprint(of: RGBImage(width: 300, height: 200, red: 9, green: 90, blue: 200)).isReliable)
        #expect(PDQFingerprint(of: RGBImage(width: 4, height: 300, red: 9, green: 90, blue: 200)).quality == 0)
    }

    @Test("a hash goes through its digits and its bytes and comes back, and nothing else is taken for one")
    func spelling() throws {
        for text in PDQNumbers.dihedral {
            let hash = try #require(PDQHash(text))
            #expect(hash.description == text)
            #expect(PDQHash(bytes: hash.bytes) == hash)
            #expect(hash.bytes.count == PDQHash.byteCount)
        }
        let digits = String(repeating: "a", count: 64)
        #expect(PDQHash(digits) != nil)
        for wrong in ["", String(digits.dropLast()), digits + "a", "é" + digits.dropLast(), "g" + digits.dropLast(1)] {
            #expect(PDQHash(wrong) == nil)
        }
        #expect(PDQHash(bytes: [UInt8](repeating: 1, count: 31)) == nil)
    }

    @Test("distance counts the bits that differ")
    func distances() throws {
        let zero = try #require(PDQHash(String(repeating: "0", count: 64)))
        let ones = try #require(PDQHash(String(repeating: "f", count: 64)))
        let some = try #require(PDQHash("8" + String(repeating: "0", count: 62) + "3"))
        #expect(zero.distance(to: ones) == 256)
        #expect(zero.distance(to: some) == 3 && some.distance(to: ones) == 253)
        #expect(some.distance(to: some) == 0)
    }
}

@Suite("PDQ on real pictures", .enabled(if: hasData("pdq"), Comment(rawValue: missingData)))
struct PDQDataTests {
    private struct Expected: Decodable {
        var file: String
        var width: Int
        var height: Int
        var pdq: String
        var quality: Int
        var dihedral: [String]
    }

    private static func expected() throws -> [Expected] {
        try contents(sharedData.appendingPathComponent("pdq/expected.jsonl")).split(separator: UInt8(ascii: "\n"))
            .map { try JSONDecoder().decode(Expected.self, from: Data($0)) }
    }

    private func eachPicture(bound: PixelSize?, _ body: (Expected, RGBImage) throws -> Void) throws -> Int {
        var count = 0
        for expected in try Self.expected() {
            let file = try contents(sharedData.appendingPathComponent(expected.file))
            try body(expected, ImageDecoder().decode(file, bound: bound).image)
            count += 1
        }
        return count
    }

    @Test("hash, quality and all eight turns are the reference's on equal pixels")
    func parity() throws {
        let count = try eachPicture(bound: nil) { expected, picture in
            try #require(picture.size == PixelSize(width: expected.width, height: expected.height))
            let seen = PDQFingerprint(of: picture)
            #expect(seen.hash.description == expected.pdq, "\(expected.file)")
            #expect(seen.quality == expected.quality, "\(expected.file)")
            #expect(seen.dihedral.map(\.description) == expected.dihedral, "\(expected.file)")
        }
        #expect(count == 78)
    }

    @Test("the picture that is reduced before it is hashed differs by ten bits at most")
    func reduced() throws {
        _ = try eachPicture(bound: PDQFingerprint.bound) { expected, picture in
            guard expected.quality >= 80 else { return }
            let seen = PDQFingerprint(of: picture)
            let published = try #require(PDQHash(expected.pdq))
            #expect(seen.hash.distance(to: published) <= 10, "\(expected.file)")
            #expect(seen.isReliable)
        }
    }
}

extension PDQNumbers: CustomTestStringConvertible {
    var testDescription: String { "\(kind), \(width)×\(height)" }

    /// The same pixels as `drawn` in tools/fixtures/pdq.py.
    var picture: RGBImage {
        var pixels: [UInt8] = []
        for y in 0..<height {
            for x in 0..<width {
                for c in 0..<3 {
                    let value =
                        switch kind {
                        case "waves": waves(x, y, c)
                        case "noise": (x / 5 * 1_664_525 + y / 3 * 1_013_904_223 + c * 7919) % 4_294_967_296 / 65_536
                        case "faint": 100 + x * 2 / width * 3 + y * 2 / height * (c + 1)
                        default: 90 + c * 20
                        }
                    pixels.append(UInt8(truncatingIfNeeded: value))
                }
            }
        }
        return RGBImage(width: width, height: height, pixels: pixels)
    }

    private func waves(_ x: Int, _ y: Int, _ c: Int) -> Int {
        let across = x * x * 700 / (width * width)
        return across + y * (x + 3 * c + 5) * 900 / (width * height) + c * 40
    }
}

extension RGBImage {
    /// The picture turned as the reference counts its turns.
    fileprivate func turned(_ turn: PDQFingerprint.Turn) -> RGBImage {
        let (right, bottom) = (width - 1, height - 1)
        let swaps = [.quarter, .threeQuarters, .transposed, .transversed].contains(turn)
        let size = swaps ? size.transposed : size
        var out = RGBImage(width: size.width, height: size.height, red: 0, green: 0, blue: 0)
        for y in 0..<size.height {
            for x in 0..<size.width {
                let source =
                    switch turn {
                    case .none: (x, y)
                    case .quarter: (right - y, x)
                    case .half: (right - x, bottom - y)
                    case .threeQuarters: (y, bottom - x)
                    case .upsideDown: (x, bottom - y)
                    case .mirrored: (right - x, y)
                    case .transposed: (y, x)
                    case .transversed: (right - y, bottom - x)
                    }
                out[x: x, y: y] = self[x: source.0, y: source.1]
            }
        }
        return out
    }
}
