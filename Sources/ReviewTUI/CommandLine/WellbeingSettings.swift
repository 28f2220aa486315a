import Queue
import TOMLKit

/// How a reviewer wants to be looked after: `[wellbeing]` of `config.toml`.
///
/// ```toml
/// [wellbeing]
/// soften = ["grey"]        # in every picture; also blur, lines, detail
/// pause_after = "50 min"   # at the console, until a pause is offered; or "off"
/// exposure_limit = 60      # severity × minutes, until a pause is offered; or "off"
/// interleave = 3           # heavy items in a row, until a light one is looked for; off where it is left out
/// account = true           # whether the exposure account is kept at all
/// ```
struct WellbeingSettings: Hashable, Sendable {
    /// What is softened in every picture, beside what policies ask for.
    var soften: Set<Softening> = []
    /// Milliseconds at the console after which a pause is offered; nil for never.
    var pauseAfter: Int64? = 50 * 60_000
    /// Exposure after which a pause is offered, in severity × milliseconds; nil for never.
    var exposureLimit: Int64? = 60 * 60_000
    /// Heavy items in a row after which a light one is looked for; nil for never.
    var interleave: Int?
    /// Whether the exposure account goes into the database.
    var keepsAccount = true

    init() {}

    /// - Throws: ``SettingsError`` with file, line and key.
    init(in source: SettingsSource) throws {
        guard let table = try source.optionalTable("wellbeing") else { return }
        for key in table.keys where !Self.keys.contains(key) {
            throw source.error(key, "is not known in [wellbeing]; expected are \(Self.keys.joined(separator: ", "))")
        }
        if let value = table["soften"] {
            guard let words = value.array?.map(\.string), !words.contains(nil) else {
                throw source.error("soften", "is a list, such as [\"grey\"]")
            }
            soften = Set(
                try words.compactMap { $0 }.map { word in
                    guard let softening = Softening(rawValue: word) else {
                        let known = Softening.allCases.map(\.rawValue).joined(separator: ", ")
                        throw source.error("soften", "has a word that softens nothing; there are \(known)")
                    }
                    return softening
                })
        }
        if let value = table["pause_after"] {
            guard let minutes = Self.minutes(value, unit: "min") else {
                throw source.error("pause_after", "is a time such as \"50 min\", from 1 to 600, or \"off\"")
            }
            pauseAfter = minutes.map { $0 * 60_000 }
        }
        if let value = table["exposure_limit"] {
            guard let minutes = Self.minutes(value, unit: nil) else {
                throw source.error("exposure_limit", "is a number of severity × minutes from 1 to 600, or \"off\"")
            }
            exposureLimit = minutes.map { $0 * 60_000 }
        }
        if let value = table["interleave"] {
            guard let count = value.int, (0...100).contains(count) else {
                throw source.error("interleave", "is a number of items from 1 to 100, or 0 for off")
            }
            interleave = count == 0 ? nil : count
        }
        if let value = table["account"] {
            guard let keeps = value.bool else { throw source.error("account", "is true or false") }
            keepsAccount = keeps
        }
    }

    private static let keys = ["soften", "pause_after", "exposure_limit", "interleave", "account"]

    /// `"50 min"`, or a bare number; `.some(nil)` for `"off"`, nil for anything else.
    private static func minutes(_ value: TOMLValueConvertible, unit: String?) -> Int64?? {
        if value.string == "off" { return .some(nil) }
        var number = value.int.map(Int64.init)
        if let unit, let text = value.string, text.hasSuffix(unit) {
            number = Int64(text.dropLast(unit.count).filter { $0 != " " })
        }
        guard let number, (1...600).contains(number) else { return nil }
        return .some(number)
    }
}
