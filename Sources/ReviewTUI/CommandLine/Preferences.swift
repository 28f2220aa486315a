import Foundation

/// What a reviewer wants without saying so every time: `config.toml` in the user's folder (``Locations/configHome``).
///
/// ```toml
/// theme = "ember"
/// keys = "prodigy"
/// graphics = "sixel"
/// linear = true
/// language = "de"
/// mouse = false
/// ```
///
/// and the sections `[wellbeing]` (``WellbeingSettings``) and `[heads]` (``RefitSettings``).
///
/// All take what the options of `review` take, and the options go first. A file named here is looked for from the folder
/// that `config.toml` lies in.
struct Preferences: Sendable {
    var theme: SettingsChoice
    var keys: SettingsChoice
    var language: SettingsChoice
    var graphics = GraphicsChoice.auto
    /// Lines instead of a screen.
    var linear = false
    var wellbeing = WellbeingSettings()
    var refit = RefitSettings()
    /// Whether the console takes clicks and the wheel.
    var mouse = true

    /// Reads `config.toml`, where there is one.
    ///
    /// - Throws: ``SettingsError`` with file, line and key.
    init(_ locations: Locations) throws {
        let file = locations.configHome.appending(path: "config.toml")
        guard FileManager.default.fileExists(atPath: file.path) else {
            theme = SettingsChoice(.theme)
            keys = SettingsChoice(.keys)
            language = SettingsChoice(.language)
            return
        }
        let text: String
        do {
            text = try String(contentsOf: file, encoding: .utf8)
        } catch {
            throw SettingsError(file: file.path, line: nil, key: nil, reason: "cannot be read as UTF-8 text")
        }
        let source = try SettingsSource(
            toml: text, file: file.path,
            topKeys: ["theme", "keys", "language", "graphics", "mouse", "linear", "wellbeing", "heads"])
        theme = try SettingsChoice(.theme, in: source)
        keys = try SettingsChoice(.keys, in: source)
        language = try SettingsChoice(.language, in: source)
        mouse = try source.optionalBool("mouse") ?? true
        if let name = try source.optionalString("graphics") {
            guard let choice = GraphicsChoice(rawValue: name) else {
                throw source.error(
                    "graphics", "is one of \(GraphicsChoice.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            graphics = choice
        }
        linear = try source.optionalBool("linear") ?? false
        wellbeing = try WellbeingSettings(in: source)
        refit = try RefitSettings(in: source)
    }
}

/// A theme, a key profile or a language, by the name or file that somebody asked for.
struct SettingsChoice: Sendable {
    enum Kind: String, Sendable {
        case theme, keys, language

        /// Where its files lie, in the user's folder and in the program's.
        var folder: String {
            switch self {
            case .theme: "themes"
            case .keys: "keymaps"
            case .language: "languages"
            }
        }

        /// What is used where nobody asked; it need not be there as a file.
        var standard: String {
            switch self {
            case .theme: SettingsChoice.automatic
            case .keys: "default"
            case .language: "en"
            }
        }
    }

    /// The theme's name that leaves the choice to the terminal's background.
    static let automatic = "auto"

    let kind: Kind
    private let name: String?
    /// The line of `config.toml` that asked, as the error that it may have to become; nil where an option asked or nobody.
    private let line: SettingsError?

    init(_ kind: Kind, name: String? = nil) {
        self.kind = kind
        self.name = name
        line = nil
    }

    fileprivate init(_ kind: Kind, in source: SettingsSource) throws {
        self.kind = kind
        name = try source.optionalString(kind.rawValue)
        line = name == nil ? nil : source.error(kind.rawValue, "cannot be followed")
    }

    /// This choice, unless an option made another.
    func overridden(by option: String?) -> SettingsChoice { option.map { SettingsChoice(kind, name: $0) } ?? self }

    /// The file that was asked for; nil where what is built in serves.
    ///
    /// A name is looked up in the user's folder, then in the program's; what ends in `.toml` is a file.
    ///
    /// - Throws: where it is not there, naming those that are: ``SettingsError`` for `config.toml`,
    ///   ``CommandFailure`` for an option.
    func file(_ locations: Locations) throws -> URL? {
        let name = name ?? kind.standard
        if name.hasSuffix(".toml") {
            let place = line.map { URL(fileURLWithPath: $0.file).deletingLastPathComponent() }
            let file = URL(fileURLWithPath: name, relativeTo: place).absoluteURL
            guard FileManager.default.fileExists(atPath: file.path) else {
                throw failure("There is no file “\(SafeText.line(name))”.")
            }
            return file
        }
        if isAutomatic { return nil }
        if !name.contains("/"), let found = locations.file(name + ".toml", in: kind.folder) { return found }
        if name == kind.standard { return nil }
        let known = Self.known(kind, locations).joined(separator: ", ")
        throw failure("There is no “\(SafeText.line(name))” in \(kind.folder)/. Known: \(known).")
    }

    /// Whether it is a theme that the terminal's background chooses.
    var isAutomatic: Bool { kind == .theme && (name ?? kind.standard) == Self.automatic }

    /// The theme of the file that was asked for, or `dark` and `light` for the terminal's background to choose from.
    ///
    /// - Throws: as ``file(_:)``, and ``SettingsError`` for what is wrong in the file.
    func themes(_ locations: Locations) throws -> ThemePair {
        func theme(_ file: URL?) throws -> Theme {
            guard let file else { return .fallback }
            return try Theme(toml: String(contentsOf: file, encoding: .utf8), file: file.path)
        }
        guard isAutomatic else { return ThemePair(try theme(file(locations))) }
        return ThemePair(
            dark: try theme(locations.file("dark.toml", in: kind.folder)),
            light: try theme(locations.file("light.toml", in: kind.folder)))
    }

    /// The key profile of the file that was asked for; throws as ``themes(_:)`` does.
    func keymap(_ locations: Locations) throws -> Keymap {
        guard let file = try file(locations) else { return .standard }
        return try Keymap(toml: String(contentsOf: file, encoding: .utf8), file: file.path)
    }

    /// The catalogue of the language that was asked for; nil for English. Throws as ``themes(_:)`` does.
    func catalogue(_ locations: Locations) throws -> Catalogue? {
        guard let file = try file(locations) else { return nil }
        return try Catalogue(toml: String(contentsOf: file, encoding: .utf8), file: file.path)
    }

    /// The names that can be asked for, in alphabetical order.
    static func known(_ kind: Kind, _ locations: Locations) -> [String] {
        let files = locations.folders(kind.folder).flatMap { folder in
            (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        }
        let names = files.filter { $0.hasSuffix(".toml") }.map { String($0.dropLast(5)) }
        return Set(names + (kind == .theme ? [automatic] : [])).sorted()
    }

    private func failure(_ sentence: String) -> any Error {
        guard let line else { return CommandFailure(.notFound, sentence) }
        return SettingsError(
            file: line.file, line: line.line, key: line.key, reason: "\(line.reason): \(sentence)")
    }
}
