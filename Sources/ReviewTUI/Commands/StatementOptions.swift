import ArgumentParser
import Queue

/// What `decide` can say about the statement of reasons.
struct StatementOptions: ParsableArguments {
    @Option(help: "What the content breaks: \(StatementDraft.Ground.allCases.map(\.rawValue).joined(separator: ", ")).")
    var ground: StatementDraft.Ground?
    @Option(help: ArgumentHelp("The law, or the clause of the terms.", valueName: "text"))
    var reference: String?
    @Option(help: ArgumentHelp("Why the content breaks it.", valueName: "text"))
    var explanation: String?
    @Option(help: ArgumentHelp("The facts relied on.", valueName: "text"))
    var facts: String?
    @Option(help: "What is done; once for each: \(Measure.allCases.map(\.rawValue).joined(separator: ", ")).")
    var measure: [Measure] = []
    @Option(help: ArgumentHelp("The last day of the measures, YYYY-MM-DD.", valueName: "day"))
    var until: String?
    @Option(help: ArgumentHelp("STATEMENT_CATEGORY_…, or what follows that.", valueName: "name"))
    var category: String?
    @Option(help: ArgumentHelp("EU, EEA, or a country of it by two letters; once for each.", valueName: "code"))
    var territory: [String] = []
    @Option(
        help:
            "What brought the content here: \(StatementDraft.Source.allCases.map(\.rawValue).joined(separator: ", ")).")
    var source: StatementDraft.Source?
    @Flag(inversion: .prefixedNo, help: "Whether automated means found the content.")
    var automatedDetection: Bool?

    /// Nil where nothing is said.
    var draft: StatementDraft? {
        let draft = StatementDraft(
            ground: ground, reference: reference, explanation: explanation, facts: facts, measures: Set(measure),
            until: until, category: category, territory: Set(territory), source: source,
            automatedDetection: automatedDetection)
        return draft == StatementDraft() ? nil : draft
    }
}

extension StatementDraft.Ground: ExpressibleByArgument {}
extension StatementDraft.Source: ExpressibleByArgument {}
extension Measure: ExpressibleByArgument {}
