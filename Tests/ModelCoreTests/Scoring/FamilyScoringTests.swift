import Foundation
import Testing

@testable import ModelCore

/// From a published folder to a map over a picture, for every family that reads pictures.
@Suite(.enabled(if: Places.hasEngine, Places.engineMissing))
struct FamilyScoringTests {
    @Test(arguments: FamilyFixture.images)
    func `A picture's map lies over its patches, without the tokens before them`(
        name: FamilyFixture.Name
    )
        async throws
    {
        let (library, recipe) = try Self.added(name)
        let scorer = try Scorer(library: library, engine: Places.engine())
        let image = try #require(PixelImage(width: 16, height: 16, rgb: (0..<768).map { UInt8($0 * 7 % 256) }))
        let found = try await scorer.assess(images: [image], model: recipe.id, explain: .flagged)
        #expect(found[0].embedding.count == (try FamilyFixture(name).embedding.shape[1]))
        let explanation = try #require(found[0].explanations.first)
        guard case .grid(4, 4, let values) = explanation.relevance else { throw NoGrid() }
        #expect(explanation.method == "attention" && values.count == 16)
        #expect(values.allSatisfy { $0 >= 0 } && values.reduce(0, +) <= 1.0001)
    }

    @Test func `A recipe that names another family than its checkpoint's is refused`() async throws {
        let (library, recipe) = try Self.added(FamilyFixture.Name(folder: "deit", side: "image"))
        let path = recipe.file
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let changed = text.replacing("family = \"deit\"", with: "family = \"vit\"")
        #expect(changed != text)
        try changed.write(toFile: path, atomically: false, encoding: .utf8)
        let reread = try ModelLibrary(recipes: Scratch.folder(), stores: library.stores)
        let scorer = try Scorer(library: reread, engine: Places.engine())
        await #expect(throws: ConfigurationError.self) { try await scorer.prepare(model: recipe.id) }
    }

    private struct NoGrid: Error {}

    private static func added(_ name: FamilyFixture.Name) throws -> (ModelLibrary, Recipe) {
        let source = try Scratch.folder() + "/" + name.folder
        try FileManager.default.copyItem(atPath: name.path, toPath: source)
        let preprocessing = """
            {"size":{"height":16,"width":16},"image_mean":[0.5,0.4,0.3],"image_std":[0.2,0.25,0.3],"resample":3}
            """
        _ = try Scratch.file(preprocessing, named: "preprocessor_config.json", in: source)
        let store = ModelStore(folder: try Scratch.folder() + "/store")
        var wish = ModelStore.Wish(name: name.folder)
        (wish.modality, wish.licence, wish.source) = (.image, "CC0", "a fixture")
        let recipe = try store.add(folder: source, wish).recipe
        return (try ModelLibrary(recipes: Scratch.folder(), stores: [store.folder]), recipe)
    }
}
