/// 256 bits that tell what a picture looks like, by whatever algorithm: the queue only counts in how many two differ.
public struct PerceptualHash: Hashable, Sendable {
    public static let byteCount = 32
    /// Two pictures match at this Hamming distance or less (PDQ's published threshold).
    public static let matchDistance = 31

    /// The lowest 64 bits first.
    public let words: SIMD4<UInt64>

    /// - Parameter words: the lowest 64 bits first.
    public init(words: SIMD4<UInt64>) { self.words = words }

    /// - Parameter bytes: the highest bit first.
    /// - Returns: nil unless there are 32.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        var words = SIMD4<UInt64>()
        for (position, byte) in bytes.enumerated() {
            let word = 3 - position / 8
            words[word] = words[word] << 8 | UInt64(byte)
        }
        self.words = words
    }

    /// 32 bytes, the highest bit first.
    public var bytes: [UInt8] {
        (0..<Self.byteCount).map { position in
            let shift = 56 - position % 8 * 8
            return UInt8(truncatingIfNeeded: words[3 - position / 8] >> UInt64(shift))
        }
    }

    /// In how many bits two hashes differ, 0 to 256.
    @inline(__always)
    public func distance(to other: PerceptualHash) -> Int {
        let different = words ^ other.words
        return different[0].nonzeroBitCount + different[1].nonzeroBitCount + different[2].nonzeroBitCount
            + different[3].nonzeroBitCount
    }
}
