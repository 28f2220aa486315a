/// OpenVINO's operations under short names, one line each, so that the families read as formulas.
///
/// Names, versions and attributes are those that OpenVINO's own serializer writes.
extension GraphBuilder {
    func plus(_ a: Wire, _ b: Wire) -> Wire { add("Add", attributes: numpy, inputs: [a, b]) }
    func minus(_ a: Wire, _ b: Wire) -> Wire { add("Subtract", attributes: numpy, inputs: [a, b]) }
    func times(_ a: Wire, _ b: Wire) -> Wire { add("Multiply", attributes: numpy, inputs: [a, b]) }
    func over(_ a: Wire, _ b: Wire) -> Wire {
        add("Divide", attributes: numpy.merging(["m_pythondiv": "true"]) { $1 }, inputs: [a, b])
    }
    func times(_ a: Wire, _ factor: Double) -> Wire { times(a, scalar(factor)) }
    func plus(_ a: Wire, _ term: Double) -> Wire { plus(a, scalar(term)) }

    func maximum(_ x: Wire, axes: [Int]) -> Wire {
        add("ReduceMax", attributes: ["keep_dims": "true"], inputs: [x, constant(axes)])
    }

    /// Comparisons give 1 where they hold and 0 where they do not, as floats.
    func equal(_ a: Wire, _ b: Wire) -> Wire { toFloat(add("Equal", attributes: numpy, inputs: [a, b])) }
    func differs(_ a: Wire, _ b: Wire) -> Wire { toFloat(add("NotEqual", attributes: numpy, inputs: [a, b])) }
    func greater(_ a: Wire, _ b: Wire) -> Wire { toFloat(add("Greater", attributes: numpy, inputs: [a, b])) }
    func atMost(_ a: Wire, _ b: Wire) -> Wire { toFloat(add("LessEqual", attributes: numpy, inputs: [a, b])) }

    /// Sums of all positions up to each one.
    func cumulativeSum(_ x: Wire, axis: Int) -> Wire {
        let attributes = ["exclusive": "false", "reverse": "false"]
        return add("CumSum", "opset3", attributes: attributes, inputs: [x, constant([axis], shape: [])])
    }

    func squareRoot(_ x: Wire) -> Wire { add("Sqrt", inputs: [x]) }
    func exponential(_ x: Wire) -> Wire { add("Exp", inputs: [x]) }
    func errorFunction(_ x: Wire) -> Wire { add("Erf", inputs: [x]) }
    func rectified(_ x: Wire) -> Wire { add("ReLU", inputs: [x]) }
    func logSoftmax(_ x: Wire) -> Wire { add("LogSoftmax", "opset5", attributes: ["axis": "-1"], inputs: [x]) }
    func softmax(_ x: Wire) -> Wire { add("SoftMax", "opset8", attributes: ["axis": "-1"], inputs: [x]) }
    func cosine(_ x: Wire) -> Wire { add("Cos", inputs: [x]) }
    func sine(_ x: Wire) -> Wire { add("Sin", inputs: [x]) }
    func hyperbolicTangent(_ x: Wire) -> Wire { add("Tanh", inputs: [x]) }
    func logistic(_ x: Wire) -> Wire { add("Sigmoid", inputs: [x]) }
    func swish(_ x: Wire) -> Wire { add("Swish", "opset4", inputs: [x]) }
    /// The exact GELU, or its approximation by a hyperbolic tangent.
    func gelu(_ x: Wire, approximated: Bool = false) -> Wire {
        add("Gelu", "opset7", attributes: ["approximation_mode": approximated ? "TANH" : "ERF"], inputs: [x])
    }
    func toInteger(_ x: Wire) -> Wire { add("Convert", attributes: ["destination_type": "i64"], inputs: [x]) }
    func toFloat(_ x: Wire) -> Wire { add("Convert", attributes: ["destination_type": "f32"], inputs: [x]) }

    /// a·b, or a·bᵀ, over the last two axes.
    func product(_ a: Wire, _ b: Wire, transposingSecond: Bool = false) -> Wire {
        add("MatMul", attributes: ["transpose_a": "false", "transpose_b": "\(transposingSecond)"], inputs: [a, b])
    }

    func mean(_ x: Wire, axes: [Int], keep: Bool = true) -> Wire {
        add("ReduceMean", attributes: ["keep_dims": "\(keep)"], inputs: [x, constant(axes)])
    }

    func sum(_ x: Wire, axes: [Int], keep: Bool = true) -> Wire {
        add("ReduceSum", attributes: ["keep_dims": "\(keep)"], inputs: [x, constant(axes)])
    }

