import Queue

/// The letters that choose a policy in the list of all policies: one for each level of its id, `h t` for
/// `hate/threatening`. Made from the taxonomy alone, so they stay as long as it does.
struct PolicyKeys: Hashable, Sendable {
    private let keys: [PolicyID: String]

    /// What moves in the list or leaves it, and what mostly asked for it: a question is not answered by the key that asked.
    private static let taken: Set<Character> = ["j", "k", "q", "r", "x"]
    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyz")

    /// - Parameter taxonomy: in its order: of two policies that could have a letter the first gets it.
    init(_ taxonomy: [Policy]) {
        let known = Set(taxonomy.map(\.id))
        var keys: [PolicyID: String] = [:]
        var used: [PolicyID?: Set<Character>] = [:]
        // A policy comes after those above it in every taxonomy.
        for policy in taxonomy {
            let parent = policy.id.ancestors.first(where: known.contains)
            let above = parent.flatMap { keys[$0] } ?? ""
            // Pressing a letter again chooses the policy itself, so what is under it needs another.
            let gone = used[parent, default: []].union(Self.taken).union(above.last.map { [$0] } ?? [])
            let name = policy.id.rawValue.split(separator: "/").last?.lowercased() ?? ""
            guard let letter = (Array(name) + Self.alphabet).first(where: { Self.isLetter($0) && !gone.contains($0) })
            else { continue }
            used[parent, default: []].insert(letter)
            keys[policy.id] = above + String(letter)
        }
        self.keys = keys
    }

    /// Empty where the letters gave out.
    func key(of policy: PolicyID) -> String { keys[policy] ?? "" }

    /// What the letters typed so far, with one more, come to.
    enum Match: Hashable, Sendable {
        case policy(PolicyID)
        /// More letters may follow; the policy that it would be without them.
        case prefix(PolicyID?)
        case nothing
    }

    func match(_ typed: String, then letter: Character) -> Match {
        if let repeated = keys.first(where: { $0.value == typed }), typed.last == letter {
            return .policy(repeated.key)
        }
        let all = typed + String(letter)
        let itself = keys.first { $0.value == all }?.key
        let isPrefix = keys.values.contains { $0.hasPrefix(all) && $0 != all }
        switch (itself, isPrefix) {
        case (let policy?, false): return .policy(policy)
        case (_, true): return .prefix(itself)
        case (nil, false): return typed.isEmpty ? .nothing : match("", then: letter)
        }
    }

    private static func isLetter(_ character: Character) -> Bool { ("a"..."z").contains(character) }
}
