import Foundation

/// What a snapshot says about itself: its manifest for programs, its data card for people.
///
/// Neither holds a time of day or a path, so that the same decisions give the same bytes.
struct SnapshotDescription {
    var rules: ExportRules
    var filter: String?
    var bound: ExportBound
    var parent: ParentSnapshot?
    var departures: Departures
    var taxonomy: Taxonomy
    var shared: SharedJudgements
    var clusters: ClusterFacts
    var counts = SnapshotCounts()
    /// Of a table.
    var columns: [SnapshotColumn] = []
    /// What the format had no place for.
    var formatLeftOut: [LeftOut] = []
    var report = ExportReport(rows: 0, leftOut: 0, splits: [:], sha256: "", lastEvent: 0)

    // MARK: - Manifest

    func manifest(of files: [SnapshotEntry]) -> JSONValue {
        var members = [
            JSONMember("format", "reviewtui-snapshot"), JSONMember("version", 1),
            JSONMember("data", .string(rules.format.rawValue)), JSONMember("tool", .string(rules.tool)),
            JSONMember("as_of", .string(bound.time.rfc3339)),
            JSONMember("audit", bound.json(first: (parent?.lastEvent ?? 0) + 1)),
            JSONMember("departures", departures.json), JSONMember("parent", parent?.json ?? .null),
            JSONMember(
                "taxonomy", ["name": .string(taxonomy.name), "version": .integer(Int64(taxonomy.version))]),
            JSONMember("rows", .integer(Int64(report.rows))),
            JSONMember("left_out_restricted", .integer(Int64(report.leftOut))),
            JSONMember("splits", report.json["splits"] ?? .null), JSONMember("sampling", counts.samplingJSON),
            JSONMember("files", .array(files.map(\.json))),
        ]
        if !columns.isEmpty { members.append(JSONMember("columns", .array(columns.map(\.json)))) }
        members += formatLeftOut.map { JSONMember($0.name, .optional($0.count)) }
        if let model = rules.embeddings { members.append(JSONMember("embeddings", .string(model))) }
        if rules.isSpreadsheetSafe { members.append(JSONMember("spreadsheet_safe", true)) }
        if let filter { members.append(JSONMember("filter", .string(filter))) }
        if let least = rules.leastAgreement {
            members += [
                JSONMember("min_agreement", .number(least)),
                JSONMember("left_out_disputed", .integer(Int64(report.disputed))),
            ]
        }
        return .object(members)
    }

    // MARK: - Data card

    /// Writes `README.md`.
    func writeCard(to folder: String) throws -> SnapshotEntry {
        let file = try SnapshotFile(folder: folder, name: "README.md")
        try file.append(card)
        return try file.finish(rows: nil)
    }

    var card: String {
        [
            "# Moderation decisions", what, sampling, labels, agreement, splits, sensitivity,
        ].joined(separator: "\n\n") + "\n"
    }

    var what: String {
        var text = """
            \(report.rows) decisions that stood on \(bound.time.rfc3339), up to event \(bound.event) of the audit chain of \
            the queue they come from, under the policies "\(Visible.text(taxonomy.name))", version \(taxonomy.version). \
            Written by \(rules.tool) as \(rules.format.rawValue); `manifest.json` has the SHA-256 of every file.
            """
        if let filter { text += "\n\nOnly items that match `\(Visible.text(filter, limit: 400))`." }
        if let parent, let retractions = report.retractions {
            text += """


                It goes on from the snapshot whose manifest has the SHA-256 `\(parent.manifest.hex)` and holds what came \
                after event \(parent.lastEvent). \(retractions) earlier verdicts no longer stand: `retractions.jsonl` \
                names them by `decision`, and they are to be taken out.
                """
        }
        if report.leftOut > 0 {
            text += "\n\nNot in it: \(report.leftOut) decisions on restricted items, which never leave the queue."
        }
        for left in formatLeftOut where left.count > 0 { text += "\n\nNot in it: \(left.count) \(left.what)." }
        if rules.isSpreadsheetSafe {
            text += "\n\nTexts that a spreadsheet would take for a formula begin with an apostrophe: not for training."
        }
        if let model = rules.embeddings {
            text += "\n\n`embedding` is what the model \(Visible.text(model)) made of the item, not scaled to length 1."
        }
        if report.disputed > 0 {
            text += """


                Not in it: \(report.disputed) decisions on which fewer than \(rules.leastAgreement ?? 0) of the item's \
                reviewers agree.
                """
        }
        return text
    }

