"""Where the labelled texts come from and how their labels map to policies.

Found through `REVIEWTUI_DATA`, default `../shared/data` beside the repository. Label 1, 0 or None (not annotated).
"""

import csv
import gzip
import hashlib
import json
import os
import re
from pathlib import Path

POLICIES = {"S": "sexual", "H": "hate", "V": "violence", "HR": "harassment", "SH": "self-harm", "S3": "sexual/minors",
            "H2": "hate/threatening", "V2": "violence/graphic"}
HELD_OUT_SHARE = 0.4


def data_folder():
    default = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    folder = Path(os.environ.get("REVIEWTUI_DATA", default)) / "text"
    if not folder.is_dir():
        raise SystemExit(f"{folder} is not there: set REVIEWTUI_DATA to the folder with text/openai-moderation")
    return folder


def openai_moderation():
    """(text, {policy: 1 or 0}) of the 1,000 prompts; a policy that was not annotated is absent."""
    with gzip.open(data_folder() / "openai-moderation" / "samples-1000.jsonl.gz", "rt") as file:
        rows = [json.loads(line) for line in file]
    return [(row["prompt"], {POLICIES[key]: int(row[key]) for key in POLICIES if row.get(key) is not None})
            for row in rows]


def davidson():
    """(text, class) of the tweets: class "hate", "offensive" or "neither", as the majority of annotators said."""
    names = {"0": "hate", "1": "offensive", "2": "neither"}
    with open(data_folder() / "davidson" / "labeled_data.csv", newline="") as file:
        return [(row["tweet"], names[row["class"]]) for row in csv.DictReader(file)]


def hatecheck():
    """(text, 1 if hateful, functionality) of the functional tests."""
    with open(data_folder() / "hatecheck" / "test_suite_cases.csv", newline="") as file:
        return [(row["test_case"], int(row["label_gold"] == "hateful"), row["functionality"])
                for row in csv.DictReader(file)]


def toxic_spans():
    """(text, set of toxic character offsets in Unicode scalars) of the posts that have any."""
    found = []
    for name in ("tsd_train.csv", "tsd_trial.csv"):
        with open(data_folder() / "toxic-spans" / name, newline="") as file:
            for row in csv.DictReader(file):
                spans = {int(number) for number in re.findall(r"\d+", row["spans"])}
                if spans:
                    found.append((row["text"], spans))
    return found


def everyday():
    """(language or kind, text) of our own sentences, none of which violates any policy."""
    lines = (Path(__file__).parent / "everyday.tsv").read_text().splitlines()
    return [tuple(line.split("\t", 1)) for line in lines if line and not line.startswith("#")]


def order(text, purpose="held-out"):
    """A pseudo-random but fixed number in [0,1) for a text, the same on every machine. Two purposes (drawing a sample,
    splitting it) need two numbers: a sample drawn by the number that splits it would lie wholly on one side."""
    squeezed = re.sub(r"\W+", " ", text.lower()).strip()
    return int.from_bytes(hashlib.sha256(f"{purpose}\0{squeezed}".encode()).digest()[:8], "big") / 2**64


def held_out(texts, signatures, share=HELD_OUT_SHARE):
    """True for the texts of the held-out part: the first `share` of each label signature in `order`, so that rare
    policies are split as evenly as common ones. Texts that are the same but for case and punctuation go together."""
    groups = {}
    for text, signature in zip(texts, signatures):
        groups.setdefault(signature, set()).add(order(text))
    chosen = set()
    for orders in groups.values():
        ranked = sorted(orders)
        chosen.update(ranked[:round(share * len(ranked))])
    return [order(text) in chosen for text in texts]
