"""MiniLM embeddings of many texts, as the console's engine makes them: 256 tokens, mean-pooled, L2-normalised."""

import hashlib
import json
import os
import sys
import tempfile
import types
from pathlib import Path

sys.modules["torchvision._meta_registrations"] = types.ModuleType("torchvision._meta_registrations")

import numpy as np  # noqa: E402
import tokenizers  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

WINDOW = 256
BATCH = 64


def tokenizer(models):
    reference = tokenizers.Tokenizer.from_file(str(Path(models) / "minilm-l6" / "tokenizer.json"))
    reference.enable_truncation(WINDOW)
    reference.enable_padding()
    return reference


def weights_sha256(models):
    return hashlib.sha256((Path(models) / "minilm-l6" / "model.safetensors").read_bytes()).hexdigest()


@torch.no_grad()
def embed(models, texts, cache=None):
    """float32 [texts, 384], unit length. With `cache` (a folder) the result is kept and found again by its inputs."""
    key = hashlib.sha256(json.dumps([weights_sha256(models), WINDOW, texts]).encode()).hexdigest()[:24]
    kept = Path(cache or tempfile.gettempdir()) / f"minilm-{key}.npy"
    if cache and kept.is_file():
        return np.load(kept)
    reference = tokenizer(models)
    model = transformers.BertModel.from_pretrained(Path(models) / "minilm-l6", add_pooling_layer=False).eval()
    result = np.zeros((len(texts), 384), dtype=np.float32)
    by_length = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    for start in range(0, len(texts), BATCH):
        rows = by_length[start:start + BATCH]
        batch = reference.encode_batch([texts[row] for row in rows])
        mask = torch.tensor([encoding.attention_mask for encoding in batch])
        hidden = model(input_ids=torch.tensor([encoding.ids for encoding in batch]),
                       attention_mask=mask).last_hidden_state
        pooled = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        result[rows] = torch.nn.functional.normalize(pooled, dim=-1).numpy()
        if start % (16 * BATCH) == 0:
            print(f"embedding {start} of {len(texts)}", file=sys.stderr)
    if cache:
        os.makedirs(cache, exist_ok=True)
        np.save(kept, result)
    return result
