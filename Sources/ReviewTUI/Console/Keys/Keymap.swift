import TOMLKit

/// Which key asks for which command: a profile of `keymaps/`, or the command table's own keys.
struct Keymap: Hashable, Sendable {
    let name: String
    private let commands: [Key: CommandID]
    /// In the order in which the profile gives them; the first is shown in hints.
    private let keys: [CommandID: [Key]]

    /// The keys of the command table.
    static let standard: Keymap = {
        var commands: [Key: CommandID] = [:]
        var keys: [CommandID: [Key]] = [:]
        for command in Command.table {
            let named = command.keys.compactMap(Key.init(name:))
            keys[command.id] = named
            for key in named { commands[key] = command.id }
        }
        return Keymap(name: "default", commands: commands, keys: keys)
    }()

    private init(name: String, commands: [Key: CommandID], keys: [CommandID: [Key]]) {
        self.name = name
        self.commands = commands
        self.keys = keys
    }

    /// Reads a key profile from TOML text. A command that is not named keeps no key.
    ///
    /// - Throws: ``SettingsError`` with file, line and key: an unknown command or key, a key given twice, one that would
    ///   not do what the profile says, no way to quit.
    init(toml: String, file: String) throws {
        let source = try SettingsSource(toml: toml, file: file, topKeys: ["name", "keys"])
        let table = try source.table("keys")
        var commands: [Key: CommandID] = [:]
        var keys: [CommandID: [Key]] = [:]
        for entry in table.keys {
            guard let command = CommandID(rawValue: entry) else { throw source.error(entry, "is no command") }
            guard let list = table[entry]?.array else { throw source.error(entry, "must be a list of keys") }
            for value in list {
                guard let text = value.string, let key = Key(name: text) else {
                    throw source.error(
                        entry,
                        "has a key that is not known; give one character, or a name such as space, ctrl-d, pageup")
                }
                if let other = commands[key] {
                    throw source.error(entry, "wants the key \(key.name), which \(other.rawValue) has")
                }
                if let reason = Self.objection(to: key, for: command) {
                    throw source.error(entry, "wants the key \(key.name), \(reason)")
                }
                commands[key] = command
                keys[command, default: []].append(key)
            }
        }
        guard keys[.quit]?.isEmpty == false else { throw source.error("keys", "leaves no key to quit") }
        self.init(name: try source.string("name"), commands: commands, keys: keys)
    }

    /// Why a key cannot serve a command; nil where it can.
    private static func objection(to key: Key, for command: CommandID) -> String? {
        switch (key, command) {
        case (.control("c"), .quit): nil
        case (.control("c"), _): "which leaves from everywhere"
        // Pressed twice, it would open the list of policies and confirm it: no confirming with the key that asked.
        case (.enter, .remove), (.enter, .restrict):
            "which confirms the list of policies that \(command.rawValue) opens"
        default: nil
        }
    }

    func command(for key: Key) -> CommandID? { commands[key] }

    func keys(for command: CommandID) -> [Key] { keys[command] ?? [] }

    /// What the hint row and the help print for a command's keys; the nine policy keys as one.
    func label(for command: CommandID, all: Bool = false) -> String? {
        let named = keys(for: command).map(\.label)
        guard let first = named.first else { return nil }
        if command == .policy1, let last = keys(for: .policy9).first { return "\(first)–\(last.label)" }
        if command == .down, !all, let up = keys(for: .up).first { return "\(first)/\(up.label)" }
        return all ? named.joined(separator: " ") : first
    }
}
