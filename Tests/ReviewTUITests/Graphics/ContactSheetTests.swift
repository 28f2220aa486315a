import Media
import ModelCore
import Testing

@testable import ReviewTUI

@Suite struct ContactSheetTests {
    private static func tile(_ caption: String, _ level: UInt8) -> ContactSheet.Tile {
        ContactSheet.Tile(
            caption: caption, image: RGBImage(width: 90, height: 40, red: level, green: level, blue: level))
    }

    @Test func `Tiles stand in rows under their captions, unchanged`() throws {
        let sheet = try #require(
            ContactSheet.image(of: [Self.tile("legrad", 10), Self.tile("cam", 20), Self.tile("", 30)], across: 2))
        #expect(sheet.width == 2 * (90 + 6) + 6)
        #expect(sheet.height == 2 * (40 + 27) + 6)
        for (level, left, top) in [(UInt8(10), 6, 27), (20, 102, 27), (30, 6, 94)] {
            let corners = [(left, top), (left + 89, top + 39)].map { sheet[x: $0.0, y: $0.1].red }
            #expect(corners == [level, level])
        }
        func isLettered(_ left: Int, _ top: Int) -> Bool {
            (top..<top + 27).contains { y in (left..<left + 90).contains { sheet[x: $0, y: y].red == 230 } }
        }
        #expect(isLettered(6, 0) && isLettered(102, 0) && !isLettered(6, 67))
    }

    @Test func `A caption too long for its tile does not run into the next`() throws {
        let sheet = try #require(
            ContactSheet.image(of: [Self.tile(String(repeating: "m", count: 60), 10), Self.tile("", 20)], across: 2))
        #expect(!(0..<27).contains { y in (96..<sheet.width).contains { sheet[x: $0, y: y].red == 230 } })
    }

    @Test func `No tiles, or tiles of two sizes, make no sheet`() {
        #expect(ContactSheet.image(of: [], across: 3) == nil)
        let other = ContactSheet.Tile(caption: "", image: RGBImage(width: 9, height: 9, red: 0, green: 0, blue: 0))
        #expect(ContactSheet.image(of: [Self.tile("", 1), other], across: 3) == nil)
    }

    @Test func `Every method's name can be lettered, each character unlike the others`() {
        var shapes: [String: Character] = [:]
        for character in Set(ExplanationMethod.Kind.allCases.map(\.rawValue).joined()) {
            let points = PixelLettering.points(of: String(character)).map { "\($0.x),\($0.y)" }.joined(separator: " ")
            #expect(!points.isEmpty, "\(character)")
            #expect(shapes.updateValue(character, forKey: points) == nil, "\(character)")
        }
    }
}
