import Crypto
import Foundation

/// A side of a training set. A model is fitted on `train`, its strength and thresholds are chosen on `validation`, and
/// `test` is for the figure that is told.
public enum Split: Int, CaseIterable, Sendable {
    case train, validation, test

    public var name: String {
        switch self {
        case .train: "train"
        case .validation: "validation"
        case .test: "test"
        }
    }

    /// Eight tenths train, one validation, one test, by a hash of the cluster that only this queue can compute.
    ///
    /// - parameter cluster: The number of its oldest item.
    static func drawn(for cluster: Int64, by code: KeyedHash) -> Split {
        let digest = code.code { hash in
            head.withUnsafeBytes { hash.update(bufferPointer: $0) }
            withUnsafeBytes(of: cluster.bigEndian) { hash.update(bufferPointer: $0) }
        }
        let number = digest.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self).bigEndian }
        let draw = Double(number) / 4_294_967_296
        return draw < 0.8 ? .train : draw < 0.9 ? .validation : .test
    }

    private static let head = Array("split of a cluster\0".utf8)
}
