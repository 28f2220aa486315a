import ArgumentParser
import Foundation
import Queue

struct EraseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "erase", abstract: "Erase an item, or all of an author's, for good.",
        discussion: """
            Deletes rows, media files and the keys of what the audit chain says about them; a tombstone stays, and \
            decisions without note and scores. Then the database is rewritten, so that no file holds a trace: that \
            takes its size again on the disk, and writers wait. Earlier exports that hold the item are listed: erase \
            there yourself.
            """)

    @OptionGroup var options: GlobalOptions
    @Option(help: ArgumentHelp("The item to erase.", valueName: "id"))
    var item: String?
    @Option(help: ArgumentHelp("Erase every item of this author.", valueName: "name"))
    var author: String?
    @OptionGroup var how: ErasureOptions
    @Flag(help: "Go on with an erasure that was cut short; erases nothing new.")
    var finish = false

    func validate() throws {
        if [item != nil, author != nil, finish].filter({ $0 }).count != 1 {
            throw ValidationError("Name one: --item, --author or --finish.")
        }
    }

    func run() throws {
        let store = try options.openQueue()
        if finish {
            let files = try store.finishErasure()
            if options.json { return Output.result((["files": .integer(Int64(files))] as JSONValue).text) }
            return Output.say("Nothing of what was erased is left in the queue's files.")
        }
        let scope = item.map { ErasureScope.item(ItemID($0)) } ?? .author(author ?? "")
        let report = try how.erase(scope, in: store, label: "erase")
        try how.tell(report, json: options.json)
        if report.onHold > 0 {
            throw CommandFailure(
                .rejected,
                "\(report.onHold) under legal hold left alone: --despite-hold erases them, if the law lets you.")
        }
    }
}

struct PurgeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge", abstract: "Erase what is older than the retention allows.",
        discussion: """
            An item's age counts from its ingestion or its last verdict or undo, whichever is later. Undecided items \
            stay unless --undecided is given, and what is under legal hold stays unless --despite-hold is. Erases as \
            erase does.
            """)

    @OptionGroup var options: GlobalOptions
    @Option(help: ArgumentHelp("An age such as 36h, 180d, 26w or 2y (365 days each).", valueName: "age"))
    var olderThan: RetentionAge
    @Flag(help: "Erase old items, too, that nobody has decided.")
    var undecided = false
    @OptionGroup var how: ErasureOptions

    func run() throws {
        let store = try options.openQueue()
        let scope = ErasureScope.untouched(
            since: Timestamp.now.adding(seconds: -olderThan.seconds), includingUndecided: undecided)
        let report = try how.erase(scope, in: store, label: "purge")
        try how.tell(report, json: options.json)
    }
}

/// Options of both.
struct ErasureOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Why, such as a request's number. It stays on record for good.", valueName: "text"))
    var reason: String?
    @Option(help: "Who erases, for the record; the operating system's user by default.")
    var reviewer: String?
    @Flag(help: "Erase also what somebody is reviewing; their lease is lost.")
    var force = false
    @Flag(help: "Erase also what is under legal hold (the restricted queue).")
    var despiteHold = false
    @Flag(help: "Only count.")
    var dryRun = false

    func erase(_ scope: ErasureScope, in store: QueueStore, label: String) throws -> ErasureReport {
        let rules = ErasureRules(
            by: Reviewer.name(option: reviewer), reason: reason, endingLeases: force, despiteHold: despiteHold,
            isDryRun: dryRun)
        var bar = Progress(label, unit: "items")
        defer { bar.clear() }
        return try store.erase(scope, rules: rules) { bar.show(done: $0, fraction: nil) }
    }

    /// Says what was done and what was not.
    ///
    /// - throws: ``CommandFailure`` with status 75 where something is to be done again.
    func tell(_ report: ErasureReport, json: Bool) throws {
        if json {
            Output.result(report.json.text)
        } else {
            Output.say(sentences(of: report).joined(separator: "\n"))
        }
        if let unfinished = report.unfinished {
            throw CommandFailure(
                .tryAgain,
                "The rows are erased, but traces may be left in the files: \(unfinished) Then: reviewtui erase --finish"
            )
        }
        if report.underReview > 0, !dryRun {
            throw CommandFailure(
                .tryAgain,
                "\(report.underReview) under review left alone: try again later, or with --force.")
        }
    }

    private func sentences(of report: ErasureReport) -> [String] {
        var lines = [
            dryRun
                ? "\(report.erased) items with \(report.decisions) decisions would be erased."
                : "\(report.erased) items and \(report.files) files erased; \(report.decisions) decisions blanked."
        ]
        if report.undecided > 0 { lines.append("\(report.undecided) are undecided and stay: see --undecided.") }
        if dryRun, report.underReview > 0 { lines.append("\(report.underReview) are under review and would stay.") }
        if report.onHold > 0 { lines.append("\(report.onHold) are under legal hold and stay.") }
        for original in report.linkedOriginals {
            lines.append("Linked, not copied, so delete it where it is: \(original)")
        }
        for export in report.exports {
            let word = export.isCertain ? "holds" : "may hold"
            lines.append(
                "The export in \(export.folder) of \(export.exportedAt.rfc3339) \(word) \(export.items) of them: "
                    + "erase there yourself, and in every copy.")
        }
        for head in report.heads {
            lines.append(
                "The head \(head.id) may have been fitted on \(head.items) of them"
                    + (head.isInUse ? " and is in use: fit it again (reviewtui train)." : "; it is not in use."))
        }
        return lines
    }
}

/// An age as retention rules write it.
struct RetentionAge: ExpressibleByArgument {
    let seconds: Double

    init?(argument: String) {
        let units: [Character: Double] = ["h": 3600, "d": 86_400, "w": 604_800, "y": 31_536_000]
        guard let unit = argument.last.flatMap({ units[$0] }), let count = Int(argument.dropLast()), count > 0,
            count <= 1_000_000
        else { return nil }
        seconds = Double(count) * unit
    }
}
