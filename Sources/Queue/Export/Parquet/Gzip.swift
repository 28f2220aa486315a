import CZlib

/// Compression by zlib, a buffer at a time.
enum Gzip {
    /// - throws: ``QueueError/failed(_:)`` where there is no memory for it, or more than a page can hold.
    static func compressed(_ bytes: [UInt8]) throws -> [UInt8] {
        guard bytes.count < Int(Int32.max) else {
            throw QueueError.failed(
                "A column of one row group is larger than two gigabytes: export fewer items at once.")
        }
        let room = rt_gzip_bound(bytes.count)
        let compressed = [UInt8](unsafeUninitializedCapacity: room) { out, count in
            count = rt_gzip(bytes, bytes.count, out.baseAddress, room, 6)
        }
        guard !compressed.isEmpty else { throw QueueError.failed("There is no memory left to compress with.") }
        return compressed
    }

    /// CRC-32 (ISO 3309), as Parquet's pages and gzip have it.
    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        UInt32(truncatingIfNeeded: crc32(0, bytes, UInt32(bytes.count)))
    }
}
