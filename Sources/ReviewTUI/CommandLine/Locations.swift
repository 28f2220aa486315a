import Foundation

/// Where the program finds what it did not bring inside itself: the queue, themes, policies, models, caches.
///
/// Every place can be named by an environment variable; else the XDG folders hold what is the user's, and the share
/// root (the project's own folder, or `PREFIX/share/reviewtui` after `make install`) what came with the program.
struct Locations: Sendable {
    private let environment: [String: String]
    private let executable: URL

    init(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        executable: URL = Locations.runningExecutable
    ) {
        self.environment = environment
        self.executable = executable
    }

    /// The file this process was started from, symbolic links resolved.
    static var runningExecutable: URL {
        let path = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        return URL(fileURLWithPath: path ?? CommandLine.arguments[0])
    }

    /// The queue's database: `--db`, else `$REVIEWTUI_DB`, else `$XDG_DATA_HOME/reviewtui/queue.sqlite`.
    func database(option: String?) throws -> String {
        let chosen = option ?? environment["REVIEWTUI_DB"].flatMap { $0.isEmpty ? nil : $0 }
        guard let chosen else { return dataHome.appending(path: "queue.sqlite").path }
        if chosen.hasPrefix("postgres://") || chosen.hasPrefix("postgresql://") {
            throw CommandFailure(
                .usage, "A PostgreSQL queue is not supported yet. Give --db the path of an SQLite file.")
        }
        return URL(fileURLWithPath: chosen).path
    }

    /// `$XDG_DATA_HOME/reviewtui`: the queue, and heads and models the user added.
    var dataHome: URL { xdg("XDG_DATA_HOME", ".local/share") }

    /// `$XDG_CACHE_HOME/reviewtui`: compiled networks and fetched weights; `make deps` brings deleted ones back.
    var cacheHome: URL {
        environment["REVIEWTUI_CACHE"].map { URL(fileURLWithPath: $0) } ?? xdg("XDG_CACHE_HOME", ".cache")
    }

    /// `$XDG_CONFIG_HOME/reviewtui`: the user's own themes, key profiles and policies.
    var configHome: URL { xdg("XDG_CONFIG_HOME", ".config") }

    /// Folders called `name` (`themes`, `keymaps`, `policies`, `models`) in the order in which they are looked at: the
    /// user's own first, then the ones that came with the program.
    func folders(_ name: String) -> [URL] {
        ([configHome] + shareRoots).map { $0.appending(path: name) }.filter { isDirectory($0) }
    }

    /// The first file called `name` in the folders of that kind; nil if none has it.
    func file(_ name: String, in folder: String) -> URL? {
        folders(folder).map { $0.appending(path: name) }.first { FileManager.default.fileExists(atPath: $0.path) }
    }

    /// Folders above the executable, nearest first.
    var ancestors: [URL] {
        var folder = executable.deletingLastPathComponent()
        var found: [URL] = []
        while folder.path != "/" {
            found.append(folder)
            folder.deleteLastPathComponent()
        }
        return found
    }

    private var shareRoots: [URL] {
        let named = environment["REVIEWTUI_SHARE"].map { [URL(fileURLWithPath: $0)] } ?? []
        let above = ancestors.filter { isDirectory($0.appending(path: "themes")) }
        let installed = ancestors.map { $0.appending(path: "share/reviewtui") }.filter { isDirectory($0) }
        return named + above + installed
    }

    private func xdg(_ variable: String, _ fallback: String) -> URL {
        let home =
            environment["HOME"].map { URL(fileURLWithPath: $0) } ?? FileManager.default.homeDirectoryForCurrentUser
        // The XDG specification: a relative path in these variables is to be ignored.
        let named = environment[variable].flatMap { $0.hasPrefix("/") ? URL(fileURLWithPath: $0) : nil }
        return (named ?? home.appending(path: fallback)).appending(path: "reviewtui")
    }

    private func isDirectory(_ url: URL) -> Bool {
        var directory: ObjCBool = false
        return FileManager.default.fileExists(atPath: url.path, isDirectory: &directory) && directory.boolValue
    }
}
