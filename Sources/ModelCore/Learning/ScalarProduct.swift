/// The scalar product of two vectors that need not be aligned.
func scalarProduct(_ first: UnsafePointer<Float>, _ second: UnsafePointer<Float>, _ count: Int) -> Float {
    product(first, second, count)
}

/// The same in double precision.
func scalarProduct(_ first: UnsafePointer<Double>, _ second: UnsafePointer<Double>, _ count: Int) -> Double {
    product(first, second, count)
}

@inline(__always)
private func product<Scalar: SIMDScalar & BinaryFloatingPoint>(
    _ first: UnsafePointer<Scalar>, _ second: UnsafePointer<Scalar>, _ count: Int
) -> Scalar {
    var sum = SIMD8<Scalar>.zero
    var place = 0
    while place + 8 <= count {
        let a = UnsafeRawPointer(first + place).loadUnaligned(as: SIMD8<Scalar>.self)
        let b = UnsafeRawPointer(second + place).loadUnaligned(as: SIMD8<Scalar>.self)
        sum += a * b
        place += 8
    }
    var rest = sum.sum()
    while place < count {
        rest += first[place] * second[place]
        place += 1
    }
    return rest
}
