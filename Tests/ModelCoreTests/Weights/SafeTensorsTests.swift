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
        ("not a JSON object", file("")),
        ("not a JSON object", file(" {}")),
        ("not a JSON object", file("{\"a\":")),
        ("behind its end", file("{} x")),
        ("behind its end", file("{}{}")),
        ("a text is not UTF-8", file([0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x7B, 0x7D, 0x7D])),
        ("malformed escape", file(#"{"\ud800":{}}"#)),
        ("control character", file("{\"a\u{1}\":{}}")),
        (
            "is there twice",
            file(
                #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"#
                    + #""\u0061":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#)
        ),
        ("unknown or there twice", file(#"{"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#)),
        ("unknown or there twice", file(#"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"code":"x"}}"#)),
        ("has no dtype", file(#"{"a":{"shape":[0],"data_offsets":[0,0]}}"#)),
        ("no usable data_offsets", file(#"{"a":{"dtype":"U8","shape":[0]}}"#)),
        ("no usable data_offsets", file(#"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0,0]}}"#)),
        ("no usable shape", file(#"{"a":{"dtype":"U8","shape":[1e0],"data_offsets":[0,1]}}"#, data: [0])),
        ("no usable shape", file(#"{"a":{"dtype":"U8","shape":[01],"data_offsets":[0,1]}}"#, data: [0])),
        ("no usable shape", file(#"{"a":{"dtype":"U8","shape":["1"],"data_offsets":[0,1]}}"#, data: [0])),
        (
            "no usable shape",
            file(#"{"a":{"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,1]}}"#, data: [0])
        ),
        (
            "no usable shape",
            file(
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[" + [String](repeating: "1", count: 17).joined(separator: ",")
                    + "],\"data_offsets\":[0,1]}}", data: [0])
        ),
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

    @Test func `However deep a header is, it is refused at its second level`() throws {
        for (opening, rule) in [("[", "not a JSON object"), ("{\"a\":", "a field `a`")] {
            let file = try Scratch.file(Self.file(String(repeating: opening, count: 1_000_000)))
            let error = #expect(throws: WeightsError.self) { try SafeTensors(path: file) }
            #expect(error?.description.contains(rule) == true, "\(error?.description ?? "no error")")
        }
    }

    @Test(arguments: [
        ("zip archive", [0x50, 0x4B, 0x03, 0x04, 0, 0, 8, 8] + [UInt8](repeating: 0, count: 100)),
        ("Python pickle", [0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20]),
        ("Python pickle", [0x80, 0x04, 0x95]),
    ])
    func `A pickle under another name is known by its first bytes and refused`(what: String, bytes: [UInt8]) throws {
        let file = try Scratch.file(bytes, named: "model.safetensors")
        let error = #expect(throws: WeightsError.self) { try SafeTensors(path: file) }
        guard case .pickle(file, let found) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(found.contains(what))
        #expect(error?.description.contains("weights_only=True") == true)
    }

    @Test func `Every float type is read, and the others are refused as floats`() throws {
        let file = try Scratch.file(
            Self.file(
                #"{"d":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"h":{"dtype":"F16","shape":[2],"#
                    + #""data_offsets":[8,12]},"i":{"dtype":"I64","shape":[],"data_offsets":[12,20]}}"#,
                data: [0, 0, 0, 0, 0, 0, 0xF8, 0xBF] + [0x00, 0x3C, 0x00, 0xC1] + [UInt8](repeating: 0, count: 8)))
        let tensors = try SafeTensors(path: file)
        #expect(try tensors.floats("d") == [-1.5] && tensors.floats("h") == [1, -2.5])
        #expect(throws: WeightsError.self) { try tensors.floats("i") }
    }

    @Test func `A file that is written to or cut short in use is told from one that is renamed`() throws {
        let path = try Scratch.file(
            Self.file(#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#, data: [1, 2, 3, 4]))
        for harm in [
            { try FileHandle(forWritingTo: URL(fileURLWithPath: $0)).truncate(atOffset: 70) },
            { path in
                let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
                try handle.seek(toOffset: 69)
                try handle.write(contentsOf: [9])
            },
        ] as [(String) throws -> Void] {
            let copy = path + "-copy"
            try? FileManager.default.removeItem(atPath: copy)
            try FileManager.default.copyItem(atPath: path, toPath: copy)
            let file = try SafeTensors(path: copy).file
            #expect(file.changedFile == nil)
            try FileManager.default.moveItem(atPath: copy, toPath: copy + "2")
            #expect(file.changedFile == nil)
            // The clock of a file system ticks every few milliseconds.
            Thread.sleep(forTimeInterval: 0.02)
            try harm(copy + "2")
            #expect(file.changedFile == copy)
            try FileManager.default.removeItem(atPath: copy + "2")
        }
    }

    @Test func `Bytes behind a mapped file follow on whole pages and leave the file as it is`() throws {
        let path = try Scratch.file(Array(0..<100))
        let mapped = try MappedFile(path: path, tail: [7, 8, 9])
        #expect(mapped.ranges == [0..<100])
        #expect(mapped.tailOffset % Int(sysconf(Int32(_SC_PAGESIZE))) == 0)
        #expect(Array(mapped.bytes.prefix(100)) == Array(0..<100))
        #expect(Array(mapped.bytes[mapped.tailOffset...].prefix(3)) == [7, 8, 9])
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)).count == 100)
    }

    static func file(_ header: String, data: [UInt8] = []) -> [UInt8] { file(Array(header.utf8), data: data) }

    /// A safetensors file with this header.
    static func file(_ header: [UInt8], data: [UInt8] = []) -> [UInt8] {
        let count = UInt64(header.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * UInt64($0))) } + header + data
    }
}
