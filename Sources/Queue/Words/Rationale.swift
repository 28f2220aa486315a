/// Where a reviewer saw the evidence for a policy: words or regions that they marked themselves, or the model's highlight
/// where they said that it is right, or wrong.
public struct Rationale: Sendable, Hashable {
    /// The policy it speaks for; nil where none was named.
    public var policy: PolicyID?
    public var evidence: Evidence
    /// `person` where it was marked by hand, `model` where it is the model's highlight.
    public var origin: LabelOrigin
    /// Whether the reviewer said that this is *not* the evidence.
    public var isRejected: Bool

    public enum Evidence: Sendable, Hashable {
        /// Half-open ranges of the text's Unicode scalars.
        case spans([Range<Int>])
        /// Rectangles on one of the item's pictures, upright as it is shown.
        case boxes([Box], media: Int)
        /// Patches of a grid that is spread evenly over one of the item's pictures: row-major indices, ascending.
        case patches([Int], rows: Int, columns: Int, media: Int)
    }

    /// A rectangle in fractions of a picture's width and height, from its top left corner.
    public struct Box: Sendable, Hashable {
        public var x: Double
        public var y: Double
        public var width: Double
        public var height: Double

        public init(x: Double, y: Double, width: Double, height: Double) {
            self.x = x
            self.y = y
            self.width = width
            self.height = height
        }
    }

    public init(policy: PolicyID?, evidence: Evidence, origin: LabelOrigin, isRejected: Bool = false) {
        self.policy = policy
        self.evidence = evidence
        self.origin = origin
        self.isRejected = isRejected
    }
}

// MARK: - Of an explanation

extension Explanation {
    /// What counts as highlighted: every span or patch with at least half of the map's largest value. Nil where nothing is
    /// positive.
    public var highlight: Rationale.Evidence? {
        switch relevance {
        case .spans(let spans):
            let half = spans.reduce(Float(0)) { Swift.max($0, $1.weight) } / 2
            let lit = spans.filter { half > 0 && $0.weight >= half && $0.start < $0.end }
            return lit.isEmpty ? nil : .spans(lit.map { $0.start..<$0.end }.sorted { $0.lowerBound < $1.lowerBound })
        case .grid(let rows, let columns, let values):
            let half = values.reduce(Float(0)) { $1.isFinite ? Swift.max($0, $1) : $0 } / 2
            let lit = values.indices.filter { half > 0 && values[$0] >= half }
            return lit.isEmpty ? nil : .patches(lit, rows: rows, columns: columns, media: mediaIndex)
        }
    }
}

// MARK: - As JSON

extension Rationale {
    /// `{"policy","origin"}`, `"rejected":true` where it is, with `"spans":[[start,end],…]`, with `"media"` and `"boxes":[[x,y,width,height],…]`, or with
    /// `"media"`, `"grid":[rows,columns]` and `"patches":[index,…]`.
    public var json: JSONValue {
        var members = [
            JSONMember("policy", .optional(policy?.rawValue)), JSONMember("origin", .string(origin.rawValue)),
        ]
        if isRejected { members.append(JSONMember("rejected", true)) }
        switch evidence {
        case .spans(let spans):
            let pairs = spans.map { JSONValue.array([.optional($0.lowerBound), .optional($0.upperBound)]) }
            members.append(JSONMember("spans", .array(pairs)))
        case .boxes(let boxes, let media):
            let corners = boxes.map { JSONValue.array([$0.x, $0.y, $0.width, $0.height].map { .number($0) }) }
            members += [JSONMember("media", .optional(media)), JSONMember("boxes", .array(corners))]
        case .patches(let patches, let rows, let columns, let media):
            members += [
                JSONMember("media", .optional(media)), JSONMember("grid", [.optional(rows), .optional(columns)]),
                JSONMember("patches", .array(patches.map { .optional($0) })),
            ]
        }
        return .object(members)
    }

    /// Reads what ``json`` writes.
    ///
    /// - Throws: ``QueueError/usage(_:)`` that says what is expected.
    public init(_ json: JSONValue) throws {
        func integers(_ value: JSONValue?) -> [Int]? {
            guard let numbers = value?.array?.map(\.int64), !numbers.contains(nil) else { return nil }
            return numbers.compactMap { $0.flatMap(Int.init(exactly:)) }
        }
        let media = json["media"]?.int64.flatMap(Int.init(exactly:)) ?? 0
        let spans = json["spans"]?.array?.map(integers)
        let boxes = json["boxes"]?.array?.map { $0.array?.compactMap(\.double) ?? [] }
        if let spans {
            let ranges = try spans.map { pair in
                guard let pair, pair.count == 2, pair[0] >= 0, pair[0] < pair[1] else { throw Self.unreadable }
                return pair[0]..<pair[1]
            }
            evidence = .spans(ranges)
        } else if let boxes {
            let read = try boxes.map { corners in
                guard corners.count == 4 else { throw Self.unreadable }
                return Box(x: corners[0], y: corners[1], width: corners[2], height: corners[3])
            }
            evidence = .boxes(read, media: media)
        } else if let grid = integers(json["grid"]), grid.count == 2, let patches = integers(json["patches"]) {
            evidence = .patches(patches, rows: grid[0], columns: grid[1], media: media)
        } else {
            throw Self.unreadable
        }
        isRejected = json["rejected"] == .bool(true)
        policy = json["policy"]?.string.map { PolicyID($0) }
        origin =
            try json["origin"].map { origin in
                guard let known = origin.string.flatMap(LabelOrigin.init) else { throw Self.unreadable }
                return known
            } ?? .person
    }

    private static let unreadable = QueueError.usage(
        """
        A rationale is {"policy":…} with "spans":[[start,end],…] in Unicode scalars, with "media":0 and \
        "boxes":[[x,y,width,height],…] in fractions of the picture, or with "grid":[rows,columns] and "patches":[index,…].
        """)
}

// MARK: - What a decision takes

extension Rationale {
    /// Refuses evidence that lies outside the item.
    ///
    /// - Parameters:
    ///   - scalars: the length of the item's text in Unicode scalars, 0 where it has none.
    ///   - media: how many media it has.
    /// - Throws: ``QueueError/usage(_:)``.
    func check(scalars: Int, media count: Int) throws {
        let isSound =
            switch evidence {
            case .spans(let spans):
                !spans.isEmpty && spans.allSatisfy { !$0.isEmpty && $0.lowerBound >= 0 && $0.upperBound <= scalars }
            case .boxes(let boxes, let media):
                !boxes.isEmpty && (0..<count).contains(media) && boxes.allSatisfy(\.isOnPicture)
            case .patches(let patches, let rows, let columns, let media):
                !patches.isEmpty && (0..<count).contains(media) && (1...1_000).contains(rows)
                    && (1...1_000).contains(columns) && patches == Set(patches).sorted()
                    && patches.allSatisfy { (0..<rows * columns).contains($0) }
            }
        guard isSound else {
            throw QueueError.usage(
                "A rationale marks something that the item does not have: its text has \(scalars) scalars, and \(count) media."
            )
        }
    }

    /// As many as a person could mean.
    static let most = 200
}

extension Rationale.Box {
    fileprivate var isOnPicture: Bool {
        let tolerance = 1e-9
        return x >= 0 && y >= 0 && width > 0 && height > 0 && x + width <= 1 + tolerance && y + height <= 1 + tolerance
    }
}
