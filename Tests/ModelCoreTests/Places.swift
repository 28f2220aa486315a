import Foundation
import Testing

@testable import ModelCore

/// Where tests find what is not in the repository, and which of it is here.
enum Places {
    /// The folder with Package.swift.
    static let package: String = {
        var folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        while folder.path != "/",
            !FileManager.default.fileExists(atPath: folder.appendingPathComponent("Package.swift").path)
        {
            folder.deleteLastPathComponent()
        }
        return folder.path
    }()

    static let fixtures = (Bundle.module.resourcePath ?? package) + "/Fixtures"

    static let library = try? Engine.locate(startingFrom: [package])
    static let hasEngine = library != nil
    static let engineMissing: Comment = "OpenVINO is not installed: run `make deps`"

    static let stores = ModelLibrary.stores(startingFrom: [package])

    static func model(_ folder: String) -> String? {
        stores.map { $0 + "/" + folder }.first { FileManager.default.fileExists(atPath: $0) }
    }

    static let hasModels = ["dinov2-small", "minilm-l6", "open-nsfw"].allSatisfy { model($0) != nil }
    static let modelsMissing: Comment = "the model weights are not here: run `make deps`"
    static let hasEngineAndModels = hasEngine && hasModels

    /// One engine for all tests: OpenVINO's threads are started once.
    static func engine() throws -> Engine { try shared.get() }
    private static let shared = Result { try Engine(path: #require(library)) }
}

/// A fixture in JSON.
func fixture<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws -> Value {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Value.self, from: Data(contentsOf: URL(fileURLWithPath: Places.fixtures + "/" + name)))
}

/// An array of doubles as the fixtures hold it: little-endian, base64.
struct Doubles: Decodable {
    let shape: [Int]
    let values: [Double]

    private enum Key: String, CodingKey { case shape, f64 }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        shape = try fields.decode([Int].self, forKey: .shape)
        let data = try #require(Data(base64Encoded: fields.decode(String.self, forKey: .f64)))
        values = data.withUnsafeBytes { bytes in
            (0..<bytes.count / 8).map {
                Double(bitPattern: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self)))
            }
        }
    }

    init(_ values: [Double], shape: [Int]) {
        self.shape = shape
        self.values = values
    }
}

/// The largest difference of two arrays as a share of the largest magnitude expected.
func relativeDifference(_ found: [Float], _ expected: [Double]) -> Double {
    guard found.count == expected.count else { return .infinity }
    let difference = zip(found, expected).map { abs(Double($0) - $1) }.max() ?? 0
    let largest = expected.map(abs).max() ?? 0
    return largest > 0 ? difference / largest : difference
}
