/// How the tensors of a file correspond to the names that a family's description asks for.
///
/// A rule makes one tensor, or one for each value of its placeholders, out of the file's:
///
///     blocks.{layer}.query.weight  ←  encoder.{layer}.in_proj_weight, part 1 of 3
///     blocks.{layer}.key.weight    ←  encoder.{layer}.head.{head}.key.weight, joined over {head}
///     projection.weight            ←  proj, transposed
///
/// A placeholder on both sides stands for the same number; one on the file's side only is joined over, in order, along
/// the first axis. Every tensor of the file must be used or named as unused, so that none is passed over in silence.
struct TensorMapping: Sendable, Hashable {
    struct Rule: Sendable, Hashable {
        /// The family's name.
        let target: NameTemplate
        /// The file's name.
        let source: NameTemplate
        /// One of equal parts along the first axis, counted from 1; nil takes all.
        var part: Part?
        /// Whether rows and columns are exchanged.
        var transposed = false
        /// Of the same numbers in the same order; nil leaves the shape.
        var shape: [Int]?
    }

    struct Part: Sendable, Hashable {
        let number: Int
        let count: Int
    }

    /// How many values each placeholder has, from 0.
    let counts: [String: Int]
    let rules: [Rule]
    /// Tensors of the file that the family has no use for.
    let unused: [NameTemplate]

    /// More tensors than any checkpoint has: a mapping file is no reason to run out of memory.
    private static let limit = 200_000

    /// The file's names of a template, each with the values of its placeholders.
    ///
    /// - Throws: ``Fault`` for a placeholder without a count.
    func expanded(
        _ template: NameTemplate, given: [String: Int] = [:]
    ) throws(Fault) -> [(name: String, values: [String: Int])] {
        var found = [given]
        for placeholder in template.placeholders where given[placeholder] == nil {
            guard let count = counts[placeholder] else {
                throw Fault(reason: "nothing says how many {\(placeholder)} there are")
            }
            guard found.count * count <= Self.limit else { throw Fault(reason: "too many tensors for one checkpoint") }
            found = found.flatMap { values in (0..<count).map { values.merging([placeholder: $0]) { $1 } } }
        }
        return found.map { (template.filled(with: $0), $0) }
    }

    struct Fault: Error {
        let reason: String
    }
}

/// A tensor's name with placeholders: `blocks.{layer}.attn.qkv.weight`.
struct NameTemplate: Sendable, Hashable {
    let text: String
    private let parts: [Part]

    private enum Part: Hashable {
        case plain(String)
        case placeholder(String)
    }

    /// Nil where braces do not match or a placeholder is no word of lower-case letters.
    init?(_ text: String) {
        self.text = text
        var parts: [Part] = []
        var rest = Substring(text)
        while let open = rest.firstIndex(of: "{") {
            guard let close = rest[open...].firstIndex(of: "}") else { return nil }
            let name = rest[rest.index(after: open)..<close]
            guard !name.isEmpty, name.utf8.allSatisfy({ (0x61...0x7A).contains($0) }) else { return nil }
            parts += [.plain(String(rest[..<open])), .placeholder(String(name))]
            rest = rest[rest.index(after: close)...]
        }
        guard !text.isEmpty, !rest.contains("}") else { return nil }
        self.parts = parts + [.plain(String(rest))]
    }

    /// In the order in which they stand, each once.
    var placeholders: [String] {
        var found: [String] = []
        for case .placeholder(let name) in parts where !found.contains(name) { found.append(name) }
        return found
    }

    func filled(with values: [String: Int]) -> String {
        parts.map { part in
            switch part {
            case .plain(let text): text
            case .placeholder(let name): values[name].map(String.init) ?? "{\(name)}"
            }
        }.joined()
    }
}

extension SafeTensors {
    /// The same file under a family's names, so that whoever describes a network need not know how the file names its
    /// tensors.
    ///
    /// Renaming, parts along the first axis and other shapes are views of the mapped file. What has to be moved, joined
    /// and transposed tensors, is copied once.
    ///
    /// - Throws: ``WeightsError/unfit(path:tensor:reason:)``.
    func renamed(by mapping: TensorMapping) throws(WeightsError) -> SafeTensors {
        var maker = MappedTensors(weights: self, mapping: mapping)
        for rule in mapping.rules { try maker.apply(rule) }
        try maker.checkNothingIsLeft()
        return try maker.finished()
    }
}

/// A file's tensors on their way to a family's names.
private struct MappedTensors {
    let weights: SafeTensors
    let mapping: TensorMapping
    private var entries: [String: SafeTensors.Entry] = [:]
    /// Copied tensors, with offsets into `copies`.
    private var copied: [String: SafeTensors.Entry] = [:]
    private var copies: [UInt8] = []
    private var used: Set<String> = []

    init(weights: SafeTensors, mapping: TensorMapping) {
        self.weights = weights
        self.mapping = mapping
    }

    mutating func apply(_ rule: TensorMapping.Rule) throws(WeightsError) {
        for (target, values) in try expanded(rule.target) {
            guard entries[target] == nil, copied[target] == nil else { throw unfit(target, "is made by two rules") }
            let names = try expanded(rule.source, given: values).map(\.name)
            var sources: [SafeTensors.Entry] = []
            for name in names {
                guard let entry = weights.entries[name] else { throw unfit(name, "is missing") }
                sources.append(try part(rule.part, of: entry, name))
                used.insert(name)
            }
            if sources.count == 1, !rule.transposed {
                entries[target] = try reshaped(sources[0], rule.shape, target)
            } else {
                let joined = try joined(sources, names)
                let whole = rule.transposed ? try transposed(joined.bytes, joined.entry, target) : joined
                copied[target] = try reshaped(append(whole.bytes, whole.entry), rule.shape, target)
            }
        }
    }

