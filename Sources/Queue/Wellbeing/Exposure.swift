/// What a stretch of reviewing amounted to: how long what was shown, and how grave it was.
///
/// Severity × time, summed: a sum that is easy to explain and follows from nothing else. It is no measure of harm
/// (docs/wellbeing.md).
public struct Exposure: Hashable, Sendable {
    /// What was shown of the items whose gravest policy is of one family, which is the topmost policy above it.
    public struct Family: Hashable, Sendable {
        /// Milliseconds during which something of them was to be seen as it is.
        public var shown: Int64
        /// The same, each millisecond times its item's severity.
        public var weighted: Int64
        public var items: Int

        public init(shown: Int64 = 0, weighted: Int64 = 0, items: Int = 0) {
            self.shown = shown
            self.weighted = weighted
            self.items = items
        }
    }

    public var families: [PolicyID: Family] = [:]
    /// Milliseconds at the console.
    public var present: Int64 = 0
    /// Items that came before the reviewer, harmless ones too.
    public var items = 0
    public var pauses = 0
    /// Milliseconds of pauses.
    public var paused: Int64 = 0

    public init() {}

    /// Severity × milliseconds of all families.
    public var weighted: Int64 { families.values.reduce(0) { $0 + $1.weighted } }

    public var isEmpty: Bool { self == Exposure() }

    public static func + (a: Exposure, b: Exposure) -> Exposure {
        var sum = a
        sum.present += b.present
        sum.items += b.items
        sum.pauses += b.pauses
        sum.paused += b.paused
        sum.families.merge(b.families) { one, other in
            Family(
                shown: one.shown + other.shown, weighted: one.weighted + other.weighted, items: one.items + other.items)
        }
        return sum
    }
}

/// The exposure of one day.
public struct ExposureDay: Hashable, Sendable {
    /// `2026-11-26`, by the calendar of where the reviewer sat.
    public var day: String
    public var exposure: Exposure

    public init(day: String, exposure: Exposure) {
        self.day = day
        self.exposure = exposure
    }
}
