import Crypto
import Foundation

/// Per-policy directions in one model's embedding space, with calibration and threshold.
///
/// score = curve(direction·ê + bias), ê the L2-normalised embedding and curve a ``CalibrationCurve``.
///
///     let head = Head(name: "posts", model: recipe.id, weightsSHA256: recipe.weightsSHA256, policies: [hate])
///     try head.document.write(to: file)
///     try Head(path: file.path) == head   // but for its `file`
public struct Head: Sendable, Hashable {
    /// One policy's direction and what is known of how it was fitted.
    public struct PolicyDirection: Sendable, Hashable {
        public let policy: String
        public let direction: [Float]
        public let bias: Double
        /// What turns a projection into a probability.
        public let calibration: CalibrationCurve
        /// Whether the curve was fitted on labelled items. Where it was not, the score orders items, and is a probability
        /// in form only.
        public let isCalibrated: Bool
        /// At or above this probability the policy is preselected; nil leaves it to the policy's own.
        public let threshold: Double?
        /// Area under the ROC curve on data that fitting never saw.
        public let heldOutAUROC: Double?
        public let positives: Int?
        public let negatives: Int?
        public let data: [String]

        /// - Parameters:
        ///   - calibration: nil for a direction that was never calibrated.
        ///   - positives: labelled items it was fitted on, that violate the policy.
        ///   - data: names of what it was fitted on.
        public init(
            policy: String, direction: [Float], bias: Double, calibration: CalibrationCurve? = nil,
            threshold: Double? = nil, heldOutAUROC: Double? = nil, positives: Int? = nil, negatives: Int? = nil,
            data: [String] = []
        ) {
            self.policy = policy
            self.direction = direction
            self.bias = bias
            self.calibration = calibration ?? .identity
            isCalibrated = calibration != nil
            self.threshold = threshold
            self.heldOutAUROC = heldOutAUROC
            self.positives = positives
            self.negatives = negatives
            self.data = data
        }

        /// direction·ê + bias: what is calibrated.
        ///
        /// - Parameter unit: the L2-normalised embedding, as long as ``direction``.
        public func logit(of unit: [Float]) -> Double {
            zip(direction, unit).reduce(bias) { $0 + Double($1.0) * Double($1.1) }
        }

        /// - Parameter unit: the L2-normalised embedding, as long as ``direction``.
        public func probability(of unit: [Float]) -> Double {
            calibration.probability(ofLogit: logit(of: unit))
        }

        /// The same direction with another curve and threshold.
        func calibrated(by entry: Calibration.Entry) -> PolicyDirection {
            PolicyDirection(
                policy: policy, direction: direction, bias: bias, calibration: entry.curve, threshold: entry.threshold,
                heldOutAUROC: heldOutAUROC, positives: entry.positives, negatives: entry.negatives, data: entry.data)
        }
    }

    /// Where directions come from.
    public enum Origin: Sendable, Hashable {
        /// A file: shipped, or fitted on verdicts.
        case fitted
        /// A policy's words, read by the model itself.
        case zeroShot
    }

    /// How this head's scores are explained.
    public struct Explain: Sendable, Hashable {
        public enum Contrast: String, Sendable {
            case none
            /// The neutral direction's map is taken off each policy's, negative rests dropped.
            case neutral
            /// The mean map over all policies is taken off each policy's, negative rests dropped.
            case mean
        }

        public enum Floor: String, Sendable {
            case none
            /// The mean over the text's own tokens is taken off each, negative rests dropped: what every token gets,
            /// function words first of all, says nothing about this text (measured in docs/explanations.md).
            case textMean = "text-mean"
        }

        public enum Weight: String, Sendable {
            case none
            /// Relevance after the floor is multiplied by √(attention the token receives in the last layer): what the
            /// model itself hardly reads does not glow (measured in docs/explanations.md).
            case receivedAttention = "sqrt-received-attention"
        }

        public let method: RelevanceMethod.Kind
        /// Layers whose relevance is summed, from 0; the last ones of the model.
        public let layers: [Int]
        public let contrast: Contrast
        /// Taken off after the contrast.
        public let floor: Floor
        /// Multiplied in after the floor.
        public let weight: Weight

