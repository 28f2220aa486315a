extension Schema {
    /// A statement of reasons, canonical JSON; null where the verdict restricts nothing and in rows from before.
    static let statements = """
        ALTER TABLE decision ADD COLUMN statement TEXT;
        -- An erasure may blank it as it blanks the note.
        CREATE TRIGGER decision_statement_fixed BEFORE UPDATE OF statement ON decision
        WHEN NEW.statement IS NOT OLD.statement
            AND NOT (NEW.statement IS NULL AND EXISTS (SELECT 1 FROM erasing WHERE item = OLD.item))
        BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
        """
}
