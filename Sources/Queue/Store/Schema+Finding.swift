extension Schema {
    /// Migration "4 finding".
    static let finding = """
        -- Trigrams of the folded texts (`FoldedText`) up to the item `search_until` of `setting`. Contentless, so that no
        -- text is kept twice, and without positions: a hit is a candidate, and the item's own text has the last word.
        CREATE VIRTUAL TABLE item_search USING fts5(
            text, content = '', columnsize = 0, detail = none, tokenize = 'trigram case_sensitive 1'
        );
        -- Items below `search_until` whose present text is not in the index.
        CREATE TABLE search_stale (item INTEGER PRIMARY KEY) STRICT;
        CREATE TABLE saved_view (
            name TEXT PRIMARY KEY NOT NULL, query TEXT NOT NULL, saved_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """
}
