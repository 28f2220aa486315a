#!/usr/bin/env python3
"""Which explanation of a text score points at the words that people marked as toxic, and not at function words?

    python tools/experiments/text_explanations.py --models MODELS [--texts 400] [--occlusion 120]

Posts of the toxic-spans data (characters marked by people) are explained for the policy that the shipped heads score
highest. Word pieces are merged by max into the tokenizer's words; a word is gold when more than half of it is marked.
Printed per method: AP (average precision of the words' relevance, mean over texts), top-1 (share of texts whose most
relevant word is gold), function (share whose most relevant word is a function word or punctuation), lit (share of all
function words and punctuation that get at least half of their text's maximum: what a reader sees wrongly glowing),
and faithful (how far the policy's logit falls when the top fifth of the words is replaced by [MASK]).
`docs/explanations.md` holds the table and the choice that follows from it.
"""

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tools" / "fixtures")]

import numpy as np  # noqa: E402
import safetensors.torch  # noqa: E402
import text_data  # noqa: E402
import text_features  # noqa: E402
import torch  # noqa: E402
from networks import BERT  # noqa: E402

# Closed-class words of English: articles, pronouns, prepositions, conjunctions, auxiliaries, particles.
FUNCTION_WORDS = set("""
a an the this that these those i me my mine myself we us our ours ourselves you your yours yourself yourselves he him his
himself she her hers herself it its itself they them their theirs themselves who whom whose which what where when why how
and or but nor so yet for if then than because while although though as until unless since of in on at by with about
against between into through during before after above below to from up down out off over under again further once here
there all any both each few more most other some such no not only own same too very s t d ll m re ve don can could will
would shall should may might must do does did doing done am is are was were be been being have has had having just also
""".split())

# Masking words and scoring again costs a forward pass each, so only these are held to it.
FAITHFULNESS = ["occlusion", "legrad, last 1", "legrad, last 2", "legrad, last 2, minus opposite",
                "legrad, last 4", "legrad, last 4, minus mean of the text",
                "legrad, last 4, minus mean of the text, x sqrt received", "attention x gradient, last 6",
                "softmax gradient, last 6", "gradient x input", "token outputs on the direction",
                "attention, last layer, received"]


class Reader:
    """MiniLM with everything that the methods look at, for one text at a time."""

    def __init__(self, models, head):
        folder = models / "minilm-l6"
        self.network = BERT(safetensors.torch.load_file(folder / "model.safetensors"),
                            json.loads((folder / "config.json").read_text()), dtype=torch.float32)
        self.tokenizer = text_features.tokenizer(models)
        self.tokenizer.no_padding()
        self.policies = [policy["policy"] for policy in head["policies"]]
        self.directions = torch.tensor([policy["direction"] for policy in head["policies"]])
        self.biases = torch.tensor([policy["bias"] for policy in head["policies"]])
        self.calibration = [policy["calibration"] for policy in head["policies"]]

    def run(self, ids):
        x, mask = self.network.tokens(ids, torch.ones_like(ids, dtype=torch.bool))
        return self.network.run(x, mask), mask

    def logits(self, ids, batch=64):
        found = []
        for part in ids.split(batch):
            layers, mask = self.run(part)
            found.append(self.network.score(layers[-1].output, mask, "mean", self.directions, True) + self.biases)
        return torch.cat(found)

    def top_policy(self, logits):
        probability = [c["a"] * float(z) + c["b"] for c, z in zip(self.calibration, logits)]
        return int(np.argmax(probability))


