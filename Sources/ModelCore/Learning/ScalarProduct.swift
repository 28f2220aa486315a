/// The scalar product of two vectors that need not be aligned.
func scalarProduct(_ first: UnsafePointer<Float>, _ second: UnsafePointer<Float>, _ count: Int) -> Float {
    var sum = SIMD8<Float>.zero
    var place = 0
    while place + 8 <= count {
        let a = UnsafeRawPointer(first + place).loadUnaligned(as: SIMD8<Float>.self)
        let b = UnsafeRawPointer(second + place).loadUnaligned(as: SIMD8<Float>.self)
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

/// The same in double precision, over plain numbers: fits have it in their inmost loops, and in a debug build every operation
/// on a vector is a call (twenty times as slow; optimised, a vector would be a third faster).
func scalarProduct(_ first: UnsafePointer<Double>, _ second: UnsafePointer<Double>, _ count: Int) -> Double {
    // Four sums: one addition need not wait for the other.
    var (a, b, c, d) = (0.0, 0.0, 0.0, 0.0)
    var place = 0
    while place &+ 4 <= count {
        a += first[place] * second[place]
        b += first[place &+ 1] * second[place &+ 1]
        c += first[place &+ 2] * second[place &+ 2]
        d += first[place &+ 3] * second[place &+ 3]
        place &+= 4
    }
    while place < count {
        a += first[place] * second[place]
        place &+= 1
    }
    return (a + b) + (c + d)
}

/// Of a row of embeddings with a direction.
func scalarProduct(_ row: UnsafePointer<Float>, _ direction: UnsafePointer<Double>, _ count: Int) -> Double {
    var (a, b, c, d) = (0.0, 0.0, 0.0, 0.0)
    var place = 0
    while place &+ 4 <= count {
        a += Double(row[place]) * direction[place]
        b += Double(row[place &+ 1]) * direction[place &+ 1]
        c += Double(row[place &+ 2]) * direction[place &+ 2]
        d += Double(row[place &+ 3]) * direction[place &+ 3]
        place &+= 4
    }
    while place < count {
        a += Double(row[place]) * direction[place]
        place &+= 1
    }
    return (a + b) + (c + d)
}
