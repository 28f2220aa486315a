import Foundation
import Testing

@testable import ModelCore

@Suite struct WordPieceTests {
    private static let vocabulary = Places.model("minilm-l6").map { $0 + "/vocab.txt" }

    private struct Line: Decodable {
        let text: String
        let ids: [Int64]
        let offsets: [Int]
    }

    @Test(.enabled(if: vocabulary != nil, Places.modelsMissing))
    func `Ids and offsets are those of the reference tokenizer on hostile and multilingual text`() throws {
        let tokenizer = try WordPiece(vocabulary: #require(Self.vocabulary))
        let lines = try String(contentsOfFile: Places.fixtures + "/wordpiece.jsonl", encoding: .utf8).split(
            separator: "\n")
        #expect(lines.count >= 2000)
        var wrong: [String] = []
        for line in lines {
            let expected = try JSONDecoder().decode(Line.self, from: Data(line.utf8))
            let found = tokenizer.encode(expected.text)
            if found.ids != expected.ids
                || found.offsets.flatMap({ [$0.lowerBound, $0.upperBound] }) != expected.offsets
            {
                wrong.append(expected.text)
            }
        }
        #expect(
            wrong.isEmpty, "\(wrong.count) of \(lines.count) differ, first: \(wrong.prefix(3).map(\.debugDescription))")
    }
}
