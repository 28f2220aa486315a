import Foundation

/// One judged item as a fit sees it: rows of an ``EmbeddingTable``, one for each of its pictures, and what was said of it.
///
/// An item of n pictures is n rows of weight 1/n with its target. For `allow` that is true of each; of a violating item
/// nobody said which picture violates, so that the others are rows with a wrong label: a simplification.
public struct LabelledItem: Sendable, Hashable {
    public var rows: Range<Int>
    /// From 0 to 1: the share of its judges that found a violation.
    public var target: Double
    /// In the fit of the direction: how far the label is trusted. 0 leaves it out there.
    public var weight: Double
    /// How many items it stands for in calibrations and figures, which must not be off by how far labels are trusted: if
    /// `allow` is trusted less, violations are no more frequent for it. Above 0.
    public var standsFor: Double
    /// Items of one cluster are never on two sides.
    public var cluster: Int64

    public init(rows: Range<Int>, target: Double, weight: Double = 1, standsFor: Double = 1, cluster: Int64) {
        self.rows = rows
        self.target = target
        self.weight = weight
        self.standsFor = standsFor
        self.cluster = cluster
    }
}

/// How one policy's direction, calibration and threshold are made of judged items.
///
/// ```swift
/// let fitted = try HeadFitting(options).fit(
///     "hate", table, training: items, validation: others, startingFrom: wordDirection)
/// fitted.direction  // with the words' direction in it: one vector
/// ```
///
/// * Direction: ``LogisticRegression`` on the training items; its strength is found by ``StrengthSearch`` on the same
///   items, no cluster in two folds.
/// * With a direction to start from (a policy's words, read by the model), its logits, brought to the scale of the labels by
///   ``PlattScaling`` on the training items, stand fixed beside what is fitted, and the result is the sum of both: a score,
///   an explanation and a file know one vector.
/// * Calibration and threshold: on validation items where there are enough, else on the training items' out-of-fold logits.
///   Nothing is ever calibrated on logits of items that the same fit has seen.
public struct HeadFitting: Sendable {
    public struct Options: Sendable, Hashable {
        /// C; nil finds it by cross-validation.
        public var strength: Double?
        /// Whether both classes weigh the same in the fit (``LabelledRows/balanced``).
        public var isBalanced = false
        /// A policy with fewer violating or other training items is left out.
        public var leastItems = 5
        /// The lowest threshold: with a handful of violating items the best F₁ may sit where nine flags in ten are wrong.
        public var lowestThreshold = 0.1
        public var seed: UInt64 = 1

        public init() {}
    }

    /// What a policy still needs.
    public struct TooFew: Error, Sendable, Hashable {
        public let violating: Int
        public let others: Int
        public let needed: Int
    }

    /// A policy's direction with all that is known of how it came about.
    public struct Fitted: Sendable, Hashable {
        /// Which rows calibration and threshold come from.
        public enum CalibratedOn: String, Sendable, Hashable {
            case validation
            case outOfFold = "out of fold"
        }

        public let policy: String
        /// As long as the table's rows; includes ``start``.
        public let direction: [Double]
        public let bias: Double
        public let strength: Double
        /// Strengths that were tried with their loss; empty where one was given, or there were too few clusters.
        public let trials: [StrengthSearch.Trial]
        public let isConverged: Bool
        public let startsFromWords: Bool
        /// nil where nothing could be calibrated: the scores order items, and are no probabilities.
        public let curve: CalibrationCurve?
        public let calibratedOn: CalibratedOn?
        public let threshold: Double?
        public let violating: Int
        public let others: Int
        public let validationViolating: Int
        public let validationOthers: Int
        /// Of each training item, by a fit that left its cluster out; empty where there were too few clusters.
        public let outOfFold: [Double]

        /// The highest over an item's pictures: what it is scored by.
        public func logit(of item: LabelledItem, in table: EmbeddingTable) -> Double {
            let fit = LinearFit(direction: direction, bias: bias)
            return item.rows.map { table.projection(of: $0, on: fit) }.max() ?? bias
        }

        public func probability(ofLogit logit: Double) -> Double {
            (curve ?? .identity).probability(ofLogit: logit)
        }
    }

    public let options: Options

    public init(_ options: Options = Options()) {
        self.options = options
    }

    /// Validation items of the rarer class from which they calibrate: what Platt's two numbers take.
    public static let validationNeeded = CalibrationCurve.plattRows

    /// Takes the processor for its whole time: from asynchronous code call it on a thread of its own.
    ///
    /// - Parameters:
    ///   - training: of split train only.
    ///   - start: a direction whose logits, scaled, stand fixed; of the table's width.
    /// - Throws: ``TooFew``.
    public func fit(
        _ policy: String, _ table: EmbeddingTable, training: [LabelledItem], validation: [LabelledItem],
        startingFrom start: LinearFit? = nil
    ) throws(TooFew) -> Fitted {
        let (violating, others) = Self.counts(training.filter { $0.weight > 0 })
        guard min(violating, others) >= options.leastItems else {
            throw TooFew(violating: violating, others: others, needed: options.leastItems)
        }
        let start = start.flatMap { Self.scaled($0, to: training, table) }
        let (rows, search) = search(table, training, start)
        let strength = options.strength ?? search?.strength ?? StrengthSearch.fallbackStrength
        var fit = LogisticRegression.fit(table, rows, strength: strength)
        if let start {
            for column in fit.direction.indices { fit.direction[column] += start.direction[column] }
            fit.bias += start.bias
        }
        let outOfFold = search.map { Self.highest($0.logits, of: training) } ?? []
        let calibration = calibrated(fit, table, training, validation, outOfFold)
        let counted = Self.counts(validation)
        return Fitted(
            policy: policy, direction: fit.direction, bias: fit.bias, strength: strength,
            trials: options.strength == nil ? search?.trials ?? [] : [], isConverged: fit.isConverged,
            startsFromWords: start != nil, curve: calibration?.curve, calibratedOn: calibration?.on,
            threshold: calibration?.threshold, violating: violating, others: others,
            validationViolating: counted.violating, validationOthers: counted.others, outOfFold: outOfFold)
    }

