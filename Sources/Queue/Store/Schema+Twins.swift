extension Schema {
    /// Migration "10 twins": what finds items that look or read the same.
    static let twins = """
        -- What a medium looks like: `hash` is 32 bytes, `turns` those of the picture turned and mirrored, 32 each. Both are
        -- null where nothing could be made of the file. By item, not by content, so that it goes with its item; numbers are
        -- never used twice, so that whoever has read up to one can go on from there.
        CREATE TABLE likeness (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            item INTEGER NOT NULL REFERENCES item(seq), position INTEGER NOT NULL,
            hash BLOB, turns BLOB, quality INTEGER NOT NULL,
            UNIQUE (item, position)
        ) STRICT;
        -- The first eight bytes of the SHA-256 of each text, normalised, up to the item `twins_until` of `setting`. A
        -- candidate: the texts themselves have the last word.
        CREATE TABLE text_key (item INTEGER PRIMARY KEY REFERENCES item(seq), key INTEGER NOT NULL) STRICT;
        CREATE INDEX text_key_by_key ON text_key (key, item);
        """
}
