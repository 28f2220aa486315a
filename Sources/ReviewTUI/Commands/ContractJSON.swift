import Queue

/// The JSON in which items, claims and receipts leave the command line, the same as in the files that come in.
enum ContractJSON {
    /// `{"lease":…,"expires_at":…,"item":{…}}`.
    static func claim(_ claim: Claim) -> JSONValue {
        var members = [
            JSONMember("lease", .string(claim.lease.token)),
            JSONMember("expires_at", .string(claim.lease.expiresAt.rfc3339)),
            JSONMember("item", item(claim.item, scores: claim.scores, explanations: claim.explanations)),
        ]
        if let probability = claim.sampledWithProbability {
            members.append(JSONMember("sampled_with_probability", .number(probability)))
        }
        if let strategy = claim.mined { members.append(JSONMember("mined", .string(strategy.rawValue))) }
        if let appeal = claim.appeal {
            members.append(JSONMember(appeal.isEscalation ? "escalation" : "appeal", self.appeal(appeal)))
        }
        return .object(members)
    }

    /// What is appealed, with every verdict and undo before, oldest first.
    static func appeal(_ appeal: Appeal) -> JSONValue {
        [
            "note": .optional(appeal.note), "filed_at": .string(appeal.filedAt.rfc3339),
            "history": .array(
                appeal.history.map { record in
                    [
                        "verdict": .optional(record.verdict?.rawValue),
                        "policies": .array(record.policies.map { .string($0.rawValue) }),
                        "reviewer": .string(record.reviewer), "decided_at": .string(record.decidedAt.rfc3339),
                        "note": .optional(record.note),
                    ]
                }),
        ]
    }

    static func receipt(_ receipt: DecisionReceipt) -> JSONValue {
        ["decision": .string(receipt.decision), "hash": .string(receipt.hash), "id": .string(receipt.item.rawValue)]
    }

    /// An item as an ingested line has it; what the source did not give is left out.
    static func item(_ item: Item, scores: [Score], explanations: [Explanation]) -> JSONValue {
        var members = [JSONMember("id", .string(item.id.rawValue))]
        func add(_ key: String, _ value: JSONValue) {
            if value != .null { members.append(JSONMember(key, value)) }
        }
        add("text", .optional(item.text))
        add("lang", .optional(item.language))
        if !item.media.isEmpty { add("media", .array(item.media.map(media))) }
        add("source", .optional(item.source))
        add("author", .optional(item.author))
        add("created_at", .optional(item.createdAt?.rfc3339))
        add("flagged_at", .string(item.flaggedAt.rfc3339))
        add("priority", .number(item.priority))
        add("due_at", .optional(item.dueAt?.rfc3339))
        add("metadata", (try? JSONValue(parsing: item.metadata)) ?? .object([]))
        add("scores", .array(scores.map(score)))
        add("explanations", .array(explanations.map { explanation($0, isStale: $0.isStale(among: scores)) }))
        if !item.reports.isEmpty { add("reports", .array(item.reports.map(report))) }
        return .object(members)
    }

    /// One line of `find --json`: what the list shows of an item.
    static func found(_ found: FoundItem) -> JSONValue {
        let summary = found.summary
        return [
            "id": .string(summary.id.rawValue), "state": .string(found.state.rawValue),
            "queue": .string(found.queue.rawValue), "kind": .string(summary.kind.rawValue),
            "first_line": .optional(summary.firstLine), "top_score": .optional(summary.topScore),
            "top_policy": .optional(summary.topPolicy?.rawValue), "flagged_at": .string(summary.flaggedAt.rfc3339),
            "source": .optional(found.source), "lang": .optional(found.language), "author": .optional(found.author),
            "leased_by": .optional(summary.leasedBy),
        ]
    }

    static func score(_ score: Score) -> JSONValue { score.json }

    /// With `grid` [rows, columns] and row-major `values`, or `spans` of [start, end, weight] in Unicode scalars.
    ///
    /// - Parameter isStale: whether it was made for a head that no longer scores its policy.
    static func explanation(_ explanation: Explanation, isStale: Bool = false) -> JSONValue {
        var members = [
            JSONMember("model", .string(explanation.model)),
            JSONMember("policy", .optional(explanation.policy?.rawValue)),
            JSONMember("method", .string(explanation.method)),
            JSONMember("signed", .bool(explanation.signed)),
            JSONMember("max", number(explanation.max)),
        ]
        if let head = explanation.head { members.append(JSONMember("head", .string(head))) }
        if isStale { members.append(JSONMember("stale", .bool(true))) }
        switch explanation.relevance {
        case .grid(let rows, let columns, let values):
            if explanation.mediaIndex > 0 {
                members.append(JSONMember("media", .integer(Int64(explanation.mediaIndex))))
            }
            members.append(JSONMember("grid", [.integer(Int64(rows)), .integer(Int64(columns))]))
            members.append(JSONMember("values", .array(values.map(number))))
        case .spans(let spans):
            let triples = spans.map { span -> JSONValue in
                [.integer(Int64(span.start)), .integer(Int64(span.end)), number(span.weight)]
            }
            members.append(JSONMember("spans", .array(triples)))
        }
        return .object(members)
    }

    /// A single-precision value with the digits it has, not with the noise of its widening.
    private static func number(_ value: Float) -> JSONValue { .number(Double("\(value)") ?? Double(value)) }

    private static func media(_ media: MediaReference) -> JSONValue {
        [
            "path": .string(media.path), "sha256": .string(media.sha256), "bytes": .integer(media.byteCount),
            "stored": .string(media.storedPath),
        ]
    }

    private static func report(_ report: Report) -> JSONValue {
        ["reason": .string(report.reason), "reporter": .optional(report.reporter)]
    }
}

extension ContractJSON {
    static func policy(_ policy: Policy) -> JSONValue {
        [
            "id": .string(policy.id.rawValue), "title": .string(policy.title), "summary": .string(policy.summary),
            "threshold": .number(policy.threshold), "severity": .integer(Int64(policy.severity)),
            "restricted": .bool(policy.restricted), "blurred": .bool(policy.soften.contains(.blur)),
            "soften": .array(policy.soften.sorted().map { .string($0.rawValue) }),
        ]
    }
}
