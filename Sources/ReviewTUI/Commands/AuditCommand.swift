import ArgumentParser
import Queue

struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "The hash-chained record of every event.",
        subcommands: [Verify.self, MakeCheckpoint.self, Key.self])

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Walk the chain and hold every decision against its event.",
            discussion: """
                Names every row that was changed, dropped, moved or put in. An end that was cut off, or a chain \
                computed anew from the start, looks whole to itself: only a checkpoint that was kept elsewhere shows \
                it, and only under a public key that did not come with it.
                """)

        @OptionGroup var options: GlobalOptions
        @Option(
            help: ArgumentHelp(
                "Made by audit checkpoint; the chain must still hold its event. Once for each.",
                valueName: "file"))
        var checkpoint: [String] = []
        @Option(help: ArgumentHelp("The key to be trusted: 64 hex digits, or the .pub file.", valueName: "key"))
        var publicKey: String?

        func validate() throws {
            if checkpoint.isEmpty != (publicKey == nil) {
                throw ValidationError(
                    """
                    --checkpoint and --public-key go together: the key inside a checkpoint proves nothing, since \
                    whoever forges one puts their own there.
                    """)
            }
        }

        func run() throws {
            let store = try options.openQueue()
            let report = try store.auditVerify(against: try Checkpoint.read(checkpoint, publicKey: publicKey))
            if options.json { Output.result(report.json.text) }
            if !report.isIntact {
                let faults = report.faults.map { "  \($0.table.rawValue) row \($0.row): \($0.reason)" }
                let more = faults.count == AuditReport.faultLimit ? ["  … and perhaps more."] : []
                throw CommandFailure(.failed, (["The chain is broken:"] + faults + more).joined(separator: "\n"))
            }
            guard !options.json else { return }
            var words = "\(report.events) events and \(report.decisions) decisions hold"
            if report.erased > 0 { words += ", and what is left of \(report.erased) on erased items" }
            if report.checkpoints > 0 { words += "; the chain is the one that \(report.checkpoints) checkpoint(s) saw" }
            Output.result("\(words). Head: \(report.head)")
        }
    }

    struct MakeCheckpoint: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "checkpoint", abstract: "Sign the head of the chain, to keep elsewhere.",
            discussion: """
                Verifies the chain first and signs nothing broken. Keep the checkpoint where whoever can write the \
                queue cannot reach it: only against it can a cut or recomputed chain be seen.
                """)

        @OptionGroup var options: GlobalOptions
        @Option(help: ArgumentHelp("The private key that audit key made.", valueName: "file"))
        var key: String
        @Option(help: ArgumentHelp("Where the checkpoint goes; never overwritten.", valueName: "file"))
        var out: String
        @Option(help: ArgumentHelp("An earlier checkpoint that the chain must still hold.", valueName: "file"))
        var after: [String] = []

        func run() throws {
            let store = try options.openQueue()
            let key = try AuditKey(file: key)
            let earlier = try after.map { try Checkpoint(file: $0, trusting: key.publicKey) }
            let checkpoint = try store.checkpoint(signedWith: key, after: earlier)
            try checkpoint.write(to: out)
            if options.json { return Output.result(checkpoint.json.text) }
            Output.say("Event \(checkpoint.event) is signed in \(out): keep it away from the queue.")
        }
    }

    struct Key: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make the key that signs checkpoints.",
            discussion: """
                Writes the private key, readable by its owner only, and beside it a .pub file. Prints the public key: \
                give it to whoever verifies.
                """)

        @OptionGroup var options: GlobalOptions
        @Option(help: ArgumentHelp("Where the private key goes; never overwritten.", valueName: "file"))
        var out: String

        func run() throws {
            let key = AuditKey()
            try key.write(to: out)
            try key.publicKey.write(to: out + ".pub")
            let hex = key.publicKey.hex
            Output.result(options.json ? (["public_key": .string(hex)] as JSONValue).text : hex)
        }
    }
}

extension Checkpoint {
    /// The checkpoints of some files, under one key.
    fileprivate static func read(_ files: [String], publicKey: String?) throws -> [Checkpoint] {
        guard let publicKey else { return [] }
        let key = try AuditPublicKey(hexOrFile: publicKey)
        return try files.map { try Checkpoint(file: $0, trusting: key) }
    }
}
