import ArgumentParser

/// The root of the command line: `reviewtui [--db URL] <command>`.
struct ReviewTUI: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reviewtui",
        abstract: "Triage flagged posts in the terminal, with the model in the loop.",
        discussion: """
            The queue is the file named by --db, by $REVIEWTUI_DB, or $XDG_DATA_HOME/reviewtui/queue.sqlite. \
            Every command takes --db and --json, before its name or after it.
            """,
        version: "0.1.0",
        subcommands: [
            InitCommand.self, IngestCommand.self, ScoreCommand.self, ReviewCommand.self,
            ClaimCommand.self, RenewCommand.self, ReleaseCommand.self, DecideCommand.self, UndoCommand.self,
            FindCommand.self, ViewCommand.self, ExportCommand.self, ImportCommand.self, StatsCommand.self,
            AgreementCommand.self, TrainCommand.self, CalibrateCommand.self,
            AuditCommand.self, EraseCommand.self, PurgeCommand.self, ExplainCommand.self, PreviewCommand.self,
            QueueCommand.self, OrderCommand.self, MineCommand.self, SkillsCommand.self, LeasesCommand.self,
            SecondReviewCommand.self, GoldCommand.self, AppealCommand.self,
            PolicyCommand.self, ModelCommand.self, HeadCommand.self, DoctorCommand.self, MediaWorkerCommand.self,
            BenchQueueCommand.self, BenchHashesCommand.self, BenchModelsCommand.self, BenchExplainCommand.self,
            BenchHeadsCommand.self, BenchLearningFitCommand.self, BenchLearningCommand.self,
        ])
}

/// Options of every command.
struct GlobalOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The queue's database.", valueName: "url"))
    var db: String?

    @Flag(help: "Print one JSON document (JSON Lines where it lists) on stdout, and nothing else there.")
    var json = false
}