    /// A dimension of 0 stays as it is, one of -1 takes what is left.
    func reshape(_ x: Wire, _ shape: [Int]) -> Wire {
        add("Reshape", attributes: ["special_zero": "true"], inputs: [x, constant(shape)])
    }

    func transpose(_ x: Wire, _ order: [Int]) -> Wire { add("Transpose", inputs: [x, constant(order)]) }
    func unsqueeze(_ x: Wire, axes: [Int]) -> Wire { add("Unsqueeze", inputs: [x, constant(axes)]) }
    func squeeze(_ x: Wire, axes: [Int]) -> Wire { add("Squeeze", inputs: [x, constant(axes)]) }

    func concatenate(_ parts: [Wire], axis: Int) -> Wire {
        add("Concat", attributes: ["axis": "\(axis)"], inputs: parts)
    }

    /// Positions `from..<to` along an axis; negative ones count from its end.
    func slice(_ x: Wire, axis: Int, from: Int, to: Int) -> Wire {
        add("Slice", "opset8", inputs: [x, constant([from]), constant([to]), constant([1]), constant([axis])])
    }

    /// The last position along an axis.
    func last(_ x: Wire, axis: Int) -> Wire {
        slice(x, axis: axis, from: -1, to: Self.end)
    }

    /// An upper bound of a slice that is beyond every axis.
    static let end = Int(Int32.max)

    /// 0, 1, 2 … as many as `like` has positions along `axis`, as floats.
    func positions(along axis: Int, of like: Wire) -> Wire {
        let shape = add("ShapeOf", "opset3", attributes: ["output_type": "i64"], inputs: [like])
        let length = gather(shape, constant([axis], shape: []), axis: 0)
        let inputs = [constant([0], shape: []), length, constant([1], shape: [])]
        return toFloat(add("Range", "opset4", attributes: ["output_type": "i64"], inputs: inputs))
    }

    /// As many positions from the start of `axis` as `like` has along `likeAxis`.
    func prefix(_ x: Wire, axis: Int, asLongAs like: Wire, likeAxis: Int) -> Wire {
        let shape = add("ShapeOf", "opset3", attributes: ["output_type": "i64"], inputs: [like])
        let length = gather(shape, constant([likeAxis]), axis: 0)
        return add("Slice", "opset8", inputs: [x, constant([0]), length, constant([1]), constant([axis])])
    }

    func gather(_ table: Wire, _ indices: Wire, axis: Int) -> Wire {
        add("Gather", "opset8", attributes: ["batch_dims": "0"], inputs: [table, indices, constant([axis], shape: [])])
    }

    /// Along `axis`, of each row its own: as many as `indices` has there.
    func gatherElements(_ x: Wire, _ indices: Wire, axis: Int) -> Wire {
        add("GatherElements", "opset6", attributes: ["axis": "\(axis)"], inputs: [x, indices])
    }

    /// `x` repeated so that its batch axis (the first) is as long as that of `like`; the rest of `shape` is x's own.
    func repeated(_ x: Wire, alongBatchOf like: Wire, rest shape: [Int]) -> Wire {
        let shapeOf = add("ShapeOf", "opset3", attributes: ["output_type": "i64"], inputs: [like])
        let target = concatenate([gather(shapeOf, constant([0]), axis: 0), constant(shape)], axis: 0)
        return add("Broadcast", "opset3", attributes: ["mode": "numpy"], inputs: [x, target])
    }

    /// Non-overlapping patches: a convolution whose stride is its kernel.
    func patches(_ pixels: Wire, kernel: Wire, size: Int) -> Wire {
        let attributes = [
            "strides": "\(size),\(size)", "dilations": "1,1", "pads_begin": "0,0", "pads_end": "0,0",
            "auto_pad": "explicit",
        ]
        return add("Convolution", attributes: attributes, inputs: [pixels, kernel])
    }

    /// softmax(q·kᵀ/√d + mask)·v in one fused operation; `mask` is added to the scores.
    func scaledDotProductAttention(_ q: Wire, _ k: Wire, _ v: Wire, mask: Wire? = nil) -> Wire {
        add(
            "ScaledDotProductAttention", "opset13", attributes: ["causal": "false"],
            inputs: [q, k, v] + (mask.map { [$0] } ?? []))
    }

    /// (x − mean) / √(variance + ε) over the last axis.
    func standardized(_ x: Wire, epsilon: Double) -> Wire {
        let attributes = ["eps": "\(epsilon)", "normalize_variance": "true", "eps_mode": "INSIDE_SQRT"]
        return add("MVN", "opset6", attributes: attributes, inputs: [x, constant([-1])])
    }

    private var numpy: [String: String] { ["auto_broadcast": "numpy"] }
}