    private var sampling: String {
        """
        ## How the items were chosen

        \(counts.samplings[.uniform] ?? 0) of \(counts.rows) rows come from items that were drawn uniformly (`sampling` is \
        `uniform`, and `sampled` the share of claims so drawn). \(counts.samplings[.rank] ?? 0) came by rank, which favours \
        what a model scored high and what was urgent.\(mined) Rates, calibration, thresholds and recall must be worked out \
        on the uniform rows alone, or they describe the queue's order and not its content.
        """
    }

    private var mined: String {
        let rows = MiningStrategy.allCases.compactMap { strategy in
            counts.samplings[.mined(strategy)].map { "\($0) by `\(strategy.rawValue)`" }
        }
        guard !rows.isEmpty else { return "" }
        return """
             The others were mined (`sampling` is `mined`): \(rows.joined(separator: ", ")). They were chosen because a \
            model was unsure of them or a verdict was in doubt, so they are harder than the rest.
            """
    }

    private var labels: String {
        let splits = Split.allCases.map(\.name)
        let withNone = counts.splits["none"] != nil
        let verdicts = counts.verdicts.map { verdict, rows in
            [verdict] + Split.allCases.map { "\(rows[$0.rawValue])" } + (withNone ? ["\(rows[3])"] : [])
        }
        let policies = counts.policies.map { count in
            [count.policy.rawValue]
                + Split.allCases.map { "\(count.violations[$0.rawValue]) / \(count.others[$0.rawValue])" }
                + (withNone ? ["\(count.violations[3]) / \(count.others[3])"] : []) + ["\(count.byModel)"]
        }
        let head = splits + (withNone ? ["none"] : [])
        return """
            ## Labels

            Rows by verdict and split:

            \(Self.table(["verdict"] + head, verdicts))

            Labels by policy and split, "violates / does not". A policy without a label in a row is unknown there, not \
            absent. The last column counts labels that the model proposed and a reviewer confirmed with one key (origin \
            `model`): weigh them less, or a model learns its own opinion.

            \(Self.table(["policy"] + head + ["confirmed"], policies))
            """
    }

    private var agreement: String {
        let head = "## Agreement\n\n"
        let table = try? RatingTable(
            shared.ofItem.sorted { $0.key < $1.key }.flatMap { item, judgements in
                judgements.judgements.map {
                    Rating(item: String(item), rater: $0.reviewer, label: $0.verdict.rawValue)
                }
            })
        guard let table, table.itemCount > 0 else {
            return head + "No item was judged by a second reviewer, so nothing is known of how far reviewers agree."
        }
        let patterns = RatingPatterns(rows: table.rows, labelCount: table.labels.count)
        func said(_ coefficient: Coefficient) -> String {
            switch patterns.value(of: coefficient, occurrences: patterns.occurrences) {
            case .success(let value): String(format: "%.3f", value)
            case .failure(let reason): "undefined (\(reason.rawValue))"
            }
        }
        return head + """
            \(table.itemCount) items of the queue were judged by several reviewers who did not know each other's verdict; \
            \(counts.shared) rows here are on such items and carry `reviewers`, `agreement` and `soft_labels`. Of two \
            verdicts on one of them \(said(.percent)) are equal; Krippendorff's alpha is \(said(.krippendorffAlpha)).
            """
    }

    private var splits: String {
        let none = counts.splits["none"].map {
            " \($0) rows have none: their item is tied to clusters of several splits and would let one see into another."
        }
        return """
            ## Splits

            Eight tenths of the clusters are for training, one for validation, one for the test. A cluster is all that \
            hangs together by the same file, a picture that looks the same, an equal text or the same author. An item \
            keeps its split in every snapshot of this queue.\(none ?? "") Of the \(clusters.items) items that the queue has \
            given a split, the largest cluster holds \(clusters.largest).\(clusters.warning)
            """
    }

    private var sensitivity: String {
        """
        ## Licence and sensitivity

        No licence comes with this: texts and pictures belong to those who posted them, and were collected to be \
        moderated. It holds content that violates policies, may distress whoever reads it, and is personal data. Keep it \
        where only those can read it who need to, and delete it with the purpose.

        Reviewers are pseudonyms that only this queue can resolve. Restricted items and what was erased are not in it; \
        what is erased later is listed with the exports that hold it, and as a retraction in the next snapshot that goes \
        on from this one.
        """
    }

    private static func table(_ head: [String], _ rows: [[String]]) -> String {
        guard !rows.isEmpty else { return "None." }
        let lines = [head, head.map { _ in "---" }] + rows
        return lines.map { "| \($0.joined(separator: " | ")) |" }.joined(separator: "\n")
    }
}
