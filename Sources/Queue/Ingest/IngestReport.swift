/// Where items come from.
public enum IngestSource: Sendable, Hashable {
    /// A file (or a pipe with a name) of one JSON object a line.
    case jsonLines(path: String)
    /// RFC 4180 with a header row whose names are an item's keys.
    case csv(path: String)
    /// Every image and video beneath a folder becomes an item of its own, named by its path.
    case folder(path: String)
    /// One JSON object a line on standard input.
    case standardInput
}

/// How items are taken in.
public struct IngestOptions: Sendable, Hashable {
    /// Replace an undecided item that is there with other content, instead of rejecting the line.
    public var update: Bool
    /// All or nothing: a single refused line keeps every other out.
    public var strict: Bool
    /// Refer to the original media instead of copying them.
    public var link: Bool
    /// Media and tensors lie beneath this folder; nil for that of the file. Standard input needs it for media.
    public var mediaRoot: String?
    /// Gets one JSON object for each refused line: `line`, `reason`, and `input` (or `input_base64`).
    public var rejects: String?
    /// Longest line or CSV record, in bytes.
    public var lineLimit: Int

    public init(
        update: Bool = false, strict: Bool = false, link: Bool = false, mediaRoot: String? = nil,
        rejects: String? = nil, lineLimit: Int = 16 << 20
    ) {
        self.update = update
        self.strict = strict
        self.link = link
        self.mediaRoot = mediaRoot
        self.rejects = rejects
        self.lineLimit = lineLimit
    }
}

/// How far an ingestion has come.
public struct IngestProgress: Sendable, Hashable {
    /// Lines done, refused ones included.
    public var items: Int
    public var bytes: Int64
    /// Nil where the size is not known beforehand: a pipe, a folder.
    public var totalBytes: Int64?
}

/// A line that was refused.
public struct IngestRejection: Sendable, Hashable {
    /// Counted from 1; for a CSV record, the line on which it starts; for a folder, the number of the file.
    public var line: Int
    /// Safe to print: what it quotes of the input was made visible.
    public var reason: String
}

/// What an ingestion did.
public struct IngestReport: Sendable, Hashable {
    public var added = 0
    public var updated = 0
    /// Lines whose item was there with the same content.
    public var unchanged = 0
    public var rejected = 0
    /// The first hundred refused lines; all of them go to ``IngestOptions/rejects``.
    public var rejections: [IngestRejection] = []
    /// Files of a folder that are neither images nor videos, or symbolic links.
    public var ignored = 0
    /// Whether ``IngestOptions/strict`` kept everything out.
    public var isRolledBack = false

    /// What `ingest --json` prints.
    public var json: JSONValue {
        [
            "added": .integer(Int64(added)), "updated": .integer(Int64(updated)),
            "unchanged": .integer(Int64(unchanged)), "rejected": .integer(Int64(rejected)),
            "ignored": .integer(Int64(ignored)), "rolled_back": .bool(isRolledBack),
            "rejections": .array(
                rejections.map { ["line": .integer(Int64($0.line)), "reason": .string($0.reason)] }),
        ]
    }
}

/// Why one line is refused.
struct Refusal: Error {
    var reason: String

    init(_ reason: String) { self.reason = reason }
}
