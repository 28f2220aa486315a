import Foundation

/// Reads the lines that most sources send, in one pass from the bytes to an item, four times as fast as through a tree.
///
/// It knows no refusals: whatever is unusual (files, reports, a number in a rare form, any fault) makes it give up, and
/// the strict reader with ``ItemContract`` decides. What it does accept is what those two make of the line, canonical
/// text included; a test holds the two against each other.
struct PlainLineReader {
    let contract: ItemContract
    /// Canonical JSON of the values read so far, innermost first.
    private var canonical = JSONWriter()
    private var decoded: [UInt8] = []
    /// Found usable already.
    private var models: Set<String> = []
    private var policies: Set<String> = []

    /// A member of an object that is being read: slices of the canonical text.
    private struct Member {
        var key: Range<Int>
        var end: Int
    }

    private static let depthLimit = 16

    init(contract: ItemContract) { self.contract = contract }

    /// The item of a line; nil where the strict reader has to look.
    mutating func item(_ bytes: [UInt8]) -> DescribedItem? {
        bytes.withUnsafeBufferPointer { buffer in
            do {
                return try line(LineCursor(bytes: buffer))
            } catch {
                return nil
            }
        }
    }

    // MARK: - The line

    private mutating func line(_ start: LineCursor) throws(Unusual) -> DescribedItem {
        var cursor = start
        canonical.removeAll()
        var members: [Member] = []
        members.reserveCapacity(16)
        var (id, text, language, source, author): (String?, String?, String?, String?, String?)
        var (created, flagged, due): (Timestamp?, Timestamp?, Timestamp?)
        var priority: Double?
        var metadata: Range<Int>?
        var scores: [Score] = []
        var unknown: [Member] = []
        try cursor.expect(UInt8(ascii: "{"))
        canonical.append(raw: "{")
        var isFirst = true
        while try cursor.another(first: &isFirst) {
            let key = try self.key(&cursor)
            let name = Key(canonical.bytes[key])
            let valueStart = canonical.bytes.count
            let isNull = cursor.isAtNull
            switch name {
            case .id: id = try self.text(&cursor, limit: 512)
            case .text: text = try self.text(&cursor, limit: .max, allowingNUL: true)
            case .language: language = try self.text(&cursor, limit: 100)
            case .source: source = try self.text(&cursor, limit: 4096)
            case .author: author = try self.text(&cursor, limit: 4096)
            case .createdAt: created = try time(&cursor)
            case .flaggedAt: flagged = try time(&cursor)
            case .dueAt: due = try time(&cursor)
            case .priority:
                let number = try self.number(&cursor)
                guard number.map({ (-1e6...1e6).contains($0) }) ?? true else { throw Unusual() }
                priority = number
            case .scores:
                if !isNull { scores = try self.scores(cursor) }
                try value(&cursor, depth: 1)
            case .metadata:
                guard isNull || cursor.isAtObject else { throw Unusual() }
                try value(&cursor, depth: 1)
                if !isNull { metadata = valueStart..<canonical.bytes.count }
            case .files:
                guard isNull else { throw Unusual() }
                try value(&cursor, depth: 1)
            case .unknown:
                try value(&cursor, depth: 1)
                unknown.append(Member(key: key, end: canonical.bytes.count))
            }
            members.append(Member(key: key, end: canonical.bytes.count))
        }
        try cursor.end()
        guard let id, !id.isEmpty, let text, !text.isEmpty, metadata == nil || unknown.isEmpty else {
            throw Unusual()
        }
        var kept = "{}"
        if let metadata { kept = String(decoding: canonical.bytes[metadata], as: UTF8.self) }
        if !unknown.isEmpty { kept = String(decoding: try object(of: &unknown), as: UTF8.self) }
        let whole = try object(of: &members)
        return DescribedItem(
            item: Item(
                id: ItemID(id), text: text, language: language, source: source, author: author, createdAt: created,
                flaggedAt: flagged ?? contract.now, dueAt: due, priority: priority ?? 0, metadata: kept),
            media: [], scores: scores, explanations: [], tensors: [], canonical: whole)
    }

