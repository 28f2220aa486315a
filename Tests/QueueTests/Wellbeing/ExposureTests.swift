import Testing

@testable import Queue

@Suite struct ExposureTests {
    private func exposure(_ family: PolicyID, shown: Int64, severity: Int64, present: Int64 = 0) -> Exposure {
        var exposure = Exposure()
        exposure.families[family] = Exposure.Family(shown: shown, weighted: shown * severity, items: 1)
        exposure.present = present
        exposure.items = 2
        return exposure
    }

    @Test("A reviewer's account adds up by day and family, and is nobody else's")
    func account() throws {
        let queue = try TestQueue()
        let hate = exposure("hate", shown: 1000, severity: 3, present: 5000)
        var later = exposure("violence", shown: 500, severity: 4)
        later.pauses = 1
        later.paused = 60_000
        for part in [hate, hate, later] {
            try queue.store.add(part, to: "2026-11-26", keepingFrom: "2026-10-28", reviewer: "mia")
        }
        try queue.store.add(hate, to: "2026-11-25", keepingFrom: "2026-10-27", reviewer: "mia")
        try queue.store.add(later, to: "2026-11-26", keepingFrom: "2026-10-28", reviewer: "ben")
        let days = try queue.another().exposure(of: "mia", from: "2026-11-20")
        #expect(days.map(\.day) == ["2026-11-25", "2026-11-26"])
        #expect(days.last?.exposure == hate + hate + later)
        #expect(days.last?.exposure.weighted == 8000)
        #expect(try queue.store.exposure(of: "mia", from: "2026-11-26").count == 1)
        #expect(try queue.store.exposure(of: "cleo", from: "2026-11-01").isEmpty)
    }

    @Test("What is too old is forgotten, everything on request, and the chain knows nothing of it")
    func forgotten() throws {
        let queue = try TestQueue()
        let events = try queue.store.auditVerify().events
        let part = exposure("hate", shown: 1000, severity: 3)
        try queue.store.add(part, to: "2026-10-01", keepingFrom: "2026-09-02", reviewer: "mia")
        try queue.store.add(part, to: "2026-11-26", keepingFrom: "2026-10-28", reviewer: "mia")
        try queue.store.add(part, to: "2026-11-26", keepingFrom: "2026-10-28", reviewer: "ben")
        #expect(try queue.store.exposure(of: "mia", from: "2026-01-01").map(\.day) == ["2026-11-26"])
        try queue.store.forgetExposure(of: "mia")
        #expect(try queue.store.exposure(of: "mia", from: "2026-01-01").isEmpty)
        #expect(try queue.store.exposure(of: "ben", from: "2026-01-01").count == 1)
        #expect(try queue.store.auditVerify().events == events)
    }
}
