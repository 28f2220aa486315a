"""The review in lines, as a screen reader's user has it."""

from sandbox import post

HATE = [{"model": "upstream@1", "policy": "hate", "score": 0.93}]
SPANS = [{"model": "upstream@1", "policy": "hate", "method": "legrad", "spans": [[0, 4, 0.9], [5, 7, 0.1]]}]


def test_lines(sandbox):
    """review --linear says each item in lines and takes keys, names and answers a line at a time"""
    sandbox.queue_of(
        [
            post(0, priority=9, scores=HATE, explanations=SPANS, reports=[{"reason": "hate"}]),
            post(1, priority=8, text="sneaky \u202egnp\u001b[31m"),
            post(2, priority=7),
        ]
    )
    lines = ["remove", "note", "mild, but a slur", "r", "spam", "severity", "3", "", "frobnicate", "undo", "q"]
    said = sandbox.run("review", "--linear", "--reviewer", "ann", input=("\n".join(lines) + "\n").encode()).expect().out
    for sentence in (
        "Item post-0: text.",
        "1 hate: 0.93, over its threshold 0.50",
        "For hate the model looked at the words “this”.",
        "Reported for hate.",
        "Chosen: hate.",
        "Removed post-0 for hate",
        "sneaky ⟨U+202E⟩gnp⟨U+001B⟩[31m",
        "Note: mild, but a slur",
        "Restricted post-1 for spam",
        "Chosen: no policy. Severity 3, serious.",
        "There is no command “frobnicate”",
        "Took back “restrict” on post-1. It is before you again.",
    ):
        assert sentence in said, f"{sentence!r} is missing in\n{said}"
    # An empty line says the item again; nothing else is said twice.
    assert said.count("Item post-2: text.") == 2, said
    assert said.count("Item post-0: text.") == 1, said
    assert "\x1b" not in said
    (row,) = sandbox.export()
    assert (row["id"], row["verdict"], row["policies"]) == ("post-0", "remove", ["hate"]), row
    assert sandbox.run("stats", "--json").json["items"] == {"pending": 2, "leased": 0, "decided": 1}


def test_lines_end(sandbox):
    """the end of the input leaves, and gives the item back"""
    sandbox.queue_of([post(0)])
    said = sandbox.run("review", "--linear").expect().out
    assert "Item post-0" in said, said
    assert sandbox.run("stats", "--json").json["items"] == {"pending": 1, "leased": 0, "decided": 0}
