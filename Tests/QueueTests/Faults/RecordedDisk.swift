import CFaultVFS
import Foundation
import Testing

/// A folder whose SQLite files are written down, operation by operation, and could be left by a power cut in many ways.
///
/// What counts as on the disk is what POSIX promises and no more: a write or truncation after the file's next `fsync`,
/// a name made or removed after the folder's next `fsync`. Everything else may be there, not there, or there in part:
/// single sectors of 512 bytes, in any order.
final class RecordedDisk {
    let folder: String
    private let recording: Int32
    /// What was there when the recording began, all of it on the disk.
    private let baseline: [String: [UInt8]]

    init(folder: String) throws {
        self.folder = folder
        var baseline: [String: [UInt8]] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) where !name.hasSuffix("-shm") {
            guard let content = FileManager.default.contents(atPath: folder + "/" + name) else { continue }
            baseline[name] = [UInt8](content)
        }
        self.baseline = baseline
        try #require(fault_vfs_register() == 1)
        recording = fault_recording_start(folder)
        try #require(recording >= 0)
    }

    deinit { fault_recording_end(recording) }

    /// Operations so far: a moment at which the power can fail.
    var position: Int { fault_operation_count(recording) }

    /// How often each kind of operation was recorded.
    func count(of kind: fault_kind) -> Int {
        (0..<position).count { fault_operation_at(recording, $0).kind == Int32(kind.rawValue) }
    }

    /// Lets calls fail from the nth on; `code` 0 heals.
    func fail(_ target: fault_target, after calls: Int = 0, with code: Int32) {
        fault_fail(recording, Int32(target.rawValue), Int32(calls), code)
    }

    /// Lays out one disk that a power cut after the first `position` operations can have left, in a fresh folder.
    func layOut(after position: Int, in target: String, using generator: inout some RandomNumberGenerator) throws {
        var disk = PossibleDisk(baseline)
        for index in 0..<position { disk.apply(fault_operation_at(recording, index)) }
        try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
        for (name, content) in disk.cut(using: &generator) {
            try Data(content).write(to: URL(fileURLWithPath: "\(target)/\(name)"))
        }
    }
}

/// What is on the disk, and what is only on its way there.
private struct PossibleDisk {
    private struct File {
        var settled: [UInt8] = []
        var pending: [Change] = []
    }

    private enum Change {
        case write(offset: Int, bytes: [UInt8])
        case truncate(size: Int)

        func apply(to content: inout [UInt8]) {
            switch self {
            case .write(let offset, let bytes):
                if content.count < offset + bytes.count {
                    content += [UInt8](repeating: 0, count: offset + bytes.count - content.count)
                }
                content.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
            case .truncate(let size):
                if size < content.count {
                    content.removeSubrange(size...)
                } else {
                    content += [UInt8](repeating: 0, count: size - content.count)
                }
            }
        }

        /// A write as its sectors, which reach the disk one by one.
        var sectors: [Change] {
            guard case .write(let offset, let bytes) = self else { return [self] }
            var pieces: [Change] = []
            var start = 0
            while start < bytes.count {
                let end = min(bytes.count, (offset + start) / 512 * 512 + 512 - offset)
                pieces.append(.write(offset: offset + start, bytes: Array(bytes[start..<end])))
                start = end
            }
            return pieces
        }
    }

    private var files: [Int: File] = [:]
    /// Names as the program sees them, and as they are on the disk.
    private var seen: [String: Int] = [:]
    private var settledNames: [String: Int] = [:]
    private var pendingNames: [(name: String, file: Int?)] = []
    private var nextFile = 0

    init(_ baseline: [String: [UInt8]]) {
        for (name, content) in baseline {
            files[nextFile] = File(settled: content)
            seen[name] = nextFile
            nextFile += 1
        }
        settledNames = seen
    }

    mutating func apply(_ operation: fault_operation) {
        let name = String(cString: operation.name)
        switch operation.kind {
        case Int32(FAULT_CREATE.rawValue): _ = made(name)
        case Int32(FAULT_DELETE.rawValue):
            seen[name] = nil
            pendingNames.append((name, nil))
        case Int32(FAULT_WRITE.rawValue):
            let bytes = Array(UnsafeBufferPointer(start: operation.bytes, count: Int(operation.length)))
            let file = seen[name] ?? made(name)
            files[file]?.pending.append(.write(offset: Int(operation.offset), bytes: bytes))
        case Int32(FAULT_TRUNCATE.rawValue):
            let file = seen[name] ?? made(name)
            files[file]?.pending.append(.truncate(size: Int(operation.offset)))
        case Int32(FAULT_SYNC.rawValue):
            guard let file = seen[name], var content = files[file]?.settled else { return }
            for change in files[file]?.pending ?? [] { change.apply(to: &content) }
            files[file] = File(settled: content)
        default:
            for (name, file) in pendingNames { settledNames[name] = file }
            pendingNames = []
        }
    }

    private mutating func made(_ name: String) -> Int {
        let file = nextFile
        nextFile += 1
        files[file] = File()
        seen[name] = file
        pendingNames.append((name, file))
        return file
    }

    /// One of the disks that can be left: of what was on its way, all of it, nothing, or any sectors in any order.
    func cut(using generator: inout some RandomNumberGenerator) -> [String: [UInt8]] {
        var names = settledNames
        for (name, file) in pendingNames where Bool.random(using: &generator) { names[name] = file }
        return names.compactMapValues { file in
            guard let file = files[file] else { return nil }
            var content = file.settled
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: break
            case 1: for change in file.pending { change.apply(to: &content) }
            default:
                let sectors = file.pending.flatMap(\.sectors).shuffled(using: &generator)
                for sector in sectors where Bool.random(using: &generator) { sector.apply(to: &content) }
            }
            return content
        }
    }
}
