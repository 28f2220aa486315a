import Foundation
import Testing

@testable import ModelCore

/// Which family a folder is of, and what its configuration may not say.
@Suite struct CheckpointTests {
    @Test(arguments: [
        ("vit", ModelFamily.vit), ("deit", .deit), ("dinov2-registers", .dinov2), ("clip", .clip), ("siglip", .siglip),
        ("open-clip", .clip), ("open-clip-siglip", .siglip), ("open-clip-eva02", .eva), ("timm-vit-22b", .vit22b),
        ("timm-eva-giant", .eva), ("timm-dinov2-giant", .dinov2), ("bert", .bert), ("roberta", .roberta),
        ("xlm-roberta", .xlmRoberta),
    ])
    func `A folder's family is known from its configuration`(folder: String, family: ModelFamily) throws {
        #expect(try Checkpoint.family(in: "\(Places.fixtures)/families/\(folder)") == family)
    }

    @Test func `An unknown family is an error that names the known ones and prints nothing hostile`() throws {
        for text in [
            #"{"model_type":"mamba\u001b[31m"}"#, #"{"architecture":"resnet50"}"#,
        ] {
            let folder = try Self.folder(text)
            let error = #expect(throws: ConfigurationError.self) { try Checkpoint.family(in: folder) }
            guard case .unknownFamily = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            let words = error?.description ?? ""
            #expect(words.contains("siglip") && words.contains("vit-22b") && words.contains("xlm-roberta"))
            #expect(!words.unicodeScalars.contains { $0.value < 0x20 })
        }
    }

    @Test(arguments: [
        ("\"hidden_size\": 32", "\"hidden_size\": -1", "hidden_size"),
        ("\"hidden_size\": 32", "\"hidden_size\": 1e300", "hidden_size"),
        ("\"num_attention_heads\": 4", "\"num_attention_heads\": 5", "num_attention_heads"),
        ("\"num_hidden_layers\": 3", "\"num_hidden_layers\": 1000000", "num_hidden_layers"),
        ("\"patch_size\": 4", "\"patch_size\": 0", "patch_size"),
        ("\"patch_size\": 4", "\"patch_size\": 5", "image_size"),
        ("\"hidden_act\": \"gelu\"", "\"hidden_act\": \"mish\"", "hidden_act"),
        ("\"layer_norm_eps\": 1e-12", "\"layer_norm_eps\": \"small\"", "layer_norm_eps"),
    ])
    func `A value out of range is reported with its key before anything is allocated for it`(
        sound: String, faulty: String, key: String
    ) throws {
        let vit = "\(Places.fixtures)/families/vit"
        let text = try String(contentsOfFile: vit + "/config.json", encoding: .utf8)
        let changed = text.replacing(sound, with: faulty)
        #expect(changed != text)
        let folder = try Self.folder(changed)
        let weights = try Data(contentsOf: URL(fileURLWithPath: vit + "/model.safetensors"))
        try weights.write(to: URL(fileURLWithPath: folder + "/model.safetensors"))
        let error = #expect(throws: ConfigurationError.self) {
            try Checkpoint(folder: folder).imageEncoder(input: .normalized)
        }
        #expect(error?.description.contains(key) == true, "\(error?.description ?? "")")
    }

    @Test func `A configuration that lies about its weights is found out when the graph is finished`() throws {
        let vit = "\(Places.fixtures)/families/vit"
        let text = try String(contentsOfFile: vit + "/config.json", encoding: .utf8)
        let folder = try Self.folder(text.replacing("\"intermediate_size\": 48", with: "\"intermediate_size\": 64"))
        let weights = try Data(contentsOf: URL(fileURLWithPath: vit + "/model.safetensors"))
        try weights.write(to: URL(fileURLWithPath: folder + "/model.safetensors"))
        let encoder = try Checkpoint(folder: folder).imageEncoder(input: .normalized)
        let error = #expect(throws: WeightsError.self) { try encoder.scoreGraph() }
        #expect(error?.description.contains("intermediate.dense") == true)
    }

    @Test func `A side that a checkpoint does not have is an error`() throws {
        #expect(throws: ConfigurationError.self) {
            try Checkpoint(folder: "\(Places.fixtures)/families/vit").textEncoder()
        }
        #expect(throws: ConfigurationError.self) {
            try Checkpoint(folder: "\(Places.fixtures)/families/bert").imageEncoder(input: .normalized)
        }
    }

    @Test func `A layer or head that is not there is an error, and no wrong map`() throws {
        let encoder = try Checkpoint(folder: "\(Places.fixtures)/families/vit").imageEncoder(input: .normalized)
        for method in [
            RelevanceMethod(layers: .only([3])), RelevanceMethod(layers: .only([])), RelevanceMethod(heads: [4]),
            RelevanceMethod(heads: []), RelevanceMethod(layers: .last(0)),
        ] {
            #expect(throws: ExplanationError.self) { try encoder.explainGraph(method) }
        }
    }

    @Test(arguments: [
        ("vit_base_patch16_224.augreg_in21k", 12), ("vit_giant_patch14_reg4_dinov2.lvd142m", 24),
        ("vit_gigantic_patch14_clip_224.metaclip_2pt5b", 16), ("eva02_enormous_patch14_clip_224.laion2b", 16),
        ("eva02_small_patch14_224", 6), ("deit3_large_patch16_384", 16), ("vit_base_patch16_plus_clip_240", 14),
        ("vit_so400m_patch14_siglip_gap_448.pali2_3b_pt", 16), ("vit_small_patch16_36x1_224", 6),
    ])
    func `A timm architecture's heads are known from its name`(name: String, heads: Int) {
        #expect(TimmArchitecture(name)?.heads == heads)
    }

    @Test(arguments: [
        "resnet50", "vit", "vit_base_patch16_18x2_224", "eva02", "", "vit_colossal_patch1_2", ".", "vit_base_patch",
        "vit_small_patch16_rope_ape_224", "vit_base_patch16_dinov3", "vit_dwee_patch16_reg1_gap_256",
        "deit_small_distilled_patch16_224", "vit_base_r50_s16_224", "vit_base_patch16_radio_v3",
    ])
    func `A timm architecture that nobody described is not guessed at`(name: String) {
        #expect(TimmArchitecture(name) == nil)
    }

    private static func folder(_ configuration: String) throws -> String {
        let folder = try Scratch.folder()
        _ = try Scratch.file(configuration, named: "config.json", in: folder)
        return folder
    }
}
