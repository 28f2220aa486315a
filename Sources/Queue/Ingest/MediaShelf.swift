/// The content-addressed folder beside the database: `ab/cdef…`, named by the SHA-256 of the bytes.
enum MediaShelf {
    static func path(of sha256: String, in folder: String) -> String {
        "\(folder)/\(sha256.prefix(2))/\(sha256.dropFirst(2))"
    }
}
