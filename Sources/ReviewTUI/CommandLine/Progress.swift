import Foundation

/// A one-line progress bar on stderr, drawn only where stderr is a terminal.
///
/// Redraws at most ten times a second, so that a fast loop does not spend its time painting.
struct Progress {
    private let title: String
    private let unit: String
    private let enabled: Bool
    private let started = Date()
    private var lastDrawn = Date.distantPast

    /// - Parameter unit: what is counted, plural: "items".
    init(_ title: String, unit: String, enabled: Bool = isatty(STDERR_FILENO) == 1) {
        self.title = title
        self.unit = unit
        self.enabled = enabled
    }

    /// Shows `done` things, at a fraction of the whole in [0, 1] (nil where the whole is unknown).
    mutating func show(done: Int, fraction: Double?) {
        guard enabled, Date().timeIntervalSince(lastDrawn) > 0.1 else { return }
        lastDrawn = Date()
        let elapsed = max(Date().timeIntervalSince(started), 0.001)
        let rate = Double(done) / elapsed
        Output.raw("\r\u{1B}[K" + Self.line(title: title, unit: unit, done: done, fraction: fraction, rate: rate))
    }

    /// Removes the bar.
    func clear() {
        if enabled, lastDrawn != .distantPast { Output.raw("\r\u{1B}[K") }
    }

    /// `score [#####·····] 50 %  120 items  40/s`, 20 columns of bar.
    static func line(title: String, unit: String, done: Int, fraction: Double?, rate: Double) -> String {
        let perSecond = rate >= 10 ? "\(Int(rate.rounded()))" : String(format: "%.1f", rate)
        guard let fraction else { return "\(title)  \(done) \(unit)  \(perSecond)/s" }
        let bounded = min(max(fraction, 0), 1)
        let filled = Int((bounded * 20).rounded(.down))
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 20 - filled)
        return "\(title) [\(bar)] \(Int((bounded * 100).rounded(.down))) %  \(done) \(unit)  \(perSecond)/s"
    }
}
