import TOMLKit

/// Says what is wrong in a theme, a key profile or `config.toml`, and where.
struct SettingsError: Error, Hashable, CustomStringConvertible {
    let file: String
    /// From 1; nil where the whole file is meant.
    let line: Int?
    let key: String?
    let reason: String

    var description: String {
        let place = line.map { "\(file):\($0)" } ?? file
        return SafeText.line("\(place): \(key.map { "\($0) " } ?? "")\(reason)")
    }
}

/// A TOML file of settings that can say on which line a key stands.
struct SettingsSource {
    private let file: String
    private let lines: [Substring]
    private let root: TOMLTable

    init(toml: String, file: String, topKeys: Set<String>) throws {
        self.file = file
        lines = toml.split(separator: "\n", omittingEmptySubsequences: false)
        do {
            root = try TOMLTable(string: toml)
        } catch let error as TOMLParseError {
            throw SettingsError(file: file, line: error.source.begin.line, key: nil, reason: error.description)
        }
        for key in root.keys where !topKeys.contains(key) {
            throw self.error(key, "is not known here; expected are \(topKeys.sorted().joined(separator: ", "))")
        }
    }

    func string(_ key: String) throws -> String {
        guard let value = root[key]?.string else { throw error(key, "is missing, or not a string") }
        return value
    }

    /// Nil where the key is not given.
    func optionalString(_ key: String) throws -> String? { root.keys.contains(key) ? try string(key) : nil }

    /// Nil where the key is not given.
    func optionalBool(_ key: String) throws -> Bool? {
        guard root.keys.contains(key) else { return nil }
        guard let value = root[key]?.bool else { throw error(key, "must be true or false") }
        return value
    }

    func table(_ key: String) throws -> TOMLTable {
        guard let value = root[key]?.table else { throw error(key, "is missing, or not a table") }
        return value
    }

    /// Nil where the section is not there.
    func optionalTable(_ key: String) throws -> TOMLTable? { root.keys.contains(key) ? try table(key) : nil }

    /// An error at the line where `key` is first given or opened as a section.
    func error(_ key: String, _ reason: String) -> SettingsError {
        let line = lines.firstIndex { line in
            let bare = line.drop { $0 == " " || $0 == "\t" || $0 == "[" || $0 == "\"" }
            return bare.hasPrefix(key)
                && (bare.dropFirst(key.count).first { !($0 == "\"" || $0 == " ") }).map {
                    $0 == "=" || $0 == "]" || $0 == "."
                } ?? false
        }
        return SettingsError(file: file, line: line.map { $0 + 1 }, key: key, reason: reason)
    }
}
