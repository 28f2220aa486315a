import ArgumentParser
import Foundation
import Media
import ModelCore
import Queue

/// Explains and embeds what it is asked for on stdin, for `tools/bench/bench_explain.py`: starting a process for each
/// picture would measure the compiling of networks.
///
/// One JSON object a line in, one out, in their order:
///
///     {"model":M,"texts":[…]}                                → {"embeddings":[[…],…]}
///     {"model":M,"image":PATH,"grid":[r,c],"hidden":[[…],…]} → {"embeddings":[[…],…]}, one for each list of cells
///     {"model":M,"text":T,"directions":[[…]],"method":…}     → {"spans":[[start,end],…],"maps":[[…],…]}
///     {"model":M,"image":PATH,"directions":[[…]],"method":…} → {"grid":[r,c],"maps":[[…],…]}
///
/// Hidden cells (row-major, from 0) take the picture's mean colour, or with `"fill":"blur"` the blurred picture's.
/// `layers` and `heads` go with `method`. A request that fails ends the run.
struct BenchExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-explain", abstract: "Explain and embed what stdin asks for, a JSON object a line.",
        shouldDisplay: false)

    func run() async throws {
        let models = try InstalledModels()
        let scorer = try models.scorer(models: [])
        var measuring = Measuring(scorer: scorer, decoder: .ownProcess())
        while let line = readLine() {
            Output.result(try await measuring.answer(to: JSONValue(parsing: line)).text)
        }
    }
}

private struct Measuring {
    let scorer: Scorer
    let decoder: MediaDecoder
    /// The last picture: several requests in a row are about one.
    private var decoded: (key: String, image: PixelImage)?

    init(scorer: Scorer, decoder: MediaDecoder) {
        self.scorer = scorer
        self.decoder = decoder
    }

    mutating func answer(to request: JSONValue) async throws -> JSONValue {
        let model = try request.wanted("model", \.string)
        if let name = request["method"]?.string {
            guard let kind = ExplanationMethod.Kind(rawValue: name) else {
                throw ValidationError("There is no method \(name).")
            }
            let method = ExplanationMethod(
                kind, layers: try request.integers("layers").map { .only($0) }, heads: try request.integers("heads"))
            let directions = try request.wanted("directions", \.array).map { try $0.floats() }
            if let text = request["text"]?.string {
                return .relevance(
                    try await scorer.relevance(of: text, model: model, to: directions, by: method))
            }
            let image = try await picture(request, model)
            return .relevance(try await scorer.relevance(of: image, model: model, to: directions, by: method))
        }
        if let texts = request["texts"]?.array {
            let found = try await scorer.assess(
                texts: texts.compactMap(\.string), model: model, explain: .none)
            return .embeddings(found.map(\.embedding))
        }
        let image = try await picture(request, model)
        let grid = try request.integers("grid") ?? [1, 1]
        guard grid.count == 2, (1...image.height).contains(grid[0]), (1...image.width).contains(grid[1]) else {
            throw ValidationError("grid is not [rows, columns] that fit the picture.")
        }
        let hidden = try request.wanted("hidden", \.array).map { try $0.wholeNumbers() }
        let fill = request["fill"]?.string == "blur" ? blurred(image) : flat(image)
        let pictures = hidden.map { image.showing(fill, at: $0, rows: grid[0], columns: grid[1]) }
        return .embeddings(try await scorer.embeddings(of: pictures, model: model))
    }

    private mutating func picture(_ request: JSONValue, _ model: String) async throws -> PixelImage {
        let path = try request.wanted("image", \.string)
        if let decoded, decoded.key == "\(model) \(path)" { return decoded.image }
        guard let input = scorer.imageInputs.first(where: { $0.model == model }) else {
            throw ValidationError("There is no picture model \(model).")
        }
        let image = try await decoder.decode(path: path, for: input)
        decoded = ("\(model) \(path)", image)
        return image
    }

    private func flat(_ image: PixelImage) -> PixelImage {
        let count = image.width * image.height
        var sums = [0, 0, 0]
        for (index, value) in image.rgb.enumerated() { sums[index % 3] += Int(value) }
        let mean = sums.map { UInt8(($0 + count / 2) / count) }
        let pixels = (0..<count).flatMap { _ in mean }
        return PixelImage(width: image.width, height: image.height, rgb: pixels) ?? image
    }

    /// Averaged over sixteenths of each side and enlarged again: what RISE's Gaussian blur is there for, a picture that
    /// has its colours and none of its things.
    private func blurred(_ image: PixelImage) -> PixelImage {
        let picture = RGBImage(width: image.width, height: image.height, pixels: image.rgb)
        let soft = picture.resized(to: PixelSize(width: 16, height: 16), filter: .area)
            .resized(to: PixelSize(width: image.width, height: image.height), filter: .bilinear)
        return PixelImage(width: image.width, height: image.height, rgb: soft.pixels) ?? image
    }
}

extension PixelImage {
    /// A copy with other pixels in some cells of a grid that is laid over it.
    fileprivate func showing(_ other: PixelImage, at cells: [Int], rows: Int, columns: Int) -> PixelImage {
        var pixels = rgb
        for cell in cells where (0..<rows * columns).contains(cell) {
            let (row, column) = (cell / columns, cell % columns)
            for y in row * height / rows..<(row + 1) * height / rows {
                let left = (y * width + column * width / columns) * 3
                let right = (y * width + (column + 1) * width / columns) * 3
                pixels.replaceSubrange(left..<right, with: other.rgb[left..<right])
            }
        }
        return PixelImage(width: width, height: height, rgb: pixels) ?? self
    }
}

extension JSONValue {
    fileprivate func wanted<Value>(_ key: String, _ part: KeyPath<JSONValue, Value?>) throws -> Value {
        guard let value = self[key]?[keyPath: part] else { throw ValidationError("\(key) is missing.") }
        return value
    }

    fileprivate func floats() throws -> [Float] {
        guard let numbers = array?.compactMap(\.double) else { throw ValidationError("A direction is no list.") }
        return numbers.map { Float($0) }
    }

    fileprivate func wholeNumbers() throws -> [Int] {
        guard let numbers = array?.compactMap(\.int64) else { throw ValidationError("Numbers are no list.") }
        return numbers.map { Int(clamping: $0) }
    }

    fileprivate func integers(_ key: String) throws -> [Int]? {
        guard let value = self[key], value != .null else { return nil }
        return try value.wholeNumbers()
    }

    fileprivate static func embeddings(_ found: [[Float]]) -> JSONValue {
        ["embeddings": .array(found.map(list))]
    }

    fileprivate static func relevance(_ found: [ModelExplanation.Relevance]) -> JSONValue {
        var members: [JSONMember] = []
        var maps: [JSONValue] = []
        for relevance in found {
            switch relevance {
            case .grid(let rows, let columns, let values):
                if maps.isEmpty {
                    members.append(JSONMember("grid", [.integer(Int64(rows)), .integer(Int64(columns))]))
                }
                maps.append(list(values))
            case .spans(let spans):
                if maps.isEmpty {
                    let places = spans.map { span -> JSONValue in
                        [.integer(Int64(span.start)), .integer(Int64(span.end))]
                    }
                    members.append(JSONMember("spans", .array(places)))
                }
                maps.append(list(spans.map(\.weight)))
            }
        }
        return .object(members + [JSONMember("maps", .array(maps))])
    }

    private static func list(_ values: [Float]) -> JSONValue { .array(values.map { .number(Double($0)) }) }
}
