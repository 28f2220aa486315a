import Foundation

/// Who decides: a name given, or the operating system's user.
enum Reviewer {
    static func name(option: String?) -> String {
        if let option { return option }
        let environment = ProcessInfo.processInfo.environment
        return environment["USER"].flatMap { $0.isEmpty ? nil : $0 } ?? NSUserName()
    }
}
