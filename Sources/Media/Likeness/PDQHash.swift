/// A perceptual hash of 256 bits: pictures that look alike have hashes that differ in few of them.
///
/// ```swift
/// let isNear = a.distance(to: b) <= PDQHash.matchDistance
/// ```
public struct PDQHash: Hashable, Sendable, LosslessStringConvertible {
    public static let byteCount = 32
    /// Two pictures match at this Hamming distance or less (Facebook 2019, "PDQ Hashing Algorithm": 31 of 256 bits).
    public static let matchDistance = 31
    /// A picture with less structure than this says too little about itself to be matched.
    public static let leastQuality = 50

    /// Bit `16 i + j` is whether the coefficient at vertical frequency `i + 1` and horizontal frequency `j + 1` lies
    /// above the median; bit 0 is the lowest of `x`.
    private var words: SIMD4<UInt64>

    init(bits words: SIMD4<UInt64>) { self.words = words }

    /// The hash from its 32 bytes, the highest bit first.
    ///
    /// - Returns: nil where there are more or fewer.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        words = SIMD4()
        for (position, byte) in bytes.enumerated() {
            let word = 3 - position / 8
            words[word] = words[word] << 8 | UInt64(byte)
        }
    }

    /// The hash from 64 hexadecimal digits, as hash lists are exchanged.
    public init?(_ description: String) {
        let digits = description.utf8.map { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == 2 * Self.byteCount, digits.allSatisfy({ $0 != nil }) else { return nil }
        let values = digits.compactMap { $0 }
        self.init(bytes: stride(from: 0, to: values.count, by: 2).map { UInt8(values[$0] << 4 | values[$0 + 1]) })
    }

    /// 32 bytes, the highest bit first.
    public var bytes: [UInt8] {
        (0..<Self.byteCount).map { position in
            let shift = 56 - position % 8 * 8
            return UInt8(truncatingIfNeeded: words[3 - position / 8] >> UInt64(shift))
        }
    }

    /// 64 hexadecimal digits, the highest bit first.
    public var description: String {
        bytes.map { byte in
            let digits = String(byte, radix: 16)
            return byte < 16 ? "0" + digits : digits
        }.joined()
    }

    /// In how many bits two hashes differ, 0 to 256.
    public func distance(to other: PDQHash) -> Int {
        let different = words ^ other.words
        return (0..<4).reduce(0) { $0 + different[$1].nonzeroBitCount }
    }
}
