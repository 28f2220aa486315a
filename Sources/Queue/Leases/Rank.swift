/// Where an item stands in line.
///
/// A rank is priority + boost − rate × flagged time, or, where that is more, ``dueLift`` + boost − rate × due time. All
/// items age alike, so the order never changes with time and is stored: as *minus* the rank, `work.place`, of which the
/// smallest comes first.
enum Rank {
    /// How much an hour of waiting weighs against priority: after 25 hours an item overtakes a new one whose priority
    /// is higher by 1.
    static let ageingPerHour = 0.04
    /// An item that is due ranks as one of this priority that was flagged when it is due: it goes before whatever comes
    /// in by then with less, and a day earlier before whatever comes in with a priority under 1.
    static let dueLift = 2.0

    /// What is stored in `work.place`.
    ///
    /// - parameter boost: What the queue's order (``RankOrder``) or a mining adds to the priority. With 0 the place is, to the
    ///   last bit, what it was before there were boosts.
    static func place(flaggedAt: Timestamp, dueAt: Timestamp?, priority: Double, boost: Double) -> Double {
        let aged = { (time: Timestamp) in ageingPerHour * Double(time.milliseconds) / 3_600_000 }
        let place = aged(flaggedAt) - priority
        return (dueAt.map { min(place, aged($0) - dueLift) } ?? place) - boost
    }
}
