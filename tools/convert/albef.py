#!/usr/bin/env python3
"""Turn an ALBEF checkpoint, published as a pickle only, into a folder that ModelCore reads.

    python tools/convert/albef.py CHECKPOINT.pth --out DIR

ALBEF (Li et al. 2021) is published as code and `.pth` files: the whole training state, with momentum copies and
queues. The file is opened with `torch.load(weights_only=True)`, which builds tensors and plain containers and refuses
everything else, so that a hostile pickle runs nothing. What inference needs is kept under the authors' own names
(`visual_encoder.`, `text_encoder.`, `vision_proj`, `text_proj`, `itm_head`) in `model.safetensors`; `config.json` says
what the shapes say, `preprocessor_config.json` what the authors do to pictures. Pre-training and retrieval checkpoints
have all of it; one fine-tuned for question answering lacks the matching head and is refused.

The number of heads is nowhere in the file: the authors' models have heads 64 wide, and `--head-width` says otherwise.
Needs torch and safetensors (tools/fixtures/families-requirements.txt).
"""

import argparse
import json
import math
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

# The authors' `transforms.Normalize` and bicubic `Resize` to a square, without cropping (visualization.ipynb).
PREPROCESSOR = {
    "do_center_crop": False, "do_convert_rgb": True, "do_normalize": True, "do_rescale": True, "do_resize": True,
    "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711],
    "resample": 3, "rescale_factor": 1 / 255,
}
KEPT = ("visual_encoder.", "text_encoder.embeddings.", "text_encoder.encoder.", "vision_proj.", "text_proj.",
        "itm_head.")


def published_names(state):
    """What inference needs, in f32: no `module.` of a parallel wrapper, no `bert.` of the masked language model."""
    kept = {}
    for name, tensor in state.items():
        name = name.removeprefix("module.").replace("text_encoder.bert.", "text_encoder.", 1)
        if name.startswith(KEPT) and isinstance(tensor, torch.Tensor) and tensor.is_floating_point():
            kept[name] = tensor.to(torch.float32).contiguous()
    return kept


def count(tensors, prefix):
    return len({name[len(prefix):].split(".")[0] for name in tensors if name.startswith(prefix)})


def configuration(tensors, head_width):
    """`config.json` as the shapes tell it; a tensor that is missing ends the conversion with its name."""
    try:
        width, _, patch, _ = tensors["visual_encoder.patch_embed.proj.weight"].shape
        grid = math.isqrt(tensors["visual_encoder.pos_embed"].shape[1] - 1)
        vocabulary, hidden = tensors["text_encoder.embeddings.word_embeddings.weight"].shape
        layers = count(tensors, "text_encoder.encoder.layer.")
        fusion = min(index for index in range(layers)
                     if f"text_encoder.encoder.layer.{index}.crossattention.self.query.weight" in tensors)
        return {
            "model_type": "albef", "image_text_hidden_size": tensors["vision_proj.weight"].shape[0],
            "itm_classes": tensors["itm_head.weight"].shape[0],
            "vision_config": {
                "hidden_size": width, "num_hidden_layers": count(tensors, "visual_encoder.blocks."),
                "num_attention_heads": width // head_width, "patch_size": patch, "image_size": grid * patch,
                "intermediate_size": tensors["visual_encoder.blocks.0.mlp.fc1.weight"].shape[0],
                "layer_norm_eps": 1e-6, "hidden_act": "gelu",
            },
            "text_config": {
                "hidden_size": hidden, "num_hidden_layers": layers, "num_attention_heads": hidden // head_width,
                "fusion_layer": fusion, "vocab_size": vocabulary, "encoder_width": width,
                "intermediate_size": tensors["text_encoder.encoder.layer.0.intermediate.dense.weight"].shape[0],
                "max_position_embeddings": tensors["text_encoder.embeddings.position_embeddings.weight"].shape[0],
                "type_vocab_size": tensors["text_encoder.embeddings.token_type_embeddings.weight"].shape[0],
                "layer_norm_eps": 1e-12, "hidden_act": "gelu",
            },
        }
    except KeyError as missing:
        raise SystemExit(f"not an ALBEF checkpoint for retrieval: tensor {missing} is not there")
    except ValueError:
        raise SystemExit("not an ALBEF checkpoint for retrieval: no layer has a cross-attention")


def convert(checkpoint, out, head_width=64):
    try:
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises a different one for every way in which a file can be wrong
        # Not torch's own words, which end in advice to open the file unsafely.
        raise SystemExit(f"{checkpoint} is refused: it is damaged, or holds more than tensors and plain values, which "
                         f"could run code when it is opened ({type(error).__name__})")
    if not isinstance(state, dict):
        raise SystemExit(f"{checkpoint} is refused: it holds no tensors by name")
    tensors = published_names(state.get("model", state))
    config = configuration(tensors, head_width)
    out.mkdir(parents=True, exist_ok=True)
    (out / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    side = config["vision_config"]["image_size"]
    preprocessor = PREPROCESSOR | {"size": {"height": side, "width": side}}
    (out / "preprocessor_config.json").write_text(json.dumps(preprocessor, indent=2, sort_keys=True) + "\n")
    save_file(tensors, out / "model.safetensors", metadata={"format": "pt"})
    return tensors, config


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--head-width", type=int, default=64)
    arguments = parser.parse_args()
    tensors, _ = convert(arguments.checkpoint, arguments.out, arguments.head_width)
    print(f"{arguments.out}: {len(tensors)} tensors", file=sys.stderr)


if __name__ == "__main__":
    main()
