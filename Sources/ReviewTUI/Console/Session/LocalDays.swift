import Foundation
import Queue

/// The days of whoever sits here: from one midnight of the local calendar to the next.
enum LocalDays {
    /// Beginnings of days in ascending order, today's last.
    static func upToToday(_ count: Int, now: Timestamp = .now, calendar: Calendar = .current) -> [Timestamp] {
        let today = calendar.startOfDay(for: Date(timeIntervalSince1970: Double(now.milliseconds) / 1000))
        return (0..<count).reversed().compactMap { back in
            // Not a multiple of 24 hours where the clock was changed.
            calendar.date(byAdding: .day, value: -back, to: today).map {
                Timestamp(milliseconds: Int64($0.timeIntervalSince1970 * 1000))
            }
        }
    }

    /// The day of the month at a moment: what a chart writes under it.
    static func dayOfMonth(_ time: Timestamp, calendar: Calendar = .current) -> Int {
        calendar.component(.day, from: Date(timeIntervalSince1970: Double(time.milliseconds) / 1000))
    }
}
