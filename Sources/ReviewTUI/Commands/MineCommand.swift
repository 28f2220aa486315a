import ArgumentParser
import Foundation
import Queue

struct MineCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mine", abstract: "Bring up the items that teach most, and verdicts that are likely wrong.",
        discussion: """
            Of pending items (entropy, margin, disagreement; diversity for a start without verdicts) the hardest come next \
            in their line, in place of what the same strategy had put there before. Of decided ones (human: a model \
            contradicts a person's label; twins: items that look or read the same have opposite verdicts; label-errors: \
            fits that have not seen a label contradict it, confident learning) the likeliest errors go to a second reviewer, who \
            is not told, and where the two differ a third decides. The verdict that follows carries the strategy into \
            every export, so that the choice can be undone in training. Claims that are drawn at random stay as they are.
            """)

    @OptionGroup var options: GlobalOptions
    @Option(help: "One of \(MiningStrategy.allCases.map(\.rawValue).joined(separator: ", ")).")
    var by: MiningStrategy
    @Option(
        help: ArgumentHelp(
            "Only what this model says counts; all by default. Without a version the newest.", valueName: "name@version"
        ))
    var model: String?
    @Option(help: ArgumentHelp("Only this policy and those beneath it count; all by default.", valueName: "id"))
    var policy: String?
    @Option(
        help: """
            How many items, at most \(MiningRules.countLimit). 0 puts pending ones back where the strategy took them from.
            """)
    var count = 50
    @Flag(help: "Show what would be chosen and change nothing.")
    var dryRun = false

    func run() throws {
        let store = try options.openQueue()
        let rules = MiningRules(
            strategy: by, model: try model.map(store.modelName), policy: policy.map { PolicyID($0) }, count: count,
            isDryRun: dryRun)
        try store.check(rules)
        let report = try report(of: rules, in: store)
        if options.json { return Output.result(MinedJSON.report(report, rules).text) }
        if !report.items.isEmpty {
            Output.result(
                Table.text(header: ["item", "policy", "label", "score", "why"], rows: report.items.map(MinedWords.row)))
        }
        Output.say(MinedWords.summary(report, rules))
    }

    private func report(of rules: MiningRules, in store: QueueStore) throws -> MiningReport {
        switch by {
        case .diversity: return try MiningByEmbeddings(store: store, model: rules.model).diverse(rules)
        case .labelErrors:
            let bar = SharedProgress("mine", unit: "policies")
            defer { bar.clear() }
            return try MiningByEmbeddings(store: store, model: rules.model).labelErrors(rules) { done, total in
                bar.show(done: done, fraction: Double(done) / Double(total))
            }
        default:
            if by == .twins { try catchUpWithTexts(store) }
            var bar = Progress("mine", unit: "items")
            defer { bar.clear() }
            return try store.mine(rules) { bar.show(done: $0, fraction: nil) }
        }
    }

    private func catchUpWithTexts(_ store: QueueStore) throws {
        var bar = Progress("compare", unit: "texts")
        while try !store.extendTwins(forSeconds: 60, progress: { bar.show(done: $0, fraction: nil) }) {}
        bar.clear()
    }
}

extension MiningStrategy: ExpressibleByArgument {}

/// What a mining says to people.
enum MinedWords {
    /// Item, policy, label, score and why.
    static func row(_ mined: MinedItem) -> [String] {
        let value = String(format: "%.3f", mined.value)
        let id = mined.item.rawValue
        switch mined.reason {
        case .unsure(let policy, let probability):
            return [id, policy.rawValue, "", value, "a model says \(Self.share(probability))"]
        case .modelsDiffer(let policy, let least, let most):
            return [id, policy.rawValue, "", value, "models say \(Self.share(least)) to \(Self.share(most))"]
        case .stands: return [id, "", "", value, "stands for others like it"]
        case .contradicted(let policy, let isViolation, let model, let probability):
            return [
                id, policy.rawValue, isViolation ? "violates" : "does not", value,
                "\(model) says \(Self.share(probability))",
            ]
        case .twins(let twins):
            let named = twins.map { twin in
                let policies =
                    twin.policies.isEmpty ? "" : " (\(twin.policies.map(\.rawValue).joined(separator: ", ")))"
                return "\(twin.verdict) on \(twin.item?.rawValue ?? "a restricted item")\(policies)"
            }
            return [id, "", mined.verdict?.rawValue ?? "", value, named.joined(separator: "; ")]
        }
    }

    static func summary(_ report: MiningReport, _ rules: MiningRules) -> String {
        let looked = "\(report.looked) items were looked at"
        guard !report.items.isEmpty else {
            return rules.count == 0
                ? "\(report.returned) items stand where they stood before."
                : "Nothing was found by \(rules.strategy.rawValue): \(looked)."
        }
        let (one, many) =
            rules.strategy.choosesPending
            ? ("comes next in its line", "come next in their lines")
            : ("goes to a second reviewer", "go to a second reviewer")
        let items = report.items.count == 1 ? "1 item" : "\(report.items.count) items"
        let verb = report.items.count == 1 ? one : many
        let back = report.returned > 0 ? " \(report.returned) of an earlier mining were put back." : ""
        return rules.isDryRun
            ? "\(items) found; nothing was changed. \(looked)." : "\(items) \(verb); \(looked).\(back)"
    }

    private static func share(_ probability: Double) -> String { String(format: "%.2f", probability) }
}

/// What a mining says to programs.
enum MinedJSON {
    static func report(_ report: MiningReport, _ rules: MiningRules) -> JSONValue {
        [
            "strategy": .string(rules.strategy.rawValue), "dry_run": .bool(rules.isDryRun),
            "looked": .integer(Int64(report.looked)), "returned": .integer(Int64(report.returned)),
            "items": .array(report.items.map(item)),
        ]
    }

    private static func item(_ mined: MinedItem) -> JSONValue {
        var members = [JSONMember("id", .string(mined.item.rawValue)), JSONMember("value", .number(mined.value))]
        if let verdict = mined.verdict { members.append(JSONMember("verdict", .string(verdict.rawValue))) }
        switch mined.reason {
        case .unsure(let policy, let probability):
            members += [
                JSONMember("policy", .string(policy.rawValue)), JSONMember("probability", .number(probability)),
            ]
        case .modelsDiffer(let policy, let least, let most):
            members += [
                JSONMember("policy", .string(policy.rawValue)),
                JSONMember("probabilities", [.number(least), .number(most)]),
            ]
        case .stands: break
        case .contradicted(let policy, let isViolation, let model, let probability):
            members += [
                JSONMember("policy", .string(policy.rawValue)), JSONMember("label", .integer(isViolation ? 1 : 0)),
                JSONMember("model", .string(model)), JSONMember("probability", .number(probability)),
            ]
        case .twins(let twins):
            members.append(
                JSONMember(
                    "twins",
                    .array(
                        twins.map { twin in
                            [
                                "id": .optional(twin.item?.rawValue), "verdict": .string(twin.verdict.rawValue),
                                "policies": .array(twin.policies.map { .string($0.rawValue) }),
                            ]
                        })))
        }
        return .object(members)
    }
}
