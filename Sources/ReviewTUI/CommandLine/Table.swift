/// Rows as aligned columns for people, cut to nothing: terminals wrap.
enum Table {
    /// Left-aligned text; every cell is made safe, since ids and names can come from items.
    static func text(header: [String], rows: [[String]]) -> String {
        let safe = rows.map { row in row.map { SafeText.line($0) } }
        let widths = header.indices.map { column in
            ([header] + safe).map { CellWidth.of($0[column]) }.max() ?? 0
        }
        func line(_ cells: [String]) -> String {
            let padded = zip(cells, widths).enumerated().map { index, cell in
                index == header.count - 1
                    ? cell.0 : cell.0 + String(repeating: " ", count: cell.1 - CellWidth.of(cell.0))
            }
            return padded.joined(separator: "  ")
        }
        return ([line(header)] + safe.map(line)).joined(separator: "\n")
    }
}
