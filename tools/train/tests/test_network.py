"""Embeddings are those that the program computes: both are held against the same fixtures
(tools/fixtures/families.py)."""

import base64
import json
import pathlib
import unittest

import numpy
import torch

from reviewtui_train import lora, network
from reviewtui_train.published import Published

FAMILIES = pathlib.Path(__file__).parents[3] / "Tests/ModelCoreTests/Fixtures/families"


def array(fields: dict) -> torch.Tensor:
    values = numpy.frombuffer(base64.b64decode(fields["f64"]), "<f8").reshape(fields["shape"])
    return torch.from_numpy(values.copy())


class Embeddings(unittest.TestCase):
    def check(self, family: str, tower: str, pooling: str | None = None) -> None:
        fixture = json.loads((FAMILIES / family / f"{tower}.json").read_text())
        model = network.load(Published.at(FAMILIES / family), (tower,), 2).double().eval()
        if pooling:
            model.pooling = pooling
        given = (
            {"pixels": array(fixture["pixels"])}
            if tower == "image"
            else {name: torch.tensor(fixture[name]) for name in ("ids", "mask")}
        )
        with torch.no_grad():
            found = getattr(model, f"_{tower}_embedding")(given)
        torch.testing.assert_close(found, array(fixture["embedding"]), rtol=0, atol=1e-6)

    def test_pictures(self) -> None:
        for family in ("vit", "deit", "dinov2-registers", "dinov2-giant", "clip", "siglip"):
            with self.subTest(family):
                self.check(family, "image")

    def test_texts(self) -> None:
        for family in ("bert", "roberta", "xlm-roberta", "clip", "siglip"):
            with self.subTest(family):
                self.check(family, "text")


class Gradients(unittest.TestCase):
    def test_every_weight_that_is_trained_takes_part(self) -> None:
        """DDP waits for ever for one that does not."""
        for family in (
            "vit",
            "deit",
            "dinov2-registers",
            "dinov2-giant",
            "clip",
            "siglip",
            "bert",
            "roberta",
            "xlm-roberta",
        ):
            published = Published.at(FAMILIES / family)
            batch = {
                "pixels": torch.randn(2, 3, 16, 16),
                "ids": torch.randint(4, 40, (2, 9)),
                "mask": torch.ones(2, 9).long(),
            }
            for towers in {published.towers, *((tower,) for tower in published.towers)}:
                with self.subTest(family, towers=towers):
                    model = network.load(published, towers, 2)
                    for head in model.heads.values():
                        torch.nn.init.normal_(head.directions)
                    sum(logits.square().sum() for logits in model(batch).values()).backward()
                    idle = [
                        name for name, given in model.named_parameters() if given.requires_grad and given.grad is None
                    ]
                    self.assertEqual(idle, [])


class Adapters(unittest.TestCase):
    def model(self) -> network.PolicyModel:
        torch.manual_seed(0)
        return network.load(Published.at(FAMILIES / "clip"), ("image",), 2).eval()

    def test_merging_changes_nothing_that_is_computed(self) -> None:
        model, pixels = self.model(), torch.randn(2, 3, 16, 16)
        before = model({"pixels": pixels}, only_embeddings=True)["image"]
        lora.adapt(model, lora.LoRA(4, 8))
        torch.testing.assert_close(model({"pixels": pixels}, only_embeddings=True)["image"], before)
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(parameter, std=0.2)
        adapted = model({"pixels": pixels}, only_embeddings=True)["image"]
        self.assertGreater((adapted - before).abs().max().item(), 0.01)
        lora.merge(model)
        torch.testing.assert_close(model({"pixels": pixels}, only_embeddings=True)["image"], adapted)
        self.assertEqual(set(model.state_dict()), set(self.model().state_dict()))

    def test_only_adapters_and_heads_of_the_tower_are_trained(self) -> None:
        model = self.model()
        self.assertFalse(any(parameter.requires_grad for parameter in model.backbone.text_model.parameters()))
        lora.adapt(model, lora.LoRA(4, 8))
        trained = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
        self.assertTrue(all("lora_" in name or name.startswith("heads.image") for name in trained), trained)
        self.assertFalse(any("text_model" in name for name in trained))
        self.assertEqual(len(trained), 2 * 6 * 3 + 2)


if __name__ == "__main__":
    unittest.main()
