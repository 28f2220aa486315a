/// What kind of file some bytes are, judged by the bytes alone: a name's extension is the sender's claim.
public enum MediaFormat: UInt8, CaseIterable, Sendable {
    case unknown = 0
    case png, jpeg, gif, webp, avif, heic, tiff, bmp, jpegXL, icon, photoshop, svg
    case mp4, matroska, avi, ogg, flv
    case pdf, html, zip, gzip, text
    /// What Xcode makes of PNGs for iOS: another compression and byte order under PNG's signature.
    case applePNG

    /// The name a person knows it by.
    public var name: String {
        switch self {
        case .unknown: "unknown"
        case .png: "PNG"
        case .jpeg: "JPEG"
        case .gif: "GIF"
        case .webp: "WebP"
        case .avif: "AVIF"
        case .heic: "HEIC"
        case .tiff: "TIFF"
        case .bmp: "BMP"
        case .jpegXL: "JPEG XL"
        case .icon: "ICO"
        case .photoshop: "Photoshop"
        case .svg: "SVG"
        case .mp4: "MP4/QuickTime video"
        case .matroska: "Matroska/WebM video"
        case .avi: "AVI video"
        case .ogg: "Ogg"
        case .flv: "Flash video"
        case .pdf: "PDF"
        case .html: "HTML"
        case .zip: "ZIP"
        case .gzip: "gzip"
        case .text: "text"
        case .applePNG: "PNG in Apple's own variant (CgBI)"
        }
    }

    /// Whether ``MediaDecoder`` turns it into pixels.
    public var isDecoded: Bool { [.png, .jpeg, .webp].contains(self) }

    /// Judges a file by its first bytes; 64 are enough.
    public init(sniffing bytes: some Collection<UInt8>) {
        let head = Array(bytes.prefix(64))
        if head.count >= 16, head[12..<16].elementsEqual("CgBI".utf8), Self.bySignature(head) == .png {
            self = .applePNG
            return
        }
        self = Self.bySignature(head) ?? Self.byContainer(head) ?? Self.byText(head)
    }

    private static func bySignature(_ head: [UInt8]) -> MediaFormat? {
        let signatures: [([UInt8], MediaFormat)] = [
            ([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], .png),
            ([0xFF, 0xD8, 0xFF], .jpeg),
            (Array("GIF87a".utf8), .gif),
            (Array("GIF89a".utf8), .gif),
            ([0x49, 0x49, 0x2A, 0x00], .tiff),
            ([0x4D, 0x4D, 0x00, 0x2A], .tiff),
            ([0xFF, 0x0A], .jpegXL),
            ([0x00, 0x00, 0x00, 0x0C, 0x4A, 0x58, 0x4C, 0x20], .jpegXL),
            ([0x00, 0x00, 0x01, 0x00], .icon),
            (Array("8BPS".utf8), .photoshop),
            ([0x1A, 0x45, 0xDF, 0xA3], .matroska),
            (Array("OggS".utf8), .ogg),
            (Array("FLV".utf8), .flv),
            (Array("%PDF-".utf8), .pdf),
            ([0x50, 0x4B, 0x03, 0x04], .zip),
            ([0x1F, 0x8B], .gzip),
            (Array("BM".utf8), .bmp),
        ]
        return signatures.first { head.starts(with: $0.0) }?.1
    }

    private static func byContainer(_ head: [UInt8]) -> MediaFormat? {
        guard head.count >= 12 else { return nil }
        let kind = head[8..<12]
        if head.starts(with: Array("RIFF".utf8)) {
            if kind.elementsEqual("WEBP".utf8) { return .webp }
            if kind.elementsEqual("AVI ".utf8) { return .avi }
        }
        if head[4..<8].elementsEqual("ftyp".utf8) {
            if kind.elementsEqual("avif".utf8) || kind.elementsEqual("avis".utf8) { return .avif }
            if kind.starts(with: "he".utf8) || kind.elementsEqual("mif1".utf8) { return .heic }
            return .mp4
        }
        return nil
    }

    private static func byText(_ head: [UInt8]) -> MediaFormat {
        let bare = head.drop { $0 == 0x20 || ($0 >= 0x09 && $0 <= 0x0D) || $0 == 0xEF || $0 == 0xBB || $0 == 0xBF }
        let start = String(decoding: bare.prefix(16), as: UTF8.self).lowercased()
        if start.hasPrefix("<svg") || start.hasPrefix("<?xml") { return .svg }
        if start.hasPrefix("<!doctype h") || start.hasPrefix("<html") { return .html }
        let printable = bare.allSatisfy { $0 >= 0x20 && $0 < 0x7F || ($0 >= 0x09 && $0 <= 0x0D) }
        return printable && bare.count >= 8 ? .text : .unknown
    }
}
