import GRDB

/// Heads and calibrations that may have been fitted on the items of the erasure under way.
enum FittedHeads {
    /// Those for which a verdict on such an item stood among the rows of the record that they were fitted on and taught
    /// something. Of one that came from outside nobody knows which rows; what stood when it came in may be among them.
    static func add(of db: Database, to report: inout ErasureReport) throws {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT h.seq, h.id, count(DISTINCT d.item) AS items
                FROM head h CROSS JOIN erasing e CROSS JOIN decision d ON d.item = e.item
                WHERE d.verdict IS NOT NULL AND d.review IS NOT \(ReviewRound.gold.rawValue) AND d.labels <> '{}'
                    AND d.seq <= ifnull(h.last_decision, d.seq) AND d.event < h.event
                    AND NOT EXISTS (
                        SELECT 1 FROM decision later WHERE later.supersedes = d.seq
                            AND later.seq <= ifnull(h.last_decision, later.seq) AND later.event < h.event)
                GROUP BY h.seq ORDER BY h.seq
                """)
        guard !rows.isEmpty else { return }
        let inUse = Set(try PolicyUse.all(in: db).flatMap { [$0.state.head, $0.state.calibration] }.compactMap { $0 })
        for row in rows {
            let id: String = row["id"]
            let isInUse = inUse.contains(row["seq"])
            if let known = report.heads.firstIndex(where: { $0.id.utf8.elementsEqual(id.utf8) }) {
                report.heads[known].items += row["items"]
                report.heads[known].isInUse = isInUse
            } else {
                report.heads.append(ErasureReport.FittedHead(id: id, items: row["items"], isInUse: isInUse))
            }
        }
    }
}
