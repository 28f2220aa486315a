import Testing

@testable import ModelCore

@Suite struct StrengthSearchTests {
    @Test func `The strength, its loss and the logits of rows left out are scikit-learn's`() throws {
        let expected = try LearningFixture.shared.get().search
        let table = LearningFixture.table(expected.embeddings)
        let found = try #require(
            StrengthSearch.search(table, expected.rows, strengths: expected.strengths, tolerance: .tight))
        #expect(found.folds == expected.folds)
        #expect(found.strength == 3.16)
        for (trial, loss) in zip(found.trials, expected.losses) {
            #expect(abs(trial.loss - loss) < 1e-6, "\(trial.strength)")
        }
        let furthest = zip(found.logits, expected.logits.values).map { abs($0 - $1) }.max() ?? .infinity
        #expect(furthest < 1e-5, "\(furthest)")
    }

    @Test func `The loose search chooses what the tight one chooses, and stops when stronger fits do worse`() throws {
        let fixture = try LearningFixture.shared.get()
        let searched = fixture.search
        var cases = [(LearningFixture.table(searched.embeddings), searched.rows)]
        for fit in fixture.fits where fit.strength == 1 { cases.append((try fixture.table(fit.table), fit.rows)) }
        #expect(cases.count == 11)
        for (table, rows) in cases {
            let tight = try #require(StrengthSearch.search(table, rows, tolerance: .tight))
            let loose = try #require(StrengthSearch.search(table, rows))
            #expect(loose.strength == tight.strength)
            #expect(zip(loose.trials, tight.trials).allSatisfy { abs($0.loss - $1.loss) < 2e-3 })
        }
        let found = try #require(StrengthSearch.search(LearningFixture.table(searched.embeddings), searched.rows))
        #expect(found.trials.map(\.strength) == [0.1, 0.316, 1, 3.16, 10, 31.6], "100 was not worth its time")
    }

    @Test func `No cluster is in two folds, each fold has both classes, and the order of rows is nothing`() throws {
        let expected = try LearningFixture.shared.get().search
        let folds = try #require(Folds.assigned(expected.rows))
        for cluster in Set(expected.clusters) {
            let its = zip(folds, expected.clusters).filter { $0.1 == cluster }.map(\.0)
            #expect(Set(its).count == 1)
        }
        for fold in 0..<5 {
            let labels = zip(folds, expected.labels).filter { $0.0 == fold }.map(\.1)
            #expect(labels.count == 80 && labels.count { $0 == 1 } == 12, "\(labels.count)")
        }
        let turned = Array(expected.labels.indices.reversed())
        #expect(Folds.assigned(expected.rows.selecting(turned)) == folds.reversed())
    }

    @Test func `Fewer folds where fewer clusters hold a class, and none where there are not two`() {
        var rows = LabelledRows(
            rows: Array(0..<8), targets: [1, 1, 1, 0, 0, 0, 0, 0], clusters: [1, 1, 2, 3, 4, 5, 6, 7])
        #expect(Folds.assigned(rows).map { Set($0).count } == 2)
        rows.clusters[2] = 1
        #expect(Folds.assigned(rows) == nil)
        #expect(StrengthSearch.search(EmbeddingTable(width: 2), rows) == nil)
    }
}
