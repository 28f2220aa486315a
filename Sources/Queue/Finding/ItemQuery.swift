/// A search in the one language of the console's `/` and `f`, of `find`, of `--where` and of saved views.
///
/// ```swift
/// let query = try ItemQuery("policy:hate score>0.8 -lang:de \"see you\"")
/// let page = try store.items(matching: query, limit: 100)
/// ```
///
/// Terms side by side must all hold; `or`, `not` (or `-`) and parentheses do what they say. docs/finding.md lists the
/// terms. Values never become part of an SQL text.
public struct ItemQuery: Sendable, Hashable {
    let root: QueryNode

    init(root: QueryNode) { self.root = root }

    /// The empty query, which matches every item.
    public static let everything = ItemQuery(root: .and([]))

    /// Reads a query. The empty one matches every item.
    ///
    /// - throws: ``QuerySyntaxError``, which points at the character.
    public init(_ text: String) throws(QuerySyntaxError) {
        var parser = QueryParser(text)
        root = try parser.query()
    }

    /// The query as the language's own printer writes it: what two ways of writing one query have in common. Reading it
    /// gives an equal query.
    public var canonicalText: String { root.text }

    /// Whether it matches every item.
    public var isEmpty: Bool { self == .everything }
}

/// Why a text is no query, and where.
public struct QuerySyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A sentence that says what to write instead; what it quotes was made visible.
    public var sentence: String
    /// The text that was to be read.
    public var query: String
    /// The character the sentence is about, counted in Unicode scalars of ``query`` from 0. May be the end.
    public var offset: Int

    /// The sentence with the place, counted from 1.
    public var description: String { "\(sentence) (at character \(offset + 1) of the query)" }
}

/// What a query is made of.
indirect enum QueryNode: Hashable, Sendable {
    case term(QueryTerm)
    case not(QueryNode)
    /// All of them; none at all holds for every item. Never holds another `and`, nor a single node.
    case and([QueryNode])
    /// One of them, at least two. Never holds another `or`.
    case or([QueryNode])

    static func all(_ nodes: [QueryNode]) -> QueryNode {
        let flat = nodes.flatMap { node in if case .and(let inner) = node { inner } else { [node] } }
        return flat.count == 1 ? flat[0] : .and(flat)
    }

    static func any(_ nodes: [QueryNode]) -> QueryNode {
        let flat = nodes.flatMap { node in if case .or(let inner) = node { inner } else { [node] } }
        return flat.count == 1 ? flat[0] : .or(flat)
    }
}

/// One condition, and where it stands in the text it was read from. Equal conditions are equal wherever they stand.
struct QueryTerm: Hashable, Sendable {
    var condition: QueryCondition
    /// Unicode scalars from the start of the text.
    var offset: Int

    static func == (a: QueryTerm, b: QueryTerm) -> Bool { a.condition == b.condition }
    func hash(into hasher: inout Hasher) { hasher.combine(condition) }
}

enum QueryCondition: Hashable, Sendable {
    /// The text holds these words, folded (see `FoldedText`).
    case text(String)
    /// A score at its threshold, a report or the standing verdict names one of these policies or a child of one.
    case policy([PolicyID])
    /// The highest score of the policy and its children, or of any policy.
    case score(PolicyID?, QueryRange)
    case field(QueryField, [QueryPattern])
    /// BCP 47: `de` is `de-AT` as well.
    case language([String])
    case state([ItemDetail.State])
    case verdict([Verdict])
    case queue([String])
    /// Milliseconds since it was flagged.
    case age(QueryRange)
    /// From the first millisecond to before the second.
    case flagged(from: Int64?, before: Int64?)
    case has([QueryPart])
    /// A mining brought it forward, or had chosen it for the verdict that stands.
    case mined([MiningStrategy])
    case view(String)
}

/// Names that are compared byte by byte.
enum QueryField: String, Hashable, Sendable { case id, source, author, reviewer }

/// What an item can have.
enum QueryPart: String, Hashable, Sendable, CaseIterable { case media, text, note }

/// A name, or the beginning of one (`up*`).
struct QueryPattern: Hashable, Sendable {
    var text: String
    var isPrefix = false

    // By bytes: Swift's own comparison would merge names that an upstream system keeps apart.
    static func == (a: QueryPattern, b: QueryPattern) -> Bool {
        a.isPrefix == b.isPrefix && a.text.utf8.elementsEqual(b.text.utf8)
    }
}

/// Numbers between two bounds, of which at least one is there.
struct QueryRange: Hashable, Sendable {
    var lower: Double?
    var upper: Double?
    /// Whether the bounds themselves belong to it.
    var isClosed: Bool
}
