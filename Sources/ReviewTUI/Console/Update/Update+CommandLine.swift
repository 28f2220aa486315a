import Queue

/// The `:` line: a command's name, as far as it is certain, and what belongs to it: `:filter policy:hate`, `:severity 3`.
extension ConsoleState {
    /// Does what was typed, or says what to type instead.
    mutating func obey(_ line: String) -> [Effect] {
        let (typed, argument) = Self.parts(line)
        guard let command = CommandID(rawValue: Self.completed(typed)) else {
            say("There is no command “\(SafeText.line(typed, limit: 40))”; Tab completes names.", .bad)
            return []
        }
        guard let argument, !argument.isEmpty else { return run(command) }
        guard Command.row(of: command)?.argument != nil else {
            say("“\(command.rawValue)” stands alone: nothing was done. Leave out what follows it.", .bad)
            return []
        }
        switch command {
        case .search: return look(for: argument, .search)
        case .filter: return look(for: argument, .filter)
        default: break
        }
        guard focus != nil else {
            say("No item is before you to which this could belong.", .bad)
            return []
        }
        switch command {
        case .note:
            remember(argument, for: .note)
            return note(argument)
        case .escalateWithQuestion:
            remember(argument, for: .question)
            return escalate(asking: argument)
        case .severity: return severity(argument)
        default: return choose(argument)
        }
    }

    private mutating func look(for text: String, _ purpose: Prompt.Purpose) -> [Effect] {
        remember(text, for: purpose)
        return look(for: Prompt(purpose: purpose, text: text))
    }

    private mutating func severity(_ text: String) -> [Effect] {
        guard let number = Int(text), (0...4).contains(number) else {
            say("A severity is 1 (mild) to 4 (grave), or 0 for none: “:severity 3”.", .bad)
            return []
        }
        focus?.severity = number == 0 ? nil : number
        say(
            number == 0
                ? phrase("No severity.")
                : phrase("Severity \(number), \(SeverityView.name(number)), goes with your verdict."))
        return []
    }

    /// Chooses or drops a policy by its id, or by a beginning that only one has.
    private mutating func choose(_ text: String) -> [Effect] {
        let ids = taxonomy.map(\.id)
        let found = ids.filter { $0.rawValue == text }.first.map { [$0] } ?? ids.filter { $0.rawValue.hasPrefix(text) }
        guard let policy = found.first, found.count == 1 else {
            let shown = SafeText.line(text, limit: 40)
            let which = found.prefix(4).map(\.rawValue).joined(separator: ", ")
            say(
                SafeText.line(
                    found.isEmpty
                        ? phrase("There is no policy “\(shown)”; “:policies” lists them.")
                        : phrase("“\(shown)” may be \(which)\(found.count > 4 ? " …" : ""): type more of it."),
                    limit: 200),
                .bad)
            return []
        }
        focus?.choice.toggle(policy, taxonomy: taxonomy)
        let isChosen = focus?.choice.chosen.contains(policy) ?? false
        say(SafeText.line("\(isChosen ? "Chosen" : "Dropped"): \(policy.rawValue).", limit: 100))
        return []
    }

    // MARK: Completion

    /// A line's first word and what follows it; nil where no space does.
    static func parts(_ line: String) -> (name: String, argument: String?) {
        guard let space = line.firstIndex(of: " ") else { return (line, nil) }
        return (String(line[..<space]), String(line[space...]).trimmingSpaces)
    }

    /// What the line may become, for showing beside it: names; what belongs to a name that is certain; policies.
    func candidates(for line: String) -> String {
        let (typed, argument) = Self.parts(line)
        let names = Self.completions(of: typed)
        let only = names.count == 1 || names.contains(typed) && argument != nil
        guard only, let command = CommandID(rawValue: names.contains(typed) ? typed : names[0]),
            let row = Command.row(of: command)
        else { return names.isEmpty ? phrase("no such command") : names.joined(separator: "  ") }
        guard let argument else { return [row.argument, row.help].compactMap { $0 }.joined(separator: "  ") }
        guard let wanted = row.argument else { return phrase("nothing belongs to it") }
        guard command == .policies else { return argument.isEmpty ? wanted : "" }
        let policies = taxonomy.map(\.id.rawValue).filter { $0.hasPrefix(argument) }
        return policies.isEmpty ? phrase("no such policy") : SafeText.line(policies.joined(separator: "  "), limit: 200)
    }

    /// The line as far as what was typed makes it certain.
    func completedLine(_ line: String) -> String {
        let (typed, argument) = Self.parts(line)
        let name = Self.completed(typed)
        guard let argument else {
            let takesMore = CommandID(rawValue: name).flatMap(Command.row)?.argument != nil
            return takesMore && Self.completions(of: name).count == 1 ? name + " " : name
        }
        guard name == CommandID.policies.rawValue else { return line }
        return "\(name) \(Self.common(taxonomy.map(\.id.rawValue).filter { $0.hasPrefix(argument) }) ?? argument)"
    }

    /// The names of commands that begin as typed.
    static func completions(of typed: String) -> [String] {
        CommandID.allCases.map(\.rawValue).filter { $0.hasPrefix(typed) }
    }

    /// A command's name as far as what was typed makes it certain.
    static func completed(_ typed: String) -> String {
        let names = completions(of: typed)
        return names.contains(typed) ? typed : common(names) ?? typed
    }

    private static func common(_ names: [String]) -> String? {
        guard var common = names.first else { return nil }
        for name in names { common = common.commonPrefix(with: name) }
        return common
    }
}
