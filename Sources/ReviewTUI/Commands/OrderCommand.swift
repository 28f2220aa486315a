import ArgumentParser
import Queue

struct OrderCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "order", abstract: "What brings an item forward beside its priority and its waiting.",
        discussion: """
            By default nothing. By score what is likeliest to violate comes first; by entropy what a model is least sure \
            of; by margin what lies nearest to its threshold; by disagreement what models say different things of. Each \
            gives an item a value from 0 to 1, and the weight times that is added to its priority; 1 is worth 25 hours \
            of waiting. What waits is moved at once. The share of claims that is drawn at random stays as it is. Without \
            options it prints what is set.
            """)

    @OptionGroup var options: GlobalOptions
    @Option(
        help: "One of \(RankOrder.Basis.allCases.map(\.rawValue).joined(separator: ", ")). Says weight and policy anew."
    )
    var by: RankOrder.Basis?
    @Option(help: "What a value of 1 adds to the priority, over 0 to \(Int(RankOrder.weightLimit)) (default: 1).")
    var weight: Double?
    @Option(help: ArgumentHelp("Only scores of this policy and those beneath it; all by default.", valueName: "id"))
    var policy: String?

    func run() throws {
        let store = try options.openQueue()
        var order = try store.rankOrder()
        let isAsked = by == nil && weight == nil && policy == nil
        if let by { order = RankOrder(basis: by) }
        if let weight { order.weight = weight }
        if let policy { order.policy = PolicyID(policy) }
        var moved: Int?
        if !isAsked {
            try store.set(order)
            var bar = Progress("moving", unit: "items")
            moved = try store.reorder { bar.show(done: $0, fraction: nil) }
            bar.clear()
        }
        if options.json {
            var members = [JSONMember("order", order.json)]
            if let moved { members.append(JSONMember("moved", .integer(Int64(moved)))) }
            return Output.result(JSONValue.object(members).text)
        }
        let hours = String(format: "%g", (order.weight * 25).rounded())
        let isByPriority = order.basis == .priority
        Output.result(
            Table.text(
                header: ["what", "value"],
                rows: [["by", order.basis.rawValue]]
                    + (isByPriority
                        ? []
                        : [
                            ["weight", "\(order.weight) (a value of 1 is worth \(hours) hours of waiting)"],
                            ["policy", order.policy?.rawValue ?? "all"],
                        ])))
        if let moved { Output.say("\(moved) waiting items moved.") }
    }
}

extension RankOrder.Basis: ExpressibleByArgument {}
