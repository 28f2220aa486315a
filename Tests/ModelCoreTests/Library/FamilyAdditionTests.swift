import Foundation
import Testing

@testable import ModelCore

/// `model add` and `model check` on a published checkpoint of every family that reads pictures.
@Suite(.enabled(if: Places.hasEngine, Places.engineMissing))
struct FamilyAdditionTests {
    private static let folders: [String] = {
        let root = Places.fixtures + "/families"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        return names.sorted().filter { FileManager.default.fileExists(atPath: "\(root)/\($0)/image.json") }
    }()

    @Test func `The fixtures are there`() { #expect(Self.folders.count >= 10) }

    @Test(arguments: folders)
    func `A published checkpoint is added, becomes ready and passes its check`(name: String) async throws {
        let source = try Scratch.folder() + "/" + name
        try FileManager.default.copyItem(atPath: "\(Places.fixtures)/families/\(name)", toPath: source)
        if name.hasPrefix("timm") || name.hasPrefix("open-clip") {
            // These layouts say it in their own configuration.
        } else {
            let text =
                #"{"size":{"height":16,"width":16},"resample":3,"image_mean":[0.5,0.5,0.5],"image_std":[0.5,0.5,0.5]}"#
            _ = try Scratch.file(text, named: "preprocessor_config.json", in: source)
        }
        let store = ModelStore(folder: try Scratch.folder() + "/store")
        let recipe = try store.add(folder: source, ModelStore.Wish(name: "m")).recipe
        #expect(recipe.modality == .image && recipe.image?.width == 16 && recipe.image?.normalization != nil)
        let library = try ModelLibrary(recipes: Scratch.folder(), stores: [store.folder])
        #expect(library.status(of: recipe) == .ready)
        let found = try await Scorer(library: library, engine: Places.engine()).check(model: "m")
        #expect(found.width > 0 && found.methods.contains("legrad") && found.policies.isEmpty)
    }
}
