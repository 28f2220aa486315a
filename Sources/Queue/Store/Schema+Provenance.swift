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

    /// Whether what a head gives is a probability. One head can be calibrated later, so the mark makes another row.
    static let calibration = """
        CREATE TABLE computation_with_calibration (
            seq INTEGER PRIMARY KEY, head TEXT NOT NULL, precision TEXT NOT NULL, calibrated INTEGER NOT NULL,
            UNIQUE (head, precision, calibrated)
        ) STRICT;
        -- Until then, what was asked in a policy's own words was recorded without a mark.
        INSERT INTO computation_with_calibration
            SELECT seq, head, precision, head NOT LIKE 'zero-shot@%' FROM computation;
        DROP TABLE computation;
        ALTER TABLE computation_with_calibration RENAME TO computation;
        """
}
