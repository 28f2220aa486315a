import Foundation

/// Files that tests write. They lie in the system's temporary folder under names of their own.
enum Scratch {
    /// One folder for the whole run, gone when the run is over.
    private static let root: String = {
        atexit { try? FileManager.default.removeItem(atPath: Scratch.place) }
        return place
    }()

    private static let place = URL(fileURLWithPath: NSTemporaryDirectory())
        .appendingPathComponent("reviewtui-models-\(UUID())").path

    static func folder() throws -> String {
        let path = "\(root)/\(UUID())"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    static func file(_ bytes: [UInt8], named name: String = "file") throws -> String {
        let path = try folder() + "/" + name
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    static func file(_ text: String, named name: String, in folder: String) throws -> String {
        let path = folder + "/" + name
        try FileManager.default.createDirectory(
            at: URL(fileURLWithPath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }
}
