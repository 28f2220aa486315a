// The program of tools/bench/tokenizers, which compiles it with the sources of the tokenizers.
import Foundation

/// What the rest of ModelCore gives the tokenizers.
func printable(_ name: String) -> String { name }

@main
enum TokenizersBench {
    static func main() throws {
        let folder = CommandLine.arguments[1]
        let texts = try JSONDecoder().decode(
            [String].self, from: Data(contentsOf: URL(fileURLWithPath: folder + "/texts.json")))
        let oneWord = String((0..<1_000_000).map { Character(Unicode.Scalar(UInt8(97 + $0 * 7919 % 26))) })
        for kind in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
            guard FileManager.default.fileExists(atPath: "\(folder)/\(kind)/tokenizer.json") else { continue }
            var tokenizer: Tokenizer?
            let loading = try ContinuousClock().measure { tokenizer = try Tokenizer(folder: "\(folder)/\(kind)") }
            guard let tokenizer else { continue }
            var tokens = 0
            let reading = ContinuousClock().measure { for text in texts { tokens += tokenizer.encode(text).ids.count } }
            let word = ContinuousClock().measure { _ = tokenizer.encode(oneWord) }
            print(
                String(
                    format: "ours      %@ load %7.1f ms  %8.0f texts/s  %d tokens, a word of a megabyte %.0f ms",
                    kind.padding(toLength: 14, withPad: " ", startingAt: 0), loading / .milliseconds(1),
                    Double(texts.count) / (reading / .seconds(1)), tokens, word / .milliseconds(1)))
        }
    }
}
