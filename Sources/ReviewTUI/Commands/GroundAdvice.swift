/// What `doctor` says of the theme that the terminal's background chooses.
struct GroundAdvice: Hashable, Sendable {
    /// As the terminal answered; nil where it was not asked or did not.
    var background: RGB?
    var environment: [String: String]

    /// The theme, and why that one.
    var found: String {
        if let background {
            return "auto: \(Ground(background).rawValue), since the terminal's background is \(background.hex)"
        }
        if let ground = Ground(environment: environment) { return "auto: \(ground.rawValue), by COLORFGBG" }
        return
            "auto: dark, since nothing tells the terminal's background (theme = \"light\" in config.toml changes that)"
    }
}
