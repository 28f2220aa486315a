import Foundation

/// Files of decisions that were made elsewhere.
public enum OutsideFormat: String, CaseIterable, Sendable {
    /// Label Studio's JSON export: an array of tasks with annotations.
    case labelstudio
    /// Prodigy's JSON Lines, of the `choice` interface or of single labels.
    case prodigy
    /// A table with `id` and `verdict`, `policies` or both.
    case csv

    /// What a record says; nil for one that says nothing (skipped, ignored).
    func decision(_ record: JSONValue) throws(Refusal) -> OutsideDecision? {
        switch self {
        case .labelstudio: try Self.labelStudio(record)
        case .prodigy: try Self.prodigy(record)
        case .csv: try Self.csv(record)
        }
    }

    func records(of source: ByteSource) throws -> any RawItems {
        let limit = 16 << 20
        return switch self {
        case .labelstudio: try JSONArrayItems(source: source, limit: limit)
        case .prodigy: try JSONLineItems(source: source, limit: limit)
        case .csv: try CSVItems(source: source, limit: limit)
        }
    }

    // MARK: - Label Studio

    private static func labelStudio(_ task: JSONValue) throws(Refusal) -> OutsideDecision? {
        let data = task["data"]
        guard let id = data?["item_id"]?.string ?? data?["id"]?.string else {
            throw Refusal("the task's data has no \"item_id\" and no \"id\" that is a text")
        }
        let annotations = (task["annotations"]?.array ?? []).filter { $0["was_cancelled"] != true }
        guard let annotation = annotations.first else { return nil }
        guard annotations.count == 1 else {
            throw Refusal(
                "the task has \(annotations.count) annotations, and one reviewer decides once: export one annotator's")
        }
        var (verdict, policies): (Verdict?, Set<PolicyID>) = (nil, [])
        var words: [OutsideDecision.Words] = []
        var boxes: [(PolicyID?, Rationale.Box)] = []
        for part in annotation["result"]?.array ?? [] {
            guard let value = part["value"] else { continue }
            for choice in value["choices"]?.array?.compactMap(\.string) ?? [] {
                if part["from_name"] == "verdict" {
                    verdict = try Self.verdict(choice)
                } else {
                    policies.insert(PolicyID(choice))
                }
            }
            let labels = (value["labels"] ?? value["rectanglelabels"])?.array?.compactMap(\.string) ?? []
            let policy = labels.first.map { PolicyID($0) }
            if value["labels"] != nil, let start = value["start"]?.int64, let end = value["end"]?.int64, start < end {
                words.append(OutsideDecision.Words(policy: policy, range: Int(start)..<Int(end), unit: .utf16))
            }
            if value["rectanglelabels"] != nil, let x = value["x"]?.double, let y = value["y"]?.double,
                let width = value["width"]?.double, let height = value["height"]?.double
            {
                boxes.append(
                    (policy, Rationale.Box(x: x / 100, y: y / 100, width: width / 100, height: height / 100)))
            }
        }
        var decision = OutsideDecision(item: ItemID(id), verdict: verdict, policies: policies)
        (decision.words, decision.boxes) = (words, boxes)
        return decision
    }

    // MARK: - Prodigy

    private static func prodigy(_ task: JSONValue) throws(Refusal) -> OutsideDecision? {
        guard let id = task["item_id"]?.string ?? task["meta"]?["item_id"]?.string ?? task["id"]?.string else {
            throw Refusal("the line has no \"item_id\" and no \"id\" that is a text")
        }
        let answer = task["answer"]?.string
        var policies: Set<PolicyID> = []
        if let accepted = task["accept"]?.array {
            guard answer == "accept" else { return nil }
            policies = Set(accepted.compactMap(\.string).map { PolicyID($0) })
        } else if let label = task["label"]?.string {
            guard answer == "accept" || answer == "reject" else { return nil }
            if answer == "accept" { policies = [PolicyID(label)] }
        } else {
            throw Refusal(
                "the line has neither \"accept\" nor \"label\": only choices and single labels can be taken in")
        }
        var decision = OutsideDecision(item: ItemID(id), verdict: nil, policies: policies)
        for span in task["spans"]?.array ?? [] {
            guard let start = span["start"]?.int64, let end = span["end"]?.int64, start < end else { continue }
            let policy = span["label"]?.string.flatMap { $0.isEmpty ? nil : PolicyID($0) }
            decision.words.append(
                OutsideDecision.Words(policy: policy, range: Int(start)..<Int(end), unit: .scalars))
        }
        return decision
    }

