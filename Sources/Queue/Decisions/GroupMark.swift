/// That a verdict fell on a whole group of items that look or read alike, in one go.
///
/// The decisions stay decisions, one an item, each under its own lease; the mark tells whoever reads the record how
/// closely the item was looked at. It names a decision and no item, so that erasing the item that led the group leaves
/// nothing of it in the others' rows.
public struct GroupMark: Sendable, Hashable {
    /// The id of the decision on the item that the reviewer had before them; nil in that decision itself.
    public var lead: String?
    /// How many items the verdict was meant for, the one before the reviewer among them.
    public var size: Int

    public init(lead: String? = nil, size: Int) {
        self.lead = lead
        self.size = size
    }

    /// `{"lead":…,"size":…,"seen":"whole"|"thumbnail"}`: all that was seen of a member other than the first is a small
    /// picture, or the first words, on a contact sheet.
    var json: JSONValue {
        [
            "lead": .optional(lead), "size": .integer(Int64(size)),
            "seen": .string(lead == nil ? "whole" : "thumbnail"),
        ]
    }

    /// Nil where there is none.
    init?(_ json: JSONValue) {
        guard let size = json["size"]?.int64 else { return nil }
        self.init(lead: json["lead"]?.string, size: Int(size))
    }
}
