import Queue

/// A screen about the work as a whole.
enum WorkView: Int, CaseIterable, Hashable, Sendable {
    case health, own, calibration, agreement

    var title: String {
        switch self {
        case .health: phrase("Queue health")
        case .own: phrase("My statistics")
        case .calibration: phrase("Calibration")
        case .agreement: phrase("Agreement")
        }
    }

    init?(_ command: CommandID) {
        switch command {
        case .queueHealth: self = .health
        case .myStatistics: self = .own
        case .calibration: self = .calibration
        case .agreement: self = .agreement
        default: return nil
        }
    }

    /// The screen so many further on, round and round.
    func going(_ step: Int) -> WorkView {
        let count = Self.allCases.count
        return Self(rawValue: (rawValue + step + count) % count) ?? self
    }
}

/// What was read for one of the screens.
enum WorkReading: Hashable, Sendable {
    case health(QueueHealth)
    /// With the day of the month of each of its days, by the local calendar.
    case own(OwnStatistics, daysOfMonth: [Int])
    case calibration(CalibrationReading)
    case agreement(AgreementReading)

    var view: WorkView {
        switch self {
        case .health: .health
        case .own: .own
        case .calibration: .calibration
        case .agreement: .agreement
        }
    }

    var readAt: Timestamp {
        switch self {
        case .health(let reading): reading.readAt
        case .own(let reading, _): reading.readAt
        case .calibration(let reading): reading.readAt
        case .agreement(let reading): reading.readAt
        }
    }
}

/// The last reading of a screen and the next.
struct WorkSlot: Hashable, Sendable {
    var reading: WorkReading?
    /// Why the last try came to nothing.
    var failure: String?
    /// When a reading was asked for that has not come yet; milliseconds since 1970.
    var askedAt: Int64?
    var answeredAt: Int64 = 0
    /// How long the last one took, in milliseconds.
    var took: Int64 = 0
    /// Whether somebody changed the queue since.
    var isStale = false

    /// Whether it is time to read again: after a change, but with rests of three seconds at least and of ten times what a
    /// reading takes; else once a minute, since ages grow by themselves.
    func isDue(at now: Int64) -> Bool {
        guard askedAt == nil else { return false }
        return now - answeredAt >= (isStale ? max(3_000, 10 * took) : max(60_000, 10 * took))
    }
}

/// The screen that is open over the review.
struct WorkScreen: Hashable, Sendable {
    var view: WorkView
    /// Milliseconds since 1970: the time spent here is none of the item's.
    let openedAt: Int64
    /// Lines that are above the screen.
    var scroll = 0
    /// What calibration shows; nil for what there is most of.
    var subject: Subject?
    /// A threshold that is tried; nil for the one in force.
    var threshold: Double?

    struct Subject: Hashable, Sendable {
        var policy: PolicyID
        var model: String
    }
}

extension CalibrationReading {
    /// Which subject a screen shows.
    func index(of screen: WorkScreen) -> Int? {
        if let subject = screen.subject,
            let index = subjects.firstIndex(where: { $0.policy == subject.policy && $0.model == subject.model })
        {
            return index
        }
        return subjects.indices.max { left, right in
            let (a, b) = (subjects[left].evaluation, subjects[right].evaluation)
            // Of equals the first.
            return (a.violating, a.rows.count, right) < (b.violating, b.rows.count, left)
        }
    }
}
