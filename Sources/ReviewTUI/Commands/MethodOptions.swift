import ArgumentParser
import ModelCore

/// Which method explains, over which layers and heads.
struct MethodOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Explain by this method.", valueName: "name"))
    var method: ExplanationMethod.Kind?
    @Option(help: ArgumentHelp("Of --method: only these layers, from 0: 11 or 8-11 or 2,5.", valueName: "numbers"))
    var layers: NumberList?
    @Option(help: ArgumentHelp("Of --method: only these attention heads, from 0.", valueName: "numbers"))
    var heads: NumberList?
    @Flag(help: "Explain by every method that applies, side by side.")
    var compare = false

    func validate() throws {
        if method != nil && compare { throw ValidationError("--compare takes every method: leave --method out.") }
        if method == nil && (layers != nil || heads != nil) {
            throw ValidationError("--layers and --heads are of a method: name it with --method.")
        }
    }

    var choice: Explained.Choice {
        guard let method else { return compare ? .all : .usual }
        return .method(
            ExplanationMethod(method, layers: layers.map { .only($0.numbers) }, heads: heads?.numbers))
    }
}

extension ExplanationMethod.Kind: ExpressibleByArgument {}

/// Numbers as people write them: `3`, `8-11`, `0,3,8-11`.
struct NumberList: ExpressibleByArgument, Hashable, Sendable {
    let numbers: [Int]

    /// No model has more layers or heads; a range of billions would only fill the memory.
    private static let most = 1024

    init?(argument: String) {
        var found: [Int] = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first >= 0,
                first <= last, last < Self.most
            else { return nil }
            found += first...last
        }
        numbers = Set(found).sorted()
    }
}
