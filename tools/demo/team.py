#!/usr/bin/env python3
"""Judges a part of the demo's queue as two reviewers would, for pictures of the screens that show how work goes.

    team.py --program reviewtui --count 32

Claims are drawn uniformly, so that calibration has something to count. The verdicts are what a person would give these posts,
which were written for the demo: a report is right except for those below. Standard library only; REVIEWTUI_DB names the queue.
"""

import argparse
import json
import subprocess

# Reported, and nothing wrong with them: a public notice, a film review, a turn of phrase, and what does not open or is only odd.
HARMLESS = {"post-05", "post-06", "post-07", "broken-image", "hostile-text"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--count", type=int, required=True)
    options = parser.parse_args()

    def reviewtui(*arguments):
        return subprocess.run([options.program, *arguments], check=True, capture_output=True, text=True).stdout

    reviewtui("init", "--sample-share", "1")
    for number in range(options.count):
        claim = json.loads(reviewtui("claim", "--reviewer", ("mia", "ben")[number % 2]))
        item = claim["item"]
        reports = [] if item["id"] in HARMLESS or item.get("media") else [row["reason"] for row in item.get("reports", [])]
        verdict = ["--verdict", "remove", *(word for reason in reports for word in ("--policy", reason))]
        reviewtui("decide", "--lease", claim["lease"], *(verdict if reports else ["--verdict", "allow"]))
    reviewtui("claim", "--reviewer", "ben", "--count", "2")
    reviewtui("init", "--sample-share", "0.05")


if __name__ == "__main__":
    main()
