"""Finding items: the query language on the command line, saved views, and exports of a part."""

from sandbox import post


def posts():
    words = ["仇恨言论", "free viagra", "ein Ärgernis auf der Straße"]
    return [
        dict(post(n, scores=[{"model": "m@1", "policy": "hate", "score": n / 30}]), text=f"{words[n % 3]} {n}",
             source="uploads" if n % 2 else "comments")
        for n in range(30)
    ]


def test_find(sandbox):
    """find lists what a query matches, in every script, before and after indexing"""
    sandbox.queue_of(posts())
    for _ in range(2):
        found = sandbox.run("find", "仇恨 score>0.5 source:uploads", "--json").expect().lines
        assert [item["id"] for item in found] == ["post-21", "post-27"], found
        assert len(sandbox.run("find", "STRASSE or viagra", "--json").expect().lines) == 20
    assert sandbox.run("find", "nothing like it", "--json").expect().out == ""


def test_find_errors(sandbox):
    """A wrong query ends with status 64 and a caret under the character"""
    sandbox.queue_of(posts())
    run = sandbox.run("find", "viagra \u202e score>x").expect(64)
    assert "⟨U+202E⟩" in run.err and "\u202e" not in run.err, run.err
    run = sandbox.run("find", "viagra score>x").expect(64)
    sentence, query, caret = run.err.rstrip("\n").split("\n")
    assert query[caret.index("^")] == "x" and "0 to 1" in sentence, run.err
    run = sandbox.run("export", "--out", sandbox.folder / "no", "--where", "policy:nonsense").expect(64)
    assert "nonsense" in run.err and not (sandbox.folder / "no").exists()


def test_views(sandbox):
    """A saved view is used by find and by export, and can be removed"""
    sandbox.queue_of(posts())
    for claim in sandbox.run("claim", "--reviewer", "ann", "--count", "30", "--json").expect().json:
        sandbox.run("decide", "--lease", claim["lease"], "--verdict", "allow", "--json").expect()
    sandbox.run("view", "save", "spammy", "viagra source:uploads").expect()
    (view,) = sandbox.run("view", "list", "--json").expect().lines
    assert view["query"] == "viagra source:uploads", view
    out = sandbox.folder / "part"
    report = sandbox.run("export", "--out", out, "--where", "view:spammy verdict:allow", "--json").expect().json
    assert report["rows"] == 5 == len((out / "decisions.jsonl").read_text().splitlines()), report
    sandbox.run("view", "remove", "spammy").expect()
    sandbox.run("find", "view:spammy").expect(64)
