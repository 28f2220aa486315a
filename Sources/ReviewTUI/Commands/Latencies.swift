import Queue

/// How long each kind of call took, in milliseconds.
struct Latencies: Sendable {
    private var times: [(name: String, values: [Double])] = []

    mutating func time<Value>(_ name: String, _ body: () throws -> Value) rethrows -> Value {
        let start = ContinuousClock.now
        let value = try body()
        add(name, start.duration(to: .now))
        return value
    }

    mutating func add(_ name: String, _ duration: Duration) {
        let milliseconds = duration / .milliseconds(1)
        if let index = times.firstIndex(where: { $0.name == name }) {
            times[index].values.append(milliseconds)
        } else {
            times.append((name, [milliseconds]))
        }
    }

    mutating func add(_ other: Latencies) {
        for (name, values) in other.times {
            for value in values { add(name, .milliseconds(value)) }
        }
    }

    var json: JSONValue {
        .object(
            times.map { name, values in
                let sorted = values.sorted()
                let at = { (share: Double) in sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))] }
                return JSONMember(
                    name,
                    [
                        "count": .integer(Int64(sorted.count)), "p50": .number(at(0.5)), "p99": .number(at(0.99)),
                        "max": .number(at(1)),
                    ])
            })
    }
}
