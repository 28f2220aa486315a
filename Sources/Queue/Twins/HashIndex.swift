/// Finds every hash near another without looking at all of them: multi-index hashing (Norouzi, Punjani, Fleet, "Fast
/// Search in Hamming Space with Multi-Index Hashing", CVPR 2012).
///
/// A hash is cut into 16 bands of 16 bits. If two hashes differ in at most 31 bits, they cannot differ in two or more in
/// every band, so in some band they differ in one bit at most: 17 values to look up in each of 16 tables find them all.
/// Nothing is approximate.
///
/// ```swift
/// var index = HashIndex()
/// index.append(hash)
/// for match in index.matches(of: other) { print(match.position, match.distance) }
/// ```
///
/// Memory: 96 bytes a hash. What was appended last waits unsorted, and is looked at one by one, until there is enough of
/// it for the tables to be built anew.
public struct HashIndex: Sendable {
    public struct Match: Hashable, Sendable {
        /// The number of the hash, in the order in which they were appended, from 0.
        public var position: Int
        /// In how many bits the two differ.
        public var distance: Int
    }

    /// The largest distance that the bands answer for.
    public static let radius = 2 * bandCount - 1
    private static let bandCount = 16
    private static let bandValues = 1 << 16

    private var hashes: [PerceptualHash] = []
    private var bands: [Band] = []
    /// How many of the hashes are in the bands.
    private var sorted = 0

    public init() {}

    public init(_ hashes: [PerceptualHash]) {
        self.hashes = hashes
        sort()
    }

    public var count: Int { hashes.count }

    public subscript(position: Int) -> PerceptualHash { hashes[position] }

    /// Adds a hash; its position is the count before.
    public mutating func append(_ hash: PerceptualHash) {
        hashes.append(hash)
        // A scan of this many takes a fraction of a look-up in the bands; sorting a 32nd more often is still linear.
        if hashes.count - sorted > max(4096, sorted / 32) { sort() }
    }

    /// Every hash within a distance, in no order.
    ///
    /// - Precondition: `distance` is at most ``radius``.
    public func matches(of hash: PerceptualHash, within distance: Int = radius) -> [Match] {
        precondition(distance <= Self.radius, "the bands find nothing that far away")
        var found: [Match] = []
        hashes.withUnsafeBufferPointer { hashes in
            for (number, band) in bands.enumerated() {
                let value = Self.value(hash, band: number)
                band.eachPosition(near: value) { position in
                    let away = hashes[position].distance(to: hash)
                    // Near ones are in many bands: the first counts.
                    if away <= distance, Self.firstNearBand(hashes[position], hash) == number {
                        found.append(Match(position: position, distance: away))
                    }
                }
            }
            for position in sorted..<hashes.count {
                let away = hashes[position].distance(to: hash)
                if away <= distance { found.append(Match(position: position, distance: away)) }
            }
        }
        return found
    }

    // MARK: - Bands

    @inline(__always)
    private static func value(_ hash: PerceptualHash, band: Int) -> Int {
        Int(truncatingIfNeeded: hash.words[band / 4] >> UInt64(band % 4 * 16)) & 0xFFFF
    }

    private static func firstNearBand(_ a: PerceptualHash, _ b: PerceptualHash) -> Int? {
        (0..<bandCount).first { (value(a, band: $0) ^ value(b, band: $0)).nonzeroBitCount <= 1 }
    }

    private mutating func sort() {
        bands = (0..<Self.bandCount).map { number in
            Band(hashes.lazy.map { Self.value($0, band: number) }, values: Self.bandValues)
        }
        sorted = hashes.count
    }

    /// One table: which hashes have which value in one band, sorted by it.
    private struct Band: Sendable {
        /// Where the positions of each value start; one more at the end.
        private var starts: [UInt32]
        private var positions: [UInt32]

        init(_ values: some Collection<Int>, values count: Int) {
            var ends = [UInt32](repeating: 0, count: count + 1)
            for value in values { ends[value + 1] += 1 }
            for value in 0..<count { ends[value + 1] += ends[value] }
            starts = ends
            positions = [UInt32](unsafeUninitializedCapacity: values.count) { positions, filled in
                for (position, value) in values.enumerated() {
                    positions[Int(ends[value])] = UInt32(position)
                    ends[value] += 1
                }
                filled = values.count
            }
        }

        /// The positions of a value and of the 16 that differ from it in one bit.
        @inline(__always)
        func eachPosition(near value: Int, _ body: (Int) -> Void) {
            starts.withUnsafeBufferPointer { starts in
                positions.withUnsafeBufferPointer { positions in
                    for bit in 0...16 {
                        let probe = bit == 16 ? value : value ^ 1 << bit
                        for index in Int(starts[probe])..<Int(starts[probe + 1]) { body(Int(positions[index])) }
                    }
                }
            }
        }
    }
}
