import ArgumentParser
import Queue

struct FindCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "find", abstract: "List the items that a query matches.",
        discussion: """
            Terms side by side must all hold; or, not (or -) and parentheses combine them. For example: policy:hate \
            score>0.8 -lang:de age>2d "see you". Fields: policy, score, score(POLICY), source, lang, state, verdict, \
            reviewer, author, id, queue, age, flagged, has, mined, view; everything else is looked for in the text. Restricted \
            items come only with queue:restricted. Exit status 75: the time ran out before every item was looked at.
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(
        parsing: .allUnrecognized,
        help: ArgumentHelp(
            "What to look for. Several words are put together; quote what your shell would take.", valueName: "query"))
    var words: [String] = []
    @Option(help: "List at most this many items.")
    var limit = 100
    @Option(help: ArgumentHelp("Look for about this long at the longest.", valueName: "seconds"))
    var deadline = 30.0

    func validate() throws {
        if limit < 1 || limit > 1_000_000 { throw ValidationError("--limit lies from 1 to 1000000.") }
        if !(0.01...86_400).contains(deadline) { throw ValidationError("--deadline lies from 0.01 to 86400 seconds.") }
    }

    func run() throws {
        let store = try options.openQueue()
        let query = try store.query(words.joined(separator: " "))
        let start = ContinuousClock.now
        var bar = Progress("index", unit: "items")
        // Whatever the index does not reach is looked through, which takes longer.
        if query.looksForText {
            _ = try store.extendSearch(forSeconds: deadline / 2) { bar.show(done: $0, fraction: nil) }
        }
        bar.clear()
        let spent = ContinuousClock.now - start
        let left = deadline - Double(spent.components.seconds) - Double(spent.components.attoseconds) * 1e-18
        let page = try store.items(matching: query, limit: limit, forSeconds: left)
        if options.json {
            for item in page.items { Output.result(ContractJSON.found(item).text) }
        } else {
            let header = ["id", "state", "score", "policy", "flagged", "source", "text"]
            Output.result(Table.text(header: header, rows: page.items.map(Self.row)))
        }
        guard !page.ranOut else {
            throw CommandFailure(
                .tryAgain,
                """
                This is not everything: \(Int(page.searched * 100)) % of the queue was looked at in \
                \(String(format: "%g", deadline)) s. Give it longer with --deadline, or say more.
                """)
        }
        if page.next != nil, page.items.count == limit {
            Output.say("The first \(limit) are listed; --limit lists more.")
        }
    }

    private static func row(_ found: FoundItem) -> [String] {
        let summary = found.summary
        return [
            summary.id.rawValue, found.state.rawValue, summary.topScore.map { String(format: "%.2f", $0) } ?? "",
            summary.topPolicy?.rawValue ?? "", summary.flaggedAt.rfc3339, found.source ?? "",
            summary.firstLine.map { SafeText.line($0, limit: 60) } ?? summary.firstPath ?? "",
        ]
    }
}

extension QueueStore {
    /// Reads a query from the command line and looks up what it names.
    ///
    /// - throws: ``CommandFailure`` with the sentence, the query and a caret under the character that is wrong.
    func query(_ text: String) throws -> ItemQuery {
        do {
            let query = try ItemQuery(text)
            try check(query, of: text)
            return query
        } catch let error as QuerySyntaxError {
            throw CommandFailure(.usage, error.pointing)
        }
    }
}

extension QuerySyntaxError {
    /// The sentence, the query made visible, and a caret under the character.
    var pointing: String {
        var before = String.UnicodeScalarView()
        before.append(contentsOf: query.unicodeScalars.prefix(offset))
        // A long query is shown from a little before the place.
        let start = before.count > 60 ? before.count - 40 : 0
        var lead = String.UnicodeScalarView()
        lead.append(contentsOf: before.dropFirst(start))
        var shown = String.UnicodeScalarView()
        shown.append(contentsOf: query.unicodeScalars.dropFirst(start).prefix(100))
        let column = CellWidth.of(SafeText.line(String(lead)))
        return "\(sentence)\n  \(SafeText.line(String(shown)))\n  \(String(repeating: " ", count: column))^"
    }
}
