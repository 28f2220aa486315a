import ArgumentParser
import ModelCore

/// `--precision` of the commands that run models. Every score names the one it was computed with.
struct PrecisionOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Compute with f32, bf16 (about half the time) or int8 weights. What either costs in accuracy: docs/models.md.",
            valueName: "numbers"))
    var precision: Engine.Options.Precision = .f32
}

extension Engine.Options.Precision: ExpressibleByArgument {}