        /// What the shown map is called: `legrad` is the published map, untouched.
        public var shownMethod: String {
            contrast == .none && floor == .none && weight == .none ? method.rawValue : method.rawValue + "-weighted"
        }
    }

    /// Empty where no file holds it.
    public let file: String
    public let name: String
    /// SHA-256 of the file, or of the words, 64 hex digits.
    public let sha256: String
    public let origin: Origin
    /// What scores name: the head's name and the first twelve digits of its hash, so that no head passes for another.
    public var id: String { "\(name)@\(sha256.prefix(12))" }
    /// `name@version` of the model whose embeddings these are.
    public let model: String
    /// Of the weights the head was fitted on.
    public let weightsSHA256: String
    public internal(set) var policies: [PolicyDirection]
    public internal(set) var explain: Explain?
    /// The direction of everyday content, for the contrast.
    public let neutral: [Float]?

    /// Every field as it is.
    init(
        file: String, name: String, sha256: String, origin: Origin, model: String, weightsSHA256: String,
        policies: [PolicyDirection], explain: Explain?, neutral: [Float]?
    ) {
        self.file = file
        self.name = name
        self.sha256 = sha256
        self.origin = origin
        self.model = model
        self.weightsSHA256 = weightsSHA256
        self.policies = policies
        self.explain = explain
        self.neutral = neutral
    }

    /// One direction that no file holds, to see whether a model can be explained at all.
    init(probing model: String, weightsSHA256: String, direction: [Float]) {
        (file, name, sha256, origin) = ("", "probe", "", .fitted)
        self.model = model
        self.weightsSHA256 = weightsSHA256
        policies = [PolicyDirection(policy: "probe", direction: direction, bias: 0)]
        (explain, neutral) = (nil, nil)
    }

    static let zeroShotName = "zero-shot"

    /// A policy's words as a head.
    ///
    /// - Parameter explain: how the model's fitted heads are explained, where it has any.
    init(
        zeroShot policy: ZeroShotPolicy, _ made: ZeroShot.Direction, model: String, weightsSHA256: String,
        explain: Explain?
    ) {
        (file, name, sha256, origin) = ("", Self.zeroShotName, policy.sha256, .zeroShot)
        self.model = model
        self.weightsSHA256 = weightsSHA256
        let threshold = max(ZeroShot.uncalibratedThreshold, policy.threshold ?? 0)
        policies = [
            PolicyDirection(policy: policy.policy, direction: made.vector, bias: made.bias, threshold: threshold)
        ]
        self.explain = explain
        neutral = nil
    }

    /// The head without the policies that were never calibrated; nil where none was.
    var calibratedOnly: Head? {
        var head = self
        head.policies.removeAll { !$0.isCalibrated }
        return head.policies.isEmpty ? nil : head
    }

    /// - Throws: ``RecipeError`` naming the field.
    public init(path: String) throws(RecipeError) {
        try self.init(data: RecipeError.contents(of: path), file: path)
    }

