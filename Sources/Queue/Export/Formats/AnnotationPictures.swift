/// Writes the pictures of annotation tools' tasks into `images/`.
struct AnnotationPictures {
    let folder: String
    let pictures: Pictures

    /// Copies the row's pictures.
    ///
    /// - returns: Their paths within the snapshot, with the hashes of the files; nil where the row cannot leave.
    func copy(of row: SnapshotRow) throws -> (names: [String], files: [SnapshotEntry])? {
        guard let pictures = pictures.all(of: row) else { return nil }
        var (names, files): ([String], [SnapshotEntry]) = ([], [])
        for picture in pictures {
            let name = "images/\(row.decision)-\(picture.index).\(picture.kind)"
            let file = try SnapshotFile(folder: folder, name: name)
            try file.append(picture.bytes)
            files.append(try file.finish(rows: nil))
            names.append(name)
        }
        return (names, files)
    }
}

extension SnapshotRow {
    /// What both tools keep beside a task and do not look at.
    var meta: JSONValue {
        let names: Set<String> = [
            "verdict", "severity", "split", "sampling", "sampled", "mined", "reviewer", "review", "reviewers",
            "agreement",
            "decided_at",
            "note",
            "decision", "supersedes", "hash", "lang", "source",
        ]
        let members = SnapshotColumn.all.filter { names.contains($0.name) }.map {
            JSONMember($0.name, $0.value(self).json)
        }
        return .object(
            members + [
                JSONMember(
                    "labels",
                    .object(
                        labels.map {
                            JSONMember(
                                $0.policy.rawValue,
                                ["value": $0.isViolation ? 1 : 0, "origin": .string($0.origin.rawValue)])
                        })), JSONMember("rationales", .array(rationales.map(\.json))),
            ])
    }
}
