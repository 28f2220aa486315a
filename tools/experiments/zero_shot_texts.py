#!/usr/bin/env python3
"""How well a text model tells policies that nobody has taught it, by their description alone: AUROC of MiniLM on the
1,000 prompts of openai-moderation, for the table in docs/zero-shot.md.

    python tools/experiments/zero_shot_texts.py --models MODELS [--cache DIR]

Directions are made as `ZeroShot.swift` makes them: t⁺ the normalised mean of the normalised embeddings of the policy's
summary and positive prompts, t⁻ the same of its negative prompts; score = sigmoid(20·(t⁺ − t⁻)·ê + ln(0.05/0.95)).
The prompts are those of policies/default.toml; nothing was fitted to these texts. Needs the packages of
tools/fixtures/requirements.txt, and `REVIEWTUI_DATA`.
"""

import argparse
import sys
import tomllib
from pathlib import Path

import numpy as np

TOOLS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOOLS))
import text_data  # noqa: E402
import text_features  # noqa: E402
from logistic import auroc, auroc_interval  # noqa: E402

SCALE, PRIOR, THRESHOLD = 20.0, 0.05, 0.9
SEED = 20261125


def prompts():
    """{policy: (summary, positive, negative)} of those that have prompts."""
    file = tomllib.loads((TOOLS.parent / "policies" / "default.toml").read_text())
    return {policy["id"]: (policy["summary"], policy["prompts"]["positive"],
                           policy["prompts"].get("negative") or file["prompts"]["negative"])
            for policy in file["policy"] if "prompts" in policy}


def normalised(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--cache", type=Path)
    arguments = parser.parse_args()
    rows = text_data.openai_moderation()
    x = text_features.embed(arguments.models, [text for text, _ in rows], arguments.cache)

    def mean(texts):
        return normalised(text_features.embed(arguments.models, texts, arguments.cache).mean(0))

    print("| policy | texts | violations | summary alone | summary and positive prompts | less negative prompts | "
          "at or over 0.9: flagged, right |")
    print("|---|---|---|---|---|---|---|")
    for policy, (summary, positive, negative) in prompts().items():
        labelled = [index for index, (_, labels) in enumerate(rows) if policy in labels]
        y = np.array([rows[index][1][policy] for index in labelled])
        if not y.any():
            continue
        e = x[labelled]
        described, prompted, everyday = mean([summary]), mean([summary, *positive]), mean(negative)
        logit = SCALE * (e @ (prompted - everyday)) + np.log(PRIOR / (1 - PRIOR))
        flagged = 1 / (1 + np.exp(-logit)) >= THRESHOLD
        low, high = auroc_interval(y, logit, seed=SEED)
        print(f"| `{policy}` | {len(y)} | {y.sum()} | {auroc(y, e @ described):.3f} | {auroc(y, e @ prompted):.3f} | "
              f"{auroc(y, logit):.3f} ({low:.3f}–{high:.3f}) | "
              f"{flagged.sum()}, {(flagged & (y == 1)).sum()} |")
        quantiles = np.quantile(1 / (1 + np.exp(-logit)), [0.5, 0.9, 0.99])
        print(f"{policy}: scores at the 50th, 90th and 99th of 100: {np.round(quantiles, 3)}", file=sys.stderr)


if __name__ == "__main__":
    main()
