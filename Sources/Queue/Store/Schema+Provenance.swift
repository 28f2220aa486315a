extension Schema {
    /// What a score was computed with, beside the model's weights.
    static let provenance = """
        -- A head and a precision with which scores were computed. Few rows: one for each that was ever in use. `head` is
        -- empty where the model scores by itself.
        CREATE TABLE computation (
            seq INTEGER PRIMARY KEY, head TEXT NOT NULL, precision TEXT NOT NULL, UNIQUE (head, precision)
        ) STRICT;
        -- Null for scores that came in with their items, and for those from before.
        ALTER TABLE score ADD COLUMN computation INTEGER REFERENCES computation(seq);
        """
}
