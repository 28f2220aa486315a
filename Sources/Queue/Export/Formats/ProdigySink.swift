/// `annotations.jsonl` in Prodigy's form of the `choice` interface: policies are options, those of the decision are
/// accepted. `answer` is `ignore` for what was escalated.
///
/// `spans` are words, in characters as Python counts them. Regions are under `boxes` in fractions of the picture: Prodigy's
/// own are in pixels of a picture that it has opened.
final class ProdigySink: SnapshotSink {
    private let file: SnapshotFile
    private let images: AnnotationPictures
    private let options: JSONValue
    private var rows = 0
    private var files: [SnapshotEntry] = []

    init(folder: String, taxonomy: Taxonomy, pictures: Pictures) throws {
        images = AnnotationPictures(folder: folder, pictures: pictures)
        file = try SnapshotFile(folder: folder, name: "annotations.jsonl")
        options = .array(taxonomy.policies.map { ["id": .string($0.id.rawValue), "text": .string($0.title)] })
    }

    var leftOut: [LeftOut] { images.pictures.leftOut }

    func append(_ rows: [SnapshotRow]) throws {
        for row in rows {
            guard let (names, files) = try images.copy(of: row) else { continue }
            self.files += files
            try file.append(task(of: row, names).text + "\n")
            self.rows += 1
        }
    }

    func finish() throws -> [SnapshotEntry] { [try file.finish(rows: rows)] + files }

    private func task(of row: SnapshotRow, _ images: [String]) -> JSONValue {
        let spans = row.spans.filter { !$0.about.isRejected }.map { span -> JSONValue in
            [
                "start": .optional(span.part.lowerBound), "end": .optional(span.part.upperBound),
                "label": .string(span.about.policy?.rawValue ?? ""),
            ]
        }
        let boxes = row.boxes.filter { !$0.about.isRejected }.map { box -> JSONValue in
            [
                "media": .optional(box.media), "x": .number(box.part.x), "y": .number(box.part.y),
                "width": .number(box.part.width), "height": .number(box.part.height),
                "label": .string(box.about.policy?.rawValue ?? ""),
            ]
        }
        return [
            "text": .string(row.text ?? ""), "image": .optional(images.first),
            "images": .array(images.map { .string($0) }),
            "options": options, "accept": .array(row.policies.map { .string($0.rawValue) }),
            "answer": row.verdict == .escalate ? "ignore" : "accept", "spans": .array(spans), "boxes": .array(boxes),
            "item_id": .string(row.id), "meta": row.meta,
        ]
    }
}
