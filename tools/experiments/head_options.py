#!/usr/bin/env python3
"""What offset and class weights are worth to heads fitted on few verdicts: the table in docs/heads.md.

    reviewtui --db Q init; reviewtui --db Q ingest TEXTS; reviewtui --db Q score --model minilm-l6
    python tools/experiments/head_options.py --queue Q --texts    # writes the lines to ingest
    python tools/experiments/head_options.py --queue Q            # measures

For each policy of openai-moderation, k violating prompts and 4k others are drawn from its fitting part (fixed split,
text_data.held_out), a head is fitted as `reviewtui train` does (strength by five folds, out-of-fold logits for the
calibration: temperature below ten violating rows, else Platt) and judged on the 40 % held out. Options are compared on
the same draws. Offsets are made as ZeroShot.swift makes them, of policies/default.toml's words, embedded by the queue's
own model. Needs numpy and `REVIEWTUI_DATA`.
"""

import argparse
import json
import sqlite3
import sys
import tomllib
from pathlib import Path

import numpy as np

TOOLS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOOLS))
import text_data  # noqa: E402
from logistic import balanced, folds, platt, sigmoid  # noqa: E402

STRENGTHS = (0.1, 0.316, 1.0, 3.16, 10.0, 31.6, 100.0)
SHOTS = (4, 8, 16, 32, 64)
DRAWS = 20
SCALE, PRIOR = 20.0, 0.05


def words():
    """{policy: (positive texts, negative texts)} as a text model is asked."""
    file = tomllib.loads((TOOLS.parent / "policies" / "default.toml").read_text())
    return {policy["id"]: ([policy["summary"], *policy["prompts"]["positive"]],
                           policy["prompts"].get("negative") or file["prompts"]["negative"])
            for policy in file["policy"] if "prompts" in policy}


def texts():
    """(id, text) of everything that is to be embedded."""
    for number, (text, _) in enumerate(text_data.openai_moderation()):
        yield f"prompt-{number:04d}", text
    for number, text in enumerate(sorted({text for pair in words().values() for part in pair for text in part})):
        yield f"words-{number:03d}", text


def embeddings(queue):
    """{id: unit vector}."""
    connection = sqlite3.connect(queue)
    rows = connection.execute("SELECT i.id, e.vector FROM embedding e JOIN item i ON i.seq = e.item")
    return {name: normalised(np.frombuffer(vector, dtype="<f4").astype(np.float64)) for name, vector in rows}


