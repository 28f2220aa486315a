/// Items and what ties them together, for giving each a side of the training set so that no tie crosses from one to
/// another.
///
/// A tie is a key that two items share (a text, an author, a file, a perceptual hash) or a pair of such keys that stand
/// for nearly the same. Items that have a split keep it, whatever comes later. Of the new ones, those that hang together
/// and are tied to no split draw one; those that are tied to one split follow it; and where a group is tied to several,
/// each follows the split that it is tied to itself, and whoever stands between two is *between*: in no split. So every
/// tie between two items that have a split lies within one, by induction over the order in which they got theirs.
struct SplitGraph {
    /// Where an item is. `split` is nil between.
    struct Place: Hashable {
        var cluster: Int64
        var split: Split?
    }

    private struct Member {
        var item: Int64
        var place: Place?
        var keys: [Int]
    }

    private var members: [Member] = []
    private var memberOfItem: [Int64: Int] = [:]
    /// Members of each key.
    private var holders: [[Int]] = []
    private var numbers: [UInt64: Int] = [:]
    /// Keys that stand for nearly the same.
    private var likes: [[Int]] = []
    /// How many members of each key are in each split.
    private var counts: [SIMD4<Int32>] = []

    /// Adds an item; its keys are hashes of what it shares with others.
    ///
    /// - parameter place: Where it is already; nil for a new one. One that is between ties nothing.
    mutating func add(item: Int64, place: Place?, keys: [UInt64]) {
        if let place, place.split == nil { return }
        memberOfItem[item] = members.count
        members.append(Member(item: item, place: place, keys: []))
        extend(item: item, by: keys)
    }

    /// Adds keys to those of an item. One that is not here, or between, has none.
    mutating func extend(item: Int64, by keys: [UInt64]) {
        guard let member = memberOfItem[item] else { return }
        for key in keys {
            let number = self.number(of: key)
            guard !members[member].keys.contains(number) else { continue }
            holders[number].append(member)
            if let split = members[member].place?.split { counts[number][split.rawValue] += 1 }
            members[member].keys.append(number)
        }
    }

    /// Says that two keys stand for nearly the same.
    mutating func tie(_ key: UInt64, _ other: UInt64) {
        let (first, second) = (number(of: key), number(of: other))
        guard first != second else { return }
        likes[first].append(second)
        likes[second].append(first)
    }

    private mutating func number(of key: UInt64) -> Int {
        if let known = numbers[key] { return known }
        numbers[key] = holders.count
        holders.append([])
        likes.append([])
        counts.append(.zero)
        return holders.count - 1
    }

    // MARK: - Placing

    /// Where every new item goes, in the order of their numbers.
    ///
    /// - parameter draw: The split of a cluster that is tied to none.
    mutating func placeNew(drawing draw: (Int64) -> Split) -> [(item: Int64, place: Place)] {
        let new = members.indices.filter { members[$0].place == nil }.sorted { members[$0].item < members[$1].item }
        for group in groups(of: new, withPlaced: true) {
            let known = group.placed.compactMap { members[$0].place }
            let splits = Set(known.compactMap(\.split))
            switch splits.count {
            case 0: start(group.new, drawing: draw)
            case 1:
                let cluster = known.map(\.cluster).min() ?? members[group.new[0]].item
                for member in group.new { put(member, Place(cluster: cluster, split: splits.first)) }
            default: part(group.new, draw)
            }
        }
        return new.compactMap { member in members[member].place.map { (members[member].item, $0) } }
    }

    /// Items with a split that a tie found since has brought next to another one: they leave theirs, so that the other can
    /// stay.
    ///
    /// - parameter items: Those whose ties were not known when they were placed.
    mutating func withdraw(_ items: Set<Int64>) -> [Int64] {
        var withdrawn: [Int64] = []
        for member in members.indices.sorted(by: { members[$0].item < members[$1].item })
        where items.contains(members[member].item) {
            guard let place = members[member].place, let split = place.split else { continue }
            let others = splits(near: member).subtracting([split])
            guard !others.isEmpty else { continue }
            for key in members[member].keys {
                counts[key][split.rawValue] -= 1
                holders[key].removeAll { $0 == member }
            }
            members[member].place = Place(cluster: place.cluster, split: nil)
            members[member].keys = []
            withdrawn.append(members[member].item)
        }
        return withdrawn
    }

