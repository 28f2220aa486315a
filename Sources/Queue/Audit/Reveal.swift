import GRDB

/// What a reviewer asks to see of a picture that is not shown as it is.
public enum RevealedContent: String, Sendable, Hashable {
    /// A restricted item's picture, which is off until asked for.
    case hidden
    /// A picture without the blur that its policy puts on it.
    case blurred
    /// In the colours that its policy takes away.
    case greyed
    /// As it is, where its policy leaves the edges only.
    case outlined
    /// In the detail that its policy takes away.
    case reduced

    /// A look without one of the softenings that a policy sets.
    public init(without softening: Softening) {
        self =
            switch softening {
            case .grey: .greyed
            case .blur: .blurred
            case .lines: .outlined
            case .detail: .reduced
            }
    }

    /// What is taken off for the look; nil where the picture was not to be seen at all.
    public var softening: Softening? { Softening.allCases.first { RevealedContent(without: $0) == self } }
}

extension QueueStore {
    /// Records that a reviewer looks at a hidden or softened picture; call it before the picture is shown.
    ///
    /// The chain holds a commitment to who looked at what, keyed by the item, so that erasing the item leaves nothing.
    ///
    /// - throws: ``QueueError/notFound(_:)`` where there is no such item.
    public func recordReveal(of id: ItemID, _ what: RevealedContent = .hidden, reviewer: String) throws {
        try Self.check(reviewer: reviewer)
        try write { db in
            let item = try Int64.fetchOne(db, sql: "SELECT seq FROM item WHERE id = ?", arguments: [id.rawValue])
            guard let item, let key = try AuditChain.key(ofItem: item, in: db) else {
                throw QueueError.notFound("There is no item \"\(Visible.text(id.rawValue))\".")
            }
            let look: JSONValue = [
                "id": .string(id.rawValue), "reviewer": .string(reviewer), "what": .string(what.rawValue),
            ]
            let commitment = AuditChain.commitment(to: look.canonicalText, key: key)
            try AuditChain.append(
                kind: "reveal", body: ["commitment": .string(commitment.hex), "what": .string(what.rawValue)], in: db,
                at: clock())
        }
    }
}
