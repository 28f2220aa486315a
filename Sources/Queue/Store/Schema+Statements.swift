extension Schema {
    /// A statement of reasons, canonical JSON; null where the verdict restricts nothing and in rows from before.
    static let statements = """
        ALTER TABLE decision ADD COLUMN statement TEXT;
        """
}
