import ArgumentParser
import Foundation
import Queue

struct AgreementCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agreement", abstract: "How far reviewers agree, on the verdict and on each policy.",
        discussion: """
            Percent agreement, Fleiss' kappa (complete items only), Krippendorff's alpha (nominal) and Gwet's AC1 over \
            everybody; percent and Cohen's kappa for pairs. Each with the number of items and a 95 % interval from a \
            seeded bootstrap over items. Counts what each reviewer decided last about an item and did not undo; items \
            that fewer than two reviewers decided are passed over.
            """)

    @OptionGroup var options: GlobalOptions
    @Option(help: ArgumentHelp("This policy only.", valueName: "id"))
    var policy: String?
    @Option(parsing: .upToNextOption, help: ArgumentHelp("These two reviewers only.", valueName: "reviewer"))
    var pair: [String] = []
    @Option(
        help: ArgumentHelp("A CSV file with the columns item, rater, label, instead of the queue.", valueName: "file"))
    var ratings: String?
    @Flag(help: "Verdicts on appeals too, though whoever gives one sees the earlier ones.")
    var appeals = false
    @Option(help: "The bootstrap's seed: the same gives the same intervals.")
    var seed: UInt64 = 1
    @Option(help: "Resamples for the intervals, 0 to 100000.")
    var samples = 1000

    func validate() throws {
        guard pair.isEmpty || pair.count == 2 else { throw ValidationError("--pair takes two reviewers.") }
        guard (0...100_000).contains(samples) else { throw ValidationError("--samples lies in 0...100000.") }
        guard ratings == nil || policy == nil else {
            throw ValidationError("A file of ratings has labels, not policies: leave --policy out.")
        }
    }

    func run() throws {
        let rules = BootstrapRules(seed: seed, samples: samples)
        let two = pair.count == 2 ? (pair[0], pair[1]) : nil
        let reports =
            if let ratings {
                [
                    try AgreementReport(
                        subject: "label", table: try RatingTable(csv: URL(fileURLWithPath: ratings).path), pair: two,
                        rules: rules)
                ]
            } else {
                try options.openQueue().agreement(
                    policy: policy.map { PolicyID($0) }, pair: two, includingAppeals: appeals, rules: rules)
            }
        if options.json {
            let document: JSONValue = [
                "seed": .digits("\(seed)"), "samples": .integer(Int64(samples)), "confidence": 0.95,
                "agreement": .array(reports.map(\.json)),
            ]
            return Output.result(document.text)
        }
        Output.result(
            Table.text(
                header: ["subject", "raters", "coefficient", "value", "95 % interval", "items", "remark"],
                rows: reports.flatMap(Self.rows)))
        for report in reports where report.pairsLeftOut > 0 {
            Output.say("\(report.subject): \(report.pairsLeftOut) pairs with fewer items in common; --pair names one.")
        }
    }

    private static func rows(_ report: AgreementReport) -> [[String]] {
        func rows(_ raters: String, _ estimates: [Coefficient: Estimate]) -> [[String]] {
            Coefficient.allCases.compactMap { coefficient in
                estimates[coefficient].map { estimate in
                    [
                        report.subject, raters, coefficient.rawValue, estimate.value.map(shown) ?? "-",
                        estimate.interval.map { "\(shown($0.lowerBound)) … \(shown($0.upperBound))" } ?? "-",
                        "\(estimate.items)", estimate.reason ?? "",
                    ]
                }
            }
        }
        return rows("all \(report.raters)", report.overall)
            + report.pairs.flatMap { rows("\($0.first), \($0.second)", $0.estimates) }
    }

    private static func shown(_ value: Double) -> String { String(format: "%.4f", value) }
}
