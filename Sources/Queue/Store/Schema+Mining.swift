extension Schema {
    /// Migration "17 mining": what besides priority and waiting puts an item forward.
    static let mining = """
        -- `place` is rate * flagged time - priority - boost from here on. `mined` names the strategy (`MiningStrategy`) that
        -- chose the item for the verdict it waits for; null for nearly all, so the index is small.
        ALTER TABLE work ADD COLUMN boost REAL NOT NULL DEFAULT 0;
        ALTER TABLE work ADD COLUMN mined TEXT;
        CREATE INDEX work_mined ON work (mined, item) WHERE mined IS NOT NULL;
        ALTER TABLE decision ADD COLUMN mined TEXT;
        CREATE TRIGGER decision_mined_fixed BEFORE UPDATE OF mined ON decision WHEN NEW.mined IS NOT OLD.mined
        BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
        """
}
