/// Formats that checkpoints are also published in, known by their first bytes or their names. None of them is read.
enum ForeignFormat {
    /// What a file is whose reading could run code; nil where it is none of these.
    ///
    /// Sources: PyTorch's `torch.save` writes a zip archive with a pickle in it (since 1.6; before, a bare pickle of
    /// protocol 2); Python's `pickletools` (PROTO is 0x80 and the version); APPNOTE.TXT of PKWARE, 4.3.7.
    static func pickle(startingWith bytes: UnsafeRawBufferPointer) -> String? {
        if bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) { return "a zip archive, as torch.save writes it" }
        if bytes.count >= 2, bytes[0] == 0x80, (1...5).contains(bytes[1]) { return "a Python pickle" }
        return nil
    }

    /// Endings of files that hold pickles.
    static let pickleEndings = [".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib"]

    static func isPickle(named name: String) -> Bool { pickleEndings.contains { name.lowercased().hasSuffix($0) } }
}
