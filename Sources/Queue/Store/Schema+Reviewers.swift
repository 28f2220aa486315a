extension Schema {
    /// Named lines, skills, and verdicts after the first.
    static let reviewers = """
        -- Lines that items wait in, tried in order of `position`; `restricted` comes before all and `default` after.
        -- The lists are JSON; an empty one asks for nothing. A retired line takes no more items.
        CREATE TABLE queue (
            code INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, position INTEGER NOT NULL,
            policies TEXT NOT NULL DEFAULT '[]', sources TEXT NOT NULL DEFAULT '[]',
            languages TEXT NOT NULL DEFAULT '[]', skills TEXT NOT NULL DEFAULT '[]',
            retired INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        INSERT INTO queue (code, name, position) VALUES (\(QueueCode.default), 'default', 0),
            (\(QueueCode.restricted), 'restricted', 1);
        CREATE TABLE skill (
            reviewer TEXT NOT NULL, skill TEXT NOT NULL, PRIMARY KEY (reviewer, skill)
        ) STRICT, WITHOUT ROWID;

        -- What the item's next verdict is (`ReviewRound`), and what a recorded one was; null there is the first.
        ALTER TABLE work ADD COLUMN review INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE decision ADD COLUMN review INTEGER;
        CREATE INDEX work_awaiting ON work (queue, place, item) WHERE state = \(WorkState.awaiting);
        CREATE INDEX work_gold ON work (queue, lottery) WHERE state = \(WorkState.gold);
        -- Items with a known answer, mixed in to see how reviewers do.
        CREATE TABLE gold (
            item INTEGER PRIMARY KEY REFERENCES item(seq), verdict TEXT NOT NULL, policies TEXT NOT NULL,
            added_at INTEGER NOT NULL
        ) STRICT;
        -- Complaints against a verdict; `outcome` is the verdict that settled it.
        CREATE TABLE appeal (
            seq INTEGER PRIMARY KEY, item INTEGER NOT NULL REFERENCES item(seq),
            decision INTEGER NOT NULL REFERENCES decision(seq), note TEXT, filed_at INTEGER NOT NULL,
            outcome INTEGER REFERENCES decision(seq)
        ) STRICT;
        CREATE INDEX appeal_by_item ON appeal (item, seq);
        """
}

/// `work.queue` of the lines that are always there.
enum QueueCode {
    static let `default` = 0
    static let restricted = 1
}

/// `work.review`: what the next verdict on an item is.
enum ReviewRound: Int, Sendable {
    case first, second, third, appeal, gold, escalated

    /// `work.state` of an item that waits for this verdict and is in nobody's hands.
    var waitingState: Int {
        switch self {
        case .first: WorkState.pending
        case .second, .third, .appeal, .escalated: WorkState.awaiting
        case .gold: WorkState.gold
        }
    }

    /// Whether the verdict is asked for from somebody who knows none about the item, in SQL over the row's own `review`:
    /// second and third ones, and those on gold items.
    static let isIndependentInSQL = """
        review IN (\(ReviewRound.second.rawValue), \(ReviewRound.third.rawValue), \(ReviewRound.gold.rawValue))
        """

    /// ``waitingState`` in SQL, over the row's own `review`.
    static let waitingStateInSQL = """
        CASE review WHEN \(ReviewRound.first.rawValue) THEN \(WorkState.pending)
            WHEN \(ReviewRound.gold.rawValue) THEN \(WorkState.gold) ELSE \(WorkState.awaiting) END
        """
}
