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

    /// A day by its name in every calendar, so many days before today: `2026-11-26`.
    static func name(before days: Int = 0, now: Timestamp = .now, zone: TimeZone = .current) -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let day = upToToday(days + 1, now: now, calendar: calendar).first ?? now
        let parts = calendar.dateComponents(
            [.year, .month, .day], from: Date(timeIntervalSince1970: Double(day.milliseconds) / 1000))
        return String(format: "%04d-%02d-%02d", parts.year ?? 0, parts.month ?? 0, parts.day ?? 0)
    }

    /// The day of the month at a moment: what a chart writes under it.
    static func dayOfMonth(_ time: Timestamp, calendar: Calendar = .current) -> Int {
        calendar.component(.day, from: Date(timeIntervalSince1970: Double(time.milliseconds) / 1000))
    }
}
