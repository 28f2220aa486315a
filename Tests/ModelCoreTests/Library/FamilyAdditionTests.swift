import Foundation
import Testing

@testable import ModelCore

/// `model add` and `model check` on a published checkpoint of every family.
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

    /// The letters that the tiny vocabularies of 50 pieces have room for.
    private static let letters = Array("abcdefghijklmnopqrstuvwxyz").map(String.init)

    private static let special = [(0, "<s>"), (1, "<pad>"), (2, "</s>"), (3, "<unk>")].map {
        #"{"id":\#($0.0),"content":"\#($0.1)","special":true}"#
    }.joined(separator: ",")

    /// In the layout of each publisher, over single letters.
    private static let tokenizers = [
        "roberta": """
        {"added_tokens":[\(special)],"normalizer":null,
         "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true},
         "post_processor":{"type":"RobertaProcessing","sep":["</s>",2],"cls":["<s>",0],"trim_offsets":true,
                           "add_prefix_space":false},
         "model":{"type":"BPE","unk_token":"<unk>","merges":[],"vocab":{"<s>":0,"<pad>":1,"</s>":2,"<unk>":3,"Ġ":30,
          \(letters.enumerated().map { "\"\($1)\":\($0 + 4)" }.joined(separator: ","))}}}
        """,
        "xlm-roberta": """
        {"added_tokens":[\(special)],"normalizer":null,
         "pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},
              {"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}]},
         "post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},
          {"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"</s>","type_id":0}}],"pair":[],
          "special_tokens":{"<s>":{"id":"<s>","ids":[0],"tokens":["<s>"]},
                            "</s>":{"id":"</s>","ids":[2],"tokens":["</s>"]}}},
         "model":{"type":"Unigram","unk_id":3,"vocab":[["<s>",0],["<pad>",0],["</s>",0],["<unk>",0],["▁",-2],
          \(letters.map { "[\"\($0)\",-3]" }.joined(separator: ","))]}}
        """,
    ]

    @Test(arguments: ["roberta", "xlm-roberta"])
    func `A published text checkpoint is added with its own tokenizer, passes its check and explains words`(
        name: String
    ) async throws {
        let source = try Scratch.folder() + "/" + name
        try FileManager.default.copyItem(atPath: "\(Places.fixtures)/families/\(name)", toPath: source)
        _ = try Scratch.file(try #require(Self.tokenizers[name]), named: "tokenizer.json", in: source)
        let store = ModelStore(folder: try Scratch.folder() + "/store")
        let recipe = try store.add(folder: source, ModelStore.Wish(name: "m")).recipe
        #expect(recipe.modality == .text && recipe.family.rawValue == name)
        let library = try ModelLibrary(recipes: Scratch.folder(), stores: [store.folder])
        let scorer = try Scorer(library: library, engine: Places.engine())
        let found = try await scorer.check(model: "m")
        #expect(found.width == 32 && found.methods.contains("legrad"))
        let direction = (0..<32).map { Float($0 % 5) - 2 }
        let map = try await scorer.relevance(
            of: "bad words", model: "m", to: [direction], by: ExplanationMethod(.legrad))
        guard case .spans(let spans) = map.first else { throw NoSpans() }
        #expect(spans.map { [$0.start, $0.end] } == [[0, 3], [4, 9]] && spans.contains { $0.weight > 0 })
    }

    private struct NoSpans: Error {}
}