    /// The members in the order of their keys, as a canonical object of its own.
    private func object(of members: inout [Member]) throws(Unusual) -> [UInt8] {
        try sort(&members)
        var object: [UInt8] = []
        object.reserveCapacity(members.reduce(2) { $0 + $1.end - $1.key.lowerBound + 2 })
        object.append(UInt8(ascii: "{"))
        for (index, member) in members.enumerated() {
            if index > 0 { object.append(UInt8(ascii: ",")) }
            object.append(contentsOf: canonical.bytes[member.key.lowerBound - 1..<member.end])
        }
        object.append(UInt8(ascii: "}"))
        return object
    }

    private func sort(_ members: inout [Member]) throws(Unusual) {
        // Insertion: objects of posts have few members, mostly in some order already.
        guard members.count <= 64 else { throw Unusual() }
        for index in members.indices.dropFirst() {
            var place = index
            while place > 0 {
                let order = compare(members[place - 1].key, members[place].key)
                // A key that stands twice.
                if order == 0 { throw Unusual() }
                if order < 0 { break }
                members.swapAt(place - 1, place)
                place -= 1
            }
        }
    }

    private func compare(_ a: Range<Int>, _ b: Range<Int>) -> Int {
        canonical.bytes.withUnsafeBytes { bytes in
            let order = memcmp(
                bytes.baseAddress! + a.lowerBound, bytes.baseAddress! + b.lowerBound, min(a.count, b.count))
            return order == 0 ? a.count - b.count : Int(order)
        }
    }

    private enum Key {
        case id, text, language, source, author, createdAt, flaggedAt, dueAt, priority, scores, metadata, files, unknown

        init(_ bytes: ArraySlice<UInt8>) {
            func isKey(_ key: StaticString) -> Bool {
                bytes.count == key.utf8CodeUnitCount
                    && bytes.withUnsafeBytes { memcmp($0.baseAddress!, key.utf8Start, $0.count) == 0 }
            }
            switch bytes.count {
            case 2 where isKey("id"): self = .id
            case 4 where isKey("text"): self = .text
            case 4 where isKey("lang"): self = .language
            case 6 where isKey("source"): self = .source
            case 6 where isKey("author"): self = .author
            case 6 where isKey("scores"): self = .scores
            case 6 where isKey("due_at"): self = .dueAt
            case 8 where isKey("priority"): self = .priority
            case 8 where isKey("metadata"): self = .metadata
            case 10 where isKey("created_at"): self = .createdAt
            case 10 where isKey("flagged_at"): self = .flaggedAt
            case 5 where isKey("media"), 12 where isKey("explanations"), 7 where isKey("reports"): self = .files
            default: self = .unknown
            }
        }
    }

    // MARK: - Values of known keys

    /// A key, written down with its colon; plain ASCII, so that its canonical form is its bytes.
    private mutating func key(_ cursor: inout LineCursor) throws(Unusual) -> Range<Int> {
        let key = try cursor.plainKey()
        let start = canonical.bytes.count + 1
        canonical.append(raw: "\"")
        canonical.append(raw: key)
        canonical.append(raw: "\":")
        return start..<start + key.count
    }

    private mutating func text(
        _ cursor: inout LineCursor, limit: Int, allowingNUL: Bool = false
    ) throws(Unusual) -> String? {
        if cursor.isAtNull {
            try value(&cursor, depth: 1)
            return nil
        }
        let (bytes, isEscaped) = try cursor.string()
        if !isEscaped {
            guard bytes.count <= limit, let text = String(validating: bytes, as: UTF8.self) else { throw Unusual() }
            canonical.append(utf8: bytes)
            return text
        }
        try LineCursor.unescape(bytes, into: &decoded)
        guard decoded.count <= limit, allowingNUL || !decoded.contains(0),
            let text = String(validating: decoded, as: UTF8.self)
        else { throw Unusual() }
        canonical.append(utf8: decoded)
        return text
    }

    private mutating func time(_ cursor: inout LineCursor) throws(Unusual) -> Timestamp? {
        guard let text = try text(&cursor, limit: 4096) else { return nil }
        guard let time = Timestamp(rfc3339: text) else { throw Unusual() }
        return time
    }

    private mutating func number(_ cursor: inout LineCursor) throws(Unusual) -> Double? {
        if cursor.isAtNull {
            try value(&cursor, depth: 1)
            return nil
        }
        let (number, bytes) = try cursor.number()
        canonical.append(raw: bytes)
        return number
    }

