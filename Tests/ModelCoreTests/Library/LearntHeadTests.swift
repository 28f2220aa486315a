import Foundation
import Testing

@testable import ModelCore

@Suite struct LearntHeadTests {
    private static let weights = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"

    private static func head(
        _ name: String, _ directions: [String: [Double]], weights: String = weights, model: String = "toy@2",
        calibrated: Bool = true
    ) throws -> Head {
        let policies = directions.sorted { $0.key < $1.key }.map { policy, direction in
            let calibration = calibrated ? #","calibration":{"kind":"platt","a":2,"b":-1}"# : ""
            return #"{"policy":"\#(policy)","direction":\#(direction),"bias":0.5\#(calibration)}"#
        }
        let text = """
            {"format":"reviewtui-head","version":1,"name":"\(name)","model":"\(model)","weights_sha256":"\(weights)",
             "normalized":true,"policies":[\(policies.joined(separator: ","))]}
            """
        return try Head(data: Data(text.utf8), file: name)
    }

    /// A model with a shipped head for `hate` and `spam`.
    private static func library(_ learnt: LearntHeads, zeroShot: [ZeroShotPolicy] = []) throws -> ModelLibrary {
        let folder = try Scratch.folder()
        _ = try Scratch.file(
            """
            name = "toy"
            version = "2"
            family = "bert"
            modality = "text"
            licence = "CC0"
            source = "here"
            folder = "toy"

            [weights]
            file = "model.safetensors"
            sha256 = "\(weights)"

            [text]
            max_tokens = 64
            pooling = "mean"
            """, named: "recipes/toy.toml", in: folder)
        _ = try Scratch.file(
            """
            {"format":"reviewtui-head","version":1,"name":"shipped","model":"toy@2","weights_sha256":"\(weights)",
             "normalized":true,"policies":[{"policy":"hate","direction":[1,0],"bias":0,
             "calibration":{"kind":"platt","a":1,"b":0}},{"policy":"spam","direction":[0,1],"bias":0,
             "calibration":{"kind":"platt","a":1,"b":0}}],"explain":{"method":"legrad","layers":[4,5]}}
            """, named: "recipes/heads/shipped.json", in: folder)
        return try ModelLibrary(recipes: folder + "/recipes", stores: [], zeroShot: zeroShot, learnt: learnt)
    }

    private static func scores(_ library: ModelLibrary, of embedding: [Float]) throws -> [Assessment.PolicyScore] {
        try EmbeddingScorer(library, model: "toy", width: embedding.count, precision: .f32).scores(of: embedding)
            .sorted { $0.policy < $1.policy }
    }

    @Test func `A head of the queue takes its policies out of the shipped one's, and no others`() throws {
        let learnt = try Self.head("own", ["hate": [0, 3], "violence": [1, 1]])
        let library = try Self.library(LearntHeads(heads: [learnt]))
        #expect(library.heads.map { $0.policies.map(\.policy) } == [["hate", "violence"], ["spam"]])
        #expect(library.notes.isEmpty)
        let scores = try Self.scores(library, of: [3, 4])
        #expect(scores.map(\.policy) == ["hate", "spam", "violence"])
        #expect(scores.map(\.head) == [learnt.id, library.heads[1].id, learnt.id])
        // sigmoid(2·(3·0.8 + 0.5) − 1)
        #expect(abs(scores[0].probability - 1 / (1 + exp(-4.8))) < 1e-8)
        #expect(abs(scores[1].probability - 1 / (1 + exp(-0.8))) < 1e-8)
        // Explained as the model's own head is.
        #expect(library.heads[0].explain == library.heads[1].explain && library.heads[0].explain != nil)
        // In use for some of its policies only.
        let kept = try #require(learnt.keeping(["violence"]))
        let partly = try Self.library(LearntHeads(heads: [kept]))
        #expect(partly.heads.map { $0.policies.map(\.policy) } == [["violence"], ["hate", "spam"]])
        #expect(kept.id == learnt.id)
    }

    @Test
    func `A head fitted on other weights, or for a model that is not here, is left out and the shipped one stays`()
        throws
    {
        let library = try Self.library(
            LearntHeads(heads: [
                try Self.head("old", ["hate": [0, 3]], weights: String(repeating: "0", count: 64)),
                try Self.head("gone", ["hate": [0, 3]], model: "none@1"),
            ]))
        #expect(library.heads.map { $0.policies.map(\.policy) } == [["hate", "spam"]])
        #expect(library.notes.count == 2)
        #expect(library.notes[0].contains("other weights") && library.notes[0].contains("head revert"))
    }

    @Test func `A head that somebody adopted scores though it is not calibrated, and its scores say so`() throws {
        let library = try Self.library(LearntHeads(heads: [try Self.head("raw", ["hate": [0, 3]], calibrated: false)]))
        let scores = try Self.scores(library, of: [0, 1])
        #expect(scores.map(\.policy) == ["hate", "spam"] && scores.map(\.isCalibrated) == [false, true])
    }

    @Test func `A calibration of the queue stands in place of a head's own, shipped or not`() throws {
        let shipped = try #require(try Self.library(LearntHeads()).heads.first)
        let text = """
            {"format":"reviewtui-calibration","version":1,"model":"toy@2","weights_sha256":"\(Self.weights)",
             "policies":[{"policy":"spam","head":"\(shipped.id)","a":0.5,"b":1,"threshold":0.7}]}
            """
        let calibration = try Calibration(data: Data(text.utf8), file: "curve@1")
        let library = try Self.library(LearntHeads(calibrations: [calibration]))
        let spam = try Self.scores(library, of: [0, 1])[1]
        #expect(abs(spam.probability - 1 / (1 + exp(-1.5))) < 1e-8 && spam.threshold == 0.7)
        // For another head than the one in use it does nothing, and that is said.
        let words = ZeroShotPolicy(
            policy: "spam", description: "d", templates: [], positive: [], negative: [], threshold: nil)
        let other = try Self.library(
            LearntHeads(
                heads: [try Self.head("own", ["hate": [1, 0], "spam": [0, 1]])], calibrations: [calibration]),
            zeroShot: [words])
        #expect(other.notes.count == 1 && other.notes[0].contains("not in use"))
        #expect(try Self.scores(other, of: [0, 1])[1].threshold == nil)
    }

    @Test func `An embedding of another width than the head's is refused before anything is scored`() throws {
        let library = try Self.library(LearntHeads())
        #expect(throws: ScorerError.self) {
            try EmbeddingScorer(library, model: "toy", width: 3, precision: .f32)
        }
    }
}
