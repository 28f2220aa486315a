extension Recipe.Prompts {
    /// How a checkpoint that reads picture and text together is asked; nil where it does not, or scores by its embeddings
    /// (CoCa).
    ///
    /// - Throws: ``CheckpointError`` or ``ConfigurationError``.
    init?(published checkpoint: Checkpoint) throws {
        let way: Way
        let longest: Int
        switch checkpoint.family {
        case .blip, .albef:
            way = .matching
            longest = try checkpoint.matcher(input: .normalized).words.longest
        case .flamingo:
            way = .question(Question())
            longest = try checkpoint.flamingo(size: nil, input: .normalized).longest
        default: return nil
        }
        let settings = try PublishedTextSettings(folder: checkpoint.folder, longest: longest)
        self.init(by: way, maximumTokens: settings.maximumTokens)
    }
}
