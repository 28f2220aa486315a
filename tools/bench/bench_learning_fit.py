#!/usr/bin/env python3
"""Times fitting heads beside scikit-learn, on the same embeddings, labels and strengths (docs/learning.md).

    VENV/bin/python tools/bench/bench_learning_fit.py --program .build/release/reviewtui [--rows 50000] [--policies 17]

The program fits all policies, the strength of each by five-fold cross-validation over seven strengths. scikit-learn's
LogisticRegressionCV (lbfgs, its default tolerance, the same strengths, five folds, log loss, two jobs) does some of them;
the two take turns. Embeddings are made up (a few wide directions, as real ones have), or those of --embeddings.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile
import time
import warnings

import numpy as np
from scipy.special import expit
from sklearn.linear_model import LogisticRegressionCV
from sklearn.metrics import log_loss

STRENGTHS = [0.1, 0.316, 1, 3.16, 10, 31.6, 100]


def made_up(rows, width, policies):
    random = np.random.default_rng(20261126)
    scales = 1 / np.sqrt(1 + np.arange(width))
    x = (random.normal(size=(rows, width)) * scales / scales.mean() + 0.6).astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    logits = x @ random.normal(size=(width, policies))
    logits = 2 * (logits - logits.mean(axis=0)) / logits.std(axis=0) + random.logistic(size=(rows, policies))
    rates = np.geomspace(0.3, 0.005, policies)
    return x, (logits > np.quantile(logits, 1 - rates, axis=0).diagonal()).astype(np.uint8)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--width", type=int, default=384)
    parser.add_argument("--policies", type=int, default=17)
    parser.add_argument("--embeddings", type=pathlib.Path, help="an .npz of bench_learning.py; rows are repeated")
    parser.add_argument("--peer", type=int, nargs="*", default=[3, 12], help="policies that scikit-learn fits too")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    x, labels = made_up(arguments.rows, arguments.width, arguments.policies)
    if arguments.embeddings:
        real = np.load(arguments.embeddings)["embeddings"].astype(np.float32)
        random = np.random.default_rng(1)
        # More rows than there are: each once more with a little noise, so that no two are the same.
        x = real[random.integers(0, len(real), arguments.rows)]
        x = x / np.linalg.norm(x, axis=1, keepdims=True)
        x += random.normal(0, 0.1 / np.sqrt(x.shape[1]), x.shape).astype(np.float32)
        x /= np.linalg.norm(x, axis=1, keepdims=True)
        logits = x @ random.normal(size=(x.shape[1], arguments.policies))
        logits = 2 * (logits - logits.mean(axis=0)) / logits.std(axis=0) + random.logistic(size=logits.shape)
        rates = np.geomspace(0.3, 0.005, arguments.policies)
        labels = (logits > np.quantile(logits, 1 - rates, axis=0).diagonal()).astype(np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        x.astype("<f4").tofile(folder / "x.f32")

        def ours(columns):
            labels[:, columns].tofile(folder / "y.u8")
            words = [arguments.program, "bench-learning-fit", "--embeddings", folder / "x.f32", "--width",
                     str(x.shape[1]), "--labels", folder / "y.u8"]
            return json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout)

        def theirs(column):
            started = time.perf_counter()
            model = LogisticRegressionCV(
                Cs=STRENGTHS, cv=5, scoring="neg_log_loss", n_jobs=2, max_iter=1000, use_legacy_attributes=False,
                l1_ratios=(0.0,))
            model.fit(x.astype(np.float64), labels[:, column])
            return time.perf_counter() - started, model

        times = {"ours": [], "theirs": []}
        for _ in range(arguments.rounds):
            found = ours(arguments.peer)
            times["ours"].append(found["seconds"])
            seconds = 0
            for place, column in enumerate(arguments.peer):
                took, model = theirs(column)
                seconds += took
                own = found["policies"][place]
                losses = [log_loss(labels[:, column], expit(x.astype(np.float64) @ direction + bias)) for direction, bias
                          in ((np.array(own["direction"]), own["bias"]), (model.coef_.ravel(), model.intercept_[0]))]
                print(f"policy {column}: strength {own['strength']:g} and {float(np.ravel(model.C_)[0]):g}, "
                      f"log loss of all rows {losses[0]:.5f} and {losses[1]:.5f}")
            times["theirs"].append(seconds)
        whole = [ours(list(range(arguments.policies)))["seconds"] for _ in range(arguments.rounds)]
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(f"{len(arguments.peer)} policies: {medians['ours']:.2f} s, scikit-learn {medians['theirs']:.1f} s, "
          f"ratio of medians {medians['theirs'] / medians['ours']:.1f}")
    print(f"{arguments.policies} policies, {x.shape[0]} rows × {x.shape[1]}: {statistics.median(whole):.1f} s "
          f"({min(whole):.1f}–{max(whole):.1f})")


if __name__ == "__main__":
    main()
