import Foundation
import Media

/// The package's folder: the first above this file that holds Package.swift.
let packageRoot: URL = {
    var folder = URL(fileURLWithPath: #filePath)
    repeat {
        folder.deleteLastPathComponent()
    } while folder.path != "/" && !FileManager.default.fileExists(atPath: folder.path + "/Package.swift")
    return folder
}()

/// Real data that is not part of the project; see the README.
let sharedData: URL =
    ProcessInfo.processInfo.environment["REVIEWTUI_DATA"].map { URL(fileURLWithPath: $0) }
    ?? packageRoot.deletingLastPathComponent().appendingPathComponent("shared/data")

let missingData: String = "needs the shared data: set REVIEWTUI_DATA to its folder"

func hasData(_ folder: String) -> Bool {
    FileManager.default.fileExists(atPath: sharedData.appendingPathComponent(folder).path)
}

/// All files of a data folder, in the order of their paths.
func dataFiles(_ folder: String) -> [URL] {
    let root = sharedData.appendingPathComponent(folder)
    let found = FileManager.default.enumerator(at: root, includingPropertiesForKeys: [.isRegularFileKey])
    let files = (found?.allObjects as? [URL] ?? []).filter {
        (try? $0.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile) == true
    }
    return files.sorted { $0.path < $1.path }
}

func contents(_ file: URL) throws -> [UInt8] { [UInt8](try Data(contentsOf: file)) }

/// The built program: tests run beside it.
let program: String = {
    let beside = Bundle(for: Marker.self).bundleURL.deletingLastPathComponent().appendingPathComponent("reviewtui").path
    if FileManager.default.fileExists(atPath: beside) { return beside }
    let start = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    return start.appendingPathComponent("reviewtui").path
}()

private final class Marker {}

/// A colourful picture that no filter leaves unchanged.
func gradient(width: Int, height: Int) -> RGBImage {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(width * height * 3)
    for y in 0..<height {
        for x in 0..<width {
            pixels.append(UInt8(x * 255 / max(1, width - 1)))
            pixels.append(UInt8(y * 255 / max(1, height - 1)))
            pixels.append(UInt8((x * 7 + y * 13) & 255))
        }
    }
    return RGBImage(width: width, height: height, pixels: pixels)
}
