import ModelCore
import Queue

extension CalibrationReport.Subject {
    var json: JSONValue {
        [
            "policy": .string(policy.rawValue), "model": .string(model), "head": .string(head),
            "calibration": .string(curve.words), "fitted_on": fitted.json, "held_against": held.json,
            "unlabelled": .integer(Int64(unlabelled)), "threshold_before": .number(thresholdBefore),
            "threshold": choice?.json ?? .null, "notes": .array(notes.map { .string($0) }),
            "promise": .optional(CalibrationReport.promise(self)),
        ]
    }
}

extension CalibrationReport.Part {
    var json: JSONValue {
        func errors(_ evaluation: ScoreEvaluation) -> JSONValue {
            [
                "expected_calibration_error": .optional(evaluation.expectedCalibrationError()),
                "brier": .optional(evaluation.brierScore), "log_loss": .optional(evaluation.logLoss),
                "average_precision": .optional(evaluation.averagePrecision),
            ]
        }
        return [
            "rows": .integer(Int64(rows)), "drawn": .integer(Int64(drawn)), "known": .integer(Int64(known)),
            "violating": .integer(Int64(violating)), "before": errors(before), "after": errors(after),
        ]
    }
}

extension ThresholdChoice {
    var json: JSONValue {
        let (word, wanted): (String, Double?) =
            switch aim {
            case .precision(let wanted): ("precision", wanted)
            case .recall(let wanted): ("recall", wanted)
            case .balance: ("f1", nil)
            }
        return [
            "value": .number(threshold), "aim": .string(word), "wanted": .optional(wanted), "chosen_on": chosen.json,
            "bound": bound.json,
        ]
    }
}

extension ScoreEvaluation.OperatingPoint {
    var json: JSONValue {
        [
            "flagged": flagged?.json ?? .null, "missed": missed?.json ?? .null, "precision": precision?.json ?? .null,
        ]
    }
}

extension Proportion {
    var json: JSONValue {
        [
            "share": .number(share), "rows": .integer(Int64(rows)), "hits": .integer(Int64(hits)),
            "interval": .array([.number(interval.lowerBound), .number(interval.upperBound)]),
            "at_least": .number(atLeast), "at_most": .number(atMost),
        ]
    }
}
