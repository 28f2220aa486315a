import Foundation
import Testing

@testable import Queue
@testable import ReviewTUI

/// Screens compared with files in Snapshots/: the text, and which style each cell has.
///
/// `UPDATE_SNAPSHOTS=1 swift test --filter SnapshotTests` writes them anew; read the difference before you commit it.
@Suite("Screens")
struct SnapshotTests {
    enum Case: String, CaseIterable, CustomTestStringConvertible {
        case text, picture, post, restricted, broken, empty, help, policies, note, command, hostile, decided, ascii,
            mono, severity, history, zoom, question, reasons, wellbeing, pause, softened, health, own, calibration,
            agreement, group
        case calibrationInASCII = "calibration-ascii"

        var testDescription: String { rawValue }
    }

    @Test(
        "look as they did", arguments: Case.allCases,
        [CellSize(columns: 80, rows: 24), CellSize(columns: 120, rows: 40)])
    func screen(_ which: Case, size: CellSize) throws {
        let mia = try Self.reviewer(which, size)
        try compare(mia.frame.cells, with: "\(which.rawValue)-\(size.columns)x\(size.rows)")
    }

    @Test("say so where the terminal is too small")
    func tooSmall() throws {
        let mia = Reviewer([Sample.threat], columns: 60, rows: 12)
        try compare(mia.frame.cells, with: "too-small-60x12")
    }

    @Test("fill a very large terminal")
    func large() throws {
        let mia = Reviewer([Sample.threat, Sample.harmless], columns: 200, rows: 60, theme: try Themes.dark)
        try compare(mia.frame.cells, with: "text-200x60")
    }

    static func reviewer(_ which: Case, _ size: CellSize) throws -> Reviewer {
        var theme = try Themes.dark
        var items = [Sample.threat, Sample.harmless, Sample.picture("photo-3", scores: [("spam", 0.42)])]
        var abilities = ScreenAbilities()
        var keys = ""
        switch which {
        case .text: break
        case .picture: items = [Sample.picture("photo-1", scores: [("violence/graphic", 0.81), ("spam", 0.07)])]
        case .post:
            items = [Sample.picture("post-5", text: "Look what they did to the harbour.", scores: [("hate", 0.2)])]
        case .restricted: items = [Sample.picture("photo-2", scores: [("sexual/minors", 0.7)])]
        case .broken: items = [Sample.picture("photo-4")]
        case .empty: items = []
        case .help: keys = "?"
        case .policies: keys = "p down space"
        case .note: keys = "n h m m"
        case .command: keys = ": e x"
        case .hostile: items = [Sample.hostile]
        case .decided: keys = "x"
        case .severity: keys = "s 3 s"
        case .zoom:
            items = [Sample.picture("photo-1", scores: [("violence/graphic", 0.81)])]
            keys = "z + +"
        case .question:
            items = [Sample.text("post-40", "about a child", scores: [("sexual/minors", 0.9)])]
            keys = "e"
        case .reasons: keys = "R j"
        case .wellbeing: keys = "x a w"
        case .pause: keys = "P"
        case .softened:
            items = [Sample.picture("photo-1", scores: [("violence/graphic", 0.81), ("spam", 0.07)])]
            keys = "d l b"
        case .health: keys = "Q"
        case .own: keys = "S"
        case .calibration: keys = "C right right right right pageup"
        case .calibrationInASCII:
            abilities.unicode = false
            abilities.colours = .mono
            keys = "C left left"
        case .agreement: keys = "A"
        case .history: keys = "x a h j"
        case .group:
            items = [
                Sample.picture("photo-1", scores: [("spam", 0.81)]), Sample.threat, Sample.harmless, Sample.hostile,
                Sample.picture("photo-2", text: "Look what they did to the harbour.", scores: [("spam", 0.42)]),
                Sample.picture("photo-3", scores: [("sexual/minors", 0.9)]),
            ]
            keys = "t right down space"
        case .ascii:
            abilities.unicode = false
            theme = try Themes.light
        case .mono: abilities.colours = .mono
        }
        let broken: ((PreviewRequest) -> PreviewContent)?? =
            which == .broken
            ? .some { _ in .failed("broken PNG: IDAT: CRC error. Ask the source for the file again.") } : .none
        var mia = Reviewer(
            items, columns: size.columns, rows: size.rows, theme: theme, abilities: abilities, preview: broken)
        mia.desk.change { $0.work = SampleWork.readings }
        if which == .group {
            let record = DecisionRecord(
                decision: "d1", item: "post-17", verdict: .remove, policies: ["hate"], labels: [:], reviewer: "ann",
                decidedAt: Timestamp(milliseconds: Sample.start), scores: [], review: .first, isStanding: true, hash: ""
            )
            mia.desk.change {
                $0.group = items.map(\.item.id)
                $0.takenByOthers = ["post-18"]
                $0.standings = ["post-17": .decided(record)]
            }
        }
        mia.press(keys)
        return mia
    }

