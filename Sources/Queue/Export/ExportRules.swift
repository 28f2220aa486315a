/// The forms in which standing decisions are written.
public enum SnapshotFormat: String, CaseIterable, Sendable {
    /// One JSON object a line: the contract of the decision.
    case jsonl
    /// A table by RFC 4180; lists are JSON.
    case csv
    /// A table with typed columns and lists.
    case parquet
    /// Shards of samples with their pictures, for WebDataset.
    case webdataset
    /// Pictures in folders by split with a table each, for Hugging Face `datasets`.
    case imagefolder
    /// Tasks with annotations, and pictures, for the annotation tools of these names.
    case labelstudio, prodigy
}

/// What goes into a snapshot, and in which form.
public struct ExportRules: Sendable {
    public var format: SnapshotFormat
    /// Only decisions on items that this matches; empty for all.
    public var query: ItemQuery
    /// The folder of an earlier snapshot of this queue, for only what is new since, and what of it no longer stands.
    public var since: String?
    /// Leaves out rows on which fewer of the item's reviewers agree, in [0, 1]. Items that one person judged stay.
    public var leastAgreement: Double?
    /// Keeps spreadsheets from taking a text for a formula; of CSV only.
    public var isSpreadsheetSafe: Bool
    /// `name@version` of a model whose embeddings go with the rows; of Parquet only.
    public var embeddings: String?
    /// `name version` of the program that writes, for the manifest.
    public var tool: String

    public init(
        format: SnapshotFormat = .jsonl, query: ItemQuery = .everything, since: String? = nil,
        leastAgreement: Double? = nil, isSpreadsheetSafe: Bool = false, embeddings: String? = nil,
        tool: String = "reviewtui"
    ) {
        self.embeddings = embeddings
        self.format = format
        self.query = query
        self.since = since
        self.leastAgreement = leastAgreement
        self.isSpreadsheetSafe = isSpreadsheetSafe
        self.tool = tool
    }

    /// - throws: ``QueueError/usage(_:)``.
    func check() throws {
        if let leastAgreement, !(0...1).contains(leastAgreement) {
            throw QueueError.usage("An agreement lies in 0...1: 0.6 asks for three of five reviewers.")
        }
        guard embeddings == nil || format == .parquet else {
            throw QueueError.usage("Only Parquet has a column for embeddings: ask for --format parquet.")
        }
        guard !isSpreadsheetSafe || format == .csv else {
            throw QueueError.usage("Only CSV is opened by spreadsheets: leave --spreadsheet-safe out, or ask for csv.")
        }
    }
}