    func checkNothingIsLeft() throws(WeightsError) {
        var left = Set(weights.entries.keys).subtracting(used)
        for template in mapping.unused { left.subtract(try expanded(template).map(\.name)) }
        if let name = left.min() { throw unfit(name, "is neither used nor named as unused by the mapping") }
    }

    func finished() throws(WeightsError) -> SafeTensors {
        guard !copied.isEmpty else { return SafeTensors(path: weights.path, entries: entries, file: weights.file) }
        let (file, start) = try weights.file.followed(by: copies)
        let moved = copied.mapValues {
            SafeTensors.Entry(type: $0.type, shape: $0.shape, offset: start + $0.offset, byteCount: $0.byteCount)
        }
        return SafeTensors(path: weights.path, entries: entries.merging(moved) { $1 }, file: file)
    }

    // MARK: Machinery

    private func expanded(
        _ template: NameTemplate, given: [String: Int] = [:]
    ) throws(WeightsError) -> [(name: String, values: [String: Int])] {
        do {
            return try mapping.expanded(template, given: given)
        } catch {
            throw unfit(template.text, "cannot be looked for: \(error.reason)")
        }
    }

    private func part(
        _ part: TensorMapping.Part?, of entry: SafeTensors.Entry, _ name: String
    ) throws(WeightsError) -> SafeTensors.Entry {
        guard let part else { return entry }
        guard let rows = entry.shape.first, rows % part.count == 0 else {
            throw unfit(name, "of shape \(entry.shape) has no \(part.count) equal parts")
        }
        let byteCount = entry.byteCount / part.count
        return SafeTensors.Entry(
            type: entry.type, shape: [rows / part.count] + entry.shape.dropFirst(),
            offset: entry.offset + (part.number - 1) * byteCount, byteCount: byteCount)
    }

    private func reshaped(
        _ entry: SafeTensors.Entry, _ shape: [Int]?, _ name: String
    ) throws(WeightsError) -> SafeTensors.Entry {
        guard let shape else { return entry }
        guard Self.count(shape) == Self.count(entry.shape) else {
            throw unfit(name, "of shape \(entry.shape) cannot take the shape \(shape)")
        }
        return SafeTensors.Entry(type: entry.type, shape: shape, offset: entry.offset, byteCount: entry.byteCount)
    }

    private static func count(_ shape: [Int]) -> Int? {
        shape.reduce(1 as Int?) { product, side in
            product.flatMap {
                let (value, overflow) = $0.multipliedReportingOverflow(by: side)
                return overflow ? nil : value
            }
        }
    }

    /// Tensors one after another along the first axis; the entry's offset means nothing yet.
    private func joined(
        _ sources: [SafeTensors.Entry], _ names: [String]
    ) throws(WeightsError) -> (bytes: [UInt8], entry: SafeTensors.Entry) {
        guard let first = sources.first, sources.count == 1 || !first.shape.isEmpty else {
            throw unfit(names.first ?? "", "is no tensor that can be joined")
        }
        if sources.count == 1 {
            return (Array(weights.file.bytes[first.offset..<first.offset + first.byteCount]), first)
        }
        var bytes: [UInt8] = []
        var rows = 0
        for (entry, name) in zip(sources, names) {
            guard entry.type == first.type, entry.shape.dropFirst() == first.shape.dropFirst(), !entry.shape.isEmpty
            else { throw unfit(name, "is not of one form with \(printable(names[0]))") }
            bytes += weights.file.bytes[entry.offset..<entry.offset + entry.byteCount]
            rows += entry.shape[0]
        }
        let entry = SafeTensors.Entry(
            type: first.type, shape: [rows] + first.shape.dropFirst(), offset: 0, byteCount: bytes.count)
        return (bytes, entry)
    }

    private func transposed(
        _ bytes: [UInt8], _ entry: SafeTensors.Entry, _ name: String
    ) throws(WeightsError) -> (bytes: [UInt8], entry: SafeTensors.Entry) {
        guard entry.shape.count == 2 else { throw unfit(name, "of shape \(entry.shape) has no rows and columns") }
        let (rows, columns, size) = (entry.shape[0], entry.shape[1], entry.type.byteCount)
        var turned = [UInt8](repeating: 0, count: bytes.count)
        for row in 0..<rows {
            for column in 0..<columns {
                for byte in 0..<size {
                    turned[(column * rows + row) * size + byte] = bytes[(row * columns + column) * size + byte]
                }
            }
        }
        let turnedEntry = SafeTensors.Entry(
            type: entry.type, shape: [columns, rows], offset: 0, byteCount: entry.byteCount)
        return (turned, turnedEntry)
    }

    private mutating func append(_ bytes: [UInt8], _ entry: SafeTensors.Entry) -> SafeTensors.Entry {
        // As far apart as vector instructions like it.
        copies.append(contentsOf: repeatElement(0, count: (64 - copies.count % 64) % 64))
        let offset = copies.count
        copies += bytes
        return SafeTensors.Entry(type: entry.type, shape: entry.shape, offset: offset, byteCount: bytes.count)
    }

    private func unfit(_ tensor: String, _ reason: String) -> WeightsError {
        .unfit(path: weights.path, tensor: printable(tensor), reason: reason)
    }
}
