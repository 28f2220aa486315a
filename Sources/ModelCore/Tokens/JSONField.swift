import Foundation

/// A value of a JSON file with the name by which an error calls it, such as `model.vocab`.
struct JSONField {
    let path: String
    let name: String
    let value: JSONDocument.Value
    let document: JSONDocument

    /// Reads a file; its root must be an object.
    init(path: String) throws(TokenizerError) {
        let bytes: [UInt8]
        do {
            let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
            guard size <= JSONDocument.mostBytes else {
                throw TokenizerError.unreadable(path: path, reason: "it is larger than \(JSONDocument.mostBytes) bytes")
            }
            bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch let error as TokenizerError {
            throw error
        } catch {
            throw .unreadable(path: path, reason: error.localizedDescription)
        }
        try self.init(path: path, bytes: bytes)
    }

    init(path: String, bytes: [UInt8]) throws(TokenizerError) {
        let document: JSONDocument
        do throws(JSONDocument.Fault) {
            document = try JSONDocument(bytes)
        } catch {
            throw .unreadable(path: path, reason: error.reason)
        }
        guard case .object = document.root else {
            throw .unreadable(path: path, reason: "it is not a JSON object")
        }
        self.init(path: path, name: "", value: document.root, document: document)
    }

    private init(path: String, name: String, value: JSONDocument.Value, document: JSONDocument) {
        self.path = path
        self.name = name
        self.value = value
        self.document = document
    }

    func malformed(_ reason: String) -> TokenizerError { .malformed(path: path, field: name, reason: reason) }

    func unsupported(_ found: String, supported: String) -> TokenizerError {
        .unsupported(path: path, field: name, found: found, supported: supported)
    }

    /// nil where it is absent or null.
    func member(_ key: String) -> JSONField? {
        guard case .object(let members) = value,
            let found = members.last(where: { document.utf8($0.key).elementsEqual(key.utf8) })
        else { return nil }
        if case .null = found.value { return nil }
        return JSONField(
            path: path, name: name.isEmpty ? key : "\(name).\(key)", value: found.value, document: document)
    }

    func required(_ key: String) throws(TokenizerError) -> JSONField {
        guard let found = member(key) else {
            throw .malformed(path: path, field: name.isEmpty ? key : "\(name).\(key)", reason: "is missing")
        }
        return found
    }

    /// What `type` says.
    func kind() throws(TokenizerError) -> String { try required("type").string() }

    func string() throws(TokenizerError) -> String {
        guard case .string(let text) = value else { throw malformed("is not a string") }
        return document.string(text)
    }

    func scalars(atMost most: Int) throws(TokenizerError) -> [Unicode.Scalar] {
        let scalars = Array(try string().unicodeScalars)
        guard scalars.count <= most else { throw malformed("is longer than \(most) characters") }
        return scalars
    }

    func choice<Choice: RawRepresentable & CaseIterable>(_ type: Choice.Type) throws(TokenizerError) -> Choice
    where Choice.RawValue == String {
        let name = try string()
        guard let choice = Choice(rawValue: name) else {
            throw unsupported(name, supported: Choice.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return choice
    }

    func flag(_ key: String, default usual: Bool = false) throws(TokenizerError) -> Bool {
        guard let field = member(key) else { return usual }
        guard case .bool(let flag) = field.value else { throw field.malformed("is neither true nor false") }
        return flag
    }

    func number() throws(TokenizerError) -> Double {
        guard case .number(let number) = value else { throw malformed("is not a number") }
        return number
    }

    func integer(in range: ClosedRange<Int>) throws(TokenizerError) -> Int {
        guard let integer = Int(exactly: try number()), range.contains(integer) else {
            throw malformed("is not a whole number of \(range.lowerBound) to \(range.upperBound)")
        }
        return integer
    }

    /// An id of a piece or token.
    func id() throws(TokenizerError) -> Int32 { Int32(try integer(in: 0...TokenizerFile.mostIDs - 1)) }

    func elements(atMost most: Int) throws(TokenizerError) -> [JSONField] {
        guard case .array(let values) = value else { throw malformed("is not a list") }
        guard values.count <= most else { throw malformed("has more than \(most) entries") }
        return values.enumerated().map { index, value in
            JSONField(path: path, name: "\(name)[\(index)]", value: value, document: document)
        }
    }
}
