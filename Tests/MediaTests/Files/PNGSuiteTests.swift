import Foundation
import Media
import Testing

@Suite("PNG conformance suite", .enabled(if: hasData("pngsuite"), "\(missingData)"))
struct PNGSuiteTests {
    @Test("every valid file decodes and every corrupt one is refused with a reason")
    func wholeSuite() throws {
        let files = dataFiles("pngsuite").filter { $0.pathExtension == "png" }
        #expect(files.count > 300)
        for file in files {
            let bytes = try contents(file)
            let name = file.lastPathComponent
            do throws(MediaError) {
                let decoded = try ImageDecoder().decode(bytes)
                #expect(!name.hasPrefix("x"), "\(name) is corrupt on purpose")
                #expect(decoded.image.size == decoded.originalSize, "\(name)")
                #expect(decoded.notes.isSubset(of: [.transparent]), "\(name): \(decoded.notes)")
            } catch {
                if file.path.contains("/iphone/") {
                    #expect(error == .unsupported(.applePNG), "\(name): \(error)")
                } else {
                    #expect(name.hasPrefix("x"), "\(name): \(error)")
                    #expect(!error.reason.isEmpty)
                }
            }
        }
    }

    /// The suite draws the same picture in every encoding: what differs is only how it is stored.
    @Test(
        "interlaced, 16-bit and differently compressed files show what their plain brothers show",
        arguments: [
            ("basi0g01", "basn0g01"), ("basi0g02", "basn0g02"), ("basi0g04", "basn0g04"), ("basi0g08", "basn0g08"),
            ("basi2c08", "basn2c08"), ("basi3p01", "basn3p01"), ("basi3p02", "basn3p02"), ("basi3p04", "basn3p04"),
            ("basi3p08", "basn3p08"), ("basi6a08", "basn6a08"), ("basi4a16", "basn4a16"), ("basi2c16", "basn2c16"),
            ("oi9n2c16", "oi1n2c16"), ("z09n2c08", "z00n2c08"), ("s33i3p04", "s33n3p04"), ("s01i3p01", "s01n3p01"),
        ])
    func brothers(one: String, other: String) throws {
        let folder = sharedData.appendingPathComponent("pngsuite/png")
        let a = try ImageDecoder().decode(contents(folder.appendingPathComponent("\(one).png")))
        let b = try ImageDecoder().decode(contents(folder.appendingPathComponent("\(other).png")))
        #expect(a == b)
    }

    @Test("a gamma stated in the file is honoured: the same picture at gamma 0.35 and 2.5 looks the same")
    func gamma() throws {
        let folder = sharedData.appendingPathComponent("pngsuite/png")
        let low = try ImageDecoder().decode(contents(folder.appendingPathComponent("g03n2c08.png"))).image
        let high = try ImageDecoder().decode(contents(folder.appendingPathComponent("g25n2c08.png"))).image
        let differences = zip(low.pixels, high.pixels).map { abs(Int($0) - Int($1)) }
        #expect(Double(differences.reduce(0, +)) / Double(differences.count) < 8)
    }
}
