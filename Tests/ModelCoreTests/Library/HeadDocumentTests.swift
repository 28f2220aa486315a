import Foundation
import Testing

@testable import ModelCore

@Suite struct HeadDocumentTests {
    private static let hash = String(repeating: "ab", count: 32)

    private static func head(_ curve: CalibrationCurve?) -> Head {
        Head(
            name: "posts \"of\" \u{202E}ours\n", model: "toy@2", weightsSHA256: hash,
            policies: [
                .init(
                    policy: "hate", direction: [0.1, -1e-9, 3], bias: -0.25, calibration: curve, threshold: 0.6,
                    heldOutAUROC: 0.9, positives: 3, negatives: 4, data: ["decisions"]),
                .init(policy: "spam", direction: [1, 0, 0], bias: 0),
            ],
            explain: .init(
                method: .legrad, layers: [2, 3], contrast: .none, floor: .textMean, weight: .receivedAttention),
            neutral: [0, 0, 1])
    }

    private static let curves: [CalibrationCurve?] = [
        nil, .identity, .temperature(1.75), .platt(a: 1.0 / 3, b: -2),
        .isotonic(logits: [-1, 0.5, 2], probabilities: [0.01, 0.4, 0.4]),
    ]

    @Test(arguments: curves)
    func `A head that was written reads back as itself, byte for byte`(curve: CalibrationCurve?) throws {
        let head = Self.head(curve)
        let read = try Head(data: head.document, file: "memory")
        #expect(read.policies == head.policies && read.explain == head.explain && read.neutral == head.neutral)
        #expect(read.id == head.id && read.model == head.model && read.weightsSHA256 == head.weightsSHA256)
        #expect(read.policies[0].isCalibrated == (curve != nil) && !read.policies[1].isCalibrated)
        #expect(read.document == head.document)
        #expect(!head.document.contains { $0 < 0x20 && $0 != 0x0A })
    }

    @Test func `The head that is shipped is read as ever`() throws {
        let head = try Head(path: Places.package + "/models/heads/text-policies.json")
        #expect(head.policies.count == 8 && head.policies.allSatisfy(\.isCalibrated))
        guard case .platt(let a, let b) = head.policies[0].calibration else {
            Issue.record("\(head.policies[0].calibration)")
            return
        }
        #expect(a == 1.648916 && b == -0.8249617)
        #expect(try Head(data: head.document, file: "").policies == head.policies)
    }

    @Test(arguments: [
        (#""kind":"platt","a":2,"b":-1"#, #""kind":"spline","a":2,"b":-1"#, "policies[0].calibration.kind"),
        (#""a":2"#, #""a":-2"#, "policies[0].calibration.a"), (#","b":-1"#, "", "policies[0].calibration.b"),
        (#""kind":"platt","a":2,"b":-1"#, #""kind":"temperature","temperature":0"#, "calibration.temperature"),
        (#""kind":"platt","a":2,"b":-1"#, #""kind":"isotonic","logits":[1,0],"probabilities":[0,1]"#, "logits"),
        (#""kind":"platt","a":2,"b":-1"#, #""kind":"isotonic","logits":[0,1],"probabilities":[1,0]"#, "probabilities"),
        (#""kind":"platt","a":2,"b":-1"#, #""kind":"isotonic","logits":[0,1],"probabilities":[0]"#, "probabilities"),
        (#""kind":"platt","a":2,"b":-1"#, #""kind":"isotonic","logits":[],"probabilities":[]"#, "logits"),
    ])
    func `A fault in a head's curve is reported with its field`(sound: String, faulty: String, field: String) {
        let text = """
            {"format":"reviewtui-head","version":1,"name":"toy","model":"toy@2","weights_sha256":"\(Self.hash)",
             "normalized":true,"policies":[{"policy":"hate","direction":[1,0],"bias":0,
             "calibration":{"kind":"platt","a":2,"b":-1}}]}
            """
        #expect(throws: Never.self) { try Head(data: Data(text.utf8), file: "toy.json") }
        let error = #expect(throws: RecipeError.self) {
            try Head(data: Data(text.replacing(sound, with: faulty).utf8), file: "toy.json")
        }
        #expect(error?.description.contains(field) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: curves.compactMap { $0 })
    func `A calibration that was written reads back as itself`(curve: CalibrationCurve) throws {
        let made = Calibration(
            model: "toy@2", weightsSHA256: Self.hash,
            entries: [
                .init(policy: "hate", head: "posts@0123456789ab", curve: curve, threshold: 0.4, positives: 3),
                .init(policy: "spam", head: "posts@0123456789ab", curve: .platt(a: 1, b: 0), data: ["gold"]),
            ])
        let read = try Calibration(data: made.document, file: "memory")
        #expect(read.entries == made.entries && read.model == made.model && read.weightsSHA256 == made.weightsSHA256)
        #expect(read.document == made.document)
    }
}
