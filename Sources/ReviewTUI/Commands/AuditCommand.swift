import ArgumentParser
import Queue

struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "The hash-chained record of every event.", subcommands: [Verify.self])

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Walk the chain and hold every decision against its event.",
            discussion: """
                Names the first row that was changed, dropped, swapped or inserted. A tail that was cut off, or a chain \
                computed anew, can only be seen by someone who kept the head elsewhere: write it down.
                """)

        @OptionGroup var options: GlobalOptions

        func run() throws {
            let report = try options.openQueue().auditVerify()
            if options.json { Output.result(report.json.text) }
            if let fault = report.fault {
                throw CommandFailure(
                    .failed, "The chain is broken at \(fault.table.rawValue) row \(fault.row): \(fault.reason)")
            }
            guard !options.json else { return }
            Output.result("\(report.events) events and \(report.decisions) decisions hold. Head: \(report.head)")
        }
    }
}
