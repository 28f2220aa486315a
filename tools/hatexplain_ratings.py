#!/usr/bin/env python3
"""Prints the annotators' labels of HateXplain's validation posts as CSV: item, rater, label.

    python3 tools/hatexplain_ratings.py > ratings.csv && reviewtui agreement --ratings ratings.csv

The data is found through `REVIEWTUI_DATA`, default `../shared/data` beside the repository.
"""

import ast
import csv
import os
import pathlib
import sys

LABELS = ("hate", "normal", "offensive")


def folder():
    default = pathlib.Path(__file__).resolve().parents[2] / "shared/data"
    return pathlib.Path(os.environ.get("REVIEWTUI_DATA", default)) / "text/hatexplain"


def ratings():
    """Yields (post, annotator, label)."""
    csv.field_size_limit(1 << 24)
    with open(folder() / "val.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            annotators = ast.literal_eval(row["annotators"])
            for annotator, label in zip(annotators["annotator_id"], annotators["label"]):
                yield row["id"], str(annotator), LABELS[label]


def main():
    if not (folder() / "val.csv").is_file():
        raise SystemExit(f"{folder()} has no val.csv: set REVIEWTUI_DATA to the folder with text/hatexplain")
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["item", "rater", "label"])
    writer.writerows(ratings())


if __name__ == "__main__":
    main()
