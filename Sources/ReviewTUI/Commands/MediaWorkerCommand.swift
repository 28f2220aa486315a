import ArgumentParser
import Media

/// The process in which flagged media is decoded. Started by the program itself, never by a person.
///
/// `Main` recognises it before anything is parsed; as a command it stands only among the hidden ones.
struct MediaWorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "media-worker", abstract: "Decode media for another reviewtui process.", shouldDisplay: false)

    /// Whether a command line, the program's name included, asks for the worker and nothing else.
    static func isMeant(by arguments: [String]) -> Bool {
        arguments.dropFirst().elementsEqual(["media-worker"])
    }

    func run() throws {
        throw CommandFailure(.usage, "media-worker takes no options: reviewtui starts it by itself.")
    }
}

extension MediaDecoder {
    /// A decoder whose worker is this very program.
    static func ownProcess(limits: DecodeLimits = DecodeLimits(), timeout: Duration = .seconds(10)) -> MediaDecoder {
        #if os(Linux)
            // Still this program after its file on disk was replaced.
            let executable = "/proc/self/exe"
        #else
            let executable = CommandLine.arguments[0]
        #endif
        return MediaDecoder(executable: executable, arguments: ["media-worker"], limits: limits, timeout: timeout)
    }
}
