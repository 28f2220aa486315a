import Media
import Queue

/// Looks at every medium of a queue that nobody has looked at, so that near-duplicates are found: decodes it in the
/// worker, hashes it, records the hash.
///
/// What is recorded stays recorded, so a run that was stopped goes on where it stopped.
struct QueueLikenesses: Sendable {
    struct Result: Sendable, Hashable {
        /// Media whose hash was recorded, equal files counted each time they are looked at.
        var hashed = 0
        /// Media that could not be decoded.
        var unreadable = 0
    }

    let store: QueueStore
    let decoder: MediaDecoder

    /// Media a page: worth a transaction.
    private static let pageLength = 32

    /// - Parameter progress: called with the media looked at and the total, after each page.
    /// - Throws: what concerns the queue or the worker as such. A file that cannot be decoded throws nothing.
    func run(progress: (Int, Int) -> Void) async throws -> Result {
        let total = try store.unseenMediaCount()
        var result = Result()
        guard total > 0 else { return result }
        var cursor: UnseenMediaPage.Cursor?
        repeat {
            let page = try store.unseenMedia(after: cursor, limit: Self.pageLength)
            cursor = page.next
            let seen = try await look(at: Set(page.media.map(\.storedPath)))
            let known = page.media.compactMap { medium in
                seen[medium.storedPath].map { (medium: medium, likeness: $0) }
            }
            try store.record(known)
            let hashed = known.count { $0.likeness != nil }
            result.hashed += hashed
            result.unreadable += page.media.count - hashed
            progress(result.hashed + result.unreadable, total)
        } while cursor != nil
        return result
    }

    /// What the files look like, by path: nil for one that is broken, nothing for one that another try, or another
    /// version, may read. While one picture is hashed the next is decoded.
    private func look(at paths: Set<String>) async throws -> [String: Likeness?] {
        var seen: [String: Likeness?] = [:]
        var hashing: (path: String, fingerprint: Task<PDQFingerprint, Never>)?
        for path in paths.sorted() {
            let picture: RGBImage
            do throws(MediaError) {
                picture = try await decoder.decode(path: path, bound: PDQFingerprint.bound).image
            } catch {
                switch error {
                case .workerUnavailable: throw error
                case .corrupt, .empty, .tooManyPixels, .tooManyBytes: seen[path] = .some(nil)
                default: break
                }
                continue
            }
            if let last = hashing { seen[last.path] = Likeness(await last.fingerprint.value) }
            hashing = (path, Task { PDQFingerprint(of: picture) })
        }
        if let last = hashing { seen[last.path] = Likeness(await last.fingerprint.value) }
        return seen
    }
}

extension Likeness {
    /// Nil where the two modules disagree about what a hash is.
    fileprivate init?(_ fingerprint: PDQFingerprint) {
        let hashes = fingerprint.dihedral.compactMap { PerceptualHash(bytes: $0.bytes) }
        guard let own = hashes.first, hashes.count == fingerprint.dihedral.count else { return nil }
        self.init(hash: own, turns: Array(hashes.dropFirst()), quality: fingerprint.quality)
    }
}
