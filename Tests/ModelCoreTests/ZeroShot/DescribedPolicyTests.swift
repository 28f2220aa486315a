import Foundation
import Testing

@testable import ModelCore

/// Policies that a text model knows by their description alone, on the real MiniLM and labelled texts.
@Suite(.enabled(if: Places.hasEngineAndModels && moderationTexts != nil, "needs `make deps` and REVIEWTUI_DATA"))
struct DescribedPolicyTests {
    /// The words stand here and not in the taxonomy, so that editing that cannot make this test lie.
    private static let policies = [
        ("self-harm", "Promotes, encourages or depicts suicide, cutting, eating disorders or other self-injury."),
        ("sexual", "Content meant to arouse, or that shows or describes sexual activity."),
        ("violence", "Threatens, incites or glorifies physical harm to people or animals."),
    ].map {
        ZeroShotPolicy(
            policy: $0, description: $1, templates: ["a photo of {}."], positive: [],
            negative: ["a question about homework", "a message to a friend", "a news article"], threshold: nil)
    }
    private static let labels = ["self-harm": "SH", "sexual": "S", "violence": "V"]

    @Test func `A description alone ranks violations above other texts, far more often than chance`() async throws {
        // The recipe without the shipped heads, which would take the policies over.
        let recipes = try Scratch.folder()
        try FileManager.default.copyItem(
            atPath: Places.package + "/models/minilm-l6.toml", toPath: recipes + "/minilm-l6.toml")
        let library = try ModelLibrary(recipes: recipes, stores: Places.stores, zeroShot: Self.policies)
        let scorer = try Scorer(library: library, engine: Places.engine(), models: ["minilm-l6"])
        let rows = try #require(moderationTexts).prefix(400)
        let found = try await scorer.assess(texts: rows.map(\.prompt), model: "minilm-l6", explain: .none)
        for (index, policy) in Self.policies.enumerated() {
            let label = try #require(Self.labels[policy.policy])
            let labelled = zip(rows, found).compactMap { row, assessment in
                row.labels[label].map { (isViolation: $0 == 1, score: assessment.scores[index].probability) }
            }
            let positives = labelled.filter(\.isViolation).map(\.score)
            let negatives = labelled.filter { !$0.isViolation }.map(\.score)
            try #require(positives.count >= 5 && negatives.count >= 100)
            let wins = positives.reduce(0.0) { sum, p in
                sum + Double(negatives.filter { $0 < p }.count) + 0.5 * Double(negatives.filter { $0 == p }.count)
            }
            let auroc = wins / Double(positives.count * negatives.count)
            #expect(auroc > 0.75, "\(policy.policy): \(auroc)")
            #expect(found.allSatisfy { !$0.scores[index].isCalibrated && $0.scores[index].threshold == 0.9 })
        }
    }
}

private struct ModerationText {
    let prompt: String
    /// 1, 0, or absent where it was not annotated.
    let labels: [String: Int]
}

/// The prompts of openai-moderation in the shared data; nil where it is not here.
private let moderationTexts: [ModerationText]? = {
    let data = ProcessInfo.processInfo.environment["REVIEWTUI_DATA"] ?? Places.package + "/../shared/data"
    let path = data + "/text/openai-moderation/samples-1000.jsonl.gz"
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let gzip = Process()
    gzip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    gzip.arguments = ["gzip", "-dc", path]
    let pipe = Pipe()
    gzip.standardOutput = pipe
    guard (try? gzip.run()) != nil else { return nil }
    let lines = pipe.fileHandleForReading.readDataToEndOfFile().split(separator: UInt8(ascii: "\n"))
    return lines.compactMap { line in
        guard let row = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any],
            let prompt = row["prompt"] as? String
        else { return nil }
        return ModerationText(prompt: prompt, labels: row.compactMapValues { ($0 as? NSNumber)?.intValue })
    }
}()
