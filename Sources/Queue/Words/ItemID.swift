/// Names one item.
///
/// Ids are compared and ordered by their UTF-8 bytes. Swift's `String ==` is canonical equivalence, under which two
/// ids that an upstream system keeps apart ("é" composed and decomposed) would merge.
public struct ItemID: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let rawValue: String

    public init(_ rawValue: String) {
        self.rawValue = rawValue
    }

    public var description: String { rawValue }

    public static func == (a: ItemID, b: ItemID) -> Bool {
        a.rawValue.utf8.elementsEqual(b.rawValue.utf8)
    }

    public static func < (a: ItemID, b: ItemID) -> Bool {
        a.rawValue.utf8.lexicographicallyPrecedes(b.rawValue.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        var copy = rawValue
        copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
