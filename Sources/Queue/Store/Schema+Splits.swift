extension Schema {
    /// Migration "15 splits": which side of a training set an item is on, for good.
    static let splits = """
        -- `cluster` is the number of the oldest item of the near-duplicates and posts of an author that this one belongs to.
        -- `split` is 0 for training, 1 for validation, 2 for test; null where the item stands between clusters of
        -- different splits and so is in none. `withdrawn` is the last event of the chain when one that had a split lost it.
        CREATE TABLE split_member (
            item INTEGER PRIMARY KEY REFERENCES item(seq), cluster INTEGER NOT NULL, split INTEGER, withdrawn INTEGER
        ) STRICT;
        """
}
