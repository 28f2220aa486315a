import Foundation
import Testing

@testable import Queue

/// What the DSA Transparency Database accepts, as its own source says (tools/fixtures/dsa_rules.py): apart from the
/// program's lists, so that the one checks the other.
struct StatementRules {
    private let document: JSONValue

    init() throws {
        let url = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures/dsa-rules.json")
        document = try JSONValue(parsing: Array(Data(contentsOf: url)))
    }

    /// Everything that the database would refuse in a statement; empty where it takes it.
    func faults(in statement: JSONValue) -> [String] {
        guard case .object(let rules)? = document["attributes"], case .object(let members) = statement else {
            return ["no statement"]
        }
        var faults: [String] = []
        let restricting = (document["one_of"]?.array ?? []).compactMap(\.string)
        if restricting.allSatisfy({ statement[$0] == nil }) { faults.append("restricts nothing") }
        for member in members where !rules.contains(where: { $0.key == member.key }) {
            faults.append("\(member.key) is no attribute")
        }
        for rule in rules {
            let dependency = (rule.value["required_if"]?.array ?? []).compactMap(\.string)
            let isCalledFor =
                dependency.count == 2 && Self.texts(statement[dependency[0]]).contains(dependency[1])
            guard let value = statement[rule.key] else {
                if rule.value["required"] == .bool(true) || isCalledFor { faults.append("\(rule.key) is missing") }
                continue
            }
            if dependency.count == 2, !isCalledFor { faults.append("\(rule.key) goes with \(dependency[1]) only") }
            if (value.array != nil) != (rule.value["array"] == .bool(true)) {
                faults.append("\(rule.key): list or not")
            }
            if value.array?.isEmpty ?? false { faults.append("\(rule.key) is empty") }
            for text in Self.texts(value) { faults += Self.faults(in: text, rule: rule) }
        }
        return faults
    }

    private static func faults(in text: String, rule: JSONMember) -> [String] {
        var faults: [String] = []
        if text.isEmpty { faults.append("\(rule.key) is empty") }
        if let allowed = rule.value["in"]?.array, !allowed.contains(.string(text)) {
            faults.append("\(rule.key): \(text) is not allowed")
        }
        if let limit = rule.value["max"]?.int64, text.unicodeScalars.count > limit {
            faults.append("\(rule.key) is too long")
        }
        if let pattern = rule.value["pattern"]?.string, text.range(of: pattern, options: .regularExpression) == nil {
            faults.append("\(rule.key) does not match")
        }
        if rule.value["date"] == .bool(true) {
            if text.count != 10 || Timestamp(rfc3339: text + "T00:00:00Z") == nil {
                faults.append("\(rule.key): no day")
            }
            if let first = rule.value["from"]?.string, text < first { faults.append("\(rule.key) is too early") }
            if let last = rule.value["to"]?.string, text > last { faults.append("\(rule.key) is too late") }
        }
        return faults
    }

    private static func texts(_ value: JSONValue?) -> [String] {
        guard let value else { return [] }
        return value.array.map { $0.compactMap(\.string) } ?? [value.string ?? ""]
    }

    /// The allowed values of an attribute.
    func allowed(_ attribute: String) -> Set<String> {
        Set((document["attributes"]?[attribute]?["in"]?.array ?? []).compactMap(\.string))
    }
}
