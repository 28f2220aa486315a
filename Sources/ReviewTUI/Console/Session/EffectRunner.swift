import Dispatch
import Queue

/// Carries out effects off the main actor and hands back what came of them.
///
/// Calls to the queue run one after another, in the order of the effects: a verdict is written before the lease it
/// used is given back. Previews run beside them.
final class EffectRunner: Sendable {
    private let desk: any ReviewDesk
    private let previews: PreviewMaker?
    private let taxonomy: [Policy]
    private let ascii: Bool
    private let refit: (@Sendable () async throws -> RefitNews)?
    private let queue = DispatchQueue(label: "reviewtui.desk", qos: .userInitiated)
    /// Searches take seconds at worst: no verdict waits behind one.
    private let searches = DispatchQueue(label: "reviewtui.search", qos: .userInitiated)

    /// Figures about the work are many short reads, and do not wait behind a search: in a queue of a million items the
    /// first look for twins takes a minute.
    private let figures = DispatchQueue(label: "reviewtui.figures", qos: .userInitiated)

    /// How long a selected item is looked at before it is claimed, in seconds.
    private static let dwell = 0.4

    /// - Parameters:
    ///   - previews: nil where there is no decoder; previews then say so.
    ///   - refit: fits heads from the verdicts so far, on a connection and threads of its own; nil where nobody can.
    init(
        desk: any ReviewDesk, previews: PreviewMaker?, taxonomy: [Policy], ascii: Bool,
        refit: (@Sendable () async throws -> RefitNews)? = nil
    ) {
        self.desk = desk
        self.previews = previews
        self.taxonomy = taxonomy
        self.ascii = ascii
        self.refit = refit
    }

    /// Starts an effect. `reply` is called once, from anywhere, with nil where there is nothing to say.
    func start(_ effect: Effect, reply: @escaping @Sendable (ConsoleEvent?) -> Void) {
        switch effect {
        case .dwell(let id):
            queue.asyncAfter(deadline: .now() + Self.dwell) { reply(.dwelled(id)) }
        case .preview(let request):
            guard let previews else { return reply(.preview(.failed("There is no decoder here."), request)) }
            previews.expect(request)
            Task { reply(await previews.make(request).map { .preview($0, request) }) }
        case .redraw, .suspend: reply(nil)
        case .refit:
            guard let refit else { return reply(.refitFailed(.failed(phrase("Nothing here can fit heads.")))) }
            Task.detached(priority: .utility) {
                do {
                    reply(.refitted(try await refit()))
                } catch {
                    reply(.refitFailed((error as? ConsoleFailure) ?? .failed(SafeText.line("\(error)"))))
                }
            }
        // The first look for twins reads every hash of the queue.
        case .loadWork: figures.async { [self] in reply(perform(effect)) }
        case .loadTwins, .loadGroup, .loadItemHistory: searches.async { [self] in reply(perform(effect)) }
        case .loadPage(let request) where !request.matching.isEmpty:
            searches.async { [self] in reply(perform(effect)) }
        // In its turn: what was asked of the queue before is done when the answer to this one comes.
        default: queue.async { [self] in reply(perform(effect)) }
        }
    }

    /// Tells when another process has written to the queue, looking once a second, and every five seconds that time goes by,
    /// until what is returned goes away.
    func watch(_ happened: @escaping @Sendable (ConsoleEvent) -> Void) -> any Sendable {
        let timer = DispatchSource.makeTimerSource(queue: queue)
        let ticks = DispatchSource.makeTimerSource(queue: .global(qos: .utility))
        ticks.setEventHandler { happened(.tick) }
        ticks.schedule(deadline: .now() + 5, repeating: 5, leeway: .milliseconds(200))
        ticks.resume()
        let last = Boxed<Int?>(nil)
        timer.setEventHandler { [desk] in
            guard let version = try? desk.dataVersion() else { return }
            if let before = last.value, before != version { happened(.queueChanged) }
            last.value = version
        }
        timer.schedule(deadline: .now(), repeating: 1, leeway: .milliseconds(200))
        timer.resume()
        return Watch(timers: [timer, ticks])
    }

