import Queue
import Testing

@testable import ReviewTUI

/// In a language that says everything in capitals, a small letter on the screen is a word that no catalogue can reach.
@Suite("Every word of the console can be translated")
struct ShoutingTests {
    private static let shouting = Catalogue(name: "CAPITALS") { $0.uppercased() }

    /// Words that are the same in every language: of items and policies, names of keys, commands, methods and formats.
    private static let names: Set<String> = {
        let items = [Sample.threat, Sample.harmless, Sample.hostile, Sample.picture("photo-1")].map { "\($0)" }
        let commands = CommandID.allCases.map { "\($0.rawValue) \(Keymap.standard.keys(for: $0).map(\.label))" }
        let others = [
            "mia ann ben cem default hmm pgup pgdn verdict Look what they did about a child page",
            "broken PNG IDAT error Ask the source for the file again",
        ]
        return Set((items + commands + others + ["\(Sample.taxonomy)"]).flatMap(words))
    }()

    private static func words(_ text: String) -> [String] { text.split { !$0.isLetter }.map(String.init) }

    @Test("on no screen a word stays English", arguments: SnapshotTests.Case.allCases)
    func screens(_ which: SnapshotTests.Case) throws {
        try Catalogue.$override.withValue(Self.shouting) {
            let mia = try SnapshotTests.reviewer(which, CellSize(columns: 160, rows: 56))
            let seen = Set(mia.lines.flatMap(Self.words)).filter { $0.count > 1 && $0.contains(where: \.isLowercase) }
            // What is cut at the edge of its column, or by a window over it, begins or ends like a name.
            let english = seen.filter { word in !Self.names.contains { $0.hasPrefix(word) || $0.hasSuffix(word) } }
            #expect(english.isEmpty, "\(english.sorted())")
        }
    }
}
