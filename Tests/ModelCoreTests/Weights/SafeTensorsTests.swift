import Foundation
import Testing

@testable import ModelCore

@Suite struct SafeTensorsTests {
    @Test func `Names, shapes and values come back as they were written`() throws {
        let file = try Scratch.file(
            Self.file(
                #"{"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},"#
                    + #""a":{"dtype":"BF16","shape":[1,2],"data_offsets":[0,4]}}"#,
                data: [0x80, 0x3F, 0x00, 0xC0] + [0, 0, 0x80, 0x3E, 0, 0, 0xC0, 0x40]))
        let tensors = try SafeTensors(path: file)
        #expect(tensors.entries["a"]?.shape == [1, 2])
        #expect(try tensors.floats("a") == [1, -2])
        #expect(try tensors.floats("b") == [0.25, 6])
        #expect(throws: WeightsError.unfit(path: file, tensor: "c", reason: "is missing")) { try tensors.floats("c") }
    }

    @Test(arguments: [
        ("shorter than its length field", [UInt8](repeating: 0, count: 7)),
        ("the header claims", [255, 255, 255, 255, 255, 255, 255, 255, 0x7B, 0x7D]),
        ("the header claims", [3, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D]),
        ("not a JSON object", file("[]")),
        ("not a JSON object", file("{\"a\":")),
        ("unknown dtype", file(#"{"a":{"dtype":"F33","shape":[],"data_offsets":[0,0]}}"#)),
        ("no usable shape", file(#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,0]}}"#)),
        ("no usable shape", file(#"{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,0]}}"#)),
        ("outside the file", file(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#)),
        ("outside the file", file(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, data: [0, 0, 0, 0])),
        (
            "too large to count",
            file(#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#)
        ),
        ("as long as its shape", file(#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, data: [0, 0, 0, 0])),
        (
            "overlap",
            file(
                #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#,
                data: [0, 0, 0])
        ),
        ("belong to no tensor", file(#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, data: [0, 0])),
    ])
    func `A file that breaks a rule of the format is refused with the rule`(rule: String, bytes: [UInt8]) throws {
        let file = try Scratch.file(bytes)
        let error = #expect(throws: WeightsError.self) { try SafeTensors(path: file) }
        #expect(error?.description.contains(rule) == true, "\(error?.description ?? "no error")")
    }

    @Test func `A name full of escape sequences does not reach the message`() throws {
        let file = try Scratch.file(Self.file("{\"\\u001b]0;pwned\\u0007\":{\"dtype\":\"F33\"}}"))
        let error = #expect(throws: WeightsError.self) { try SafeTensors(path: file) }
        #expect(error?.description.unicodeScalars.allSatisfy { $0.value >= 0x20 } == true)
    }

    @Test func `A folder, a missing file and an empty file are refused`() throws {
        for path in [NSTemporaryDirectory(), "/nonexistent/model.safetensors", try Scratch.file([])] {
            #expect(throws: WeightsError.self) { try SafeTensors(path: path) }
        }
    }

    @Test func `Bytes behind a mapped file follow on whole pages and leave the file as it is`() throws {
        let path = try Scratch.file(Array(0..<100))
        let mapped = try MappedFile(path: path, tail: [7, 8, 9])
        #expect(mapped.fileByteCount == 100)
        #expect(mapped.tailOffset % Int(sysconf(Int32(_SC_PAGESIZE))) == 0)
        #expect(Array(mapped.bytes.prefix(100)) == Array(0..<100))
        #expect(Array(mapped.bytes[mapped.tailOffset...].prefix(3)) == [7, 8, 9])
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)).count == 100)
    }

    /// A safetensors file with this header.
    private static func file(_ header: String, data: [UInt8] = []) -> [UInt8] {
        let count = UInt64(header.utf8.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * UInt64($0))) } + Array(header.utf8) + data
    }
}
