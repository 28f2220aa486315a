extension Schema {
    /// Migration "14 statistics": finds the few decisions that figures are made from without reading the many.
    static let statistics = """
        -- Both hold a few per cent of the rows, and an ordinary verdict writes to neither.
        CREATE INDEX decision_sampled ON decision (seq) WHERE sampled IS NOT NULL;
        CREATE INDEX decision_again ON decision (seq) WHERE review IS NOT NULL;
        """
}
