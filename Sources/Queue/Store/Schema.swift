import GRDB

/// The tables, as migrations. One that has been released never changes: add another.
enum Schema {
    /// "RvTU": lets `open` tell a queue from any other SQLite file.
    static let applicationID: Int32 = 0x5276_5455

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 queue") { db in
            try db.execute(sql: settings + items + results + record)
            try db.execute(sql: "PRAGMA application_id = \(applicationID)")
        }
        migrator.registerMigration("2 reviewers") { try $0.execute(sql: reviewers) }
        migrator.registerMigration("3 erasure") { try $0.execute(sql: erasure) }
        migrator.registerMigration("4 finding") { try $0.execute(sql: finding) }
        migrator.registerMigration("5 scale") { try $0.execute(sql: snapshots + tally) }
        migrator.registerMigration("6 statements") { try $0.execute(sql: statements) }
        migrator.registerMigration("7 drawing") { try $0.execute(sql: drawing) }
        migrator.registerMigration("8 provenance") { try $0.execute(sql: provenance) }
        migrator.registerMigration("9 calibration") { try $0.execute(sql: calibration) }
        migrator.registerMigration("10 twins") { try $0.execute(sql: twins) }
        migrator.registerMigration("11 authors") { try $0.execute(sql: authors) }
        migrator.registerMigration("12 wellbeing") { try $0.execute(sql: wellbeing) }
        migrator.registerMigration("14 statistics") { try $0.execute(sql: statistics) }
        migrator.registerMigration("15 splits") { try $0.execute(sql: splits) }
        migrator.registerMigration("16 heads") { try $0.execute(sql: heads) }
        migrator.registerMigration("17 mining") { try $0.execute(sql: mining) }
        return migrator
    }

    private static let settings = """
        -- Keys and numbers of this queue. `queue_key` makes pseudonyms and splits that another queue does not share.
        CREATE TABLE setting (name TEXT PRIMARY KEY NOT NULL, value ANY NOT NULL) STRICT, WITHOUT ROWID;
        -- Every taxonomy ever installed; the one with the highest seq is in force.
        CREATE TABLE taxonomy (
            seq INTEGER PRIMARY KEY, name TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL,
            installed_at INTEGER NOT NULL
        ) STRICT;
        """

    private static let items = """
        -- What was flagged. Rows are as wide as a post and change only through `ingest --update`.
        -- `subject_key` keys the chain's commitments about the item; erasing it makes them say nothing.
        CREATE TABLE item (
            seq INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            digest BLOB NOT NULL, subject_key BLOB,
            text TEXT, language TEXT, source TEXT, author TEXT,
            created_at INTEGER, flagged_at INTEGER NOT NULL, due_at INTEGER, ingested_at INTEGER NOT NULL,
            priority REAL NOT NULL,
            metadata TEXT NOT NULL,
            reports TEXT NOT NULL
        ) STRICT;
        CREATE TABLE media (
            item INTEGER NOT NULL REFERENCES item(seq), position INTEGER NOT NULL,
            path TEXT NOT NULL, sha256 BLOB NOT NULL, byte_count INTEGER NOT NULL,
            original TEXT,
            PRIMARY KEY (item, position)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX media_by_content ON media (sha256);

        -- Where an item stands. Narrow, since every claim and verdict rewrites a row.
        -- `place` is minus the rank: rate * flagged time - priority. The smallest comes first, ties by seq, so that
        -- one ascending row value pages both ways. Ageing is linear, so the order never changes with time.
        -- `lottery` is random: drawing along it gives the uniform sample.
        CREATE TABLE work (
            item INTEGER PRIMARY KEY REFERENCES item(seq),
            queue INTEGER NOT NULL, state INTEGER NOT NULL,
            place REAL NOT NULL, lottery INTEGER NOT NULL,
            top_score REAL, top_policy TEXT,
            lease_token TEXT, lease_reviewer TEXT, lease_expires INTEGER, lease_probability REAL,
            decision INTEGER
        ) STRICT;
        CREATE INDEX work_pending ON work (queue, place, item) WHERE state = 0;
        CREATE INDEX work_lottery ON work (queue, lottery) WHERE state = 0;
        CREATE INDEX work_open ON work (queue, place, item) WHERE state < 2;
        CREATE INDEX work_leased ON work (lease_expires) WHERE state = 1;
        CREATE INDEX work_decided ON work (queue) WHERE state = 2;
        CREATE UNIQUE INDEX work_by_token ON work (lease_token) WHERE lease_token IS NOT NULL;
        -- What a reviewer passed over, so that the next claim brings something else.
        CREATE TABLE skip (
            reviewer TEXT NOT NULL, item INTEGER NOT NULL REFERENCES item(seq), skipped_at INTEGER NOT NULL,
            PRIMARY KEY (reviewer, item)
        ) STRICT, WITHOUT ROWID;
        """

    private static let results = """
        CREATE TABLE model (seq INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, weights TEXT) STRICT;
        -- Which model has been over which item, also where it had nothing to say.
        CREATE TABLE scoring (
            item INTEGER NOT NULL REFERENCES item(seq), model INTEGER NOT NULL REFERENCES model(seq),
            scored_at INTEGER NOT NULL,
            PRIMARY KEY (item, model)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE score (
            item INTEGER NOT NULL REFERENCES item(seq), model INTEGER NOT NULL REFERENCES model(seq),
            policy TEXT NOT NULL, value REAL NOT NULL, threshold REAL,
            PRIMARY KEY (item, model, policy)
        ) STRICT, WITHOUT ROWID;
        -- `relevance`: little-endian float32, row-major for a grid; for spans three to a span: start and end as uint32,
        -- then the weight.
        CREATE TABLE explanation (
            item INTEGER NOT NULL REFERENCES item(seq), model INTEGER NOT NULL REFERENCES model(seq),
            position INTEGER NOT NULL, policy TEXT, method TEXT NOT NULL, media INTEGER NOT NULL,
            signed INTEGER NOT NULL, grid_rows INTEGER, grid_columns INTEGER, relevance BLOB NOT NULL,
            PRIMARY KEY (item, model, position)
        ) STRICT;
        CREATE TABLE embedding (
            item INTEGER NOT NULL REFERENCES item(seq), model INTEGER NOT NULL REFERENCES model(seq),
            vector BLOB NOT NULL,
            PRIMARY KEY (item, model)
        ) STRICT;
        """

    private static let record = """
        -- The chain: `hash` covers the event's canonical JSON with the hash before it.
        CREATE TABLE audit_event (
            seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
            previous BLOB NOT NULL, hash BLOB NOT NULL
        ) STRICT;
        -- A verdict, or (where verdict is null) an undo. `supersedes` is the row before it about the same item.
        CREATE TABLE decision (
            seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
            item INTEGER NOT NULL REFERENCES item(seq), item_digest BLOB NOT NULL,
            reviewer TEXT NOT NULL, decided_at INTEGER NOT NULL,
            verdict TEXT, policies TEXT NOT NULL, labels TEXT NOT NULL, severity INTEGER, note TEXT,
            duration_ms INTEGER, scores TEXT NOT NULL, shown TEXT NOT NULL, sampled REAL,
            taxonomy INTEGER NOT NULL REFERENCES taxonomy(seq),
            supersedes INTEGER UNIQUE REFERENCES decision(seq),
            event INTEGER NOT NULL UNIQUE REFERENCES audit_event(seq)
        ) STRICT;
        CREATE INDEX decision_by_item ON decision (item, seq);
        CREATE INDEX decision_by_reviewer ON decision (reviewer, seq);
        CREATE TRIGGER audit_event_kept BEFORE DELETE ON audit_event
            BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END;
        CREATE TRIGGER audit_event_fixed BEFORE UPDATE ON audit_event
            BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END;
        CREATE TRIGGER decision_kept BEFORE DELETE ON decision
            BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
        CREATE TRIGGER decision_fixed BEFORE UPDATE ON decision
            BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
        """
}

/// `work.state`.
enum WorkState {
    static let pending = 0
    static let leased = 1
    static let decided = 2
    /// Decided, and waiting for another verdict: a second one, a third, or one on an appeal.
    static let awaiting = 3
    /// An item with a known answer, while nobody is shown it.
    static let gold = 4
}
