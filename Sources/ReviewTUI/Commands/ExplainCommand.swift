import ArgumentParser
import Foundation
import Media
import ModelCore
import Queue

struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Score one picture or text and show where the models looked.",
        discussion: """
            Without --policy, the policies that stand out are explained. The picture is drawn with its heat map, the \
            text with its words lit; --out writes the picture as PNG. Without --method, each model explains by the \
            one that was measured best for it; --compare lays all that apply side by side.
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: ArgumentHelp("A PNG, JPEG or WebP file.", valueName: "file"))
    var file: String?
    @Option(help: "A text in place of a file.")
    var text: String?
    @Option(help: ArgumentHelp("Explain this policy; once for each.", valueName: "id"))
    var policy: [String] = []
    @Option(help: ArgumentHelp("Use this model; once for each. All that are ready by default.", valueName: "name"))
    var model: [String] = []
    @OptionGroup var computing: PrecisionOption
    @OptionGroup var explaining: MethodOptions
    @Option(
        name: [.customLong("out"), .customLong("png")],
        help: ArgumentHelp("Write the picture under its heat map to this PNG file.", valueName: "file.png"))
    var out: String?

    func validate() throws {
        if (file == nil) == (text == nil) { throw ValidationError("Give a picture file, or --text with a text.") }
        if out != nil && file == nil { throw ValidationError("--out writes a picture: give a picture file.") }
    }

    func run() async throws {
        let taxonomy = try options.taxonomyInForce()
        let policies = try known(policy.map { PolicyID($0) }, taxonomy)
        let decoder = MediaDecoder.ownProcess()
        let picture = try await openPicture(decoder)
        let scorer = try options.installedModels().scorer(models: model, precision: computing.precision)
        let explained =
            if let file {
                try await Explained.image(
                    path: file, policies: policies, scorer: scorer, decoder: decoder, by: explaining.choice)
            } else {
                try await Explained.text(text ?? "", policies: policies, scorer: scorer, by: explaining.choice)
            }
        if let out, let picture { try write(picture, explained, policies, to: out) }
        for policy in explained.untrained {
            Output.say("\(policy): untrained here; verdicts have to teach it first.")
        }
        explained.notes.forEach { Output.say($0) }
        if options.json {
            Output.result(explained.json.text)
        } else {
            if explaining.compare {
                let comparison = ComparisonDrawing(explained: explained, asked: policies)
                if let picture { Output.result(comparison.draw(picture)) }
                if let text { Output.result(comparison.draw(text)) }
                return
            }
            let drawing = ExplainedDrawing(explained: explained, asked: policies)
            if let picture { Output.result(drawing.draw(picture)) }
            if let text { Output.result(drawing.draw(text)) }
            Output.result(drawing.table)
        }
    }

    /// The whole picture at a size fit for drawing. Opened before any model, so that a bad file fails at once.
    private func openPicture(_ decoder: MediaDecoder) async throws -> RGBImage? {
        guard let file else { return nil }
        do throws(MediaError) {
            return try await decoder.decode(path: file, bound: PixelSize(width: 1600, height: 1600)).image
        } catch {
            throw CommandFailure(error.exitStatus, "\(file): \(error)")
        }
    }

    private func known(_ policies: [PolicyID], _ taxonomy: Taxonomy) throws -> [PolicyID] {
        for policy in policies where taxonomy[policy] == nil {
            throw CommandFailure(
                .usage, "There is no policy \"\(policy)\": reviewtui policy list shows those there are.")
        }
        return policies
    }

    /// The heat map that is drawn; of a comparison all of them.
    private func write(_ picture: RGBImage, _ explained: Explained, _ asked: [PolicyID], to path: String) throws {
        let sheet = explaining.compare ? ComparisonDrawing(explained: explained, asked: asked).sheet(picture) : nil
        let bytes = PNGEncoder.encode(
            sheet ?? ExplainedDrawing(explained: explained, asked: asked).heated(picture))
        do {
            try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw CommandFailure(.failed, "\(path) could not be written: check its folder and the space on the disk.")
        }
    }
}
