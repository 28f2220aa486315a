// The program of tools/bench/tokenizers, which compiles it with the sources of the tokenizers.
import Foundation

/// What the rest of ModelCore gives the tokenizers.
func printable(_ name: String) -> String { name }

let folder = CommandLine.arguments[1]
let texts = try JSONDecoder().decode(
    [String].self, from: Data(contentsOf: URL(fileURLWithPath: folder + "/texts.json")))
for kind in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
    guard FileManager.default.fileExists(atPath: "\(folder)/\(kind)/tokenizer.json") else { continue }
    var tokenizer: Tokenizer?
    let loading = try ContinuousClock().measure { tokenizer = try Tokenizer(folder: "\(folder)/\(kind)") }
    guard let tokenizer else { continue }
    var tokens = 0
    let reading = ContinuousClock().measure { for text in texts { tokens += tokenizer.encode(text).ids.count } }
    print(
        String(
            format: "ours      %@ load %7.1f ms  %8.0f texts/s  %d tokens",
            kind.padding(toLength: 14, withPad: " ", startingAt: 0), loading / .milliseconds(1),
            Double(texts.count) / (reading / .seconds(1)), tokens))
}
