/// Writes rows in one format.
protocol SnapshotSink {
    /// What of a row this format has columns for, for the manifest; none where it is no table.
    var columns: [SnapshotColumn] { get }

    func append(_ rows: [SnapshotRow]) throws

    /// Completes the files.
    func finish() throws -> [SnapshotEntry]

    /// What was left out for lack of a place in this format, for the manifest and the data card.
    var leftOut: [LeftOut] { get }
}

extension SnapshotSink {
    var columns: [SnapshotColumn] { [] }
    var leftOut: [LeftOut] { [] }
}

/// Rows or pictures that a format has no place for.
struct LeftOut: Sendable, Hashable {
    /// For the manifest.
    var name: String
    /// For people: "rows without a picture".
    var what: String
    var count: Int
}
