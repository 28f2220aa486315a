import Testing

@testable import Queue

@Suite struct SplitGraphTests {
    /// Draws by the cluster's number: 0, 3, 6 … train, 1, 4, 7 … validation, 2, 5, 8 … test.
    private func draw(_ cluster: Int64) -> Split { Split(rawValue: Int(cluster % 3)) ?? .train }

    private func placed(_ graph: inout SplitGraph) -> [Int64: SplitGraph.Place] {
        Dictionary(uniqueKeysWithValues: graph.placeNew(drawing: draw).map { ($0.item, $0.place) })
    }

    @Test("New items that hang together draw one split, by the oldest of them")
    func together() {
        var graph = SplitGraph()
        graph.add(item: 4, place: nil, keys: [1, 2])
        graph.add(item: 5, place: nil, keys: [2, 3])
        graph.add(item: 6, place: nil, keys: [3])
        graph.add(item: 7, place: nil, keys: [9])
        graph.add(item: 8, place: nil, keys: [])
        graph.tie(9, 10)
        graph.add(item: 11, place: nil, keys: [10])
        let places = placed(&graph)
        for item: Int64 in [4, 5, 6] { #expect(places[item] == .init(cluster: 4, split: .validation)) }
        for item: Int64 in [7, 11] { #expect(places[item] == .init(cluster: 7, split: .validation)) }
        #expect(places[8] == .init(cluster: 8, split: .test))
    }

    @Test("A new item follows the one split that it is tied to, over others that are new")
    func follows() {
        var graph = SplitGraph()
        graph.add(item: 1, place: .init(cluster: 1, split: .test), keys: [1])
        graph.add(item: 20, place: nil, keys: [1, 2])
        graph.add(item: 21, place: nil, keys: [2])
        let places = placed(&graph)
        #expect(places[20] == .init(cluster: 1, split: .test) && places[21] == .init(cluster: 1, split: .test))
        #expect(places[1] == nil, "what is placed is not placed again")
    }

    @Test("Who stands between two splits is in none, and its neighbours follow their own side")
    func between() {
        var graph = SplitGraph()
        graph.add(item: 1, place: .init(cluster: 1, split: .test), keys: [1])
        graph.add(item: 2, place: .init(cluster: 2, split: .train), keys: [2])
        graph.add(item: 10, place: nil, keys: [1, 5])
        graph.add(item: 11, place: nil, keys: [5, 6])
        graph.add(item: 12, place: nil, keys: [6, 2])
        graph.add(item: 13, place: nil, keys: [1, 2])
        let places = placed(&graph)
        #expect(places[10]?.split == .test && places[12]?.split == .train)
        #expect(places[13]?.split == nil && places[11]?.split == nil)
    }

    @Test("Behind one that is between, others draw for themselves: nothing of it reaches them")
    func behind() {
        var graph = SplitGraph()
        graph.add(item: 1, place: .init(cluster: 1, split: .test), keys: [1])
        graph.add(item: 2, place: .init(cluster: 2, split: .train), keys: [2])
        graph.add(item: 10, place: nil, keys: [1, 2, 7])
        graph.add(item: 13, place: nil, keys: [7])
        let places = placed(&graph)
        #expect(places[10]?.split == nil && places[13] == .init(cluster: 13, split: .validation))
        var later = SplitGraph()
        later.add(item: 10, place: .init(cluster: 10, split: nil), keys: [1, 2, 7])
        later.add(item: 30, place: nil, keys: [7])
        #expect(placed(&later)[30] == .init(cluster: 30, split: .train))
    }

    @Test("A tie that is found late takes the item out of its split, and moves nobody")
    func late() {
        var graph = SplitGraph()
        graph.add(item: 1, place: .init(cluster: 1, split: .test), keys: [1])
        graph.add(item: 2, place: .init(cluster: 2, split: .train), keys: [2])
        graph.add(item: 3, place: .init(cluster: 3, split: .train), keys: [3])
        graph.tie(1, 2)
        graph.tie(2, 3)
        #expect(graph.withdraw([2, 3]) == [2])
    }

    @Test("However ties come and whatever comes first, no tie has its ends in two splits, and nobody moves")
    func noneCrosses() {
        var generator = SplitMix64(seed: 7)
        for _ in 0..<60 {
            let keys = (0..<200).map { _ in
                (0..<Int.random(in: 0...3, using: &generator)).map { _ in UInt64.random(in: 0..<160, using: &generator)
                }
            }
            let ties = (0..<12).map { _ in
                (UInt64.random(in: 0..<160, using: &generator), UInt64.random(in: 0..<160, using: &generator))
            }
            var places: [Int64: SplitGraph.Place] = [:]
            // Items come in five batches.
            for batch in 0..<5 {
                var graph = SplitGraph()
                for item in 0..<(batch + 1) * 40 {
                    graph.add(item: Int64(item), place: places[Int64(item)], keys: keys[item])
                }
                for (key, other) in ties { graph.tie(key, other) }
                for (item, place) in graph.placeNew(drawing: draw) {
                    #expect(places[item] == nil, "placed once")
                    places[item] = place
                }
            }
            #expect(places.count == 200)
            var splits: [UInt64: Set<Split>] = [:]
            for (item, place) in places {
                for key in keys[Int(item)] { if let split = place.split { splits[key, default: []].insert(split) } }
            }
            #expect(splits.values.allSatisfy { $0.count == 1 })
            for (key, other) in ties {
                #expect((splits[key] ?? []).union(splits[other] ?? []).count <= 1)
            }
            let between = places.values.filter { $0.split == nil }.count
            #expect(between < 200 * 3 / 4, "most are somewhere")
        }
    }
}
