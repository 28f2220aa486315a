#!/usr/bin/env python3
"""The peer of tools/bench/tokenizers, which runs it: the `tokenizers` library on the same texts and files.

    prepare FOLDER   writes texts.json and one folder a kind with its tokenizer.json; `xlm-r-size` has 250,002 pieces
    measure FOLDER   loads each and encodes every text, one by one, on one thread

The texts are the fixtures' strings of up to 300 characters and tools/everyday.tsv, each 20 times in a shuffled order:
posts, not books.
"""

import base64
import json
import random
import sys
import time
from pathlib import Path

from tokenizers import Tokenizer

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "Tests/ModelCoreTests/Fixtures/tokenizers"


def prepare(folder):
    generator = random.Random(20261125)
    texts = [json.loads(line) for line in (FIXTURES / "strings.jsonl").read_text().splitlines()]
    texts = [text for text in texts if len(text) <= 300]
    texts += [line.split("\t")[-1] for line in (ROOT / "tools/everyday.tsv").read_text().splitlines()]
    texts *= 20
    generator.shuffle(texts)
    (folder / "texts.json").write_text(json.dumps(texts))
    charsmap = base64.b64encode((FIXTURES / "nmt_nfkc.charsmap").read_bytes()).decode()
    for kind in ("bert-cased", "clip", "roberta", "xlm-roberta", "llama"):
        (folder / kind).mkdir()
        text = (FIXTURES / kind / "tokenizer.json").read_text().replace("@nmt_nfkc@", charsmap)
        (folder / kind / "tokenizer.json").write_text(text)
    # XLM-R's size: its number of pieces, and about its bytes, laid out as the library writes a file for people.
    large = json.loads((folder / "xlm-roberta" / "tokenizer.json").read_text())
    vocabulary = large["model"]["vocab"]
    syllables = [a + b for a in "bcdfghklmnprstvz\u0431\u0432\u0433\u0434" for b in "aeiou\u0430\u0438\u043e\u00e9\u00fc"]
    known = {piece for piece, _ in vocabulary}
    mask = vocabulary.pop()
    while len(vocabulary) < 250_001:
        piece = generator.choice(["", "\u2581"]) + "".join(generator.choices(syllables, k=generator.randint(1, 4)))
        if piece not in known:
            known.add(piece)
            vocabulary.append([piece, -generator.uniform(8, 16)])
    vocabulary.append(mask)
    for token in large["added_tokens"]:
        if token["content"] == "<mask>":
            token["id"] = 250_001
    (folder / "xlm-r-size").mkdir()
    (folder / "xlm-r-size" / "tokenizer.json").write_text(json.dumps(large, ensure_ascii=False, indent=2))


def measure(folder):
    texts = json.loads((folder / "texts.json").read_text())
    for path in sorted(folder.glob("*/tokenizer.json")):
        start = time.perf_counter()
        tokenizer = Tokenizer.from_file(str(path))
        loaded = time.perf_counter()
        tokens = sum(len(tokenizer.encode(text).ids) for text in texts)
        taken = time.perf_counter() - loaded
        print(f"reference {path.parent.name:14} load {(loaded - start) * 1000:7.1f} ms  {len(texts) / taken:8.0f} texts/s"
              f"  {tokens} tokens")


if __name__ == "__main__":
    {"prepare": prepare, "measure": measure}[sys.argv[1]](Path(sys.argv[2]))
