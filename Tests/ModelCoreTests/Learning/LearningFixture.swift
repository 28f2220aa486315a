import Foundation
import Testing

@testable import ModelCore

/// `learning.json`: made-up embeddings and labels, and what scikit-learn makes of them.
struct LearningFixture: Decodable {
    let tables: [String: Doubles]
    let fits: [Fit]
    let search: Search
    let curves: [Curve]
    let rankings: [Ranking]
    let issues: [Issues]

    struct Fit: Decodable, Sendable, CustomTestStringConvertible {
        let name: String
        let table: String
        let strength: Double
        let balanced: Bool
        let targets: [Double]
        let weights: [Double]?
        let offsets: [Double]?
        let direction: Doubles
        let bias: Double
        let probabilities: Doubles

        var testDescription: String { name }

        var rows: LabelledRows {
            let rows = LabelledRows(
                rows: Array(targets.indices), targets: targets, weights: weights, offsets: offsets)
            return balanced ? rows.balanced : rows
        }
    }

    struct Search: Decodable {
        let embeddings: Doubles
        let labels: [Double]
        let clusters: [Int64]
        let strengths: [Double]
        let folds: [Int]
        let losses: [Double]
        let logits: Doubles

        var rows: LabelledRows {
            LabelledRows(rows: Array(labels.indices), targets: labels, clusters: clusters)
        }
    }

    struct Curve: Decodable, Sendable {
        let name: String
        let logits: Doubles
        let targets: [Double]
        let weights: [Double]
        let platt: [Double]
        let temperature: Double?
        let asked: Doubles
        let isotonic: Doubles
    }

    struct Ranking: Decodable, Sendable {
        let name: String
        let scores: [Double]
        let labels: [Bool]
        let weights: [Double]?
        let averagePrecision: Double
        let auroc: Double
    }

    struct Issues: Decodable, Sendable {
        let name: String
        let labels: [Bool]
        let probabilities: Doubles
        let joint: [[Int]]
        let noiseRate: [Int]
        let confident: [Int]
    }

    static let shared = Result { try fixture("learning.json", as: LearningFixture.self) }

    func table(_ name: String) throws -> EmbeddingTable { Self.table(try #require(tables[name])) }

    static func table(_ rows: Doubles) -> EmbeddingTable {
        var table = EmbeddingTable(width: rows.shape[1])
        for start in stride(from: 0, to: rows.values.count, by: table.width) {
            table.append(rows.values[start..<start + table.width].map(Float.init))
        }
        return table
    }
}
