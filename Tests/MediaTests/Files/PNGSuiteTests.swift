import Foundation
import Media
import Testing

@Suite("PNG conformance suite")
struct PNGSuiteTests {
    @Test(
        "every valid file decodes and every corrupt one is refused with a reason",
        .enabled(if: hasData("pngsuite"), "\(missingData)"))
    func wholeSuite() throws {
        let files = dataFiles("pngsuite").filter { $0.pathExtension == "png" }
        #expect(files.count > 100)
        for file in files {
            let bytes = try contents(file)
            let name = file.lastPathComponent
            do throws(MediaError) {
                let decoded = try ImageDecoder().decode(bytes)
                #expect(!name.hasPrefix("x"), "\(file.path) is corrupt on purpose")
                #expect(decoded.image.size == decoded.originalSize)
            } catch {
                #expect(name.hasPrefix("x") || file.path.contains("/corrupt/"), "\(file.path): \(error)")
                if name.hasPrefix("x") { print(file.path, error.reason) }
            }
        }
    }
}
