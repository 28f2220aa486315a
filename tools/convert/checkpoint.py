#!/usr/bin/env python3
"""Turns a checkpoint of pickles (pytorch_model.bin, .pt, .pth, .ckpt) into the model.safetensors that is read here.

    checkpoint.py FILE FOLDER [--key state_dict] [--strip PREFIX]

Reading a pickle can run its maker's code, so the console never does. This script reads it with torch.load's
weights_only=True, which builds tensors and plain containers and nothing else, and writes them to FOLDER. Run it where it
may do harm to nobody. Needs PyTorch and safetensors; put config.json and the rest of the published files into FOLDER by
hand.
"""

import argparse
import pathlib
import sys

import torch
from safetensors.torch import save_file


def tensors(value, key):
    """The dictionary of tensors in what was loaded: itself, or the member that training scripts wrap it in."""
    for name in [key] if key else ["state_dict", "model_state_dict", "model", "module"]:
        if isinstance(value, dict) and isinstance(value.get(name), dict):
            value = value[name]
            break
    found = {name: tensor for name, tensor in value.items() if isinstance(tensor, torch.Tensor)}
    if not found:
        sys.exit(f"no tensors found; the file holds {', '.join(map(repr, list(value)[:10]))}. Name a member with --key.")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--key", help="the member that holds the tensors")
    parser.add_argument("--strip", default="", help="a prefix to take off the tensors' names, such as module.")
    options = parser.parse_args()
    loaded = torch.load(options.file, map_location="cpu", weights_only=True)
    # Tensors that share memory would be written twice over; each gets its own.
    found = {
        name.removeprefix(options.strip): tensor.detach().clone().contiguous()
        for name, tensor in tensors(loaded, options.key).items()
    }
    options.folder.mkdir(parents=True, exist_ok=True)
    target = options.folder / "model.safetensors"
    save_file(found, target, metadata={"format": "pt"})
    print(f"{target}: {len(found)} tensors, {sum(tensor.numel() for tensor in found.values())} numbers")


if __name__ == "__main__":
    main()
