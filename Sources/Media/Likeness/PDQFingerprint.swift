import Foundation

/// What a picture looks like, for finding it again: its PDQ hash, those of its turned and mirrored versions, and how far
/// they can be trusted.
///
/// The algorithm is that of "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm" (Facebook 2019):
/// luminance, filtered and reduced to 64 × 64; the 16 × 16 lowest frequencies of its discrete cosine transform, without
/// the constant ones; a bit for each, by the median. Hash and quality equal the reference implementation's on equal
/// pixels, which asks for its single-precision sums in its order.
///
/// ```swift
/// let seen = PDQFingerprint(of: picture)
/// if seen.isReliable { print(seen.hash) }
/// ```
public struct PDQFingerprint: Hashable, Sendable {
    /// How a picture can be turned and mirrored. The order is the reference implementation's.
    public enum Turn: Int, CaseIterable, Sendable {
        /// As it is; turned counter-clockwise by a quarter, a half, three quarters; top and bottom exchanged, left and
        /// right exchanged; mirrored over the main diagonal, over the other one.
        case none, quarter, half, threeQuarters, upsideDown, mirrored, transposed, transversed
    }

    /// Within what a file is decoded to be hashed. One bound for all, so that equal files have equal hashes. Of the test
    /// pictures with a quality of 80 or more, the hash then differs from that of all pixels by 8 bits at most; within 512
    /// by up to 18.
    public static let bound = PixelSize(width: 1024, height: 1024)

    /// One hash for each ``Turn``, in their order; the first is the picture's own.
    public let dihedral: [PDQHash]
    /// How much structure the picture has, 0 to 100.
    public let quality: Int

    public var hash: PDQHash { dihedral[0] }
    /// Whether there is enough in the picture for a match to mean something.
    public var isReliable: Bool { quality >= PDQHash.leastQuality }

    /// Looks at every pixel of a picture: make it small first where that is not wanted.
    ///
    /// Below five pixels a side there is nothing to tell: all hashes are zero, and so is the quality.
    public init(of image: RGBImage) {
        guard image.width >= 5, image.height >= 5 else {
            dihedral = Turn.allCases.map { _ in PDQHash(bits: SIMD4()) }
            quality = 0
            return
        }
        let small = image.jaroszReduced()
        quality = Self.quality(of: small)
        let coefficients = Self.lowFrequencies(of: small)
        dihedral = Turn.allCases.map { Self.hash(of: $0.applied(to: coefficients)) }
    }

    // MARK: - From 64 × 64 to bits

    static let side = 64
    private static let frequencies = 16

    /// Sum of the steps between neighbours, each in whole hundredths of the full range, so that faint ones do not count.
    private static func quality(of small: [Float]) -> Int {
        var sum = 0
        func add(_ u: Float, _ v: Float) { sum += abs(Int((u - v) * 100 / 255)) }
        for y in 0..<side - 1 {
            for x in 0..<side { add(small[y * side + x], small[(y + 1) * side + x]) }
        }
        for y in 0..<side {
            for x in 0..<side - 1 { add(small[y * side + x], small[y * side + x + 1]) }
        }
        return min(100, sum / 90)
    }

    /// DCT-II basis, frequencies 1 to 16 by 64 samples, row-major: √(2/64) cos(π/128 · i · (2j + 1)).
    private static let basis: [Float] = {
        let scale = Double(Float((2.0 / Double(side)).squareRoot()))
        return (0..<frequencies * side).map { index in
            let (i, j) = (index / side, index % side)
            return Float(scale * cos(Double.pi / 2 / Double(side) * Double(i + 1) * Double(2 * j + 1)))
        }
    }()

    /// The basis with samples as rows.
    private static let basisBySample: [Float] = (0..<frequencies * side).map {
        basis[$0 % frequencies * side + $0 / frequencies]
    }

    /// B = D A Dᵀ: 16 × 16, row-major. Sums run over the samples in their order, as in the reference.
    private static func lowFrequencies(of small: [Float]) -> [Float] {
        let vertical = product(basis, small, rows: frequencies, inner: side, columns: side)
        return product(vertical, basisBySample, rows: frequencies, inner: side, columns: frequencies)
    }

    /// The loop over columns is innermost: the compiler makes vector code of that, and no sum changes its order.
    private static func product(_ a: [Float], _ b: [Float], rows: Int, inner: Int, columns: Int) -> [Float] {
        var out = [Float](repeating: 0, count: rows * columns)
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                out.withUnsafeMutableBufferPointer { out in
                    guard let a = a.baseAddress, let b = b.baseAddress, let out = out.baseAddress else { return }
                    for i in 0..<rows {
                        let line = out + i * columns
                        for k in 0..<inner {
                            let (factor, row) = (a[i * inner + k], b + k * columns)
                            for j in 0..<columns { line[j] += factor * row[j] }
                        }
                    }
                }
            }
        }
        return out
    }

    /// The median is the lower of the two in the middle.
    private static func hash(of coefficients: [Float]) -> PDQHash {
        let median = coefficients.sorted()[coefficients.count / 2 - 1]
        var words = SIMD4<UInt64>()
        for (bit, coefficient) in coefficients.enumerated() where coefficient > median {
            words[bit / 64] |= 1 << UInt64(bit % 64)
        }
        return PDQHash(bits: words)
    }
}

extension PDQFingerprint.Turn {
    private var transposes: Bool {
        switch self {
        case .quarter, .threeQuarters, .transposed, .transversed: true
        case .none, .half, .upsideDown, .mirrored: false
        }
    }

    /// A mirrored cosine is the same one, its sign changed where it is odd: so each turn of the picture is a change of
    /// signs of its coefficients, and an exchange of rows and columns where the turn exchanges them.
    fileprivate func applied(to coefficients: [Float]) -> [Float] {
        guard self != .none else { return coefficients }
        var out = coefficients
        for i in 0..<16 {
            for j in 0..<16 {
                // Index 0 is frequency 1: even indices are the odd cosines.
                let isNegated =
                    switch self {
                    case .none, .transposed: false
                    case .quarter, .mirrored: j % 2 == 0
                    case .threeQuarters, .upsideDown: i % 2 == 0
                    case .half, .transversed: (i + j) % 2 == 1
                    }
                let value = coefficients[i * 16 + j]
                out[transposes ? j * 16 + i : i * 16 + j] = isNegated ? -value : value
            }
        }
        return out
    }
}
