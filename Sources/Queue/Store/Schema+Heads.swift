extension Schema {
    /// Migration "16 heads": heads and calibrations fitted from decisions, which of them are in use, and what re-scoring
    /// needs.
    static let heads = """
        -- Fitted or brought in, never changed. `kind` is head or calibration; `id` is a name and the first twelve digits of
        -- the SHA-256 of `body`, the document as its file would hold it. `last_decision` is the last row of the record that
        -- it may have been fitted on; null where it came from outside. The event commits to the row.
        CREATE TABLE head (
            seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, model TEXT NOT NULL,
            weights TEXT NOT NULL, policies TEXT NOT NULL, body TEXT NOT NULL, facts TEXT NOT NULL,
            last_decision INTEGER, created_at INTEGER NOT NULL, created_by TEXT NOT NULL,
            event INTEGER NOT NULL UNIQUE REFERENCES audit_event(seq)
        ) STRICT;
        -- What scores a policy of a model: the last row about both. A null head is what the program ships, a null
        -- calibration what the head brings. `takes_back` is the adoption that a reversion undoes.
        CREATE TABLE head_adoption (
            seq INTEGER PRIMARY KEY, model TEXT NOT NULL, policy TEXT NOT NULL,
            head INTEGER REFERENCES head(seq), calibration INTEGER REFERENCES head(seq),
            takes_back INTEGER REFERENCES head_adoption(seq),
            adopted_at INTEGER NOT NULL, adopted_by TEXT NOT NULL, because TEXT,
            event INTEGER NOT NULL REFERENCES audit_event(seq)
        ) STRICT;
        CREATE INDEX head_adoption_by_policy ON head_adoption (model, policy, seq);
        CREATE INDEX head_adoption_by_event ON head_adoption (event);
        CREATE TRIGGER head_kept BEFORE DELETE ON head
            BEGIN SELECT RAISE(ABORT, 'heads are append-only'); END;
        CREATE TRIGGER head_fixed BEFORE UPDATE ON head
            BEGIN SELECT RAISE(ABORT, 'heads are append-only'); END;
        CREATE TRIGGER head_adoption_kept BEFORE DELETE ON head_adoption
            BEGIN SELECT RAISE(ABORT, 'adoptions are append-only'); END;
        CREATE TRIGGER head_adoption_fixed BEFORE UPDATE ON head_adoption
            BEGIN SELECT RAISE(ABORT, 'adoptions are append-only'); END;
        -- The last adoption by whose heads everything that waits has been scored.
        ALTER TABLE model ADD COLUMN rescored INTEGER NOT NULL DEFAULT 0;

        -- One for each picture that could be read, at its position; a text's is at 0. `precision` is what the network
        -- computed with. Until then there was one an item, of the first picture that could be read.
        CREATE TABLE embedding_by_picture (
            item INTEGER NOT NULL REFERENCES item(seq), model INTEGER NOT NULL REFERENCES model(seq),
            position INTEGER NOT NULL, vector BLOB NOT NULL, precision TEXT,
            PRIMARY KEY (item, model, position)
        ) STRICT;
        INSERT INTO embedding_by_picture
            SELECT e.item, e.model, 0, e.vector, (
                SELECT c.precision FROM score s JOIN computation c ON c.seq = s.computation
                WHERE s.item = e.item AND s.model = e.model LIMIT 1)
            FROM embedding e;
        DROP TABLE embedding;
        ALTER TABLE embedding_by_picture RENAME TO embedding;

        -- The head whose direction was explained; null where the method knows none, and where nobody here made it.
        ALTER TABLE explanation ADD COLUMN head TEXT;
        UPDATE explanation SET head = (
            SELECT nullif(c.head, '') FROM score s JOIN computation c ON c.seq = s.computation
            WHERE s.item = explanation.item AND s.model = explanation.model AND s.policy = explanation.policy)
        WHERE policy IS NOT NULL;

        -- Whether other heads have scored the item since the model explained it, so that it is looked at again; and whether
        -- numbers that are no probabilities were asked for (`score --uncalibrated`).
        ALTER TABLE scoring ADD COLUMN stale INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE scoring ADD COLUMN uncalibrated INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX scoring_stale ON scoring (model) WHERE stale;
        UPDATE scoring SET uncalibrated = 1 WHERE EXISTS (
            SELECT 1 FROM score s JOIN computation c ON c.seq = s.computation
            WHERE s.item = scoring.item AND s.model = scoring.model AND c.calibrated = 0);

        -- What an item in somebody's hands was scored when they took it, where it was re-scored since: a decision records
        -- what its reviewer saw. Good for the lease of this token alone.
        CREATE TABLE score_as_leased (
            item INTEGER PRIMARY KEY REFERENCES item(seq), lease_token TEXT NOT NULL, scores TEXT NOT NULL
        ) STRICT;
        """
}