def maps(reader, ids, policy, neutral):
    """Relevance per token of every method, name → [N]."""
    network = reader.network
    layers, mask = reader.run(ids)
    directions = torch.cat([reader.directions, neutral[None]])
    gradients = []
    for index, layer in enumerate(layers):
        _, gradient = network.legrad_closed(index, layer, mask, "mean", directions, True)
        gradients.append(gradient[0])
    attention = [layer.attention[0] for layer in layers]
    relu = torch.stack([g.relu().mean((1, 2)) for g in gradients])
    negative = torch.stack([(-g).relu().mean((1, 2)) for g in gradients])
    # Attention rows sum to one, so only differences within a row of the gradient mean anything.
    centred = [g - (a * g).sum(-1, keepdim=True) for g, a in zip(gradients, attention)]
    row_centred = torch.stack([g.relu().mean((1, 2)) for g in centred])
    softmax = torch.stack([(a * g).relu().mean((1, 2)) for g, a in zip(centred, attention)])
    weighted = torch.stack([(a * g).mean((1, 2)) for g, a in zip(gradients, attention)])
    received = attention[-1].mean((0, 1))
    found, others = {}, [k for k in range(len(reader.policies)) if k != policy]
    for last in range(1, len(layers) + 1):
        plain = relu[-last:].sum(0)
        words = plain[:, 1:-1]
        found[f"legrad, last {last}"] = plain[policy]
        floored = (plain[policy] - words[policy].mean()).relu()
        found[f"legrad, last {last}, minus mean of the text"] = floored
        found[f"legrad, last {last}, minus mean of the text, x received"] = floored * received
        found[f"legrad, last {last}, minus mean of the text, x sqrt received"] = floored * received.sqrt()
        found[f"legrad, last {last}, minus median of the text"] = (plain[policy] - words[policy].median()).relu()
        found[f"legrad, last {last}, minus mean and deviation"] = (
            plain[policy] - words[policy].mean() - words[policy].std()).relu()
        found[f"legrad, last {last}, minus neutral"] = (plain[policy] - plain[-1]).relu()
        found[f"legrad, last {last}, minus mean of policies"] = (plain[policy] - plain[others].mean(0)).relu()
        found[f"legrad, last {last}, minus opposite"] = (plain[policy] - negative[-last:].sum(0)[policy]).relu()
        rows = row_centred[-last:].sum(0)[policy]
        found[f"row-centred legrad, last {last}"] = rows
        found[f"row-centred legrad, last {last}, minus mean of the text"] = (rows - rows[1:-1].mean()).relu()
        found[f"softmax gradient, last {last}"] = softmax[-last:].sum(0)[policy]
        found[f"attention x gradient, last {last}"] = weighted[-last:].sum(0)[policy].relu()
    pooled = network.pool(layers[-1].output, mask, "mean")
    part = (layers[-1].output[0] @ directions[policy]) / pooled.norm()
    found["token outputs on the direction"] = part
    for last in (2, 3, 4):
        gathered = part
        for layer in reversed(layers[-last + 1:]):
            gathered = gathered @ (0.5 * layer.attention[0].mean(0) + 0.5 * torch.eye(len(gathered)))
        found[f"token outputs rolled back, last {last - 1}"] = gathered
    found["attention, last layer, received"] = received
    word = network.w["embeddings.word_embeddings.weight"][ids[0]].clone().requires_grad_()
    with torch.enable_grad():
        x = word + network.w["embeddings.position_embeddings.weight"][: len(word)]
        x = network.norm("embeddings.LayerNorm", x + network.w["embeddings.token_type_embeddings.weight"][0])[None]
        score = network.score(network.run(x, mask)[-1].output, mask, "mean", directions, True)[0, policy]
        gradient, = torch.autograd.grad(score, word)
    found["gradient x input"] = (gradient * word.detach()).sum(-1)
    found["gradient norm"] = gradient.norm(dim=-1)
    return found


def merge(encoding, values):
    """Word relevance by max over pieces: (word relevance, character spans), special tokens dropped."""
    words, spans = {}, {}
    for value, word, (start, end) in zip(values, encoding.word_ids, encoding.offsets):
        if word is None or start == end:
            continue
        words[word] = max(words.get(word, -np.inf), float(value))
        first, last = spans.get(word, (start, end))
        spans[word] = (min(first, start), max(last, end))
    keys = sorted(words)
    return np.array([words[key] for key in keys]), [spans[key] for key in keys]


def average_precision(gold, score):
    ranked = gold[np.argsort(-score, kind="stable")]
    return float((np.cumsum(ranked) / np.arange(1, len(ranked) + 1))[ranked == 1].mean())


def is_function(text):
    return text.lower() in FUNCTION_WORDS or not any(c.isalnum() for c in text)


def occlusion(reader, encoding, ids, policy):
    """Fall of the logit when each word is replaced by [MASK]."""
    mask_id = reader.tokenizer.token_to_id("[MASK]")
    words = sorted({word for word in encoding.word_ids if word is not None})
    variants = ids.repeat(len(words) + 1, 1)
    for row, word in enumerate(words):
        variants[row, [i for i, w in enumerate(encoding.word_ids) if w == word]] = mask_id
    logits = reader.logits(variants)[:, policy]
    return {word: float(logits[-1] - logits[row]) for row, word in enumerate(words)}


