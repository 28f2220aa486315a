extension Schema {
    /// What was exported where, so that an erasure can say which snapshots hold the item.
    static let snapshots = """
        -- `event` commits to the row under `key`: without the key it says nothing, and neither does the chain.
        CREATE TABLE snapshot (
            seq INTEGER PRIMARY KEY, folder TEXT NOT NULL, format TEXT NOT NULL, filter TEXT,
            last_event INTEGER NOT NULL, rows INTEGER NOT NULL, sha256 BLOB NOT NULL, exported_at INTEGER NOT NULL,
            event INTEGER NOT NULL REFERENCES audit_event(seq), key BLOB
        ) STRICT;
        """

    /// Counts that cost a seek whatever the size of the queue.
    static let tally = """
        -- How many items of a queue are in which state, kept by the triggers and, for new items, by ItemWriter: with a
        -- trigger on INSERT, SQLite keeps a journal for each statement, and `work` took in 300,000 rows with 2.6 GB of
        -- writes instead of 1.2 GB.
        CREATE TABLE tally (
            queue INTEGER NOT NULL, state INTEGER NOT NULL, items INTEGER NOT NULL, PRIMARY KEY (queue, state)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO tally SELECT queue, state, count(*) FROM work GROUP BY queue, state;
        CREATE TRIGGER work_tallied AFTER UPDATE OF queue, state ON work
        WHEN OLD.state <> NEW.state OR OLD.queue <> NEW.queue BEGIN
            UPDATE tally SET items = items - 1 WHERE queue = OLD.queue AND state = OLD.state;
            INSERT INTO tally VALUES (NEW.queue, NEW.state, 1)
                ON CONFLICT (queue, state) DO UPDATE SET items = items + 1;
        END;
        CREATE TRIGGER work_tallied_out AFTER DELETE ON work BEGIN
            UPDATE tally SET items = items - 1 WHERE queue = OLD.queue AND state = OLD.state;
        END;
        """

    /// Uniform draws pick rows at random and need no index: this one was hit at a random place by every item that came
    /// in, was claimed or came back.
    static let drawing = "DROP INDEX work_lottery;"
}
