/// A map from numbers to numbers, for vocabularies and merges: asked once for every byte of every text.
///
/// Linear probing over two flat arrays, with a cheaper hash than that of Swift's `Dictionary`. It is seeded at random,
/// because a vocabulary may be hostile and choose keys that would otherwise all fall on one place.
struct NumberTable: Sendable {
    /// `free` marks an empty place, and is no key.
    private var keys: [UInt64]
    private var values: [UInt32]
    private var mask: Int
    private let seed = UInt64.random(in: .min ... .max)
    private(set) var count = 0

    private static let free = UInt64.max

    /// - Parameter expected: how many entries will probably come; more are taken too.
    init(expected: Int = 0) {
        var places = 16
        while places < expected * 2 { places *= 2 }
        keys = Array(repeating: Self.free, count: places)
        values = Array(repeating: 0, count: places)
        mask = places - 1
    }

    subscript(key: UInt64) -> UInt32? {
        var place = home(key)
        while true {
            let found = keys[place]
            if found == key { return values[place] }
            if found == Self.free { return nil }
            place = (place + 1) & mask
        }
    }

    /// Sets the value of a key; of two settings the last holds.
    mutating func set(_ key: UInt64, _ value: UInt32) {
        if count * 5 >= keys.count * 3 { grow() }
        var place = home(key)
        while keys[place] != Self.free, keys[place] != key { place = (place + 1) & mask }
        if keys[place] != key {
            keys[place] = key
            count += 1
        }
        values[place] = value
    }

    private mutating func grow() {
        let (oldKeys, oldValues) = (keys, values)
        keys = Array(repeating: Self.free, count: oldKeys.count * 2)
        values = Array(repeating: 0, count: oldKeys.count * 2)
        mask = keys.count - 1
        for (key, value) in zip(oldKeys, oldValues) where key != Self.free {
            var place = home(key)
            while keys[place] != Self.free { place = (place + 1) & mask }
            keys[place] = key
            values[place] = value
        }
    }

    /// The finaliser of MurmurHash3 (Appleby 2011), seeded.
    private func home(_ key: UInt64) -> Int {
        var hash = key ^ seed
        hash = (hash ^ (hash >> 33)) &* 0xFF51_AFD7_ED55_8CCD
        hash = (hash ^ (hash >> 33)) &* 0xC4CE_B9FE_1A85_EC53
        return Int(truncatingIfNeeded: hash ^ (hash >> 33)) & mask
    }
}