    /// The scores at the cursor, which stays where it is: the caller reads them once more for their canonical text.
    private mutating func scores(_ start: LineCursor) throws(Unusual) -> [Score] {
        var cursor = start
        var scores: [Score] = []
        try cursor.expect(UInt8(ascii: "["))
        var isFirst = true
        while try cursor.another(first: &isFirst, closing: UInt8(ascii: "]")) {
            guard scores.count < 4 else { throw Unusual() }
            var (model, policy): (String?, String?)
            var (value, threshold): (Double?, Double?)
            try cursor.expect(UInt8(ascii: "{"))
            var isFirstMember = true
            while try cursor.another(first: &isFirstMember) {
                let key = try cursor.plainKey()
                if key.elementsEqual("model".utf8) {
                    model = try name(&cursor)
                } else if key.elementsEqual("policy".utf8) {
                    policy = try name(&cursor)
                } else if key.elementsEqual("score".utf8) {
                    value = try cursor.number().value
                } else if key.elementsEqual("threshold".utf8) {
                    threshold = try cursor.number().value
                } else {
                    throw Unusual()
                }
            }
            guard let model, let policy, let value else { throw Unusual() }
            scores.append(Score(model: model, policy: PolicyID(policy), value: value, threshold: threshold))
        }
        // Of one score nothing can stand twice, and its names need checking only the first time.
        let isKnown =
            scores.count == 1 && models.contains(scores[0].model) && policies.contains(scores[0].policy.rawValue)
            && (0...1).contains(scores[0].value) && (0...1).contains(scores[0].threshold ?? 0)
        if !isKnown {
            guard ResultContract(taxonomy: contract.taxonomy).fault(scores: scores) == nil else { throw Unusual() }
            // A hostile source could name a model anew on each line.
            if models.count > 1000 { models.removeAll() }
            models.formUnion(scores.map(\.model))
            policies.formUnion(scores.map(\.policy.rawValue))
        }
        return scores
    }

    private func name(_ cursor: inout LineCursor) throws(Unusual) -> String {
        let (bytes, isEscaped) = try cursor.string()
        guard !isEscaped, bytes.count <= 4096, let name = String(validating: bytes, as: UTF8.self) else {
            throw Unusual()
        }
        return name
    }

    // MARK: - Any value, written down canonically

    private mutating func value(_ cursor: inout LineCursor, depth: Int) throws(Unusual) {
        guard depth < Self.depthLimit else { throw Unusual() }
        switch cursor.kind {
        case UInt8(ascii: "\""):
            let (bytes, isEscaped) = try cursor.string()
            if isEscaped {
                try LineCursor.unescape(bytes, into: &decoded)
                guard decoded.withUnsafeBufferPointer({ String(validating: $0, as: UTF8.self) }) != nil else {
                    throw Unusual()
                }
                canonical.append(utf8: decoded)
            } else {
                guard bytes.allSatisfy({ $0 < 0x80 }) || String(validating: bytes, as: UTF8.self) != nil else {
                    throw Unusual()
                }
                canonical.append(utf8: bytes)
            }
        case UInt8(ascii: "{"):
            try cursor.expect(UInt8(ascii: "{"))
            let start = canonical.bytes.count
            var members: [Member] = []
            var isFirst = true
            while try cursor.another(first: &isFirst) {
                let key = try self.key(&cursor)
                try value(&cursor, depth: depth + 1)
                members.append(Member(key: key, end: canonical.bytes.count))
            }
            let object = try object(of: &members)
            canonical.replace(from: start, with: object)
        case UInt8(ascii: "["):
            try cursor.expect(UInt8(ascii: "["))
            canonical.append(raw: "[")
            var isFirst = true
            while true {
                let wasFirst = isFirst
                guard try cursor.another(first: &isFirst, closing: UInt8(ascii: "]")) else { break }
                if !wasFirst { canonical.append(raw: ",") }
                try value(&cursor, depth: depth + 1)
            }
            canonical.append(raw: "]")
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): canonical.append(raw: try cursor.number().bytes)
        default: canonical.append(raw: try cursor.word())
        }
    }
}
