import Queue

@testable import ReviewTUI

/// A person at the console, in a test: presses keys and looks at the screen.
///
/// Effects are carried out at once by a ``MemoryDesk``; between keys a second goes by.
struct Reviewer {
    fileprivate(set) var state: ConsoleState
    let desk: MemoryDesk
    var theme: Theme
    private(set) var now = Sample.start
    /// Effects held back while ``answers`` is false: the queue is slow.
    private var waiting: [Effect] = []
    var answers = true {
        didSet { if answers { catchUp() } }
    }
    private(set) var hasLeft = false
    /// How often heads were to be fitted again; what comes of it is for the test to say.
    private(set) var refits = 0
    private var isBursting = false
    /// Whether the terminal shows at once what is drawn.
    var isFast = true
    /// What every preview comes out as; nil leaves them unanswered.
    var preview: ((PreviewRequest) -> PreviewContent)? = {
        .picture(Sample.drawn($0.size, unicode: $0.abilities.unicode))
    }

    init(
        _ items: [ItemContents], columns: Int = 80, rows: Int = 24, theme: Theme = .fallback,
        abilities: ScreenAbilities = ScreenAbilities(), startingWith item: ItemID? = nil,
        preview: ((PreviewRequest) -> PreviewContent)?? = .none, blindFirst: Bool = false,
        wellbeing: (inout WellbeingSettings) -> Void = { _ in }, refitEvery: Int? = nil,
        taxonomy: [Policy] = Sample.taxonomy
    ) {
        desk = MemoryDesk(items)
        self.theme = theme
        state = ConsoleState(
            reviewer: "mia", taxonomy: taxonomy, size: CellSize(columns: columns, rows: rows),
            abilities: abilities)
        state.isBlindFirst = blindFirst
        wellbeing(&state.wellbeing)
        state.refit.every = refitEvery
        if case .some(let chosen) = preview { self.preview = chosen }
        take(.started(item: item))
        now += 1_000
    }

    /// Presses keys by name, separated by spaces: `"j j x"`, `"n h i enter"`.
    mutating func press(_ keys: String) {
        for name in keys.split(separator: " ") {
            guard let key = Key(name: String(name)) else { continue }
            take(.key(key))
            now += 1_000
        }
    }

    /// Lets time go by without a key, a tick every five seconds.
    mutating func pass(milliseconds: Int64) {
        let end = now + milliseconds
        while now < end {
            now = min(end, now + 5_000)
            take(.tick)
        }
    }

    /// Presses keys faster than the screen is painted.
    mutating func burst(_ keys: String) {
        if isFast { paint() }
        isBursting = true
        for key in keys.split(separator: " ").compactMap({ Key(name: String($0)) }) { take(.key(key)) }
        isBursting = false
        now += 1_000
        paint()
    }

    mutating func type(_ text: String) {
        for scalar in text.unicodeScalars { take(.key(.character(scalar))) }
    }

    mutating func take(_ event: ConsoleEvent) {
        // What has been on the screen for a moment was seen.
        if isFast, !isBursting, event.isTyped, state.focus?.shownAt.map({ $0 < now }) ?? false { paint() }
        for effect in update(&state, event, at: now) {
            if answers { carryOut(effect) } else { waiting.append(effect) }
        }
        // The screen is painted after each key, unless they come in one go.
        if case .question = state.mode, !isBursting { paint() }
    }

    private mutating func paint() {
        for effect in update(&state, .painted(PaintedFrame(state)), at: now) { carryOut(effect) }
    }

    private mutating func catchUp() {
        while !waiting.isEmpty { carryOut(waiting.removeFirst()) }
    }

    private mutating func carryOut(_ effect: Effect) {
        switch effect {
        case .preview(let request): if let preview { take(.preview(preview(request), request)) }
        case .dwell(let id): take(.dwelled(id))
        case .quit: hasLeft = true
        case .redraw, .suspend: break
        case .refit: refits += 1
        default: if let event = answer(effect) { take(event) }
        }
    }

    private func answer(_ effect: Effect) -> ConsoleEvent? {
        do {
            switch effect {
            case .loadPage(let request):
                do { return .page(try desk.page(request), request) } catch let failure as ConsoleFailure {
                    return .pageFailed(request, failure)
                }
            case .loadDetail(let id):
                return .detail(
                    try desk.detail(id).map {
                        Focus(
                            item: $0.item, scores: $0.scores, explanations: $0.explanations, hold: .none,
                            taxonomy: state.taxonomy, ascii: false)
                    }, id)
            case .claim(let purpose):
                do { return .claimed(try desk.claim(purpose), purpose) } catch let failure as ConsoleFailure {
                    return .claimFailed(purpose, failure)
                }
            case .renew(let lease): return .renewed(try desk.renew(lease))
            case .release(let leases):
                for lease in leases { try desk.release(lease) }
                return nil
            case .skip(let lease):
                try desk.skip(lease)
                return nil
            case .decide(let lease, let draft):
                do { return .decided(try desk.decide(lease, draft), draft) } catch let failure as ConsoleFailure {
                    return .decideFailed(lease.item, failure)
                }
            case .undo:
                let latest = try desk.latestVerdicts()
                if latest.count > 1 { return .groupStands(latest) }
                let undone = try desk.undo()
                return .undone(undone.claim, undone.verdict, undone.item)
            case .reveal(let id, let what):
                try desk.recordReveal(id, what)
                return .revealed(id, what)
            case .takeBack(let decision, let reclaiming):
                return .tookBack(try desk.takeBack(decision, reclaiming: reclaiming))
            case .loadGroup(let id): return .group(try desk.group(id), id)
            case .decideMember(let id, let draft):
                do { return .memberDecided(try desk.decide(member: id, draft), id) } catch let failure as ConsoleFailure
                {
                    return .memberDecided(.failed(failure), id)
                }
            case .loadTwins(let id): return .twins(TwinLines(try desk.twins(id)), id)
            case .count: return .counts(try desk.counts())
            case .recordExposure(let exposure):
                do { try desk.record(exposure) } catch { return .exposureUnsaved(exposure) }
                return nil
            case .loadExposure: return .exposure(try desk.exposure())
            case .loadWork(let view):
                do { return .work(try desk.work(view)) } catch let failure as ConsoleFailure {
                    return .workFailed(view, failure)
                }
            case .loadHistory: return .history(try desk.history())
            case .loadItemHistory(let id, let veiled):
                return .itemHistory(try desk.itemHistory(id, veiled: veiled, ascii: false), id)
            default: return nil
            }
        } catch let failure as ConsoleFailure {
            if case .takeBack = effect { return .takeBackFailed(failure) }
            return .failed(failure)
        } catch {
            return nil
        }
    }

    var frame: Frame { ReviewScreen.frame(state, theme) }
    var lines: [String] {
        let cells = frame.cells
        return (0..<cells.size.rows).map(cells.line)
    }
    var screen: String { lines.joined(separator: "\n") }
    var statusLine: String { lines[lines.count - 2] }
    /// What was recorded: item, verdict, policies.
    var record: [String] {
        desk.decisions.map { decision in
            let policies = decision.draft.policies.sorted().map(\.rawValue).joined(separator: "+")
            return "\(decision.item) \(decision.draft.verdict.rawValue)" + (policies.isEmpty ? "" : " \(policies)")
        }
    }
}

extension Reviewer {
    mutating func use(_ keymap: Keymap) { state.keymap = keymap }
}

extension ConsoleEvent {
    fileprivate var isTyped: Bool {
        switch self {
        case .key, .line: true
        default: false
        }
    }
}
