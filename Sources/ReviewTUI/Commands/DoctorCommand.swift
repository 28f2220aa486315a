import ArgumentParser
import CPNG
import Foundation
import Media
import Queue

/// Looks at everything the program needs and says what is missing and how to get it.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Say what is there, what works, what is missing and how to get it.",
        discussion: "Ends with 69 where something that a command needs is missing.")

    @OptionGroup var options: GlobalOptions

    /// One thing that was looked at.
    struct Finding {
        enum Verdict: String { case ok, missing, note }

        var subject: String
        var verdict: Verdict
        var detail: String
    }

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let answers = environment["TMUX"] != nil ? nil : TerminalQuestion.ask(environment: environment)
        let findings =
            [queue(), engine()] + models() + [await decoder()] + settings()
            + [preferences(answers, environment), terminal(), graphics(answers, environment)]
        if options.json {
            for finding in findings { Output.result(finding.json.text) }
        } else {
            let rows = findings.map { [$0.subject, $0.verdict.rawValue, $0.detail] }
            Output.result(Table.text(header: ["what", "state", "detail"], rows: rows))
        }
        if findings.contains(where: { $0.verdict == .missing }) {
            throw CommandFailure(.unavailable, "Something is missing: the list says how to get it.")
        }
    }

    private func queue() -> Finding {
        do {
            let store = try options.openQueue()
            let counts = try store.counts()
            let durability = store.durability
            return Finding(
                subject: "queue", verdict: .ok,
                detail: """
                    \(store.path): \(counts.pending) pending; journal \(durability.journal.rawValue), \
                    synchronous full (\(durability.reason))
                    """)
        } catch QueueError.notFound(let text) {
            return Finding(subject: "queue", verdict: .note, detail: text)
        } catch {
            return Finding(subject: "queue", verdict: .missing, detail: "\(error)")
        }
    }

    private func engine() -> Finding {
        do {
            let engine = try InstalledModels().engine()
            return Finding(subject: "OpenVINO", verdict: .ok, detail: "\(engine.version) at \(engine.path)")
        } catch {
            return Finding(subject: "OpenVINO", verdict: .missing, detail: "\(error)")
        }
    }

    private func models() -> [Finding] {
        do {
            let installed = try InstalledModels(heads: (try? options.openQueue().headsInUse()) ?? .none)
            return installed.library.descriptions.map { model in
                Finding(
                    subject: model.id, verdict: model.status == .ready ? .ok : .missing,
                    detail: model.status.advice
                        ?? (model.policies.isEmpty ? "untrained" : model.policies.joined(separator: " ")))
            } + installed.notes.map { Finding(subject: "heads", verdict: .note, detail: $0) }
        } catch {
            return [Finding(subject: "models", verdict: .missing, detail: "\(error)")]
        }
    }

    private func decoder() async -> Finding {
        // One black pixel, there and back through the worker.
        let pixel = PNGEncoder.encode(RGBImage(width: 1, height: 1, red: 0, green: 0, blue: 0))
        do throws(MediaError) {
            _ = try await MediaDecoder.ownProcess().decode(bytes: pixel, bound: nil)
            return Finding(
                subject: "media worker", verdict: .ok,
                detail: "PNG (libpng \(PNG_LIBPNG_VER_STRING)) and JPEG (TurboJPEG)")
        } catch {
            return Finding(subject: "media worker", verdict: .missing, detail: "\(error)")
        }
    }

    private func settings() -> [Finding] {
        let locations = Locations()
        return [("themes", "dark.toml"), ("keymaps", "default.toml"), ("policies", "default.toml")].map {
            folder, name in
            let found = locations.file(name, in: folder)
            return Finding(
                subject: folder, verdict: found == nil ? .missing : .ok,
                detail: found?.deletingLastPathComponent().path
                    ?? "not found: run reviewtui from its own folder, or name that with REVIEWTUI_SHARE")
        }
    }

    /// What `review` would look like and listen to, as far as no option says otherwise.
    private func preferences(_ answers: TerminalAnswers?, _ environment: [String: String]) -> Finding {
        let locations = Locations()
        do {
            let preferences = try Preferences(locations)
            let themes = try preferences.theme.themes(locations)
            let choice = themes.isOpen ? GroundAdvice(background: answers?.background, environment: environment) : nil
            let keymap = try preferences.keys.keymap(locations)
            let file = locations.configHome.appending(path: "config.toml").path
            let source = FileManager.default.fileExists(atPath: file) ? file : "no \(file)"
            let words = [
                "theme \(choice?.found ?? themes.theme(on: nil).name)", "keys \(keymap.name)",
                "graphics \(preferences.graphics.rawValue)",
                "language \(try preferences.language.catalogue(locations)?.name ?? "English")",
                preferences.linear ? "lines instead of a screen" : nil,
            ].compactMap { $0 }
            return Finding(subject: "preferences", verdict: .ok, detail: "\(words.joined(separator: ", ")) (\(source))")
        } catch {
            return Finding(subject: "preferences", verdict: .missing, detail: "\(error)")
        }
    }

    private func terminal() -> Finding {
        let environment = ProcessInfo.processInfo.environment
        let look = StreamLook()
        guard let name = environment["TERM"], !name.isEmpty else {
            return Finding(subject: "terminal", verdict: .note, detail: "TERM is not set: the console cannot open here")
        }
        let words = [name, look.unicode ? "UTF-8" : "no UTF-8 locale: ASCII only (set LC_ALL=C.UTF-8)"]
        return Finding(subject: "terminal", verdict: look.unicode ? .ok : .note, detail: words.joined(separator: ", "))
    }

    private func graphics(_ answers: TerminalAnswers?, _ environment: [String: String]) -> Finding {
        let look = StreamLook()
        let isInTmux = environment["TMUX"] != nil
        let isTerminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
        let advice = GraphicsAdvice(
            answers: answers,
            abilities: ScreenAbilities(colours: look.colours, unicode: look.unicode),
            driverCell: TerminalWindow(descriptor: STDOUT_FILENO)?.cell, isInTmux: isInTmux,
            couldAsk: isTerminal && TerminalProbe.canAsk(term: environment["TERM"]))
        return Finding(
            subject: "graphics", verdict: advice.improvements.isEmpty ? .ok : .note,
            detail: ([advice.found + "."] + advice.improvements).joined(separator: " "))
    }
}

extension DoctorCommand.Finding {
    var json: JSONValue {
        ["what": .string(subject), "state": .string(verdict.rawValue), "detail": .string(detail)]
    }
}
