"""What is believed of a snapshot, what a later one takes back, and what its labels weigh."""

import hashlib
import json
import pathlib
import tarfile
import tempfile
import unittest

import numpy

from reviewtui_train import Refused, snapshot, synthetic
from reviewtui_train.targets import Weighing, learnable, targets


class Snapshots(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        synthetic.snapshot(self.folder / "a", samples=40, side=16, shard=9)

    def later(self, retracted: list[str], parent: str | None = None) -> pathlib.Path:
        """A snapshot that goes on from the first and has no rows of its own."""
        folder = self.folder / "b"
        folder.mkdir()
        lines = "".join(json.dumps({"decision": decision, "reason": "undone"}) + "\n" for decision in retracted)
        (folder / "retractions.jsonl").write_text(lines)
        parent = parent or hashlib.sha256((self.folder / "a/manifest.json").read_bytes()).hexdigest()
        (folder / "manifest.json").write_text(
            json.dumps(
                {
                    "format": "reviewtui-snapshot",
                    "version": 1,
                    "data": "webdataset",
                    "parent": {"manifest_sha256": parent},
                    "files": [{"name": "retractions.jsonl", "sha256": hashlib.sha256(lines.encode()).hexdigest()}],
                }
            )
        )
        return folder

    def test_samples_are_found_where_they_lie(self) -> None:
        (manifest,), rows = snapshot.load([self.folder / "a"])
        self.assertEqual([len(rows.of(split)) for split in snapshot.SPLITS], [32, 4, 4])
        self.assertEqual(rows.policies, list(synthetic.POLICIES))
        for index in (0, 17, 39):
            with rows.shards[rows.shard[index]].open("rb") as file:
                offset, length = rows.picture[index]
                file.seek(offset)
                self.assertTrue(file.read(length).startswith(b"\xff\xd8"))
        self.assertFalse(rows.has_text.any())
        self.assertEqual(manifest.parent, None)

    def test_a_changed_or_missing_file_is_refused(self) -> None:
        shard = self.folder / "a/train-jpg-000001.tar"
        data = bytearray(shard.read_bytes())
        data[2000] ^= 1
        shard.write_bytes(data)
        with self.assertRaisesRegex(Refused, "train-jpg-000001.tar is not the file"):
            snapshot.load([self.folder / "a"])
        shard.unlink()
        with self.assertRaisesRegex(Refused, "is missing"):
            snapshot.load([self.folder / "a"])

    def test_other_formats_and_names_with_paths_are_refused(self) -> None:
        path = self.folder / "a/manifest.json"
        fields = json.loads(path.read_text())
        path.write_text(json.dumps({**fields, "data": "parquet"}))
        with self.assertRaisesRegex(Refused, "--format webdataset"):
            snapshot.load([self.folder / "a"])
        path.write_text(json.dumps({**fields, "files": [{"name": "../secret.tar", "sha256": "0"}]}))
        with self.assertRaisesRegex(Refused, "no plain name"):
            snapshot.load([self.folder / "a"])
        with self.assertRaisesRegex(Refused, "cannot be read"):
            snapshot.load([self.folder])

    def test_what_a_later_snapshot_takes_back_is_not_read(self) -> None:
        _, rows = snapshot.load([self.folder / "a", self.later(["d3", "d39", "nobody's"])])
        self.assertEqual((len(rows), rows.retracted), (38, 2))

    def test_snapshots_of_no_chain_are_refused(self) -> None:
        later = self.later([], parent="0" * 64)
        with self.assertRaisesRegex(Refused, "does not go on from"):
            snapshot.load([self.folder / "a", later])
        with self.assertRaisesRegex(Refused, "give that one before it"):
            snapshot.load([later])

    def test_a_shard_of_somebody_else_is_refused(self) -> None:
        shard = self.folder / "a/other.tar"
        with tarfile.open(shard, "w") as tar:
            tar.addfile(tarfile.TarInfo("x.jpg"))
        path = self.folder / "a/manifest.json"
        fields = json.loads(path.read_text())
        fields["files"] = [{"name": "other.tar", "sha256": hashlib.sha256(shard.read_bytes()).hexdigest()}]
        path.write_text(json.dumps(fields))
        with self.assertRaisesRegex(Refused, "without json"):
            snapshot.load([self.folder / "a"])


class Labels(unittest.TestCase):
    def rows(self) -> snapshot.Rows:
        """Five items: known by a person, by the model, by two reviewers, one of two pictures, one unknown."""
        labels = numpy.array([[1], [0], [1], [0], [-1]], numpy.float32)
        nothing = numpy.zeros((5, 2), numpy.int64)
        return snapshot.Rows(
            ["hate"],
            [],
            numpy.zeros(5, numpy.int32),
            nothing,
            nothing,
            numpy.zeros(5, numpy.int8),
            numpy.arange(5),
            numpy.array([1, 1, 1, 2, 1]),
            labels,
            numpy.array([[-1], [-1], [0.5], [-1], [-1]], numpy.float32),
            numpy.array([[False], [True], [False], [False], [False]]),
            numpy.array([-1, 0.05, -1, -1, -1]),
        )

    def test_weights(self) -> None:
        found = targets(self.rows(), numpy.arange(5), [0], Weighing(by_model=0.25, balanced=False))
        numpy.testing.assert_allclose(found.values[:, 0], [1, 0, 0.5, 0, 0])
        numpy.testing.assert_allclose(found.weights[:, 0], [1, 0.25, 1, 0.5, 0])
        hard = targets(
            self.rows(), numpy.arange(5), [0], Weighing(soft=False, balanced=False, for_queue=True, by_model=1)
        )
        numpy.testing.assert_allclose(hard.values[:, 0], [1, 0, 1, 0, 0])
        numpy.testing.assert_allclose(hard.weights[:, 0], [1, 20, 1, 0.5, 0])

    def test_balance_is_worked_out_on_what_is_fitted(self) -> None:
        found = targets(self.rows(), numpy.array([0, 1, 3]), [0], Weighing(by_model=1, soft=False))
        fitted = found.weights[[0, 1, 3], 0]
        self.assertAlmostEqual(fitted[0], fitted[1:].sum(), places=6)
        self.assertAlmostEqual(fitted.sum(), 2.5, places=6)

    def test_policies_with_few_labels_are_left_out(self) -> None:
        self.assertEqual(learnable(self.rows(), numpy.arange(5), 2), [0])
        self.assertEqual(learnable(self.rows(), numpy.arange(5), 3), [])
        self.assertEqual(learnable(self.rows(), numpy.array([0, 2, 4]), 1), [])


if __name__ == "__main__":
    unittest.main()
