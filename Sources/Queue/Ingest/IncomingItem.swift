import Crypto
import Foundation

/// An item with its media on the shelf, ready to become rows.
struct IncomingItem {
    struct Medium {
        var path: String
        var sha256: Data
        var byteCount: Int64
        /// Where the original is, absolute; nil for a copy on the shelf.
        var original: String?
    }

    var raw: RawItem
    var described: DescribedItem
    var media: [Medium]
    /// SHA-256 over the line's canonical JSON and the bytes of its files.
    var digest: Data
    /// For an item that is not there yet; see `item.subject_key` and `work.lottery`.
    var key = noKey
    var lottery: Int64 = 0
    /// What the chain holds of the digest, under ``key``.
    var commitment = Data()

    private static let noKey = SymmetricKey(data: [0])
}

/// Brings the files that a line names: media to the shelf, tensors into its explanations.
struct FileCollector {
    /// Nil where nothing may be read: standard input without a media root.
    let beneath: Beneath?
    let shelf: MediaShelf
    let taxonomy: Taxonomy
    let linking: Bool

    func collect(_ raw: RawItem, _ described: DescribedItem) throws -> IncomingItem {
        var described = described
        var hash = SHA256()
        described.canonical.withUnsafeBytes { hash.update(bufferPointer: $0) }
        described.canonical = []
        var media: [IncomingItem.Medium] = []
        for medium in described.media {
            let beneath = try folder(for: medium.path)
            let (descriptor, size) = try beneath.open(medium.path)
            defer { close(descriptor) }
            let kept = try shelf.keep(descriptor, size: size, linking: linking)
            if let expected = medium.sha256, expected.lowercased() != kept.sha256.hex {
                throw Refusal("\(Visible.text(medium.path, limit: 200)) does not have the SHA-256 that the line says")
            }
            media.append(
                IncomingItem.Medium(
                    path: medium.path, sha256: kept.sha256, byteCount: kept.byteCount,
                    original: linking ? "\(beneath.folder)/\(medium.path)" : nil))
            hash.update(data: kept.sha256)
        }
        for (position, path) in described.tensors {
            let bytes = try tensorBytes(path)
            hash.update(data: Data(SHA256.hash(data: bytes)))
            try fill(&described.explanations[position], from: bytes, path: path, mediaCount: media.count)
        }
        return IncomingItem(raw: raw, described: described, media: media, digest: Data(hash.finalize()))
    }

    private func folder(for path: String) throws(Refusal) -> Beneath {
        guard let beneath else {
            throw Refusal("\(Visible.text(path)): standard input has no folder, so name one with --media-root")
        }
        return beneath
    }

    private func tensorBytes(_ path: String) throws -> [UInt8] {
        let shown = Visible.text(path, limit: 200)
        let (descriptor, size) = try folder(for: path).open(path)
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        guard size <= Int64(NPY.sizeLimit) else { throw Refusal("\(shown) is larger than a grid can be") }
        guard let data = try? file.read(upToCount: NPY.sizeLimit) else { throw Refusal("\(shown) cannot be read") }
        return Array(data)
    }

    private func fill(
        _ explanation: inout Explanation, from bytes: [UInt8], path: String, mediaCount: Int
    ) throws(Refusal) {
        let shown = Visible.text(path, limit: 200)
        do throws(Refusal) {
            let (rows, columns, values) = try NPY.matrix(bytes)
            if case .grid(let wantedRows, let wantedColumns, _) = explanation.relevance, wantedRows > 0,
                (wantedRows, wantedColumns) != (rows, columns)
            {
                throw Refusal("it is \(rows) by \(columns) where the line says \(wantedRows) by \(wantedColumns)")
            }
            explanation.relevance = .grid(rows: rows, columns: columns, values: values)
            let contract = ResultContract(taxonomy: taxonomy, mediaCount: mediaCount)
            if let reason = contract.fault(explanations: [explanation]) { throw Refusal(reason) }
        } catch {
            throw Refusal("\(shown): \(error.reason)")
        }
    }
}
