import Foundation

/// Curves from logits to probabilities for directions of one model, fitted after the directions were:
/// `models/calibration/NAME.json`.
///
///     {"format":"reviewtui-calibration","version":1,"model":"clip@1","weights_sha256":"…",
///      "policies":[{"policy":"sexual","head":"zero-shot@0123456789ab","a":0.11,"b":-2.3,"threshold":0.4,
///                   "positives":120,"negatives":900,"data":["…"]}]}
///
/// A row without `kind` is Platt's; `"kind":"temperature","temperature":1.8` and
/// `"kind":"isotonic","logits":[…],"probabilities":[…]` are the others (``CalibrationCurve``). A curve stands in place of
/// the head's own and holds for one direction: other weights, a head that was fitted again or a changed prompt make
/// another.
public struct Calibration: Sendable, Hashable {
    public struct Entry: Sendable, Hashable {
        public let policy: String
        /// ``Head/id`` of the head whose direction was calibrated.
        public let head: String
        public let curve: CalibrationCurve
        /// At or above this probability the policy is preselected; nil leaves it to the policy's own.
        public let threshold: Double?
        /// Items it was fitted on.
        public let positives: Int?
        public let negatives: Int?
        public let data: [String]

        public init(
            policy: String, head: String, curve: CalibrationCurve, threshold: Double? = nil, positives: Int? = nil,
            negatives: Int? = nil, data: [String] = []
        ) {
            self.policy = policy
            self.head = head
            self.curve = curve
            self.threshold = threshold
            self.positives = positives
            self.negatives = negatives
            self.data = data
        }
    }

    public let file: String
    /// `name@version`.
    public let model: String
    public let weightsSHA256: String
    public internal(set) var entries: [Entry]

    /// Curves that were fitted just now; no file holds them.
    ///
    /// - Parameter weightsSHA256: 64 hex digits.
    public init(model: String, weightsSHA256: String, entries: [Entry]) {
        file = ""
        self.model = model
        self.weightsSHA256 = weightsSHA256.lowercased()
        self.entries = entries
    }

    /// - Throws: ``RecipeError`` naming the field.
    public init(path: String) throws(RecipeError) {
        try self.init(data: RecipeError.contents(of: path), file: path)
    }

    /// A calibration whose file is at hand already, or lies in a queue and not in a folder.
    ///
    /// - Parameters:
    ///   - data: a calibration file, as ``document`` writes it.
    ///   - path: what messages call it.
    /// - Throws: ``RecipeError`` naming the field.
    public init(data: Data, file path: String) throws(RecipeError) {
        let document: Document
        do {
            document = try JSONDecoder().decode(Document.self, from: data)
        } catch {
            throw .invalid(
                file: path, line: 0, key: printable((error as? DecodingError)?.place ?? "JSON"),
                reason: "does not have the form of a calibration file")
        }
        func fault(_ key: String, _ reason: String) -> RecipeError {
            .invalid(file: path, line: 0, key: key, reason: reason)
        }
        guard document.format == "reviewtui-calibration" else {
            throw fault("format", "is not reviewtui-calibration")
        }
        guard document.version == 1 else { throw fault("version", "is \(document.version); 1 is understood") }
        let hash = document.weightsSHA256.lowercased()
        guard hash.utf8.count == 64, hash.allSatisfy({ $0.isHexDigit && $0.isASCII }) else {
            throw fault("weights_sha256", "is not 64 hex digits")
        }
        var seen: Set<[String]> = []
        var curves: [CalibrationCurve] = []
        for (index, entry) in document.policies.enumerated() {
            let key = "policies[\(index)]"
            do throws(CalibrationCurve.FieldFault) {
                curves.append(try entry.curve())
            } catch {
                throw fault("\(key).\(error.field)", error.reason)
            }
            guard entry.threshold.map({ (0...1).contains($0) }) ?? true else {
                throw fault(key + ".threshold", "is not from 0 to 1")
            }
            guard seen.insert([entry.policy, entry.head]).inserted else {
                throw fault(key + ".policy", "stands twice for one head")
            }
        }
        file = path
        model = document.model
        weightsSHA256 = hash
        entries = zip(document.policies, curves).map {
            Entry(
                policy: $0.policy, head: $0.head, curve: $1, threshold: $0.threshold, positives: $0.positives,
                negatives: $0.negatives, data: $0.data ?? [])
        }
    }

    /// Whether another file says something of a direction that this one calibrates.
    func calibratesWhat(_ other: Calibration) -> Bool {
        weightsSHA256 == other.weightsSHA256
            && !Set(entries.map { [$0.policy, $0.head] }).isDisjoint(with: other.entries.map { [$0.policy, $0.head] })
    }

    /// The file's own field names.
    private struct Document: Decodable {
        let format: String
        let version: Int
        let model: String
        let weightsSHA256: String
        let policies: [Row]

        enum CodingKeys: String, CodingKey {
            case format, version, model, policies
            case weightsSHA256 = "weights_sha256"
        }

        struct Row: Decodable {
            let policy: String
            let head: String
            let threshold: Double?
            let positives: Int?
            let negatives: Int?
            let data: [String]?
            let kind: String?
            let a: Double?
            let b: Double?
            let temperature: Double?
            let logits: [Double]?
            let probabilities: [Double]?

            func curve() throws(CalibrationCurve.FieldFault) -> CalibrationCurve {
                try CalibrationCurve.Fields(
                    kind: kind, a: a, b: b, temperature: temperature, logits: logits, probabilities: probabilities
                ).curve()
            }
        }
    }
}

extension Head {
    /// With the calibrations that were fitted for its directions in place of their own.
    func calibrated(by calibrations: [Calibration]) -> Head {
        let entries = calibrations.filter { $0.weightsSHA256 == weightsSHA256 }.flatMap(\.entries)
            .filter { $0.head == id }
        guard !entries.isEmpty else { return self }
        var head = self
        head.policies = policies.map { direction in
            entries.first { $0.policy == direction.policy }.map(direction.calibrated(by:)) ?? direction
        }
        return head
    }
}