def normalised(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def fit(x, y, weight, strength, offset, start=None):
    """(direction, bias) beside a fixed offset, by Newton's method with halved steps."""
    design = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    penalty = np.full(design.shape[1], 1 / strength)
    penalty[-1] = 1e-9
    beta = np.zeros(design.shape[1]) if start is None else start.copy()

    def loss(b):
        z = design @ b + offset
        return float((weight * (np.logaddexp(0, z) - y * z)).sum() + (penalty * b * b).sum() / 2)

    value = loss(beta)
    for _ in range(60):
        p = sigmoid(design @ beta + offset)
        gradient = design.T @ (weight * (p - y)) + penalty * beta
        if np.abs(gradient).max() < 1e-8:
            break
        curvature = (design * (weight * p * (1 - p))[:, None]).T @ design + np.diag(penalty)
        step, size = np.linalg.solve(curvature, gradient), 1.0
        while loss(beta - size * step) > value and size > 1e-6:
            size /= 2
        beta, value = beta - size * step, loss(beta - size * step)
    return beta


def temperature(logits, y):
    """The inverse temperature of least log loss, by bisection."""
    low, high = 1e-6, 50.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if (logits * (sigmoid(middle * logits) - y)).sum() < 0 else (low, middle)
    return (low + high) / 2, 0.0


def log_loss(p, y):
    p = np.clip(p, 1e-15, 1 - 1e-15)
    return float(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean())


def average_precision(y, score):
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(y[order])
    return float((hits / np.arange(1, len(y) + 1))[y[order] == 1].mean())


def reduced(x, *others):
    """Everything in the span of the rows: where there are fewer rows than numbers, the same fit for less."""
    basis, _ = np.linalg.qr(x.T)
    return [part @ basis for part in (x, *others)]


def head(x, y, offset, test_x, test_offset, is_balanced):
    """(held-out probabilities, chosen loss)"""
    x, test_x = reduced(x, test_x)
    weight = balanced(y, np.ones(len(y))) if is_balanced else np.ones(len(y))
    fold, best, starts = folds(y, min(5, int(y.sum())), 1), None, {}
    for strength in STRENGTHS:
        logits = np.zeros(len(y))
        for number in set(fold):
            rest = fold != number
            own = balanced(y[rest], np.ones(rest.sum())) if is_balanced else np.ones(rest.sum())
            beta = starts[number] = fit(x[rest], y[rest], own, strength, offset[rest], starts.get(number))
            logits[~rest] = x[~rest] @ beta[:-1] + beta[-1] + offset[~rest]
        loss = float((weight * (np.logaddexp(0, logits) - y * logits)).sum() / weight.sum())
        if best is None or loss < best[0]:
            best = (loss, strength, logits)
    loss, strength, logits = best
    beta = fit(x, y, weight, strength, offset)
    a, b = platt(logits, y, np.ones(len(y))) if y.sum() >= 10 else temperature(logits, y)
    return sigmoid(max(a, 1e-6) * (test_x @ beta[:-1] + beta[-1] + test_offset) + b), loss


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--queue", type=Path, required=True)
    parser.add_argument("--texts", action="store_true", help="print what is to be ingested")
    arguments = parser.parse_args()
    if arguments.texts:
        for name, text in texts():
            print(json.dumps({"id": name, "text": text}))
        return
    known = embeddings(arguments.queue)
    of_text = {text: known[name] for name, text in texts() if name in known}
    prompts = text_data.openai_moderation()
    signatures = [tuple(sorted(policy for policy, value in labels.items() if value)) for _, labels in prompts]
    held = np.array(text_data.held_out([text for text, _ in prompts], signatures))
    x = np.array([of_text[text] for text, _ in prompts])
    found = {}
    for policy, (positive, negative) in words().items():
        rows = np.array([row for row, (_, labels) in enumerate(prompts) if policy in labels], dtype=int)
        if not len(rows):
            continue
        y = np.array([prompts[row][1][policy] for row in rows], dtype=float)
        direction = SCALE * (normalised(np.mean([of_text[t] for t in positive], axis=0))
                             - normalised(np.mean([of_text[t] for t in negative], axis=0)))
        offset = x[rows] @ direction + np.log(PRIOR / (1 - PRIOR))
        fitting, testing = np.flatnonzero(~held[rows]), np.flatnonzero(held[rows])
        if y[testing].sum() < 10:
            continue
        for shots in SHOTS:
            if (y[fitting] == 1).sum() < shots or (y[fitting] == 0).sum() < 4 * shots:
                continue
            for draw in range(DRAWS):
                chance = np.random.default_rng([draw, shots])
                drawn = np.concatenate([chance.choice(fitting[y[fitting] == 1], shots, replace=False),
                                        chance.choice(fitting[y[fitting] == 0], 4 * shots, replace=False)])
                losses = {}
                # A and B of Platt on the drawn rows, which the words have not seen; never turned round.
                a, b = platt(offset[drawn], y[drawn], np.ones(len(drawn)))
                a = max(a, 0.0)
                for name, (scale, shift), even in (
                        ("plain", (0, 0), False), ("balanced", (0, 0), True), ("offset", (1, 0), False),
                        ("offset, balanced", (1, 0), True), ("offset, calibrated", (a, b), False)):
                    p, loss = head(x[rows][drawn], y[drawn], scale * offset[drawn] + shift, x[rows][testing],
                                   scale * offset[testing] + shift, even)
                    losses[name] = (loss, p)
                    found.setdefault((shots, name), []).append(
                        (policy, average_precision(y[testing], p), log_loss(p, y[testing])))
                # Whichever did better in cross-validation.
                p = losses[min(("plain", "offset, calibrated"), key=lambda name: losses[name][0])][1]
                found.setdefault((shots, "by cross-validation"), []).append(
                    (policy, average_precision(y[testing], p), log_loss(p, y[testing])))
    names = ["plain", "balanced", "offset", "offset, balanced", "offset, calibrated", "by cross-validation"]
    print("| violating prompts | policies | " + " | ".join(names) + " |\n|---|---|" + "---|" * len(names))
    for shots in SHOTS:
        rows = {name: found[shots, name] for name in names if (shots, name) in found}
        if rows:
            policies = sorted({policy for policy, _, _ in rows["plain"]})
            cells = [f"{np.mean([r[1] for r in rows[name]]):.3f} ({np.mean([r[2] for r in rows[name]]):.3f})"
                     for name in names]
            print(f"| {shots} | {len(policies)} | " + " | ".join(cells) + " |")
    for name in ("plain", "offset, calibrated"):
        print(name, {policy: round(float(np.mean([r[1] for r in found[16, name] if r[0] == policy])), 3)
                     for policy in sorted({r[0] for r in found[16, name]})}, file=sys.stderr)


if __name__ == "__main__":
    main()
