/// Limited-memory BFGS (Liu and Nocedal 1989) of a smooth convex function, told its values instead of asking for them, so
/// that several functions can be evaluated in one pass over the rows they share.
///
///     var search = QuasiNewton(start: point, tolerance: 1e-6)
///     while !search.isDone { search.take(value: f(search.point), gradient: g(search.point)) }
///
/// The inverse Hessian of the last ten steps is Nocedal and Wright's two-loop recursion (2006, algorithm 7.4), its
/// centre given by the caller and scaled by their 7.20. A step is halved by their quadratic interpolation (3.57) until it
/// decreases the function enough (3.6a). The curvature condition needs no search: on a strictly convex function sᵀy > 0.
struct QuasiNewton {
    enum Status { case searching, converged, stalled }

    /// Where the function is to be evaluated next.
    private(set) var point: [Double]
    private(set) var status = Status.searching
    private(set) var iterations = 0
    /// The best point so far, and what the function is there.
    private(set) var best: [Double]
    private(set) var value = Double.infinity

    /// Of the largest part of the gradient.
    let tolerance: Double
    /// Of what is left to gain by the curvature known, ½·gᵀ·H⁻¹·g, as a share of the value: half the Newton decrement
    /// squared (Boyd and Vandenberghe 2004, 9.5.1).
    let gain: Double
    let limit: Int
    /// What multiplies the gradient like the inverse Hessian; identity up to a factor where nothing is known.
    private let centre: @Sendable ([Double]) -> [Double]

    private var gradient: [Double] = []
    private var direction: [Double] = []
    private var slope = 0.0
    private var step = 1.0
    private var trials = 0
    private var memory: [(move: [Double], change: [Double], curvature: Double)] = []
    private static let remembered = 10
    private static let enough = 1e-4

    init(
        start: [Double], tolerance: Double, gain: Double = 0, limit: Int,
        centre: @escaping @Sendable ([Double]) -> [Double]
    ) {
        (point, best) = (start, start)
        (self.tolerance, self.gain, self.limit, self.centre) = (tolerance, gain, limit, centre)
    }

    var isDone: Bool { status != .searching }

    /// Hears the function's value and gradient at ``point`` and moves it.
    mutating func take(value found: Double, gradient there: [Double]) {
        guard status == .searching else { return }
        if gradient.isEmpty {
            guard found.isFinite else { return status = .stalled }
            (value, gradient) = (found, there)
        } else {
            guard accepts(found, there) else { return shorten(found) }
            remember(there)
            (best, value, gradient) = (point, found, there)
            iterations += 1
        }
        if gradient.allSatisfy({ abs($0) <= tolerance }) { return status = .converged }
        if iterations >= limit { return status = .stalled }
        direction = inverseHessian(gradient).map { -$0 }
        slope = dot(direction, gradient)
        if slope >= 0 {
            // What is remembered has turned useless, by rounding: begin again from here.
            memory = []
            direction = centre(gradient).map { -$0 }
            slope = dot(direction, gradient)
        }
        guard slope < 0 else { return status = .stalled }
        if -slope <= 2 * gain * abs(value) { return status = .converged }
        (step, trials) = (1, 0)
        move()
    }

    private func accepts(_ found: Double, _ there: [Double]) -> Bool {
        guard found.isFinite else { return false }
        if found <= value + Self.enough * step * slope { return true }
        // So near the minimum the value no longer tells one point from another, but the slope does (Hager and Zhang 2005,
        // the approximate Wolfe conditions).
        let along = dot(direction, there)
        return found <= value + 1e-9 * abs(value) && abs(along) <= 0.9 * abs(slope)
    }

    private mutating func shorten(_ found: Double) {
        trials += 1
        guard trials < 25 else { return status = .stalled }
        let rise = found - value - step * slope
        let minimum = rise.isFinite && rise > 0 ? -slope * step * step / (2 * rise) : 0
        step = min(max(minimum, 0.1 * step), 0.5 * step)
        move()
    }

    private mutating func move() {
        for index in point.indices { point[index] = best[index] + step * direction[index] }
    }

    private mutating func remember(_ there: [Double]) {
        var (moved, changed) = (point, there)
        for index in moved.indices {
            moved[index] -= best[index]
            changed[index] -= gradient[index]
        }
        let curvature = dot(moved, changed)
        guard curvature > 1e-12 * (dot(changed, changed) * dot(moved, moved)).squareRoot() else { return }
        if memory.count == Self.remembered { memory.removeFirst() }
        memory.append((moved, changed, curvature))
    }

    private func inverseHessian(_ gradient: [Double]) -> [Double] {
        var rest = gradient
        var shares: [Double] = []
        for (moved, changed, curvature) in memory.reversed() {
            let share = dot(moved, rest) / curvature
            for index in rest.indices { rest[index] -= share * changed[index] }
            shares.append(share)
        }
        var product = centre(rest)
        if let last = memory.last {
            let scale = last.curvature / dot(last.change, centre(last.change))
            if scale.isFinite, scale > 0 { for index in product.indices { product[index] *= scale } }
        }
        for ((moved, changed, curvature), share) in zip(memory, shares.reversed()) {
            let missing = share - dot(changed, product) / curvature
            for index in product.indices { product[index] += missing * moved[index] }
        }
        return product
    }
}

private func dot(_ first: [Double], _ second: [Double]) -> Double { scalarProduct(first, second, first.count) }
