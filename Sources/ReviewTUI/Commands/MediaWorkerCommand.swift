import ArgumentParser
import Media

/// The process in which flagged media is decoded. Started by the program itself, never by a person.
struct MediaWorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "media-worker", abstract: "Decode media for another reviewtui process.", shouldDisplay: false)

    func run() throws {
        throw ExitCode(MediaWorker.run(input: 0, output: 1))
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
