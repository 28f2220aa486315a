extension Schema {
    /// Migration "3 erasure".
    static let erasure = """
        -- The items of the erasure under way: filled and emptied within one transaction.
        CREATE TABLE erasing (item INTEGER PRIMARY KEY) STRICT;
        -- Content of erased items whose files are still to be unlinked; empty when an erasure is finished.
        CREATE TABLE erased_media (sha256 BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
        -- Decisions stay append-only. What an erasure may do is blank what speaks of the item, and nothing else.
        DROP TRIGGER decision_fixed;
        CREATE TRIGGER decision_fixed BEFORE UPDATE ON decision
        WHEN NOT (
            EXISTS (SELECT 1 FROM erasing WHERE item = OLD.item)
            AND NEW.item_digest = zeroblob(32) AND NEW.note IS NULL AND NEW.scores = '[]'
            AND NEW.seq = OLD.seq AND NEW.id = OLD.id AND NEW.item = OLD.item AND NEW.reviewer = OLD.reviewer
            AND NEW.decided_at = OLD.decided_at AND NEW.verdict IS OLD.verdict AND NEW.policies = OLD.policies
            AND NEW.labels = OLD.labels AND NEW.severity IS OLD.severity AND NEW.duration_ms IS OLD.duration_ms
            AND NEW.shown = OLD.shown AND NEW.sampled IS OLD.sampled AND NEW.taxonomy = OLD.taxonomy
            AND NEW.supersedes IS OLD.supersedes AND NEW.event = OLD.event AND NEW.review IS OLD.review
        )
        BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
        """
}
