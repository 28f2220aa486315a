extension Schema {
    /// Migration "11 authors": one author's items without reading all of them.
    static let authors = """
        CREATE INDEX item_by_author ON item (author) WHERE author IS NOT NULL;
        """
}
