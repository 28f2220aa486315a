"""What a trained folder says of items, by transformers and nothing of the program: JSON of scores by item and policy.

    training_reference.py FOLDER MEDIA ITEMS image|text
"""

import json
import pathlib
import sys

import numpy
import torch
import transformers
from PIL import Image


def main():
    folder, media, items, tower = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), json.loads(sys.argv[3]), sys.argv[4]
    model = transformers.AutoModel.from_pretrained(folder, dtype=torch.float64).eval()
    head = json.loads((folder / f"head-{tower}.json").read_text())
    found = {}
    for item in items:
        with torch.no_grad():
            embedding = of_text(model, folder, item) if tower == "text" else of_picture(model, folder, media, item)
        unit = (embedding / embedding.norm()).numpy()
        found[item["id"]] = {}
        for entry in head["policies"]:
            logit = numpy.dot(unit, entry["direction"]) + entry["bias"]
            curve = entry.get("calibration", {"a": 1, "b": 0})
            found[item["id"]][entry["policy"]] = 1 / (1 + numpy.exp(-(curve["a"] * logit + curve["b"])))
    json.dump(found, sys.stdout)


def of_picture(model, folder, media, item):
    """CLIP's projected class token, DINOv2's class token. The pictures have the model's size."""
    form = json.loads((folder / "preprocessor_config.json").read_text())
    values = numpy.asarray(Image.open(media / item["media"][0]["path"]).convert("RGB"), numpy.float64) / 255
    pixels = torch.from_numpy((values - form["image_mean"]) / form["image_std"]).permute(2, 0, 1)[None]
    if model.config.model_type == "clip":
        return model.visual_projection(model.vision_model(pixel_values=pixels).pooler_output)[0]
    return model(pixel_values=pixels).last_hidden_state[0, 0]


def of_text(model, folder, item):
    """CLIP's projected last token, the mean of BERT's tokens."""
    tokens = transformers.AutoTokenizer.from_pretrained(folder)(item["text"], return_tensors="pt")
    if model.config.model_type == "clip":
        return model.text_projection(model.text_model(input_ids=tokens["input_ids"]).pooler_output)[0]
    return model(**tokens).last_hidden_state[0].mean(0)


if __name__ == "__main__":
    main()
