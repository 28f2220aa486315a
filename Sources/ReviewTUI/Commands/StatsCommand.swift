import ArgumentParser
import Queue

struct StatsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Count items, verdicts and what models have seen.")

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let stats = try options.openQueue().stats()
        if options.json { return Output.result(stats.json.text) }
        var rows = [
            ["pending", "\(stats.items.pending)"], ["leased", "\(stats.items.leased)"],
            ["decided", "\(stats.items.decided)"],
        ]
        rows += Verdict.allCases.map { ["  \($0.rawValue)", "\(stats.verdicts[$0] ?? 0)"] }
        rows.append(["waiting for another verdict", "\(stats.items.awaiting)"])
        rows.append(["set apart as gold", "\(stats.items.gold)"])
        rows.append(["decided from the uniform sample", "\(stats.sampled)"])
        for (name, outcomes) in [
            ("with an explanation", stats.judgement.explained), ("without one", stats.judgement.unexplained),
        ] {
            guard let rate = outcomes.overturnRate else { continue }
            rows.append([
                "proposals overturned, \(name)",
                "\(outcomes.overturned) of \(outcomes.agreed + outcomes.overturned) (\(Int((rate * 100).rounded())) %)",
            ])
        }
        let calls = (stats.judgement.firstCallsKept, stats.judgement.firstCallsChanged)
        if calls.0 + calls.1 > 0 {
            rows.append(["first calls changed after the model was seen", "\(calls.1) of \(calls.0 + calls.1)"])
        }
        if stats.judgement.groups > 0 {
            rows.append(["decided as part of \(stats.judgement.groups) groups", "\(stats.judgement.groupDecisions)"])
        }
        rows += stats.models.sorted { $0.key < $1.key }.map { ["scored by \($0.key)", "\($0.value)"] }
        if let oldest = stats.oldestPending { rows.append(["waiting longest since", oldest.rfc3339]) }
        Output.result(Table.text(header: ["what", "items"], rows: rows))
    }
}
