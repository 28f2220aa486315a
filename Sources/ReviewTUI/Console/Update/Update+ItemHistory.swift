import Queue

/// The history of the item in focus, open over it.
extension ConsoleState {
    mutating func openItemHistory() -> [Effect] {
        guard let focus else { return [] }
        return [.loadItemHistory(focus.id, veiled: isVeiled(focus))]
    }

    mutating func take(_ pages: ItemHistoryPages?, of id: ItemID) -> [Effect] {
        guard focus?.id == id, mode == .review else { return [] }
        guard let pages else {
            say("\(name(id)) is no longer in the queue.", .bad)
            return []
        }
        mode = .itemHistory(pages)
        return []
    }

    mutating func pressInItemHistory(_ key: Key, _ pages: ItemHistoryPages) -> [Effect] {
        var pages = pages
        let last = ItemHistoryView.lastScroll(pages, size)
        switch key {
        case .down, .character("j"): pages.scroll = min(last, pages.scroll + 1)
        case .pageDown: pages.scroll = min(last, pages.scroll + 10)
        case .up, .character("k"): pages.scroll = max(0, pages.scroll - 1)
        case .pageUp: pages.scroll = max(0, pages.scroll - 10)
        case .tab, .backTab, .left, .right:
            guard pages.author != nil else { return [] }
            pages.showsAuthor.toggle()
            pages.scroll = 0
        default:
            mode = .review
            return []
        }
        mode = .itemHistory(pages)
        return []
    }
}
