import Foundation

/// `tasks.json` for Label Studio, with each decision as an annotation, and `label_config.xml`, the labelling interface that
/// shows it.
///
/// `data` has `item_id`, `text` and `image`, the path of the item's first picture within the snapshot. Words are counted in
/// UTF-16 units there, regions in per cent.
final class LabelStudioSink: SnapshotSink {
    private let file: SnapshotFile
    private let images: AnnotationPictures
    private let folder: String
    private let policies: [PolicyID]
    private var rows = 0
    private var files: [SnapshotEntry] = []

    init(folder: String, policies: [PolicyID], pictures: Pictures) throws {
        self.folder = folder
        self.policies = policies
        images = AnnotationPictures(folder: folder, pictures: pictures)
        file = try SnapshotFile(folder: folder, name: "tasks.json")
        try file.append("[")
    }

    var leftOut: [LeftOut] { images.pictures.leftOut }

    func append(_ rows: [SnapshotRow]) throws {
        for row in rows {
            guard let (names, files) = try images.copy(of: row) else { continue }
            self.files += files
            try file.append((self.rows == 0 ? "\n" : ",\n") + task(of: row, names).text)
            self.rows += 1
        }
    }

    func finish() throws -> [SnapshotEntry] {
        try file.append(rows == 0 ? "]\n" : "\n]\n")
        let config = try SnapshotFile(folder: folder, name: "label_config.xml")
        try config.append(self.config)
        return [try file.finish(rows: rows), try config.finish(rows: nil)] + files
    }

    private func task(of row: SnapshotRow, _ images: [String]) -> JSONValue {
        [
            "data": [
                "item_id": .string(row.id), "text": .string(row.text ?? ""), "image": .string(images.first ?? ""),
                "images": .array(images.map { .string($0) }),
            ],
            "annotations": [
                [
                    "result": .array(result(of: row)), "was_cancelled": false, "ground_truth": false,
                    "lead_time": .optional(row.duration.map { Double($0) / 1000 }),
                ]
            ],
            "meta": row.meta,
        ]
    }

    private func result(of row: SnapshotRow) -> [JSONValue] {
        func choices(_ name: String, _ chosen: [String]) -> JSONValue {
            [
                "id": .string(name), "from_name": .string(name), "to_name": "text", "type": "choices",
                "value": ["choices": .array(chosen.map { .string($0) })],
            ]
        }
        var result = [choices("verdict", [row.verdict.rawValue])]
        if !row.policies.isEmpty { result.append(choices("policies", row.policies.map(\.rawValue))) }
        let text = row.text ?? ""
        let scalars = Array(text.unicodeScalars)
        for (number, span) in row.spans.enumerated()
        where !span.about.isRejected && span.part.upperBound <= scalars.count {
            func units(_ scalars: ArraySlice<Unicode.Scalar>) -> Int { scalars.reduce(0) { $0 + UTF16.width($1) } }
            let start = units(scalars[..<span.part.lowerBound])
            var marked = String.UnicodeScalarView()
            marked.append(contentsOf: scalars[span.part])
            result.append([
                "id": .string("words-\(number)"), "from_name": "words", "to_name": "text", "type": "labels",
                "value": [
                    "start": .optional(start), "end": .optional(start + units(scalars[span.part])),
                    "text": .string(String(marked)),
                    "labels": .array(span.about.policy.map { [.string($0.rawValue)] } ?? []),
                ],
            ])
        }
        for (number, box) in row.boxes.enumerated() where !box.about.isRejected && box.media == 0 {
            result.append([
                "id": .string("regions-\(number)"), "from_name": "regions", "to_name": "image",
                "type": "rectanglelabels",
                "value": [
                    "x": .number(box.part.x * 100), "y": .number(box.part.y * 100),
                    "width": .number(box.part.width * 100),
                    "height": .number(box.part.height * 100), "rotation": 0,
                    "rectanglelabels": .array(box.about.policy.map { [.string($0.rawValue)] } ?? []),
                ],
            ])
        }
        return result
    }

    private var config: String {
        func escaped(_ text: String) -> String {
            text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
                .replacingOccurrences(of: "\"", with: "&quot;")
        }
        func each(_ tag: String, _ values: [String]) -> String {
            values.map { "    <\(tag) value=\"\(escaped($0))\"/>\n" }.joined()
        }
        let names = policies.map(\.rawValue)
        return """
            <View>
              <Labels name="words" toName="text">
            \(each("Label", names))  </Labels>
              <Text name="text" value="$text"/>
              <RectangleLabels name="regions" toName="image">
            \(each("Label", names))  </RectangleLabels>
              <Image name="image" value="$image"/>
              <Choices name="verdict" toName="text" choice="single" required="true">
            \(each("Choice", Verdict.allCases.map(\.rawValue)))  </Choices>
              <Choices name="policies" toName="text" choice="multiple">
            \(each("Choice", names))  </Choices>
            </View>

            """
    }
}
