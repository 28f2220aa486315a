import ModelCore
import Queue

extension Refit.Rows {
    var json: JSONValue {
        [
            "training": .integer(Int64(training)), "validation": .integer(Int64(validation)),
            "test": .integer(Int64(test)), "gold": .integer(Int64(gold)), "unused": .integer(Int64(unused)),
        ]
    }
}

extension Refit.ModelOutcome {
    var json: JSONValue {
        [
            "model": .string(model), "head": .optional(record?.id), "rows": rows.json,
            "without_embedding": .integer(Int64(withoutEmbedding)), "last_decision": .optional(record?.lastDecision),
            "policies": .array(policies.map(\.json)), "adopted": .array(changes.map(\.json)),
            "seconds": .number(seconds),
        ]
    }
}

extension Refit.Options {
    /// What a fit was made with, so that it can be made again.
    var json: JSONValue {
        [
            "strength": fitting.strength.map { .number($0) } ?? "auto",
            "class_weights": fitting.isBalanced ? "balanced" : "none",
            "origin_model_weight": .number(weighing.originModel),
            "weighed_by_sampling": .bool(weighing.bySampling), "starts_from_words": .bool(startsFromWords),
            "least_items": .integer(Int64(fitting.leastItems)), "seed": .integer(Int64(fitting.seed)),
        ]
    }
}

extension Refit.PolicyOutcome {
    /// Goes into the head's record too, which is older than any adoption.
    var json: JSONValue {
        [
            "policy": .string(policy.rawValue), "violating": .integer(Int64(fitted.violating)),
            "others": .integer(Int64(fitted.others)), "strength": .number(fitted.strength),
            "strengths_tried": .array(
                fitted.trials.map { ["strength": .number($0.strength), "log_loss": .number($0.loss)] }),
            "converged": .bool(fitted.isConverged), "starts_from_words": .bool(fitted.startsFromWords),
            "calibration": .optional(fitted.curve?.words), "calibrated_on": .optional(fitted.calibratedOn?.rawValue),
            "threshold": fitted.threshold.map { .number($0) } ?? .null,
            "compared_on": comparedOn == .heldOut ? "held out" : "out of fold",
            "comparison": comparison.json, "current_head": .optional(current),
            "current_saw_these_rows": .bool(currentSawRows),
        ]
    }
}

extension HeadComparison {
    var json: JSONValue {
        let (word, reason) =
            switch verdict {
            case .better: ("better", String?.none)
            case .notBetter(let reason): ("not better", reason)
            case .undecided(let reason): ("undecided", reason)
            }
        return [
            "items": .integer(Int64(rows)), "violating": .integer(Int64(violating)),
            "clusters": .integer(Int64(clusters)), "share_violating": .number(baseRate),
            "resamples": .integer(Int64(resamples)), "candidate": candidate.json, "current": current?.json ?? .null,
            "gain": gain?.json ?? .null,
            "resamples_at_least_as_precise": shareAtLeastAsPrecise.map { .number($0) } ?? .null,
            "verdict": .string(word), "reason": .optional(reason),
        ]
    }
}

extension HeadComparison.Figures {
    var json: JSONValue {
        [
            "average_precision": averagePrecision?.json ?? .null, "auroc": auroc?.json ?? .null,
            "log_loss": logLoss?.json ?? .null,
        ]
    }
}

extension HeadComparison.Figure {
    var json: JSONValue {
        [
            "value": .number(value),
            "interval": interval.map { .array([.number($0.lowerBound), .number($0.upperBound)]) } ?? .null,
        ]
    }
}

/// How a head of the queue was fitted on one policy, read back from its record.
struct RecordedFit: Sendable {
    /// With the strength that was found then.
    var options = HeadFitting.Options()
    var weighing = JudgedItems.Weighing()
    var startsFromWords: Bool

    /// - Returns: nil for a head that was not fitted on this queue, or not for the policy.
    init?(_ facts: JSONValue, _ policy: PolicyID) {
        guard let made = facts["options"], case .array(let policies)? = facts["policies"],
            let own = policies.first(where: { $0["policy"] == .string(policy.rawValue) }),
            let strength = own["strength"]?.double
        else { return nil }
        options.strength = strength
        options.isBalanced = made["class_weights"] == "balanced"
        options.seed = UInt64(made["seed"]?.double ?? 1)
        weighing.originModel = made["origin_model_weight"]?.double ?? weighing.originModel
        weighing.bySampling = made["weighed_by_sampling"] == true
        startsFromWords = own["starts_from_words"] == true
    }
}