    /// Of each training item, the logit by a fit that left its cluster out: what a head that was fitted on these items is
    /// calibrated on later.
    ///
    /// - Parameters: as of ``fit(_:_:training:validation:startingFrom:)``, and the same options, with the strength that was
    ///   found.
    /// - Returns: nil where there are too few clusters.
    public func outOfFold(
        _ table: EmbeddingTable, training: [LabelledItem], startingFrom start: LinearFit? = nil
    ) -> [Double]? {
        let start = start.flatMap { Self.scaled($0, to: training, table) }
        return search(table, training, start).search.map { Self.highest($0.logits, of: training) }
    }

    // MARK: Parts

    private func search(
        _ table: EmbeddingTable, _ training: [LabelledItem], _ start: LinearFit?
    ) -> (rows: LabelledRows, search: StrengthSearch?) {
        var rows = Self.rows(of: training, table, start)
        if options.isBalanced { rows = rows.balanced }
        let strengths = options.strength.map { [$0] } ?? StrengthSearch.defaultStrengths
        return (rows, StrengthSearch.search(table, rows, strengths: strengths, seed: options.seed))
    }

    static func counts(_ items: [LabelledItem]) -> (violating: Int, others: Int) {
        let violating = items.count { $0.target >= 0.5 }
        return (violating, items.count - violating)
    }

    static func rows(of items: [LabelledItem], _ table: EmbeddingTable, _ start: LinearFit?) -> LabelledRows {
        var rows = LabelledRows(rows: [], targets: [])
        for item in items {
            for row in item.rows {
                rows.rows.append(row)
                rows.targets.append(item.target)
                rows.weights.append(item.weight / Double(item.rows.count))
                rows.clusters.append(item.cluster)
            }
        }
        if let start { rows.offsets = rows.rows.map { table.projection(of: $0, on: start) } }
        return rows
    }

    /// A direction whose logits are as sure as the labels let them be: zero-shot logits are far too sure of themselves, and
    /// as they come they cost more than they bring (docs/heads.md).
    ///
    /// - Returns: nil for one of another width, or one that says the opposite of the labels.
    private static func scaled(_ start: LinearFit, to items: [LabelledItem], _ table: EmbeddingTable) -> LinearFit? {
        guard start.direction.count == table.width else { return nil }
        let rows = rows(of: items, table, start)
        let curve = PlattScaling.fit(logits: rows.offsets ?? [], targets: rows.targets, weights: rows.weights)
        guard case .platt(let a, let b) = curve else { return nil }
        return LinearFit(direction: start.direction.map { a * $0 }, bias: a * start.bias + b)
    }

    /// Of each item the highest over its pictures.
    private static func highest(_ logits: [Double], of items: [LabelledItem]) -> [Double] {
        var place = 0
        return items.map { item in
            defer { place += item.rows.count }
            return logits[place..<place + item.rows.count].max() ?? 0
        }
    }

    private func calibrated(
        _ fit: LinearFit, _ table: EmbeddingTable, _ training: [LabelledItem], _ validation: [LabelledItem],
        _ outOfFold: [Double]
    ) -> (curve: CalibrationCurve, on: Fitted.CalibratedOn, threshold: Double?)? {
        let counted = Self.counts(validation)
        let (items, logits, on): ([LabelledItem], [Double], Fitted.CalibratedOn)
        if min(counted.violating, counted.others) >= Self.validationNeeded {
            let own = validation.map { item in
                item.rows.map { table.projection(of: $0, on: fit) }.max() ?? 0
            }
            (items, logits, on) = (validation, own, .validation)
        } else if !outOfFold.isEmpty {
            (items, logits, on) = (training, outOfFold, .outOfFold)
        } else {
            return nil
        }
        let weights = items.map(\.standsFor)
        guard let curve = CalibrationCurve.chosen(logits: logits, targets: items.map(\.target), weights: weights)
        else { return nil }
        let probabilities = logits.map(curve.probability(ofLogit:))
        let best = Self.bestThreshold(probabilities, items)
        return (curve, on, best.map { max(options.lowestThreshold, $0) })
    }

    /// The threshold of the highest F₁, between the last probability that it flags and the next.
    static func bestThreshold(_ probabilities: [Double], _ items: [LabelledItem]) -> Double? {
        let order = probabilities.indices.sorted { probabilities[$0] > probabilities[$1] }
        let all = items.reduce(0) { $0 + $1.standsFor * $1.target }
        guard all > 0 else { return nil }
        var (flagged, found) = (0.0, 0.0)
        var best: (f1: Double, threshold: Double)?
        for (place, index) in order.enumerated() {
            flagged += items[index].standsFor
            found += items[index].standsFor * items[index].target
            let next = place + 1 < order.count ? probabilities[order[place + 1]] : probabilities[index]
            if place + 1 < order.count, next == probabilities[index] { continue }
            let f1 = 2 * found / (flagged + all)
            if f1 > best?.f1 ?? 0 { best = (f1, (probabilities[index] + next) / 2) }
        }
        return best?.threshold
    }
}
