import Media
import Queue
import Testing

@testable import ReviewTUI

@Suite("What explain draws")
struct ExplainedDrawingTests {
    @Test(
        "a signed map shows what speaks for the policy in orange and what speaks against it in blue, as the console does"
    )
    func signed() {
        let picture = RGBImage(width: 40, height: 20, red: 100, green: 100, blue: 100)
        func drawn(signed: Bool) -> RGBImage {
            var explained = Explained()
            explained.scores = [Score(model: "m@1", policy: "sexual", value: 0.9)]
            explained.explanations = [
                Explanation(
                    model: "m@1", policy: "sexual", method: "token-decomposition", signed: signed,
                    relevance: .grid(rows: 1, columns: 2, values: [-2, 2]))
            ]
            return ExplainedDrawing(explained: explained, asked: []).heated(picture)
        }
        let (against, inFavour) = (drawn(signed: true)[x: 2, y: 10], drawn(signed: true)[x: 37, y: 10])
        #expect(Int(against.blue) > Int(against.red) + 40)
        #expect(Int(inFavour.red) > Int(inFavour.blue) + 40)
        #expect(drawn(signed: false)[x: 2, y: 10] == picture[x: 2, y: 10])
    }
}
