import Foundation

@testable import ReviewTUI

/// How colours look to somebody, so that tests can measure how far two of them stand apart.
enum ColourVision: String, CaseIterable, Sendable {
    case normal, protanopia, deuteranopia

    /// From linear RGB to linear RGB: Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of
    /// Color Vision Deficiency", IEEE TVCG 15(6), 2009, supplementary table, severity 1.0.
    private var matrix: [[Double]] {
        switch self {
        case .normal: [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
        case .protanopia:
            [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
        case .deuteranopia:
            [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
        }
    }

    /// CIE L*a*b* (CIE 15, 1976; white D65) of what is seen.
    func lab(_ colour: RGB) -> (lightness: Double, a: Double, b: Double) {
        let light = [colour.red, colour.green, colour.blue].map(RGB.linear)
        let seen = matrix.map { row in min(1, max(0, zip(row, light).reduce(0) { $0 + $1.0 * $1.1 })) }
        func tristimulus(_ weights: [Double], white: Double) -> Double {
            let value = zip(weights, seen).reduce(0) { $0 + $1.0 * $1.1 } / white
            return value > 216.0 / 24389 ? cbrt(value) : (24389.0 / 27 * value + 16) / 116
        }
        let x = tristimulus([0.4124564, 0.3575761, 0.1804375], white: 0.95047)
        let y = tristimulus([0.2126729, 0.7151522, 0.0721750], white: 1)
        let z = tristimulus([0.0193339, 0.1191920, 0.9503041], white: 1.08883)
        return (116 * y - 16, 500 * (x - y), 200 * (y - z))
    }

    /// The CIE 1976 difference ΔE*ab: about 2.3 is just noticeable side by side (Mahy, Van Eycken and Oosterlinck 1994).
    func difference(_ one: RGB, _ other: RGB) -> Double {
        let (first, second) = (lab(one), lab(other))
        let (l, a, b) = (first.lightness - second.lightness, first.a - second.a, first.b - second.b)
        return (l * l + a * a + b * b).squareRoot()
    }
}
