import Foundation

/// An item as a line describes it, checked against everything that can be checked without its files.
struct DescribedItem {
    struct Medium {
        var path: String
        /// What the line says its bytes hash to, 64 hex digits; held against the file.
        var sha256: String?
    }

    var item: Item
    var media: [Medium]
    var scores: [Score]
    var explanations: [Explanation]
    /// Positions of explanations whose values lie in a file, with its path.
    var tensors: [(position: Int, path: String)]
    /// The whole line as canonical JSON: what "the same content" means, together with the bytes of its files.
    var canonical: [UInt8]
}

/// Reads the item contract: one JSON object, unknown keys kept.
struct ItemContract {
    let taxonomy: Taxonomy
    /// Stands in for a missing `flagged_at`.
    let now: Timestamp

    private static let keys: Set<String> = [
        "id", "text", "lang", "media", "source", "author", "created_at", "flagged_at", "due_at", "priority", "metadata",
        "scores", "explanations", "reports",
    ]

    func describe(_ value: JSONValue) throws(Refusal) -> DescribedItem {
        guard case .object(let members) = value else { throw Refusal("the line is not a JSON object") }
        let fields = Fields(members)
        guard let id = try fields.text("id", limit: 512) else { throw Refusal("id: every item needs one") }
        guard !id.isEmpty else { throw Refusal("id: it is empty") }
        var text: String?
        if let value = fields["text"] {
            guard case .string(let string) = value else { throw Refusal("text: a text is needed") }
            text = string
        }
        let media = try media(fields["media"])
        guard text?.isEmpty == false || !media.isEmpty else { throw Refusal("the item has neither text nor media") }
        let item = Item(
            id: ItemID(id), text: text, language: try fields.text("lang", limit: 100), media: [],
            source: try fields.text("source"), author: try fields.text("author"),
            createdAt: try fields.time("created_at"), flaggedAt: try fields.time("flagged_at") ?? now,
            dueAt: try fields.time("due_at"), priority: try fields.number("priority", within: -1e6...1e6) ?? 0,
            metadata: try metadata(fields, members), reports: try reports(fields["reports"]))
        let scores = try scores(fields["scores"])
        let (explanations, tensors) = try explanations(fields["explanations"])
        // Grids in files are not read yet: they are checked when they are.
        let inFiles = Set(tensors.map(\.position))
        let contract = ResultContract(
            taxonomy: taxonomy, scalarCount: text?.unicodeScalars.count, mediaCount: media.count)
        let complete = explanations.enumerated().filter { !inFiles.contains($0.offset) }.map(\.element)
        if let reason = contract.fault(scores: scores) { throw Refusal("scores: \(reason)") }
        if let reason = contract.fault(explanations: complete) { throw Refusal("explanations: \(reason)") }
        return DescribedItem(
            item: item, media: media, scores: scores, explanations: explanations, tensors: tensors,
            canonical: value.canonicalBytes)
    }

    /// `metadata` and the unknown keys beside it, as one canonical object.
    private func metadata(_ fields: Fields, _ members: [JSONMember]) throws(Refusal) -> String {
        var kept: [JSONMember] = []
        if let value = fields["metadata"] {
            guard case .object(let members) = value else { throw Refusal("metadata: an object is needed") }
            kept = members
        }
        for member in members where !Self.keys.contains(member.key) {
            guard !kept.contains(where: { $0.key.utf8.elementsEqual(member.key.utf8) }) else {
                throw Refusal("\"\(Visible.text(member.key))\" stands both in metadata and beside it")
            }
            kept.append(member)
        }
        return kept.isEmpty ? "{}" : JSONValue.object(kept).canonicalText
    }

    private func media(_ value: JSONValue?) throws(Refusal) -> [DescribedItem.Medium] {
        var media: [DescribedItem.Medium] = []
        for entry in try elements(value, of: "media", limit: 100) {
            guard let path = try entry.text("path", limit: 4096) else {
                throw Refusal("media: an entry without a path")
            }
            media.append(DescribedItem.Medium(path: path, sha256: try entry.text("sha256")))
        }
        return media
    }

    private func reports(_ value: JSONValue?) throws(Refusal) -> [Report] {
        var reports: [Report] = []
        for entry in try elements(value, of: "reports", limit: 10_000) {
            guard let reason = try entry.text("reason") else { throw Refusal("reports: an entry without a reason") }
            reports.append(Report(reason: reason, reporter: try entry.text("reporter")))
        }
        return reports
    }

    private func scores(_ value: JSONValue?) throws(Refusal) -> [Score] {
        var scores: [Score] = []
        for entry in try elements(value, of: "scores", limit: 10_000) {
            guard let model = try entry.text("model"), let policy = try entry.text("policy"),
                let score = try entry.number("score")
            else { throw Refusal("scores: an entry needs model, policy and score") }
            scores.append(
                Score(
                    model: model, policy: PolicyID(policy), value: score, threshold: try entry.number("threshold")))
        }
        return scores
    }

