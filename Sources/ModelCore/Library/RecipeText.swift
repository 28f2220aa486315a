/// A recipe about to be written: what `model add` found out about a checkpoint.
struct RecipeText {
    let name: String
    let version: String
    let family: Recipe.Family
    let modality: Recipe.Modality
    let licence: String
    let source: String
    let weightsFile: String
    let weightsSHA256: String
    /// SHA-256 by name.
    let files: [String: String]
    var image: PublishedPreprocessing?
    var text: PublishedTextSettings?
    var prompts: Recipe.Prompts?

    var toml: String {
        var lines = [
            "# Written by `reviewtui model add`. The files beside it are those that were checked.",
            "name = \(quoted(name))", "version = \(quoted(version))", "family = \(quoted(family.rawValue))",
            "modality = \(quoted(modality.rawValue))", "licence = \(quoted(licence))", "source = \(quoted(source))",
            "", "[weights]", "file = \(quoted(weightsFile))", "sha256 = \(quoted(weightsSHA256))",
        ]
        if !files.isEmpty {
            lines += ["", "[files]"]
            lines += files.sorted { $0.key < $1.key }.map { "\(quoted($0.key)) = \(quoted($0.value))" }
        }
        if let image {
            lines += [
                "", "[image]", "width = \(image.width)", "height = \(image.height)",
                "filter = \(quoted(image.filter.rawValue))", "mean = \(image.mean)", "deviation = \(image.deviation)",
            ]
        }
        if let text {
            lines += ["", "[text]", "max_tokens = \(text.maximumTokens)", "pooling = \(quoted(text.pooling.rawValue))"]
        }
        if let prompts { lines += [""] + prompts.toml(quoted: quoted) }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A basic string of TOML. What it holds may come from a model card.
    private func quoted(_ text: String) -> String {
        var escaped = ""
        for scalar in printable(text).unicodeScalars {
            if scalar == "\"" || scalar == "\\" { escaped.unicodeScalars.append("\\") }
            escaped.unicodeScalars.append(scalar)
        }
        return "\"\(escaped.isEmpty ? "not stated" : escaped)\""
    }
}
