import Foundation
import Testing

@testable import ModelCore

/// `[prompts]` of a recipe.
@Suite struct RecipePromptsTests {
    private static func recipe(_ prompts: String, modality: String = "image") throws -> Recipe {
        let hash = String(repeating: "0", count: 64)
        let input =
            modality == "image"
            ? "[image]\nwidth = 16\nheight = 16\nfilter = \"bicubic\"" : "[text]\nmax_tokens = 16\npooling = \"mean\""
        return try Recipe(
            path: Scratch.file(
                """
                name = "m"
                version = "1"
                family = "blip"
                modality = "\(modality)"
                licence = "none"
                source = "here"
                [weights]
                file = "model.safetensors"
                sha256 = "\(hash)"
                \(input)
                [prompts]
                \(prompts)
                """, named: "m.toml", in: Scratch.folder()))
    }

    @Test func `What is written is what is read`() throws {
        let odd = Recipe.Prompts.Question(wording: "Is \"{}\" here?\\ Answer:", yes: "Yes", no: "No")
        for prompts in [
            Recipe.Prompts(by: .matching, maximumTokens: 35), .init(by: .question(.init()), maximumTokens: 2048),
            .init(by: .question(odd), maximumTokens: 100),
        ] {
            var text = RecipeText(
                name: "m", version: "1", family: .blip, modality: .image, licence: "", source: "",
                weightsFile: "model.safetensors", weightsSHA256: String(repeating: "0", count: 64), files: [:])
            text.image = try PublishedPreprocessing(imagesOf: Places.fixtures + "/joint-tiny-idefics")
            text.prompts = prompts
            let path = try Scratch.file(text.toml, named: "m.toml", in: Scratch.folder())
            #expect(try Recipe(path: path).prompts == prompts)
        }
    }

    @Test(arguments: [
        ("by = \"guessing\"\nmax_tokens = 16", "prompts.by"), ("by = \"matching\"", "prompts.max_tokens"),
        ("by = \"matching\"\nmax_tokens = 16\nyes = \"yes\"", "prompts.yes"),
        ("by = \"question\"\nmax_tokens = 16\nyes = \"yes\"\nno = \"no\"", "prompts.question"),
        ("by = \"question\"\nmax_tokens = 16\nquestion = \"What?\"\nyes = \"yes\"\nno = \"no\"", "prompts.question"),
        ("by = \"question\"\nmax_tokens = 16\nquestion = \"Is it {}?\"\nyes = \"yes\"", "prompts.no"),
        ("by = \"matching\"\nmax_tokens = 16\nway = 1", "prompts.way"),
    ])
    func `A fault is reported with its key`(prompts: String, key: String) throws {
        let error = #expect(throws: RecipeError.self) { try Self.recipe(prompts) }
        #expect(error?.description.contains(key) == true, "\(error?.description ?? "")")
    }

    @Test func `Models of texts are not asked about pictures`() throws {
        #expect(throws: RecipeError.self) { try Self.recipe("by = \"matching\"\nmax_tokens = 16", modality: "text") }
        #expect(try Self.recipe("by = \"matching\"\nmax_tokens = 16").prompts?.maximumTokens == 16)
    }
}