    private func compare(_ cells: CellBuffer, with name: String) throws {
        let now = Snapshot.text(of: cells)
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Snapshots/\(name).txt")
        if ProcessInfo.processInfo.environment["UPDATE_SNAPSHOTS"] == "1" {
            try now.write(to: file, atomically: true, encoding: .utf8)
            return
        }
        let before = try String(contentsOf: file, encoding: .utf8)
        if now != before {
            let lines = zip(
                now.split(separator: "\n", omittingEmptySubsequences: false),
                before.split(separator: "\n", omittingEmptySubsequences: false))
            let changed = lines.filter { $0 != $1 }.prefix(6).map { "now:    \($0)\nbefore: \($1)" }
            Issue.record("\(name) looks different:\n\(changed.joined(separator: "\n"))")
        }
    }
}

/// A buffer as text: the rows, then the same rows with a letter for each cell's style, then what the letters mean.
enum Snapshot {
    static func text(of cells: CellBuffer) -> String {
        var names: [Style: Character] = [.plain: "."]
        var legend: [String] = []
        let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
        var styles: [String] = []
        for row in 0..<cells.size.rows {
            var line = ""
            for column in 0..<cells.size.columns {
                let style = cells[row, column].style
                if names[style] == nil {
                    // A picture has more styles than letters: those share one.
                    let letter = names.count <= letters.count ? letters[names.count - 1] : "*"
                    names[style] = letter
                    if letter != "*" { legend.append("\(letter) \(describe(style))") }
                }
                line.append(names[style] ?? "*")
            }
            styles.append(line)
        }
        let rows = (0..<cells.size.rows).map(cells.line)
        return (rows + [""] + styles + [""] + legend).joined(separator: "\n") + "\n"
    }

    private static func describe(_ style: Style) -> String {
        func hex(_ colour: RGB?) -> String {
            colour.map { String(format: "#%02x%02x%02x", $0.red, $0.green, $0.blue) } ?? "default"
        }
        let attributes = [
            (style.bold, "bold"), (style.dim, "dim"), (style.italic, "italic"), (style.underline, "underline"),
            (style.reverse, "reverse"),
        ].filter(\.0).map(\.1)
        return "\(hex(style.foreground)) on \(hex(style.background)) \(attributes.joined(separator: " "))"
            .trimmingSpaces
    }
}

/// The themes as they are in the repository.
enum Themes {
    static var dark: Theme { get throws { try load("dark") } }
    static var light: Theme { get throws { try load("light") } }

    static var root: URL {
        var folder = URL(fileURLWithPath: #filePath)
        repeat {
            folder.deleteLastPathComponent()
        } while folder.path != "/"
            && !FileManager.default.fileExists(atPath: folder.appending(path: "Package.swift").path)
        return folder
    }

    static func load(_ name: String) throws -> Theme {
        let file = root.appending(path: "themes/\(name).toml")
        return try Theme(toml: String(contentsOf: file, encoding: .utf8), file: "themes/\(name).toml")
    }
}
