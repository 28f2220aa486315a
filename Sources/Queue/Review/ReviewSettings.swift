import Foundation
import GRDB

/// Which verdicts are looked at again. Nothing is, unless this says so.
public struct ReviewSettings: Sendable, Hashable {
    /// The share of first verdicts that goes to a second reviewer, in [0, 1], drawn when the verdict falls.
    public var secondShare: Double
    /// Verdicts that name one of these policies, or one beneath, always do.
    public var secondPolicies: [PolicyID]
    /// The share of claims that brings an item with a known answer, in [0, 1].
    public var goldShare: Double

    public init(secondShare: Double = 0, secondPolicies: [PolicyID] = [], goldShare: Double = 0) {
        self.secondShare = secondShare
        self.secondPolicies = secondPolicies
        self.goldShare = goldShare
    }

    /// What `second-review --json` prints.
    public var json: JSONValue {
        [
            "second_share": .number(secondShare),
            "second_policies": .array(secondPolicies.map { .string($0.rawValue) }), "gold_share": .number(goldShare),
        ]
    }

    static func read(in db: Database) throws -> ReviewSettings {
        let statement = try db.cachedStatement(sql: "SELECT value FROM setting WHERE name = 'review'")
        guard let text = try String.fetchOne(statement), let value = try? JSONValue(parsing: text) else {
            return ReviewSettings()
        }
        return ReviewSettings(
            secondShare: value["second_share"]?.double ?? 0,
            secondPolicies: (value["second_policies"]?.array ?? []).compactMap { $0.string.map { PolicyID($0) } },
            goldShare: value["gold_share"]?.double ?? 0)
    }

    /// Whether a first verdict goes to a second reviewer.
    func asksForSecond(after draft: DecisionDraft) -> Bool {
        guard draft.verdict != .escalate else { return false }
        let named = draft.policies.union(draft.policies.flatMap(\.ancestors))
        if secondPolicies.contains(where: named.contains) { return true }
        return secondShare > 0 && Double.random(in: 0..<1) < secondShare
    }
}

extension QueueStore {
    public func reviewSettings() throws -> ReviewSettings { try read { try ReviewSettings.read(in: $0) } }

    /// Says which verdicts of this queue are looked at again from now on.
    ///
    /// - throws: ``QueueError/usage(_:)`` for a share outside [0, 1] or an unknown policy.
    public func set(_ settings: ReviewSettings) throws {
        guard (0...1).contains(settings.secondShare), (0...1).contains(settings.goldShare) else {
            throw QueueError.usage("A share lies from 0 to 1.")
        }
        try write { db in
            let taxonomy = try taxonomyInForce(db).taxonomy
            if let unknown = settings.secondPolicies.first(where: { taxonomy[$0] == nil }) {
                throw QueueError.usage(
                    "There is no policy \"\(Visible.text(unknown.rawValue))\": reviewtui policy list shows those there are."
                )
            }
            try db.execute(
                sql: "INSERT OR REPLACE INTO setting VALUES ('review', ?)", arguments: [settings.json.canonicalText])
            try AuditChain.append(kind: "review_settings", body: settings.json, in: db, at: clock())
        }
    }
}
