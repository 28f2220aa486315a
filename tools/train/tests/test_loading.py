"""Every sample once an epoch, the same steps for everybody, and pictures as the program makes them ready."""

import io
import unittest

import numpy
from PIL import Image

from reviewtui_train import snapshot
from reviewtui_train.loading import NOBODY, Steps, checkered, order, pixels
from reviewtui_train.published import Pictures


def rows(shards: list[int]) -> snapshot.Rows:
    """Rows in shards of these sizes, one policy."""
    count = sum(shards)
    nothing = numpy.zeros((count, 2), numpy.int64)
    return snapshot.Rows(
        ["hate"],
        [f"{number}.tar" for number in range(len(shards))],
        numpy.repeat(numpy.arange(len(shards)), shards),
        nothing,
        nothing,
        numpy.zeros(count, numpy.int8),
        numpy.arange(count),
        numpy.ones(count, numpy.int32),
        numpy.zeros((count, 1)),
        numpy.full((count, 1), -1.0),
        numpy.zeros((count, 1), bool),
        numpy.full(count, -1.0),
    )


class Order(unittest.TestCase):
    def test_an_epoch_is_every_sample_once_and_epochs_differ(self) -> None:
        given = rows([3, 0, 11, 1, 7])
        fitted = numpy.array([index for index in range(22) if index % 3])
        epochs = [order(given, fitted, seed=1, epoch=epoch, window=2) for epoch in range(3)]
        for epoch in epochs:
            self.assertEqual(sorted(epoch), sorted(fitted))
        self.assertFalse(numpy.array_equal(epochs[0], epochs[1]))
        self.assertTrue(numpy.array_equal(epochs[1], order(given, fitted, seed=1, epoch=1, window=2)))

    def test_samples_are_mixed_within_windows_of_shards(self) -> None:
        given = rows([10] * 8)
        shards = given.shard[order(given, numpy.arange(80), seed=0, epoch=0, window=2)]
        for start in range(0, 80, 20):
            self.assertEqual(len(set(shards[start : start + 20])), 2)
        self.assertGreater(len(set(shards[:10])), 1)

    def test_processes_share_each_step_and_take_as_many(self) -> None:
        samples = numpy.arange(100, 137)
        for size in (1, 2, 3, 5):
            for micro in (1, 3, 4):
                taken = [list(Steps(8, micro, rank, size).of(samples)) for rank in range(size)]
                for steps in zip(*taken, strict=True):
                    shapes = {tuple(map(len, parts)) for parts in steps}
                    self.assertEqual(len(shapes), 1, "somebody would wait for ever")
                    self.assertLessEqual(max(shapes.pop()), micro)
                seen = [
                    index for rank in taken for parts in rank for part in parts for index in part if index != NOBODY
                ]
                self.assertEqual(sorted(seen), samples.tolist())
                # Whatever their number, processes share the same batches.
                batches = [
                    {i for parts in step for part in parts for i in part} - {NOBODY}
                    for step in zip(*taken, strict=True)
                ]
                self.assertEqual(batches, [set(samples[start : start + 8].tolist()) for start in range(0, 37, 8)])

    def test_going_on_from_a_step_is_the_rest_of_the_epoch(self) -> None:
        steps = Steps(4, 2, 1, 2)
        whole = list(steps.of(numpy.arange(19)))
        self.assertEqual(list(steps.of(numpy.arange(19), 3)), whole[3:])


class Decoding(unittest.TestCase):
    form = Pictures(4, 6, Image.Resampling.BILINEAR, (0.5, 0.5, 0.5), (0.25, 0.5, 1.0))

    def file(self, image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
        file = io.BytesIO()
        image.save(file, kind, **options)
        return file.getvalue()

    def test_a_picture_is_squashed_and_normalised(self) -> None:
        found = pixels(self.file(Image.new("RGB", (31, 17), (255, 0, 51))), self.form)
        self.assertEqual(found.shape, (3, 4, 6))
        numpy.testing.assert_allclose(found[:, 1, 2], [(1 - 0.5) / 0.25, -0.5 / 0.5, 0.2 - 0.5], atol=1e-6)

    def test_a_turned_picture_stands_upright(self) -> None:
        image = Image.new("RGB", (6, 4))
        image.putpixel((0, 0), (255, 255, 255))
        exif = Image.Exif()
        exif[0x0112] = 3
        found = pixels(self.file(image, exif=exif), self.form)
        self.assertEqual(found[2].argmax(), 23)

    def test_transparency_shows_the_board(self) -> None:
        image = Image.new("RGBA", (96, 96), (10, 20, 30, 0))
        found = numpy.asarray(checkered(image))
        self.assertEqual([found[0, 0, 0], found[0, 4, 0], found[4, 4, 0], found[95, 0, 0]], [153, 102, 153, 102])
        self.assertEqual(found[0, 0].tolist(), [153] * 3)
        opaque = Image.new("RGBA", (8, 8), (10, 20, 30, 255))
        self.assertEqual(checkered(opaque).getpixel((3, 3)), (10, 20, 30))


if __name__ == "__main__":
    unittest.main()
