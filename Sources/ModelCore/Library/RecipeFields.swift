import Foundation
import TOMLKit

/// A TOML table read key by key, with errors that name file, line and key.
struct RecipeFields {
    let path: String
    private let text: String
    private let section: String
    private let table: TOMLTable

    init(path: String) throws(RecipeError) {
        do {
            text = try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8)
        } catch {
            throw .unreadable(file: path, reason: error.localizedDescription)
        }
        do {
            table = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            throw .invalid(file: path, line: error.source.begin.line, key: "TOML", reason: error.description)
        } catch {
            throw .unreadable(file: path, reason: "\(error)")
        }
        self.path = path
        section = ""
    }

    private init(path: String, text: String, section: String, table: TOMLTable) {
        self.path = path
        self.text = text
        self.section = section
        self.table = table
    }

    /// Refuses keys that nobody reads: a misspelt key must not pass in silence.
    func allow(_ keys: Set<String>) throws(RecipeError) {
        for key in table.keys where !keys.contains(key) { throw fault(key, "is not a key that is known here") }
    }

    func string(_ key: String) throws(RecipeError) -> String {
        guard let value = table[key]?.string, !value.isEmpty else { throw fault(key, "must be a text") }
        return value
    }

    /// A text that is safe as part of a path or an id: letters, digits, `.`, `-`, `_`, not starting with a dot.
    func word(_ key: String) throws(RecipeError) -> String {
        let value = try string(key)
        guard Self.isWord(value) else { throw fault(key, "may hold only letters, digits, `.`, `-` and `_`") }
        return value
    }

    static func isWord(_ value: String) -> Bool {
        !value.isEmpty && !value.hasPrefix(".") && value.utf8.count <= 80
            && value.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                    || [0x2D, 0x2E, 0x5F].contains($0)
            }
    }

    /// A SHA-256: 64 hex digits, lower case whatever they were.
    func digest(_ key: String) throws(RecipeError) -> String {
        let value = try string(key).lowercased()
        guard value.utf8.count == 64, value.allSatisfy({ $0.isHexDigit && $0.isASCII }) else {
            throw fault(key, "is not 64 hex digits")
        }
        return value
    }

    func has(_ key: String) -> Bool { table[key] != nil }

    /// All keys of the table, sorted.
    var keys: [String] { table.keys.sorted() }

    func choice<Choice: RawRepresentable & CaseIterable>(_ key: String) throws(RecipeError) -> Choice
    where Choice.RawValue == String {
        let value = try string(key)
        guard let choice = Choice(rawValue: value) else {
            throw fault(key, "must be one of " + Choice.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return choice
    }

    func optionalChoice<Choice: RawRepresentable & CaseIterable>(_ key: String) throws(RecipeError) -> Choice?
    where Choice.RawValue == String {
        table[key] == nil ? nil : try choice(key) as Choice
    }

    func integer(_ key: String, in range: ClosedRange<Int>, otherwise: Int? = nil) throws(RecipeError) -> Int {
        if let otherwise, table[key] == nil { return otherwise }
        guard let value = table[key]?.int, range.contains(value) else {
            throw fault(key, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    func optionalNumber(_ key: String, in range: ClosedRange<Double>) throws(RecipeError) -> Double? {
        guard let value = table[key] else { return nil }
        guard let number = value.double ?? value.int.map(Double.init), range.contains(number) else {
            throw fault(key, "must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func numbers(_ key: String, count: Int, otherwise: [Double]) throws(RecipeError) -> [Double] {
        guard let value = table[key] else { return otherwise }
        let found = value.array?.compactMap { $0.double ?? $0.int.map(Double.init) } ?? []
        guard found.count == count, value.array?.count == count else { throw fault(key, "must be \(count) numbers") }
        return found
    }

    func flag(_ key: String, otherwise: Bool) throws(RecipeError) -> Bool {
        guard let value = table[key] else { return otherwise }
        guard let flag = value.bool else { throw fault(key, "must be true or false") }
        return flag
    }

    /// A list of whole numbers.
    func integers(_ key: String, in range: ClosedRange<Int>, atMost limit: Int) throws(RecipeError) -> [Int] {
        let found = table[key]?.array?.compactMap(\.int) ?? []
        guard !found.isEmpty, found.count == table[key]?.array?.count, found.count <= limit,
            found.allSatisfy(range.contains)
        else { throw fault(key, "must be whole numbers from \(range.lowerBound) to \(range.upperBound)") }
        return found
    }

    /// A list of texts; none where the key is absent.
    func strings(_ key: String) throws(RecipeError) -> [String] {
        guard let value = table[key] else { return [] }
        let found = value.array?.compactMap(\.string) ?? []
        guard found.count == value.array?.count else { throw fault(key, "must be a list of texts") }
        return found
    }

    func isTable(_ key: String) -> Bool { table[key]?.table != nil }

    /// The whole table as JSON would hold it.
    var values: [String: Any] {
        let json = table.convert(to: .json, options: [])
        return (try? JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]) ?? [:]
    }

    func table(_ key: String) throws(RecipeError) -> RecipeFields {
        guard let found = try optionalTable(key) else { throw fault(key, "is missing: it must be a table") }
        return found
    }

    func optionalTable(_ key: String) throws(RecipeError) -> RecipeFields? {
        guard let value = table[key] else { return nil }
        guard let inner = value.table else { throw fault(key, "must be a table") }
        return RecipeFields(path: path, text: text, section: key, table: inner)
    }

    /// A list of tables, `[[key]]`; none where the key is absent.
    func tables(_ key: String) throws(RecipeError) -> [RecipeFields] {
        guard let value = table[key] else { return [] }
        guard let array = value.array else { throw fault(key, "must be a list of tables") }
        var found: [RecipeFields] = []
        for element in array {
            guard let inner = element.table else { throw fault(key, "must be a list of tables") }
            found.append(RecipeFields(path: path, text: text, section: key, table: inner))
        }
        return found
    }

    func fault(_ key: String, _ reason: String) -> RecipeError {
        let full = section.isEmpty ? key : "\(section).\(key)"
        return .invalid(file: path, line: line(of: key), key: printable(full), reason: reason)
    }

    /// The line on which a key of this section is set, or that of its section; TOMLKit keeps no positions.
    private func line(of key: String) -> Int {
        var current = ""
        var sectionLine = 0
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let trimmed = line.trimmingCharacters(in: .whitespaces)
            if trimmed.hasPrefix("[") {
                current = trimmed.trimmingCharacters(in: CharacterSet(charactersIn: "[] \t\r"))
                if current == section || (section.isEmpty && current == key) { sectionLine = index + 1 }
            } else if current == section, let equals = trimmed.firstIndex(of: "="),
                trimmed[..<equals].trimmingCharacters(in: CharacterSet(charactersIn: " \t\"'")) == key
            {
                return index + 1
            }
        }
        return sectionLine
    }
}
