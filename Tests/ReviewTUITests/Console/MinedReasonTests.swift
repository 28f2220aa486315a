import Queue
import Testing

@testable import ReviewTUI

@Suite struct MinedReasonTests {
    private func state(_ strategy: MiningStrategy?, blindFirst: Bool = false) -> ConsoleState {
        let item = Sample.threat.item
        let lease = Lease(token: "t", expiresAt: Timestamp(milliseconds: Sample.start + 1), item: item.id)
        let claim = Claim(lease: lease, item: item, scores: [], explanations: [], mined: strategy)
        var state = ConsoleState(
            reviewer: "mia", taxonomy: Sample.taxonomy, size: CellSize(columns: 80, rows: 24),
            abilities: ScreenAbilities())
        state.isBlindFirst = blindFirst
        state.focus = Focus(claim, taxonomy: Sample.taxonomy, ascii: false)
        return state
    }

    private func header(_ state: ConsoleState) -> String {
        HeaderView.render(state, .fallback, CellSize(columns: 60, rows: 1)).line(0)
    }

    @Test("A hard case is called one over the item, and what that means stands beside it")
    func shown() throws {
        #expect(header(state(.entropy)).contains("· hard case"))
        #expect(!header(state(nil)).contains("hard case"))
        let side = SideView.render(state(.disagreement), .fallback, CellSize(columns: 40, rows: 24))
        let lines = (0..<24).map(side.line)
        #expect(lines.contains { $0.contains("hard case") && $0.contains("models disagree") }, "\(lines)")
    }

    @Test("Before the first call of a blind-first review nothing tells what the model is like")
    func blind() {
        var state = state(.margin, blindFirst: true)
        #expect(!header(state).contains("hard case"))
        state.focus?.firstCall = DecisionDraft.FirstCall(verdict: .allow, policies: [])
        #expect(header(state).contains("hard case"))
    }

    @Test("Why a decided item came up again is told to nobody")
    func secondLooks() throws {
        for strategy in MiningStrategy.allCases where !strategy.choosesPending {
            let state = state(strategy)
            #expect(state.minedReason(of: try #require(state.focus)) == nil)
        }
    }
}