    private mutating func put(_ member: Int, _ place: Place) {
        members[member].place = place
        guard let split = place.split else { return }
        for key in members[member].keys { counts[key][split.rawValue] += 1 }
    }

    private mutating func start(_ group: [Int], drawing draw: (Int64) -> Split) {
        let cluster = group.map { members[$0].item }.min() ?? 0
        let split = draw(cluster)
        for member in group { put(member, Place(cluster: cluster, split: split)) }
    }

    /// Grows the splits that a group is tied to into it; what lies between two of them is in none.
    private mutating func part(_ group: [Int], _ draw: (Int64) -> Split) {
        var waiting = group.filter { !splits(near: $0).isEmpty }
        // An author of ten thousand posts is asked about once for each split, not once for each post.
        var told = Set<Int>()
        var next = 0
        while next < waiting.count {
            let member = waiting[next]
            next += 1
            guard members[member].place == nil else { continue }
            let near = splits(near: member)
            guard near.count == 1, let split = near.first else {
                put(member, Place(cluster: members[member].item, split: nil))
                continue
            }
            let keys = members[member].keys.flatMap { [$0] + likes[$0] }
            let cluster = cluster(holding: keys) ?? members[member].item
            put(member, Place(cluster: cluster, split: split))
            for key in keys where told.insert(key * Split.allCases.count + split.rawValue).inserted {
                waiting += holders[key].filter { members[$0].place == nil }
            }
        }
        // What only those between tied to the rest.
        let left = group.filter { members[$0].place == nil }
        for group in groups(of: left, withPlaced: false) { start(group.new, drawing: draw) }
    }

    private func cluster(holding keys: [Int]) -> Int64? {
        for key in keys {
            for holder in holders[key] {
                if let place = members[holder].place, place.split != nil { return place.cluster }
            }
        }
        return nil
    }

    /// The splits of whoever shares a tie with a member, its own among them.
    private func splits(near member: Int) -> Set<Split> {
        var counted = SIMD4<Int32>.zero
        for key in members[member].keys {
            counted &+= counts[key]
            for other in likes[key] { counted &+= counts[other] }
        }
        return Set(Split.allCases.filter { counted[$0.rawValue] > 0 })
    }

    /// Some items by what hangs together, each group in the order of its items' numbers.
    ///
    /// - parameter withPlaced: Whether ties run over the items that have a split, too.
    private func groups(of new: [Int], withPlaced: Bool) -> [(new: [Int], placed: [Int])] {
        var parents = Array(0..<holders.count)
        func root(_ key: Int) -> Int {
            var key = key
            while parents[key] != key {
                parents[key] = parents[parents[key]]
                key = parents[key]
            }
            return key
        }
        let taken = withPlaced ? Array(members.indices) : new
        for member in taken {
            for key in members[member].keys.dropFirst() {
                parents[root(key)] = root(members[member].keys[0])
            }
        }
        for (key, others) in likes.enumerated() where !holders[key].isEmpty {
            for other in others where !holders[other].isEmpty {
                // Without anybody of these at one end, the tie ties nothing.
                if withPlaced || isLeft(key) && isLeft(other) { parents[root(other)] = root(key) }
            }
        }
        var groups: [(new: [Int], placed: [Int])] = []
        var numbers: [Int: Int] = [:]
        for member in new {
            guard let key = members[member].keys.first else {
                groups.append(([member], []))
                continue
            }
            let number = numbers[root(key)] ?? groups.count
            if number == groups.count {
                numbers[root(key)] = number
                groups.append(([], []))
            }
            groups[number].new.append(member)
        }
        if withPlaced {
            for member in members.indices where members[member].place?.split != nil {
                guard let key = members[member].keys.first, let number = numbers[root(key)] else { continue }
                groups[number].placed.append(member)
            }
        }
        return groups
    }

    private func isLeft(_ key: Int) -> Bool {
        holders[key].contains { members[$0].place == nil }
    }
}
