import ArgumentParser
import Media
import ModelCore
import Queue

extension Main {
    /// Tells a person why a command ended and returns its exit status.
    ///
    /// ArgumentParser's messages quote what was typed, raw escape sequences included, so everything it says about an
    /// error is made safe first.
    static func report(_ error: any Error) -> Int32 {
        if let status = status(of: error) {
            Output.say("reviewtui: \(error)")
            return status.rawValue
        }
        let code = ReviewTUI.exitCode(for: error)
        let message = ReviewTUI.fullMessage(for: error)
        if code == .success {
            // Help, the version, a completion script: the program's own words.
            if !message.isEmpty { Output.result(message) }
            return ExitStatus.done.rawValue
        }
        if !message.isEmpty { Output.say(message) }
        // A command that has said everything already ends with its status alone.
        if let code = error as? ExitCode { return code.rawValue }
        return code == .validationFailure ? ExitStatus.usage.rawValue : ExitStatus.failed.rawValue
    }

    /// The exit status of an error of the program's own; nil for one of ArgumentParser's.
    static func status(of error: any Error) -> ExitStatus? {
        switch error {
        case let failure as CommandFailure: failure.status
        case let error as QueueError: error.exitStatus
        case let error as MediaError: error.exitStatus
        case ConfigurationError.unknownFamily: .rejected
        case is EngineError, is WeightsError, is ConfigurationError, is TokenizerError: .unavailable
        case is ExplanationError: .usage
        case let error as RecipeError: error.exitStatus
        case is ScorerError, is PromptError: .failed
        case is ExplanationError: .usage
        case let error as CheckpointError: error.exitStatus
        case is SettingsError: .usage
        case is TerminalError: .unavailable
        default: nil
        }
    }
}

extension QueueError {
    fileprivate var exitStatus: ExitStatus {
        switch self {
        case .usage: .usage
        case .rejected: .rejected
        case .notFound: .notFound
        case .busy, .leaseLost: .tryAgain
        case .failed: .failed
        }
    }
}

extension RecipeError {
    fileprivate var exitStatus: ExitStatus {
        switch self {
        case .unknownModel: .usage
        case .notReady: .unavailable
        case .unreadable, .invalid: .failed
        }
    }
}

extension CheckpointError {
    fileprivate var exitStatus: ExitStatus {
        switch self {
        case .unreadable: .notFound
        case .noWeights, .undecided: .rejected
        case .badName, .taken, .notAdded: .usage
        case .busy: .tryAgain
        case .notWritable: .failed
        }
    }
}

extension MediaError {
    /// What a command that needs the file ends with.
    var exitStatus: ExitStatus {
        switch self {
        case .notFound: .notFound
        case .workerUnavailable: .unavailable
        case .cancelled, .changedWhileReading: .tryAgain
        default: .rejected
        }
    }
}
