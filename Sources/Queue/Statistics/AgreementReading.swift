import GRDB

/// How far people agree with each other and with models, over the latest verdicts.
public struct AgreementReading: Sendable, Hashable {
    public var readAt: Timestamp
    /// On the verdict, then on each policy that anybody named.
    public var reports: [AgreementReport]
    /// People against what models proposed, over all standing verdicts that were read, and over those on uniformly drawn
    /// items: of these two only the second says something of the whole queue.
    public var judgement: JudgementStats
    public var drawnJudgement: JudgementStats
    /// Verdicts and undos that were read, and whether they are all there are.
    public var rows: Int
    public var isWhole: Bool

    /// The latest rows of the record that are read.
    public static let mostRows = 50_000
}

extension QueueStore {
    /// The figures of `agreement`, with the same seed and resamples, for a screen: over the latest decisions, in short reads.
    ///
    /// - parameter limit: How many of the latest decisions are looked at. Of an item that is among them, all are.
    public func agreementReading(latest limit: Int = AgreementReading.mostRows) throws -> AgreementReading {
        let now = clock()
        let ends = try read { try Row.fetchOne($0, sql: "SELECT min(seq), max(seq) FROM decision") }
        guard let oldest = ends?[0] as Int64?, let newest = ends?[1] as Int64? else {
            return AgreementReading(
                readAt: now, reports: [], judgement: JudgementStats(), drawnJudgement: JudgementStats(), rows: 0,
                isWhole: true)
        }
        let first = max(oldest, newest - Int64(limit) + 1)
        var reading = RatedItemReading(includesAppeals: false, items: try itemsJudgedAgain(since: first))
        while try read({ try reading.readPage(in: $0) }) {}
        var (judgement, drawn) = (JudgementStats(), JudgementStats())
        for start in stride(from: first, through: newest, by: 1000) {
            let rows = start...min(newest, start + 999)
            judgement = judgement + (try read { try JudgementStats.read(in: $0, rows: rows) })
            drawn = drawn + (try read { try JudgementStats.read(in: $0, rows: rows, onlyDrawn: true) })
        }
        return AgreementReading(
            readAt: now,
            reports: try Self.reports(over: reading.finished(), taxonomy: taxonomy(), rules: BootstrapRules()),
            judgement: judgement, drawnJudgement: drawn, rows: Int(newest - first + 1), isWhole: first == oldest)
    }

    /// Nobody judges an item that somebody else has judged but in a second, third, appeal's, gold's or escalation's verdict.
    private func itemsJudgedAgain(since first: Int64) throws -> [Int64] {
        try read { db in
            try Int64.fetchAll(
                db,
                sql: """
                    SELECT DISTINCT item FROM decision INDEXED BY decision_again
                    WHERE review IS NOT NULL AND seq >= ? ORDER BY item
                    """, arguments: [first])
        }
    }
}
