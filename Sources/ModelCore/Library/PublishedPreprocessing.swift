import Foundation

/// How a checkpoint's pictures or texts are made ready, as its publisher wrote it down.
///
/// Three forms are read: `preprocessor_config.json` (transformers), `preprocess_cfg` of `open_clip_config.json`
/// (OpenCLIP) and `pretrained_cfg` of `config.json` (timm). Nothing is guessed: a wrong mean gives no error and wrong
/// scores.
struct PublishedPreprocessing {
    /// What the model sees, in pixels. Where the publisher scales the shorter side and cuts out the middle, the whole
    /// picture is squashed into the size of the cut here, so that nothing is unseen and unexplained.
    var width = 0
    var height = 0
    var filter = ImageInput.Filter.bicubic
    var mean: [Double] = []
    var deviation: [Double] = []
    /// For people: where what is done differs from what was published.
    var notes: [String] = []

    /// - Throws: ``CheckpointError/undecided(path:reason:)``.
    init(imagesOf folder: String) throws(CheckpointError) {
        let transformers = folder + "/preprocessor_config.json"
        let openCLIP = folder + "/open_clip_config.json"
        let config = folder + "/config.json"
        if let fields = try Self.object(transformers) {
            try read(transformers: fields, path: transformers)
        } else if let whole = try Self.object(openCLIP), let fields = whole["preprocess_cfg"] as? [String: Any] {
            // Most files leave the size to the model's own.
            let vision = (whole["model_cfg"] as? [String: Any])?["vision_cfg"] as? [String: Any]
            try read(timm: fields, size: fields["size"] ?? vision?["image_size"], path: openCLIP)
        } else if let fields = try Self.object(config)?["pretrained_cfg"] as? [String: Any] {
            try read(timm: fields, size: (fields["input_size"] as? [Any])?.suffix(2).map { $0 }, path: config)
        } else {
            throw .undecided(
                path: folder,
                reason: "nothing says how pictures are made ready. Put the publisher's preprocessor_config.json "
                    + "(size, image_mean, image_std, resample) beside the weights.")
        }
    }

    /// What a mapping file says.
    init(mapped: Recipe.ImageSettings, of folder: String) throws(CheckpointError) {
        guard let normalization = mapped.normalization else {
            throw .undecided(
                path: "\(folder)/\(MappingFile.name)",
                reason: "`image` lacks `mean` and `deviation` of the values it wants.")
        }
        (width, height, filter) = (mapped.width, mapped.height, mapped.filter)
        (mean, deviation) = (normalization.mean.map(Self.written), normalization.deviation.map(Self.written))
    }

    /// The number that was written down, without the noise of widening it.
    private static func written(_ value: Float) -> Double { Double("\(value)") ?? Double(value) }

    private mutating func read(transformers fields: [String: Any], path: String) throws(CheckpointError) {
        let crops = fields["do_center_crop"] as? Bool ?? (fields["crop_size"] != nil)
        // IDEFICS's names the size otherwise, and always scales bicubically.
        let isOfIdefics = fields["size"] == nil && fields["image_size"] != nil
        let resized = try Self.size(fields["size"] ?? fields["image_size"], path: path)
        let cut = crops ? try Self.size(fields["crop_size"], path: path) : nil
        guard let seen = cut ?? resized else { throw Self.undecided(path, "size", "is missing") }
        (height, width) = seen
        if cut != nil {
            notes.append("the publisher cuts out the middle of a picture; here the whole is squashed into it")
        }
        switch (fields["resample"] as? NSNumber)?.intValue {
        // The numbers of Pillow's filters.
        case nil where isOfIdefics: filter = .bicubic
        case nil, 2: filter = .bilinear
        case 3: filter = .bicubic
        default:
            filter = .bicubic
            notes.append("the publisher's filter is not here; pictures are scaled bicubically")
        }
        if let factor = fields["rescale_factor"] as? NSNumber, abs(factor.doubleValue * 255 - 1) > 1e-3 {
            throw Self.undecided(path, "rescale_factor", "is not 1/255")
        }
        if fields["do_normalize"] as? Bool == false {
            (mean, deviation) = ([0, 0, 0], [1, 1, 1])
        } else {
            mean = try Self.triple(fields["image_mean"], "image_mean", path)
            deviation = try Self.triple(fields["image_std"], "image_std", path)
        }
        try check(path)
    }

    private mutating func read(timm fields: [String: Any], size: Any?, path: String) throws(CheckpointError) {
        guard let seen = try Self.size(size, path: path) else { throw Self.undecided(path, "size", "is missing") }
        (height, width) = seen
        switch fields["interpolation"] as? String {
        case "bilinear": filter = .bilinear
        case nil, "bicubic": filter = .bicubic
        default:
            filter = .bicubic
            notes.append("the publisher's filter is not here; pictures are scaled bicubically")
        }
        mean = try Self.triple(fields["mean"], "mean", path)
        deviation = try Self.triple(fields["std"], "std", path)
        try check(path)
    }

    private func check(_ path: String) throws(CheckpointError) {
        guard (1...4096).contains(width), (1...4096).contains(height) else {
            throw Self.undecided(path, "size", "is not from 1 to 4096 pixels")
        }
        guard mean.allSatisfy({ abs($0) <= 10 }), deviation.allSatisfy({ $0 > 1e-6 && $0 <= 10 }) else {
            throw Self.undecided(path, "image_std", "is not a deviation of values from 0 to 1")
        }
    }

    // MARK: Fields

    /// A JSON object; nil where the file is not there.
    static func object(_ path: String) throws(CheckpointError) -> [String: Any]? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        guard let file = try? OpenedFile(path: path), file.byteCount < 10_000_000,
            let data = try? Data(contentsOf: URL(fileURLWithPath: path)),
            let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any]
        else { throw .undecided(path: path, reason: "this is not a JSON object of sound size. Fetch it again.") }
        return object
    }

    /// `224`, `{"height":224,"width":224}`, `{"shortest_edge":224}` or `[224, 224]` as height and width.
    private static func size(_ value: Any?, path: String) throws(CheckpointError) -> (Int, Int)? {
        func integer(_ value: Any?) -> Int? { (value as? NSNumber).flatMap { Int(exactly: $0.doubleValue) } }
        if value == nil || value is NSNull { return nil }
        if let side = integer(value) { return (side, side) }
        if let pair = value as? [Any], pair.count == 2, let height = integer(pair[0]), let width = integer(pair[1]) {
            return (height, width)
        }
        if let fields = value as? [String: Any] {
            if let height = integer(fields["height"]), let width = integer(fields["width"]) { return (height, width) }
            if let side = integer(fields["shortest_edge"]) { return (side, side) }
        }
        throw undecided(path, "size", "is in no form that is known")
    }

    private static func triple(_ value: Any?, _ key: String, _ path: String) throws(CheckpointError) -> [Double] {
        guard let numbers = value as? [NSNumber], numbers.count == 3 else {
            throw undecided(path, key, "is not three numbers")
        }
        return numbers.map(\.doubleValue)
    }

    private static func undecided(_ path: String, _ key: String, _ reason: String) -> CheckpointError {
        .undecided(
            path: path, reason: "`\(key)` \(reason), so pictures could not be made ready as the model wants them.")
    }
}
