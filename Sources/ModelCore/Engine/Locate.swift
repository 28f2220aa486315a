import Foundation

extension Engine {
    /// Finds `libopenvino_c`: `$REVIEWTUI_OPENVINO` (the file or a folder with it), then
    /// `.deps/python/lib/python3*/site-packages/openvino/libs` in the given folders and those above them, then the
    /// system's library folders.
    ///
    /// - Parameter folders: where the search for `.deps` starts: the executable's folder and the working directory.
    /// - Throws: ``EngineError/notFound(searched:)``. A set `$REVIEWTUI_OPENVINO` that holds no library is an error
    ///   and not passed over in silence.
    public static func locate(
        startingFrom folders: [String], environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(EngineError) -> String {
        if let given = environment["REVIEWTUI_OPENVINO"], !given.isEmpty {
            if let found = library(at: given) { return found }
            throw .notFound(searched: [printable(given)])
        }
        var searched: [String] = []
        for folder in folders.flatMap(selfAndAncestors(of:)) where !searched.contains(folder + "/.deps/python") {
            searched.append(folder + "/.deps/python")
            if let found = libraryOfPython(at: folder + "/.deps/python") { return found }
        }
        for folder in systemFolders {
            if let found = library(at: folder) { return found }
        }
        throw .notFound(searched: searched.filter { FileManager.default.fileExists(atPath: $0) } + systemFolders)
    }

    /// A folder and all above it, nearest first.
    static func selfAndAncestors(of folder: String) -> [String] {
        var url = URL(fileURLWithPath: folder).standardizedFileURL
        var found = [url.path]
        while url.path != "/", found.count < 64 {
            url.deleteLastPathComponent()
            found.append(url.path == "/" ? "" : url.path)
        }
        return found
    }

    private static let systemFolders = [
        "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib", "/usr/local/lib",
        "/opt/intel/openvino/runtime/lib/intel64",
        "/opt/homebrew/lib",
    ]

    private static func libraryOfPython(at root: String) -> String? {
        let lib = root + "/lib"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: lib)) ?? []
        for version in versions.sorted() where version.hasPrefix("python3") {
            if let found = library(at: "\(lib)/\(version)/site-packages/openvino/libs") { return found }
        }
        return nil
    }

    /// The library itself, or the newest one in a folder. Wheels carry only the versioned name.
    private static func library(at path: String) -> String? {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return nil }
        guard isFolder.boolValue else { return path }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        let newest = names.filter { $0.hasPrefix("libopenvino_c.so") || $0 == "libopenvino_c.dylib" }
            .max { $0.compare($1, options: .numeric) == .orderedAscending }
        return newest.map { path + "/" + $0 }
    }
}
