import Foundation
import Synchronization

/// What the console's phrases are in another language: a file of `languages/`.
///
/// ```toml
/// name = "Deutsch"
///
/// [phrases]
/// "Set aside %1. It comes back later." = "%1 zurückgestellt. Es kommt später wieder."
/// ```
///
/// `languages/template.txt` has every key (`tools/strings` writes it anew). What a catalogue lacks stays English.
struct Catalogue: Sendable {
    let name: String
    private let phrase: @Sendable (String) -> String?

    /// Made by a rule instead of a list; for tests.
    init(name: String, phrase: @escaping @Sendable (String) -> String?) {
        self.name = name
        self.phrase = phrase
    }

    /// Reads a catalogue from TOML text.
    ///
    /// - Parameter file: named in errors.
    /// - Throws: ``SettingsError`` with file, line and key: a part that the English has and the translation lacks, or the
    ///   other way round; anything that would steer a terminal.
    init(toml: String, file: String) throws {
        let source = try SettingsSource(toml: toml, file: file, topKeys: ["name", "phrases"])
        let table = try source.table("phrases")
        var phrases: [String: String] = [:]
        for key in table.keys {
            guard let text = table[key]?.string else { throw source.error(key, "must be a string") }
            guard Self.parts(of: key) == Self.parts(of: text) else {
                throw source.error(key, "has other parts (%1, %2 …) than its translation")
            }
            guard text == SafeText.line(text) else { throw source.error(key, "has characters that cannot be shown") }
            // As in the template: what has no translation yet.
            if !text.isEmpty { phrases[key] = text }
        }
        name = try source.string("name")
        phrase = { [phrases] in phrases[$0] }
    }

    /// A phrase with its parts in place.
    func text(for key: String, parts: [String]) -> String {
        let template = phrase(key) ?? key
        guard !parts.isEmpty, template.utf8.contains(UInt8(ascii: "%")) else { return template }
        var text = ""
        var rest = template[...]
        while let percent = rest.firstIndex(of: "%") {
            text += rest[..<percent]
            rest = rest[rest.index(after: percent)...]
            if let digit = rest.first?.wholeNumberValue, rest.first?.isASCII == true, (1...parts.count).contains(digit)
            {
                text += parts[digit - 1]
                rest.removeFirst()
            } else {
                text += "%"
            }
        }
        return text + rest
    }

    private static func parts(of text: String) -> Set<Character> {
        Set(zip(text, text.dropFirst()).filter { $0 == "%" && ("1"..."9").contains($1) }.map(\.1))
    }

    // MARK: The one in use

    /// Nil: English.
    static var current: Catalogue? { override ?? chosen.withLock { $0 } }

    /// Says which language is spoken from now on.
    static func choose(_ catalogue: Catalogue?) { chosen.withLock { $0 = catalogue } }

    private static let chosen = Mutex<Catalogue?>(nil)

    /// For a test's own task.
    @TaskLocal static var override: Catalogue?
}
