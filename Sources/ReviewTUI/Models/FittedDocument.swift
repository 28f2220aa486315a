import Foundation
import ModelCore
import Queue

/// A head file or a calibration file, whichever it is, with its text as it was written.
struct FittedDocument {
    enum Content {
        case head(Head)
        case calibration(Calibration)
    }

    /// What it says of one policy.
    struct Line {
        var policy: PolicyID
        var isCalibrated: Bool
        var threshold: Double?
        var positives: Int?
        var negatives: Int?
        /// Area under the ROC curve on what fitting never saw.
        var heldOutAUROC: Double?
    }

    let text: String
    let content: Content

    /// - Throws: ``CommandFailure``: 66 where there is no such file, 65 where it is neither, with the field at fault.
    init(path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandFailure(.notFound, "There is no file \(path) that can be read.")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw CommandFailure(.rejected, "\(path) is no UTF-8 text, so it is no head file.")
        }
        do {
            try self.init(text: text, file: path)
        } catch {
            throw CommandFailure(.rejected, "\(error)")
        }
    }

    /// - Parameter file: what messages call it.
    /// - Throws: ``RecipeError`` naming the field.
    init(text: String, file: String) throws {
        self.text = text
        let data = Data(text.utf8)
        let format = (try? JSONValue(parsing: text))?["format"]?.string
        content =
            format == "reviewtui-calibration"
            ? .calibration(try Calibration(data: data, file: file)) : .head(try Head(data: data, file: file))
    }

    var model: String {
        switch content {
        case .head(let head): head.model
        case .calibration(let calibration): calibration.model
        }
    }

    /// SHA-256 of the weights it was fitted on.
    var weights: String {
        switch content {
        case .head(let head): head.weightsSHA256
        case .calibration(let calibration): calibration.weightsSHA256
        }
    }

    /// In the order of the document.
    var lines: [Line] {
        switch content {
        case .head(let head):
            head.policies.map {
                Line(
                    policy: PolicyID($0.policy), isCalibrated: $0.isCalibrated, threshold: $0.threshold,
                    positives: $0.positives, negatives: $0.negatives, heldOutAUROC: $0.heldOutAUROC)
            }
        case .calibration(let calibration):
            calibration.entries.map {
                Line(
                    policy: PolicyID($0.policy), isCalibrated: true, threshold: $0.threshold, positives: $0.positives,
                    negatives: $0.negatives)
            }
        }
    }

    /// To be proposed as it stands, with the figures that it brings.
    ///
    /// - Parameter reviewer: who brings it.
    func draft(by reviewer: String) -> HeadDraft {
        let name: String
        let kind: HeadKind
        switch content {
        case .head(let head): (name, kind) = (head.name, .head)
        case .calibration: (name, kind) = ("calibration", .calibration)
        }
        var policies: [PolicyID] = []
        for line in lines where !policies.contains(line.policy) { policies.append(line.policy) }
        return HeadDraft(
            kind: kind, name: name, model: model, weights: weights, policies: policies, body: text,
            facts: ["source": "import", "figures": .array(lines.map(\.json))], by: reviewer)
    }
}

extension FittedDocument.Line {
    var json: JSONValue {
        [
            "policy": .string(policy.rawValue), "calibrated": .bool(isCalibrated), "threshold": .optional(threshold),
            "positives": .optional(positives), "negatives": .optional(negatives),
            "auroc_heldout": .optional(heldOutAUROC),
        ]
    }

    /// For a row of a table.
    func cells(inUse: [PolicyID]) -> [String] {
        [
            policy.rawValue, inUse.contains(policy) ? "yes" : "no", isCalibrated ? "yes" : "no",
            threshold.map { String(format: "%.2f", $0) } ?? "the policy's", positives.map(String.init) ?? "?",
            negatives.map(String.init) ?? "?",
        ]
    }
}
