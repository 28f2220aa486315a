import Foundation
import Queue

/// What is known about an item beside its text and media, as short safe lines.
enum ItemFacts {
    /// Facts in a fixed order, then the metadata's own keys.
    static func facts(of item: Item, ascii: Bool) -> [Focus.Fact] {
        var facts: [Focus.Fact] = []
        func add(_ name: String, _ value: String?) {
            guard let value, !value.isEmpty else { return }
            facts.append(
                Focus.Fact(
                    name: SafeText.line(name, limit: 40, ascii: ascii),
                    value: SafeText.line(value, limit: 400, ascii: ascii)))
        }
        add(phrase("source"), item.source)
        add(phrase("author"), item.author)
        add(phrase("lang"), item.language)
        add(phrase("flagged"), moment(item.flaggedAt))
        add(phrase("created"), item.createdAt.map(moment))
        add(phrase("due"), item.dueAt.map(moment))
        if item.priority != 0 { add(phrase("urgency"), String(format: "%g", item.priority)) }
        for media in item.media {
            add(phrase("file"), "\(media.path) (\(bytes(media.byteCount)))")
        }
        for (name, value) in metadata(item.metadata) { add(name, value) }
        return facts
    }

    /// Keys and values of a JSON object, in the order of the keys; nested values as JSON.
    static func metadata(_ json: String) -> [(String, String)] {
        guard let object = try? JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any] else { return [] }
        return object.sorted { $0.key < $1.key }.prefix(60).map { key, value in
            if let text = value as? String { return (key, text) }
            let data = try? JSONSerialization.data(withJSONObject: [value], options: [.sortedKeys])
            let text = data.map { String(decoding: $0, as: UTF8.self).dropFirst().dropLast() } ?? ""
            return (key, String(text))
        }
    }

    /// `2026-11-23 10:05` in UTC.
    static func moment(_ time: Timestamp) -> String {
        let date = Date(timeIntervalSince1970: Double(time.milliseconds) / 1000)
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute], from: date)
        return String(
            format: "%04d-%02d-%02d %02d:%02d", parts.year ?? 0, parts.month ?? 0, parts.day ?? 0, parts.hour ?? 0,
            parts.minute ?? 0)
    }

    static func bytes(_ count: Int64) -> String {
        switch count {
        case ..<1000: phrase("\(count) B")
        case ..<1_000_000: phrase("\(count / 1000) kB")
        default: String(format: "%.1f MB", Double(count) / 1_000_000)
        }
    }

    /// How long ago, in the largest unit that fits: `3 h`, `2 d`.
    static func age(from: Timestamp, now: Timestamp) -> String {
        let seconds = max(0, (now.milliseconds - from.milliseconds) / 1000)
        switch seconds {
        case ..<60: return phrase("\(seconds) s")
        case ..<3600: return phrase("\(seconds / 60) min")
        case ..<172_800: return phrase("\(seconds / 3600) h")
        default: return phrase("\(seconds / 86_400) d")
        }
    }
}
