extension Schema {
    /// Migration "12 wellbeing": what reviewers have looked at, for themselves.
    static let wellbeing = """
        -- Times in milliseconds, `weighted` times severity; `day` is 2026-11-26 where the reviewer sat. No items are named, and
        -- nothing of it is in the chain: rows are added to, and deleted.
        CREATE TABLE exposure (
            reviewer TEXT NOT NULL, day TEXT NOT NULL, family TEXT NOT NULL,
            shown INTEGER NOT NULL, weighted INTEGER NOT NULL, items INTEGER NOT NULL,
            PRIMARY KEY (reviewer, day, family)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE attendance (
            reviewer TEXT NOT NULL, day TEXT NOT NULL, present INTEGER NOT NULL, items INTEGER NOT NULL,
            pauses INTEGER NOT NULL, paused INTEGER NOT NULL,
            PRIMARY KEY (reviewer, day)
        ) STRICT, WITHOUT ROWID;
        """
}
