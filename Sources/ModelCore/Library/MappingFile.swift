import Foundation

/// `mapping.toml` beside a checkpoint that is published in no layout that is known: what it is, and how its tensors
/// correspond to a family's names. docs/model-families.md, "Mapping files", has the format; models/mappings has examples.
struct MappingFile {
    static let name = "mapping.toml"

    /// What a `config.json` of the family would say.
    let configuration: ConfigurationFile
    let tensors: TensorMapping
    let image: Recipe.ImageSettings?
    let text: Recipe.TextSettings?

    /// The mapping file of a folder; nil where it has none.
    static func beside(_ folder: String) throws(RecipeError) -> MappingFile? {
        let path = "\(folder)/\(name)"
        return FileManager.default.fileExists(atPath: path) ? try MappingFile(path: path) : nil
    }

    /// - Throws: ``RecipeError`` with file, line and key.
    init(path: String) throws(RecipeError) {
        let fields = try RecipeFields(path: path)
        try fields.allow(["family", "configuration", "image", "text", "counts", "tensors", "unused"])
        let family: ModelFamily = try fields.choice("family")
        var values = try fields.table("configuration").values
        values["model_type"] = family.rawValue
        configuration = ConfigurationFile(path: path, values: values)
        image = try fields.optionalTable("image").map { (table) throws(RecipeError) in
            try Recipe.ImageSettings(table)
        }
        text = try fields.optionalTable("text").map { (table) throws(RecipeError) in try Recipe.TextSettings(table) }

        var counts: [String: Int] = [:]
        if let table = try fields.optionalTable("counts") {
            for key in table.keys { counts[key] = try table.integer(key, in: 1...1024) }
        }
        let table = try fields.table("tensors")
        var rules: [TensorMapping.Rule] = []
        for key in table.keys { rules.append(try Self.rule(key, in: table)) }
        var unused: [NameTemplate] = []
        for name in try fields.strings("unused") {
            guard let template = NameTemplate(name) else { throw fields.fault("unused", "holds no name of a tensor") }
            unused.append(template)
        }
        tensors = TensorMapping(counts: counts, rules: rules, unused: unused)
    }

    /// `"NAME" = "FILE'S NAME"`, or a table with `from` and what is to be done.
    private static func rule(_ key: String, in table: RecipeFields) throws(RecipeError) -> TensorMapping.Rule {
        guard let target = NameTemplate(key) else { throw table.fault(key, "is no name of a tensor") }
        guard table.isTable(key) else {
            guard let source = NameTemplate(try table.string(key)) else {
                throw table.fault(key, "is no name of a tensor")
            }
            return TensorMapping.Rule(target: target, source: source)
        }
        let fields = try table.table(key)
        try fields.allow(["from", "part", "transpose", "shape"])
        guard let source = NameTemplate(try fields.string("from")) else {
            throw table.fault(key, "has a `from` that is no name of a tensor")
        }
        var rule = TensorMapping.Rule(target: target, source: source)
        if fields.has("part") {
            let numbers = try fields.string("part").split(separator: "/", omittingEmptySubsequences: false).map {
                Int($0)
            }
            guard numbers.count == 2, let number = numbers[0], let count = numbers[1], (1...1024).contains(count),
                (1...count).contains(number)
            else { throw table.fault(key, "has a `part` that is not like \"1/3\"") }
            rule.part = TensorMapping.Part(number: number, count: count)
        }
        rule.transposed = try fields.flag("transpose", otherwise: false)
        rule.shape = fields.has("shape") ? try fields.integers("shape", in: 1...1_000_000_000, atMost: 8) : nil
        return rule
    }
}
