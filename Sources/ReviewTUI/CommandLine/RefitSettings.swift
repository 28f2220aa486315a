import TOMLKit

/// Whether the console fits heads again by itself: `[heads]` of `config.toml`.
///
/// ```toml
/// [heads]
/// refit = 50            # verdicts, until heads are fitted again; off where it is left out
/// adopt = "if-better"   # or "never": what is fitted is proposed, and a person adopts it
/// ```
///
/// Off by default: a head that is adopted scores for everybody who works on the queue.
struct RefitSettings: Hashable, Sendable {
    /// Verdicts of this console after which heads are fitted again; nil for never.
    var every: Int?
    /// Whether a head that is better by the rule of docs/heads.md scores from then on.
    var adoptsIfBetter = true

    init() {}

    /// - Throws: ``SettingsError`` with file, line and key.
    init(in source: SettingsSource) throws {
        guard let table = try source.optionalTable("heads") else { return }
        for key in table.keys where !["refit", "adopt"].contains(key) {
            throw source.error(key, "is not known in [heads]; expected are refit, adopt")
        }
        if let value = table["refit"] {
            guard let count = value.int, count == 0 || Self.counts.contains(count) else {
                throw source.error("refit", "is a number of verdicts from 10 to 10000, or 0 for off")
            }
            every = count == 0 ? nil : count
        }
        if let value = table["adopt"] {
            guard let word = value.string, ["if-better", "never"].contains(word) else {
                throw source.error("adopt", "is \"if-better\" or \"never\"")
            }
            adoptsIfBetter = word == "if-better"
        }
    }

    /// These, unless an option says after how many verdicts, or 0 for never.
    func overridden(by option: Int?) -> RefitSettings {
        guard let option else { return self }
        var settings = self
        settings.every = option == 0 ? nil : option
        return settings
    }

    /// Fewer would fit heads more often than anything can have changed.
    static let counts = 10...10_000
}