    // MARK: - CSV

    private static func csv(_ record: JSONValue) throws(Refusal) -> OutsideDecision? {
        guard let id = record["id"]?.string else { throw Refusal("the record has no id") }
        let verdict: Verdict? =
            if let word = record["verdict"]?.string { try Self.verdict(word) } else { nil }
        let cell = record["policies"]?.string ?? record["policy"]?.string ?? ""
        let names =
            (try? JSONValue(parsing: cell))?.array?.compactMap(\.string)
            ?? cell.split { " ,;|".contains($0) }.map(String.init)
        var severity: Int?
        if let text = record["severity"]?.string {
            guard let number = Int(text) else { throw Refusal("the severity is no number from 1 to 4") }
            severity = number
        }
        return OutsideDecision(
            item: ItemID(id), verdict: verdict, policies: Set(names.map { PolicyID($0) }), severity: severity,
            note: record["note"]?.string)
    }

    private static func verdict(_ word: String) throws(Refusal) -> Verdict {
        guard let verdict = Verdict(rawValue: word.lowercased()) else {
            throw Refusal(
                "\"\(Visible.text(word))\" is no verdict: there are \(Verdict.allCases.map(\.rawValue).joined(separator: ", "))"
            )
        }
        return verdict
    }
}

/// The elements of one JSON array, each as it stands in the file.
struct JSONArrayItems: RawItems {
    private var source: ByteSource
    private let limit: Int
    private var line = 1
    private var isBegun = false

    init(source: ByteSource, limit: Int) throws {
        self.source = source
        self.limit = limit
        try self.source.skipByteOrderMark()
    }

    var bytesRead: Int64 { source.bytesRead }
    var totalBytes: Int64? { source.totalBytes }

    mutating func next() throws -> RawItem? {
        if !isBegun {
            guard try skip([]) == UInt8(ascii: "[") else {
                throw QueueError.rejected("The file is no JSON array of tasks: export as JSON, not as JSON-MIN or CSV.")
            }
            isBegun = true
        }
        guard let first = try skip([UInt8(ascii: ",")]), first != UInt8(ascii: "]") else { return nil }
        let start = line
        var bytes = [first]
        var depth = first == UInt8(ascii: "{") || first == UInt8(ascii: "[") ? 1 : 0
        var (isText, isEscaped) = (first == UInt8(ascii: "\""), false)
        while depth > 0 || isText, let byte = try nextByte() {
            if bytes.count <= limit { bytes.append(byte) }
            if isEscaped {
                isEscaped = false
            } else if isText {
                if byte == UInt8(ascii: "\\") { isEscaped = true }
                if byte == UInt8(ascii: "\"") { isText = false }
            } else {
                switch byte {
                case UInt8(ascii: "\""): isText = true
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
                default: break
                }
            }
        }
        guard bytes.count <= limit else {
            let refusal = Refusal("the task is longer than \(limit) bytes")
            return RawItem(line: start, input: Array(bytes.prefix(1 << 16)), content: .refused(refusal))
        }
        return RawItem(line: start, input: bytes, content: .unread)
    }

    /// The next byte that is neither white space nor one of these; nil at the end.
    private mutating func skip(_ passed: [UInt8]) throws -> UInt8? {
        while let byte = try nextByte() {
            if ![0x20, 0x09, 0x0A, 0x0D].contains(byte), !passed.contains(byte) { return byte }
        }
        return nil
    }

    private mutating func nextByte() throws -> UInt8? {
        let byte = try source.nextByte()
        if byte == 0x0A { line += 1 }
        return byte
    }
}
