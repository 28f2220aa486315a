import Testing

@testable import Queue

/// Multi-index hashing finds exactly what looking at every hash finds.
@Suite struct HashIndexTests {
    /// Hashes of which many lie around a few others, at every distance that matters.
    private func crowd(_ count: Int, seed: UInt64) -> [PerceptualHash] {
        var source = SplitMix(state: seed)
        let centres = (0..<8).map { _ in source.hash() }
        return (0..<count).map { number in
            number % 3 == 0 ? source.hash() : source.changed(centres[number % 8], bits: number % 41)
        }
    }

    private func bruteForce(
        _ hashes: [PerceptualHash], _ query: PerceptualHash, within distance: Int
    ) -> Set<HashIndex.Match> {
        Set(
            hashes.enumerated().compactMap { position, hash in
                let away = hash.distance(to: query)
                return away <= distance ? HashIndex.Match(position: position, distance: away) : nil
            })
    }

    @Test("Every hash within 31 bits is found, once, and none beyond", arguments: [1, 2, 3] as [UInt64])
    func exact(seed: UInt64) {
        let hashes = crowd(3000, seed: seed)
        let index = HashIndex(hashes)
        var source = SplitMix(state: seed &+ 100)
        for number in 0..<60 {
            let query = number % 2 == 0 ? hashes[number * 7] : source.changed(hashes[number * 11], bits: number % 35)
            let found = index.matches(of: query)
            let expected = bruteForce(hashes, query, within: 31)
            #expect(Set(found) == expected)
            #expect(found.count == expected.count, "a hash came twice")
            #expect(Set(index.matches(of: query, within: 12)) == bruteForce(hashes, query, within: 12))
        }
        #expect(hashes.prefix(300).contains { index.matches(of: $0).contains { $0.distance == 31 } })
    }

    @Test("Two bits changed in every band but one, and one in that, is the farthest that is found")
    func farthest() {
        var source = SplitMix(state: 9)
        let hash = source.hash()
        for spared in 0..<16 {
            var words = hash.words
            for band in 0..<16 {
                let bits: UInt64 = band == spared ? 0b100 : 0b1010_0000
                words[band / 4] ^= bits << UInt64(band % 4 * 16)
            }
            let far = PerceptualHash(words: words)
            #expect(HashIndex([hash]).matches(of: far) == [HashIndex.Match(position: 0, distance: 31)])
        }
    }

    @Test("Hashes that were appended are found before and after the tables are built anew")
    func appended() {
        let hashes = crowd(9000, seed: 5)
        var index = HashIndex()
        for (position, hash) in hashes.enumerated() {
            index.append(hash)
            guard position % 900 == 0 else { continue }
            let query = hashes[position / 2]
            #expect(Set(index.matches(of: query)) == bruteForce(Array(hashes[...position]), query, within: 31))
        }
        #expect(index.count == 9000 && index[17] == hashes[17])
    }

    @Test("A hash is its 32 bytes, the highest bit first")
    func bytes() throws {
        let bytes = (0..<32).map { UInt8($0 * 7) }
        let hash = try #require(PerceptualHash(bytes: bytes))
        #expect(hash.bytes == bytes)
        #expect(hash.words[0] & 0xFF == UInt64(bytes[31]))
        #expect(PerceptualHash(bytes: bytes.dropLast()) == nil && PerceptualHash(bytes: bytes + [0]) == nil)
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014), so that every run tests the same hashes.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }

    mutating func hash() -> PerceptualHash {
        PerceptualHash(words: SIMD4(next(), next(), next(), next()))
    }

    /// A hash that differs in exactly so many bits.
    mutating func changed(_ hash: PerceptualHash, bits: Int) -> PerceptualHash {
        var words = hash.words
        for bit in Array(0..<256).shuffled(using: &self).prefix(bits) { words[bit / 64] ^= 1 << UInt64(bit % 64) }
        return PerceptualHash(words: words)
    }
}