    private func perform(_ effect: Effect) -> ConsoleEvent? {
        do {
            return try outcome(of: effect)
        } catch {
            return failure(of: effect, (error as? ConsoleFailure) ?? .failed(SafeText.line("\(error)")))
        }
    }

    private func outcome(of effect: Effect) throws -> ConsoleEvent? {
        switch effect {
        case .loadPage(let request): return .page(try desk.page(request), request)
        case .loadDetail(let id):
            let detail = try desk.detail(id)
            let focus = detail.map {
                Focus(
                    item: $0.item, scores: $0.scores, explanations: $0.explanations, hold: .none, taxonomy: taxonomy,
                    ascii: ascii)
            }
            return .detail(focus, id)
        case .claim(let purpose): return .claimed(try desk.claim(purpose), purpose)
        case .renew(let lease): return .renewed(try desk.renew(lease))
        case .release(let leases):
            // One that is lost already needs no giving back; the others do.
            for lease in leases { try? desk.release(lease) }
            return nil
        case .skip(let lease):
            try? desk.skip(lease)
            return nil
        case .decide(let lease, let draft): return .decided(try desk.decide(lease, draft), draft)
        case .undo:
            let latest = try desk.latestVerdicts()
            if latest.count > 1 { return .groupStands(latest) }
            let undone = try desk.undo()
            return .undone(undone.claim, undone.verdict, undone.item)
        case .takeBack(let decision, let reclaiming):
            return .tookBack(try desk.takeBack(decision, reclaiming: reclaiming))
        case .reveal(let id, let what):
            try desk.recordReveal(id, what)
            return .revealed(id, what)
        case .loadTwins(let id): return .twins(TwinLines(try desk.twins(id)), id)
        case .loadGroup(let id): return .group(try desk.group(id), id)
        case .decideMember(let id, let draft): return .memberDecided(try desk.decide(member: id, draft), id)
        case .count: return .counts(try desk.counts())
        case .recordExposure(let exposure):
            try desk.record(exposure)
            return nil
        case .loadExposure: return .exposure(try desk.exposure())
        case .loadHistory: return .history(try desk.history())
        case .loadWork(let view): return .work(try desk.work(view))
        case .loadItemHistory(let id, let veiled):
            return .itemHistory(try desk.itemHistory(id, veiled: veiled, ascii: ascii), id)
        case .dwell, .preview, .refit, .redraw, .suspend, .quit: return nil
        }
    }

    private func failure(of effect: Effect, _ failure: ConsoleFailure) -> ConsoleEvent? {
        switch effect {
        case .claim(let purpose): .claimFailed(purpose, failure)
        case .renew(let lease): .renewFailed(lease, failure)
        case .decide(let lease, _): .decideFailed(lease.item, failure)
        case .undo: .undoFailed(failure)
        case .recordExposure(let exposure): .exposureUnsaved(exposure)
        case .takeBack: .takeBackFailed(failure)
        case .loadGroup(let id): .groupFailed(id, failure)
        case .decideMember(let id, _): .memberDecided(.failed(failure), id)
        case .loadPage(let request): .pageFailed(request, failure)
        case .loadDetail(let id): .detailFailed(id, failure)
        case .loadWork(let view): .workFailed(view, failure)
        default: .failed(failure)
        }
    }
}

/// Used on one queue only.
private final class Boxed<Value>: @unchecked Sendable {
    var value: Value
    init(_ value: Value) { self.value = value }
}

/// Stops looking when it goes away.
private final class Watch: @unchecked Sendable {
    private let timers: [any DispatchSourceTimer]
    init(timers: [any DispatchSourceTimer]) { self.timers = timers }
    deinit { for timer in timers { timer.cancel() } }
}
