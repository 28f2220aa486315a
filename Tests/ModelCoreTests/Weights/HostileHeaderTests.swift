import Foundation
import Testing

@testable import ModelCore

/// Headers broken at random. The bytes lie against a page that may not be read, so that one byte too many is a crash.
@Suite struct HostileHeaderTests {
    private static let mutations = 20_000

    @Test func `No mutation of a sound file crashes, reads beyond it, or gets a tensor outside of it accepted`() throws
    {
        var random = SplitMix64(state: 20_261_125)
        let sound = Self.soundFiles
        var (accepted, refused) = (0, 0)
        for round in 0..<Self.mutations {
            let bytes = Self.mutated(sound[round % sound.count], &random)
            let guarded = try GuardedBytes(bytes)
            do {
                let layout = try SafeTensorsLayout(guarded.bytes)
                accepted += 1
                let total = layout.entries.values.reduce(0) { $0 + $1.byteCount }
                let header = Int(UInt64(littleEndian: guarded.bytes.loadUnaligned(as: UInt64.self)))
                #expect(8 + header + total == bytes.count)
                for entry in layout.entries.values {
                    #expect(entry.offset >= 8 + header && entry.offset + entry.byteCount <= bytes.count)
                    #expect(entry.shape.reduce(entry.type.byteCount, *) == entry.byteCount)
                    _ = guarded.bytes[entry.offset..<entry.offset + entry.byteCount].reduce(0, ^)
                }
            } catch {
                refused += 1
                #expect(error.reason.unicodeScalars.allSatisfy { (0x20..<0x7F).contains($0.value) }, "\(error.reason)")
            }
        }
        // Both happen, or the mutations miss what they are for.
        #expect(accepted > 100 && refused > 10_000, "\(accepted) accepted, \(refused) refused")
    }

    @Test func `No mutation of an index crashes or reads beyond it`() throws {
        var random = SplitMix64(state: 7)
        let sound = Array(
            #"{"metadata":{"total_size":24,"x":[1,{"y":null}]},"weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors"}}"#
                .utf8)
        let path = try Scratch.folder() + "/model.safetensors.index.json"
        for _ in 0..<2000 {
            try Data(Self.mutated(sound, &random)).write(to: URL(fileURLWithPath: path))
            do {
                let index = try ShardIndex(path: path)
                #expect(index.shards.allSatisfy { !$0.contains("/") && $0.hasSuffix(".safetensors") })
            } catch {
                #expect(error.description.unicodeScalars.allSatisfy { (0x20..<0x7F).contains($0.value) })
            }
        }
    }

    // MARK: Sound files, and how they are broken

    private static let soundFiles: [[UInt8]] = [
        SafeTensorsTests.file(
            #"{"__metadata__":{"format":"pt"},"a.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"#
                + #""b":{"dtype":"BF16","shape":[],"data_offsets":[24,26]},"#
                + #""c\u00e9":{"dtype":"U8","shape":[0,7],"data_offsets":[26,26]}}"#,
            data: [UInt8](repeating: 1, count: 26)),
        SafeTensorsTests.file(
            "{ \"x\" : { \"dtype\" : \"I64\" , \"shape\" : [ 1 , 2 ] , \"data_offsets\" : [ 0 , 16 ] } }   ",
            data: [UInt8](repeating: 2, count: 16)),
        SafeTensorsTests.file("{}"),
    ]

    /// One to four changes: a bit, a byte, a stretch left out or doubled, a digit or a mark of JSON put in its place,
    /// the end cut off, the length field moved by a little.
    private static func mutated(_ bytes: [UInt8], _ random: inout SplitMix64) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) where bytes.count > 1 {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            let end = min(bytes.count, place + Int.random(in: 1...20, using: &random))
            switch Int.random(in: 0..<8, using: &random) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes[place] = .random(in: 0...255, using: &random)
            case 2: bytes.removeSubrange(place..<end)
            case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
            case 4: bytes[place] = Array(#"{}[]":,\0123456789-.eE "#.utf8).randomElement(using: &random) ?? 0
            case 5: bytes.insert(Array(#"{}[]":,\0123456789-"#.utf8).randomElement(using: &random) ?? 0, at: place)
            case 6: bytes.removeLast(min(bytes.count - 1, Int.random(in: 1...30, using: &random)))
            default: bytes[0] = bytes[0] &+ UInt8.random(in: 0...8, using: &random) &- 4
            }
        }
        return bytes
    }
}

/// Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators": small, seeded, the same everywhere.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Bytes that end where a page begins that kills whoever reads it.
private final class GuardedBytes {
    let bytes: UnsafeRawBufferPointer
    private let base: UnsafeMutableRawPointer
    private let length: Int

    private struct NoMemory: Error {}

    init(_ content: [UInt8]) throws {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let room = (content.count + page - 1) / page * page
        length = room + page
        let mapped = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let mapped, mapped != MAP_FAILED, mprotect(mapped + room, page, PROT_NONE) == 0 else { throw NoMemory() }
        base = mapped
        let start = mapped + room - content.count
        content.withUnsafeBytes { source in
            if let address = source.baseAddress { start.copyMemory(from: address, byteCount: source.count) }
        }
        bytes = UnsafeRawBufferPointer(start: start, count: content.count)
    }

    deinit { munmap(base, length) }
}
