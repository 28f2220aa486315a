"""The card of the shipped text heads: what they were fitted on, how well they do, and what not to trust them with."""

TEXT = """# text-policies: heads for text on MiniLM-L6

Made by `python tools/fit_heads.py --models MODELS --out models/heads` (fixed split and seeds; the numbers below are
written by that run). One direction per policy in the space of all-MiniLM-L6-v2 (Apache-2.0), with Platt calibration and
a threshold. Licence of this file and `text-policies.json`: Apache-2.0.

## Data

| source | licence | used |
|---|---|---|
| OpenAI moderation evaluation set (Markov et al., 2022), 1,000 prompts | MIT | weight 1; a missing annotation is left out, never read as 0 |
| Davidson et al. (2017), tweets: 1,430 hate, 4,000 of 19,190 offensive, 2,500 of 4,163 neither | MIT | weight 0.1 |
| `tools/everyday.tsv`, our own sentences, no violations | Apache-2.0 | weight 1, as negatives |

Tweets marked *hate* are positives of `hate`; *offensive* ones are its negatives (they tell slurs thrown at a group from
profanity) and the positives of `harassment`; *neither* is a presumed negative of every policy. 40 % of the prompts, 30 %
of the tweets and half of the everyday sentences were held out, by a hash of the text; nothing was fitted or chosen on
them.

## Held-out figures

AUROC on the held-out moderation prompts, with a 95 % bootstrap interval; precision and recall at the shipped threshold
(best F1 on cross-validated fitting data, never below 0.1); calibration error over ten bins of equal count.
Cross-validated AUROC is on the fitting prompts.

| policy | positives / negatives fitted | held out | AUROC | cross-validated | threshold | precision | recall | base rate | calibration error |
|---|---|---|---|---|---|---|---|---|---|
{rows}

Where the two AUROC differ (`harassment`, `hate/threatening`, `violence/graphic`) the truth is likely between them: a few
dozen positives decide each. Treat `violence/graphic`, `hate/threatening` and `self-harm` as a first sieve until
verdicts have refitted them.

On other texts, nothing fitted on them:

{others}

## False alarms

{everyday} held-out everyday sentences (news, chat, work, identity terms in harmless use, many languages), share at or over
the threshold, and the highest score among them:

| policy | over the threshold | highest | median |
|---|---|---|---|
{alarms}

{examples}

## Limits

* Fitted on English. In other languages a low score says nothing.
* MiniLM reads meaning coarsely: negation, quotation, irony, counter-speech and reclaimed slurs are mostly missed, which
  is what HateCheck's low AUROC above shows.
* A probability is calibrated to *flagged* posts like the fitting mixture. Where violations are rarer, it is too high.
* Only the first 256 word pieces of a long text are read.
* Policies of the taxonomy that are absent here are untrained, not safe.
"""


def card(heads, facts):
    """The card as Markdown: `heads` as written to the head file, `facts` as measured beside them, in the same order."""
    def number(value, digits=2):
        return "–" if value is None else f"{value:.{digits}f}"

    rows = "\n".join(
        f"| {fact['policy']} | {head['positives']} / {head['negatives']} | {fact['test_positives']} / "
        f"{fact['test_negatives']} | {fact['auroc']:.3f} ({fact['interval'][0]:.2f}–{fact['interval'][1]:.2f}) | "
        f"{fact['auroc_cv']:.3f} | {head['threshold']:.2f} | {number(fact['precision'])} | {number(fact['recall'])} | "
        f"{fact['base_rate']:.3f} | {fact['calibration_error']:.3f} |" for head, fact in zip(heads, facts))
    others = []
    for fact in facts:
        for pair, value in fact.get("tweets", {}).items():
            others.append(f"* `{fact['policy']}`, Davidson tweets held out, {pair}: AUROC {value:.3f}")
        if "hatecheck" in fact:
            others.append(f"* `{fact['policy']}`, HateCheck (3,728 functional tests), hateful against not: AUROC "
                          f"{fact['hatecheck']:.3f}")
    alarms = "\n".join(f"| {fact['policy']} | {fact['false_alarms']} of {fact['everyday']} | "
                       f"{fact['everyday_highest']:.3f} | {fact['everyday_median']:.3f} |" for fact in facts)
    alarming = [f"* `{fact['policy']}`: {text}" for fact in facts for text in fact["alarming"]]
    examples = "The sentences that raised a false alarm:\n\n" + "\n".join(alarming) if alarming else "None did."
    return TEXT.format(rows=rows, others="\n".join(others), alarms=alarms, examples=examples,
                       everyday=facts[0]["everyday"])