    private func explanations(
        _ value: JSONValue?
    ) throws(Refusal) -> (explanations: [Explanation], tensors: [(position: Int, path: String)]) {
        var explanations: [Explanation] = []
        var tensors: [(position: Int, path: String)] = []
        for entry in try elements(value, of: "explanations", limit: 1000) {
            guard let model = try entry.text("model"), let method = try entry.text("method", limit: 100) else {
                throw Refusal("explanations: an entry needs model and method")
            }
            if let path = try entry.text("file", limit: 4096) { tensors.append((explanations.count, path)) }
            explanations.append(
                Explanation(
                    model: model, policy: try entry.text("policy").map { PolicyID($0) }, method: method,
                    mediaIndex: Int(clamping: try entry.integer("media") ?? 0), signed: entry["signed"] == .bool(true),
                    relevance: try relevance(entry)))
        }
        return (explanations, tensors)
    }

    private func relevance(_ entry: Fields) throws(Refusal) -> Explanation.Relevance {
        let isInFile = entry["file"] != nil
        if let spans = entry["spans"], !isInFile { return .spans(try self.spans(spans)) }
        var grid: (rows: Int, columns: Int)?
        if let value = entry["grid"] {
            guard let sides = value.array, sides.count == 2, let rows = sides[0].int64, let columns = sides[1].int64,
                (1...Int64(ResultContract.gridLimit)).contains(rows),
                (1...Int64(ResultContract.gridLimit)).contains(columns)
            else { throw Refusal("explanations: a grid is [rows, columns]") }
            grid = (Int(rows), Int(columns))
        }
        // A file brings its own shape; 0 by 0 stands for "as the file says".
        if isInFile { return .grid(rows: grid?.rows ?? 0, columns: grid?.columns ?? 0, values: []) }
        guard let grid, let values = entry["values"]?.array else {
            throw Refusal("explanations: an entry needs grid and values, spans, or a file")
        }
        var numbers: [Float] = []
        numbers.reserveCapacity(values.count)
        for value in values {
            guard let number = value.double, let float = Self.float(number) else {
                throw Refusal("explanations: values must be numbers within float32's range")
            }
            numbers.append(float)
        }
        return .grid(rows: grid.rows, columns: grid.columns, values: numbers)
    }

    private func spans(_ value: JSONValue) throws(Refusal) -> [Explanation.Span] {
        guard let entries = value.array else { throw Refusal("explanations: spans must be a list") }
        var spans: [Explanation.Span] = []
        spans.reserveCapacity(entries.count)
        for entry in entries {
            guard let parts = entry.array, parts.count == 3, let start = parts[0].int64, let end = parts[1].int64,
                let weight = parts[2].double.flatMap(Self.float), let first = Int(exactly: start),
                let last = Int(exactly: end)
            else { throw Refusal("explanations: a span is [start, end, weight]") }
            spans.append(Explanation.Span(start: first, end: last, weight: weight))
        }
        return spans
    }

    private static func float(_ number: Double) -> Float? {
        let float = Float(number)
        return float.isFinite ? float : nil
    }

    private func elements(_ value: JSONValue?, of key: String, limit: Int) throws(Refusal) -> [Fields] {
        guard let value else { return [] }
        guard case .array(let elements) = value else { throw Refusal("\(key): a list is needed") }
        guard elements.count <= limit else { throw Refusal("\(key): more than \(limit) entries") }
        var fields: [Fields] = []
        for element in elements {
            guard case .object(let members) = element else { throw Refusal("\(key): every entry must be an object") }
            fields.append(Fields(members, of: key))
        }
        return fields
    }
}

/// The members of one object with the errors that name them. A null counts as absent.
private struct Fields {
    private let members: [JSONMember]
    private let context: String

    init(_ members: [JSONMember], of parent: String? = nil) {
        self.members = members
        context = parent.map { "\($0): " } ?? ""
    }

    subscript(key: String) -> JSONValue? {
        let value = members.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
        return value == .null ? nil : value
    }

    func text(_ key: String, limit: Int = 4096) throws(Refusal) -> String? {
        guard let value = self[key] else { return nil }
        guard case .string(let text) = value else { throw Refusal("\(context)\(key): a text is needed") }
        guard text.utf8.count <= limit else { throw Refusal("\(context)\(key): it is longer than \(limit) bytes") }
        guard !text.utf8.contains(0) else { throw Refusal("\(context)\(key): it holds a NUL") }
        return text
    }

    func number(_ key: String, within range: ClosedRange<Double>? = nil) throws(Refusal) -> Double? {
        guard let value = self[key] else { return nil }
        guard let number = value.double else { throw Refusal("\(context)\(key): a number is needed") }
        if let range, !range.contains(number) { throw Refusal("\(context)\(key): \(number) is out of range") }
        return number
    }

    func integer(_ key: String) throws(Refusal) -> Int64? {
        guard let value = self[key] else { return nil }
        guard let integer = value.int64 else { throw Refusal("\(context)\(key): a whole number is needed") }
        return integer
    }

    func time(_ key: String) throws(Refusal) -> Timestamp? {
        guard let text = try text(key) else { return nil }
        guard let time = Timestamp(rfc3339: text) else {
            throw Refusal("\(key): \"\(Visible.text(text))\" is no RFC 3339 time such as 2026-11-23T10:00:00Z")
        }
        return time
    }
}
