import Crypto
import Foundation

extension Head {
    /// A head that was fitted just now; its ``sha256`` is that of its ``document``, and no file holds it yet.
    ///
    /// - Parameters:
    ///   - model: `name@version`.
    ///   - weightsSHA256: of the weights whose embeddings it was fitted on.
    ///   - policies: at least one, directions of one length.
    ///   - explain: how its scores are explained, as the model's other heads are; nil for the program's choice.
    public init(
        name: String, model: String, weightsSHA256: String, policies: [PolicyDirection], explain: Explain? = nil,
        neutral: [Float]? = nil
    ) {
        let weights = weightsSHA256.lowercased()
        let document = Self.document(
            name: name, model: model, weightsSHA256: weights, policies: policies, explain: explain, neutral: neutral)
        self.init(
            file: "", name: name, sha256: SHA256.hash(data: document).hex, origin: .fitted, model: model,
            weightsSHA256: weights, policies: policies, explain: explain, neutral: neutral)
    }

    /// The head as a file, one line a policy so that a new fit is a readable diff. Equal heads have equal bytes, on every
    /// machine: numbers are written with the fewest digits that read back as the same number.
    ///
    /// Of a head that was read from a file these need not be the file's bytes.
    public var document: Data {
        Self.document(
            name: name, model: model, weightsSHA256: weightsSHA256, policies: policies, explain: explain,
            neutral: neutral)
    }

    private static func document(
        name: String, model: String, weightsSHA256: String, policies: [PolicyDirection], explain: Explain?,
        neutral: [Float]?
    ) -> Data {
        var text = #"{"format":"reviewtui-head","version":1,"name":\#(jsonString(name)),"model":\#(jsonString(model)),"#
        text += #""weights_sha256":\#(jsonString(weightsSHA256)),"normalized":true,"#
        text += #""explain":\#(explain?.json ?? "null"),"neutral":\#(neutral?.jsonList ?? "null"),"policies":["#
        text += "\n" + policies.map(\.json).joined(separator: ",\n") + "\n]}\n"
        return Data(text.utf8)
    }
}

extension Head.PolicyDirection {
    fileprivate var json: String {
        var text = #"{"policy":\#(jsonString(policy)),"direction":\#(direction.jsonList),"bias":\#(bias)"#
        text += isCalibrated ? #","calibration":{\#(calibration.jsonFields)}"# : ""
        text += threshold.map { #","threshold":\#($0)"# } ?? ""
        text += heldOutAUROC.map { #","auroc_heldout":\#($0)"# } ?? ""
        text += positives.map { #","positives":\#($0)"# } ?? ""
        text += negatives.map { #","negatives":\#($0)"# } ?? ""
        return text + #","data":\#(data.map(jsonString).jsonList)}"#
    }
}

extension Head.Explain {
    fileprivate var json: String {
        #"{"method":"\#(method.rawValue)","layers":\#(layers.jsonList),"contrast":"\#(contrast.rawValue)","#
            + #""floor":"\#(floor.rawValue)","weight":"\#(weight.rawValue)"}"#
    }
}

extension Calibration {
    /// The calibration as a file, one line a policy. Equal ones have equal bytes, as of ``Head/document``.
    public var document: Data {
        var text = #"{"format":"reviewtui-calibration","version":1,"model":\#(jsonString(model)),"#
        text += #""weights_sha256":\#(jsonString(weightsSHA256)),"policies":["#
        text += "\n" + entries.map(\.json).joined(separator: ",\n") + "\n]}\n"
        return Data(text.utf8)
    }
}

extension Calibration.Entry {
    fileprivate var json: String {
        var text = #"{"policy":\#(jsonString(policy)),"head":\#(jsonString(head)),\#(curve.jsonFields)"#
        text += threshold.map { #","threshold":\#($0)"# } ?? ""
        text += positives.map { #","positives":\#($0)"# } ?? ""
        text += negatives.map { #","negatives":\#($0)"# } ?? ""
        return text + #","data":\#(data.map(jsonString).jsonList)}"#
    }
}

/// A string in JSON: quoted, with escapes for what must not stand in it and for control and format characters (C1, bidi
/// marks), so that the file can be shown.
private func jsonString(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": quoted += "\\\""
        case "\\": quoted += "\\\\"
        case _ where scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format:
            for unit in String(scalar).utf16 {
                let digits = String(unit, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        default: quoted.unicodeScalars.append(scalar)
        }
    }
    return quoted + "\""
}