def masked(reader, encoding, ids, chosen):
    words = sorted({word for word in encoding.word_ids if word is not None})
    keep = {words[index] for index in chosen}
    variant = ids.clone()
    variant[0, [i for i, w in enumerate(encoding.word_ids) if w in keep]] = reader.tokenizer.token_to_id("[MASK]")
    return variant


def sample(count):
    """Posts of 8 to 60 words of which at most half is marked, in a fixed order."""
    fitting = [(text, spans) for text, spans in text_data.toxic_spans()
               if 8 <= len(text.split()) <= 60 and len(spans) <= len(text) / 2]
    return sorted(fitting, key=lambda pair: text_data.order(pair[0], "sample"))[:count]


class Tally:
    """Figures of one method, summed over texts."""

    def __init__(self):
        self.precision, self.top, self.function, self.lit, self.faithful = [], [], [], [], []

    def add(self, words, gold, score):
        function = np.array([is_function(word) for word in words])
        best = int(np.argmax(score))
        self.precision.append(average_precision(gold, score))
        self.top.append(gold[best])
        self.function.append(function[best])
        if function.any():
            self.lit.append(float((score[function] >= 0.5 * score.max()).mean()) if score.max() > 0 else 0.0)


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--heads", type=Path, default=ROOT / "models" / "heads" / "text-policies.json")
    parser.add_argument("--texts", type=int, default=250)
    parser.add_argument("--occlusion", type=int, default=25, help="texts that occlusion and faithfulness are run on")
    parser.add_argument("--cache", type=Path, help="folder in which embeddings are kept between runs")
    parser.add_argument("--skip", type=int, default=0, help="leave out this many texts first (a fresh sample)")
    parser.add_argument("--policy", help="explain this policy instead of the highest-scoring one")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    reader = Reader(arguments.models, json.loads(arguments.heads.read_text()))
    calm = text_features.embed(arguments.models, [text for _, text in text_data.everyday()],
                                arguments.cache)
    neutral = torch.nn.functional.normalize(torch.from_numpy(calm.mean(0)), dim=0) * reader.directions.norm(dim=1).mean()
    tallies = {}
    for number, (text, spans) in enumerate(sample(arguments.skip + arguments.texts)[arguments.skip:]):
        encoding = reader.tokenizer.encode(text)
        ids = torch.tensor([encoding.ids])
        base = reader.logits(ids)[0]
        policy = reader.policies.index(arguments.policy) if arguments.policy else reader.top_policy(base)
        found = maps(reader, ids, policy, neutral)
        merged = {name: merge(encoding, values.tolist()) for name, values in found.items()}
        places = next(iter(merged.values()))[1]
        if number < arguments.occlusion:
            fall = occlusion(reader, encoding, ids, policy)
            merged["occlusion"] = (np.array([fall[word] for word in sorted(fall)]), places)
        words = [text[start:end] for start, end in places]
        gold = np.array([int(sum(i in spans for i in range(a, b)) > (b - a) / 2) for a, b in places])
        if not 0 < gold.sum() < len(gold):
            continue
        for name, (score, _) in merged.items():
            tallies.setdefault(name, Tally()).add(words, gold, score)
        if number < arguments.occlusion:
            count = max(1, len(words) // 5)
            names = [name for name in merged if name in FAITHFULNESS]
            variants = [masked(reader, encoding, ids, np.argsort(-merged[name][0], kind="stable")[:count])
                        for name in names]
            logits = reader.logits(torch.cat(variants))[:, policy]
            for name, logit in zip(names, logits):
                tallies[name].faithful.append(float(base[policy] - logit))
    print("| method | AP | top-1 | function | lit | faithful |\n|---|---|---|---|---|---|")
    for name, tally in sorted(tallies.items(), key=lambda pair: -np.mean(pair[1].precision)):
        print(f"| {name} | " + " | ".join(f"{np.mean(values):.3f}" if values else "" for values in (
            tally.precision, tally.top, tally.function, tally.lit, tally.faithful)) + " |")
    counted = len(tallies["legrad, last 1"].precision)
    print(f"\n{counted} texts, {min(counted, arguments.occlusion)} of them with occlusion and faithfulness")


if __name__ == "__main__":
    main()