    /// A head whose file is at hand already, or lies in a queue and not in a folder.
    ///
    /// - Parameters:
    ///   - data: a head file, as ``document`` writes it.
    ///   - path: what messages call it.
    /// - Throws: ``RecipeError`` naming the field.
    public init(data: Data, file path: String) throws(RecipeError) {
        let document: Document
        do {
            document = try JSONDecoder().decode(Document.self, from: data)
        } catch {
            throw .invalid(
                file: path, line: 0, key: printable((error as? DecodingError)?.place ?? "JSON"),
                reason: "does not have the form of a head file")
        }
        sha256 = SHA256.hash(data: data).hex
        func fault(_ key: String, _ reason: String) -> RecipeError {
            .invalid(file: path, line: 0, key: key, reason: reason)
        }
        guard document.format == "reviewtui-head" else { throw fault("format", "is not reviewtui-head") }
        guard document.version == 1 else { throw fault("version", "is \(document.version); 1 is understood") }
        guard document.normalized else { throw fault("normalized", "is false; only normalised embeddings are scored") }
        guard let width = document.policies.first?.direction.count, width > 0 else {
            throw fault("policies", "holds no direction")
        }
        var curves: [CalibrationCurve?] = []
        for (index, entry) in document.policies.enumerated() {
            let key = "policies[\(index)]"
            guard entry.direction.count == width else { throw fault(key + ".direction", "is not as long as the first") }
            guard (entry.direction + [entry.bias.float]).allSatisfy(\.isFinite) else {
                throw fault(key + ".direction", "holds a number that is not finite")
            }
            do throws(CalibrationCurve.FieldFault) {
                curves.append(
                    try entry.calibration.map { (fields) throws(CalibrationCurve.FieldFault) in
                        try fields.curve()
                    })
            } catch {
                throw fault("\(key).calibration.\(error.field)", error.reason)
            }
            guard entry.threshold.map({ (0...1).contains($0) }) ?? true else {
                throw fault(key + ".threshold", "is not from 0 to 1")
            }
        }
        guard document.neutral.map({ $0.count == width }) ?? true else {
            throw fault("neutral", "is not as long as the directions")
        }
        (file, origin) = (path, .fitted)
        name = document.name
        model = document.model
        weightsSHA256 = document.weightsSHA256.lowercased()
        neutral = document.neutral
        explain = try document.explain.map { (explain) throws(RecipeError) in
            guard let method = RelevanceMethod.Kind(rawValue: explain.method), method.isDirected else {
                throw fault(
                    "explain.method",
                    "is none of "
                        + RelevanceMethod.Kind.allCases.filter(\.isDirected).map(\.rawValue).joined(separator: ", "))
            }
            guard let contrast = Explain.Contrast(rawValue: explain.contrast ?? "none") else {
                throw fault("explain.contrast", "is not none, neutral or mean")
            }
            guard !explain.layers.isEmpty else { throw fault("explain.layers", "is empty") }
            guard let floor = Explain.Floor(rawValue: explain.floor ?? "none") else {
                throw fault("explain.floor", "is not none or text-mean")
            }
            guard let weight = Explain.Weight(rawValue: explain.weight ?? "none") else {
                throw fault("explain.weight", "is not none or sqrt-received-attention")
            }
            return Explain(
                method: method, layers: explain.layers, contrast: contrast, floor: floor, weight: weight)
        }
        policies = zip(document.policies, curves).map { entry, curve in
            PolicyDirection(
                policy: entry.policy, direction: entry.direction, bias: entry.bias, calibration: curve,
                threshold: entry.threshold, heldOutAUROC: entry.heldOutAUROC, positives: entry.positives,
                negatives: entry.negatives, data: entry.data ?? [])
        }
    }

    /// The file's own field names.
    private struct Document: Decodable {
        let format: String
        let version: Int
        let name: String
        let model: String
        let weightsSHA256: String
        let normalized: Bool
        let policies: [Entry]
        let explain: ExplainEntry?
        let neutral: [Float]?

        enum CodingKeys: String, CodingKey {
            case format, version, name, model, normalized, policies, explain, neutral
            case weightsSHA256 = "weights_sha256"
        }

        struct Entry: Decodable {
            let policy: String
            let direction: [Float]
            let bias: Double
            let calibration: CalibrationCurve.Fields?
            let threshold: Double?
            let heldOutAUROC: Double?
            let positives: Int?
            let negatives: Int?
            let data: [String]?

            enum CodingKeys: String, CodingKey {
                case policy, direction, bias, calibration, threshold, positives, negatives, data
                case heldOutAUROC = "auroc_heldout"
            }
        }

        struct ExplainEntry: Decodable {
            let method: String
            let layers: [Int]
            let contrast: String?
            let floor: String?
            let weight: String?
        }
    }
}

extension Double {
    fileprivate var float: Float { Float(self) }
}

extension DecodingError {
    /// The path of the field at fault, as in `policies.2.bias`.
    var place: String {
        let context: Context
        switch self {
        case .typeMismatch(_, let c), .valueNotFound(_, let c), .dataCorrupted(let c): context = c
        case .keyNotFound(let key, let c):
            return (c.codingPath + [key]).map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        @unknown default: return "JSON"
        }
        let path = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        return path.isEmpty ? "JSON" : path
    }
}
