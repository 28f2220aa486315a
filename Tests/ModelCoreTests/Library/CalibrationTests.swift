import Foundation
import Testing

@testable import ModelCore

@Suite struct CalibrationTests {
    private static let hash = String(repeating: "ab", count: 32)
    private static let sound = """
        {"format":"reviewtui-calibration","version":1,"model":"toy@2","weights_sha256":"\(hash)",
         "policies":[{"policy":"hate","head":"toy-policies@0123456789ab","a":2,"b":-1,"threshold":0.6,"positives":3,
                      "negatives":4,"data":["made up"]}]}
        """

    private static func calibration(_ text: String) throws -> Calibration {
        try Calibration(path: Scratch.file(text, named: "toy.json", in: Scratch.folder()))
    }

    private static func head(sha256: String) -> Head {
        let policy = ZeroShotPolicy(
            policy: "hate", description: "", templates: [], positive: ["a"], negative: ["b"], threshold: nil)
        return Head(
            zeroShot: policy, .init(vector: [0.5, 0], bias: 0.25), model: "toy@2", weightsSHA256: sha256, explain: nil)
    }

    @Test func `A file says for each policy and head what makes its projection a probability`() throws {
        let found = try Self.calibration(Self.sound)
        #expect(found.model == "toy@2" && found.weightsSHA256 == Self.hash)
        let entry = try #require(found.entries.first)
        #expect(found.entries.count == 1 && entry.policy == "hate" && entry.head == "toy-policies@0123456789ab")
        #expect(entry.curve == .platt(a: 2, b: -1) && entry.threshold == 0.6)
        #expect(entry.positives == 3 && entry.negatives == 4 && entry.data == ["made up"])
    }

    @Test func `It stands in place of the head's own, on the same weights only`() throws {
        let head = Self.head(sha256: Self.hash)
        let text = Self.sound.replacing("toy-policies@0123456789ab", with: head.id)
        let calibrated = head.calibrated(by: [try Self.calibration(text)])
        // sigmoid(2·(0.5 + 0.25) − 1)
        #expect(abs(calibrated.policies[0].probability(of: [1, 0]) - 1 / (1 + exp(-0.5))) < 1e-9)
        #expect(calibrated.policies[0].isCalibrated && calibrated.policies[0].threshold == 0.6)
        #expect(calibrated.id == head.id)
        let others = Self.head(sha256: String(repeating: "0", count: 64))
        #expect(others.calibrated(by: [try Self.calibration(text)]) == others)
        #expect(head.calibrated(by: [try Self.calibration(Self.sound)]) == head)
    }

    @Test(arguments: [
        ("format", "reviewtui-calibration", "other"), ("version", "\"version\":1", "\"version\":2"),
        ("weights_sha256", "abab", "zz"), ("policies[0].a", "\"a\":2", "\"a\":0"),
        ("policies[0].a", "\"a\":2", "\"a\":-2"), ("threshold", "0.6", "1.5"), ("policies[0].b", "\"b\":-1,", ""),
        ("policies.0.head", "\"head\":\"toy-policies@0123456789ab\",", ""),
    ])
    func `A fault in a calibration file is reported with its field`(field: String, sound: String, faulty: String) {
        let text = Self.sound.replacing(sound, with: faulty)
        let error = #expect(throws: RecipeError.self) { try Self.calibration(text) }
        #expect(error?.description.contains(field) == true, "\(error?.description ?? "")")
    }

    @Test func `Bytes that are no JSON, and one direction twice, are refused`() throws {
        for text in ["", "[]", "\u{0}\u{1}", Self.sound.dropLast(3).description] {
            #expect(throws: RecipeError.self) { try Self.calibration(text) }
        }
        let row = #"{"policy":"hate","head":"toy-policies@0123456789ab","a":1,"b":0},"#
        #expect(throws: RecipeError.self) { try Self.calibration(Self.sound.replacing("[{", with: "[\(row){")) }
    }
}
