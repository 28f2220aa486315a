"""The command line's contract, on text posts with scores of their own (no model is needed)."""

import json

from sandbox import post

HATE = [{"model": "upstream@1", "policy": "hate", "score": 0.93}]


def test_round(sandbox):
    """A claim is decided, exported, undone, and the audit chain holds"""
    sandbox.queue_of([post(n, scores=HATE) for n in range(3)])
    claim = sandbox.run("claim", "--reviewer", "ann", "--json").expect().json
    assert claim["item"]["id"].startswith("post-") and claim["expires_at"].endswith("Z"), claim
    decided = sandbox.run("decide", "--lease", claim["lease"], "--verdict", "remove", "--policy", "hate",
                          "--severity", "3", "--note", "slur", "--json").expect().json
    assert len(decided["hash"]) == 64 and decided["decision"], decided
    (row,) = sandbox.export()
    assert row["id"] == claim["item"]["id"] and row["verdict"] == "remove" and row["policies"] == ["hate"], row
    assert row["severity"] == 3 and row["note"] == "slur" and row["hash"] == decided["hash"], row
    assert row["reviewer"].startswith("r-") and "ann" not in json.dumps(row), "reviewers are pseudonymous"
    counts = sandbox.run("stats", "--json").expect().json["items"]
    assert counts == {"pending": 2, "leased": 0, "decided": 1}, counts
    sandbox.run("undo", "--reviewer", "ann", "--json").expect()
    assert sandbox.export() == []
    assert sandbox.run("stats", "--json").expect().json["items"]["pending"] == 3
    sandbox.run("audit", "verify").expect()


def test_statements(sandbox):
    """A removal gives a statement of reasons, and what decide says about it stands in the export"""
    sandbox.queue_of([post(n, scores=HATE) for n in range(2)])
    said = []
    for more in (["--ground", "illegal", "--reference", "a law", "--measure", "demote", "--territory", "DE"], []):
        lease = sandbox.run("claim", "--reviewer", "ann").expect().json["lease"]
        said.append(sandbox.run("decide", "--lease", lease, "--verdict", "remove", "--policy", "hate", *more).expect().json)
    report = sandbox.run("export", "--format", "dsa", "--out", "dsa", "--json").expect().json
    assert report["rows"] == 2 and report["batches"] == 1, report
    first, second = map(json.loads, (sandbox.folder / "dsa/statements.jsonl").read_text().splitlines())
    assert [first["puid"], second["puid"]] == [row["decision"] for row in said]
    assert first["illegal_content_legal_ground"] == "a law" and first["territorial_scope"] == ["DE"], first
    assert first["decision_visibility"] == ["DECISION_VISIBILITY_CONTENT_DEMOTED"], first
    assert second["decision_ground"] == "DECISION_GROUND_INCOMPATIBLE_CONTENT", second
    assert sandbox.run("export", "--format", "dsa", "--out", "new", "--since", "dsa", "--json").expect().json["rows"] == 0
    sandbox.run("export", "--format", "jsonl", "--out", "no", "--since", "dsa").expect(64)


def test_agreement(sandbox):
    """Agreement comes from a file of ratings and from the queue, with intervals that a seed repeats"""
    rows = ["item,rater,label"] + [f"{n},{who},{'no' if n % 4 or who == 'ann' else 'yes'}" for n in range(40) for who in ("ann", "ben")]
    rows = [row.replace(",ann,no", ",ann,yes") if row.startswith("8,") else row for row in rows]
    ratings = sandbox.write("ratings.csv", "\n".join(rows))
    first = sandbox.run("agreement", "--ratings", ratings, "--seed", "5", "--json").expect()
    assert first.out == sandbox.run("agreement", "--ratings", ratings, "--seed", "5", "--json").expect().out
    (report,) = first.json["agreement"]
    kappa = report["pairs"][0]["estimates"]["cohen_kappa"]
    # 31 of 40 agree; chance is (1·10 + 39·30) / 40².
    chance = (1 * 10 + 39 * 30) / 1600
    assert abs(kappa["value"] - (31 / 40 - chance) / (1 - chance)) < 1e-12 and kappa["items"] == 40, kappa
    assert kappa["low"] < kappa["value"] < kappa["high"], kappa
    sandbox.queue_of([post(1)])
    (verdict,) = sandbox.run("agreement", "--json").expect().json["agreement"]
    assert verdict["overall"]["percent"]["value"] is None and verdict["overall"]["percent"]["reason"], verdict
    assert "gwet_ac1" in sandbox.run("agreement").expect().out
    sandbox.run("agreement", "--pair", "ann").expect(64)
    sandbox.run("agreement", "--ratings", "none.csv").expect(66)


def test_options_before(sandbox):
    """--db and --json work before the command's name and after it"""
    elsewhere = sandbox.folder / "other" / "q.sqlite"
    sandbox.run("--db", elsewhere, "init").expect()
    assert sandbox.run("--db", elsewhere, "--json", "stats").expect().json["items"]["pending"] == 0
    assert sandbox.run("--db", elsewhere, "--json", "audit", "verify").expect().json["intact"] is True
    assert sandbox.run("stats", "--json", f"--db={elsewhere}").expect().json["items"]["pending"] == 0


def test_empty_queue_claim(sandbox):
    """Claiming from an empty queue prints null, and with --count an empty list"""
    sandbox.run("init").expect()
    assert sandbox.run("claim", "--reviewer", "ann").expect().json is None
    assert sandbox.run("claim", "--reviewer", "ann", "--count", "3").expect().json == []


def test_exclusive(sandbox):
    """Two reviewers never hold one item, and a released one comes back"""
    sandbox.queue_of([post(1), post(2)])
    first, second = (sandbox.run("claim", "--reviewer", who).expect().json for who in ("ann", "ben"))
    assert first["item"]["id"] != second["item"]["id"]
    assert sandbox.run("claim", "--reviewer", "cat").expect().json is None
    sandbox.run("claim", "--reviewer", "cat", "--item", first["item"]["id"]).expect(75)
    sandbox.run("release", "--lease", first["lease"]).expect()
    again = sandbox.run("claim", "--reviewer", "cat").expect().json
    assert again["item"]["id"] == first["item"]["id"]
    lost = sandbox.run("decide", "--lease", first["lease"], "--verdict", "allow").expect(75)
    assert "lease" in lost.err, lost.err


def test_usage(sandbox):
    """Wrong verdicts, unknown policies and missing policies are usage errors that name what to do"""
    sandbox.queue_of([post(1)])
    lease = sandbox.run("claim", "--reviewer", "ann").expect().json["lease"]
    sandbox.run("decide", "--lease", lease, "--verdict", "ban").expect(64)
    unknown = sandbox.run("decide", "--lease", lease, "--verdict", "remove", "--policy", "rudeness").expect(64)
    assert "rudeness" in unknown.err and "policy list" in unknown.err, unknown.err
    sandbox.run("decide", "--lease", lease, "--verdict", "remove").expect(64)
    sandbox.run("frobnicate").expect(64)
    sandbox.run("decide", "--lease", lease, "--verdict", "remove", "--policy", "hate").expect()


def test_no_queue(sandbox):
    """A queue that is not there gives 66 and says how to make one"""
    missing = sandbox.run("stats").expect(66)
    assert "reviewtui init" in missing.err, missing.err


def test_hostile_arguments(sandbox):
    """Nothing typed on the command line comes back raw"""
    sandbox.run("init").expect()
    for arguments in (["\x1b[31mred"], ["stats", "--\x1b]0;x\x07"], ["ingest", "no\x1b[2Jsuch"],
                      ["decide", "--lease", "\x1b[31m", "--verdict", "allow"], ["explain", "--policy", "\x9b31m", "--text", "x"]):
        result = sandbox.run(*arguments)
        assert result.status != 0
        shown = result.out + result.err
        assert not any(ord(c) < 32 and c not in "\n\t" or 0x7F <= ord(c) <= 0x9F for c in shown), repr(shown)


def test_json_only(sandbox):
    """With --json, stdout holds JSON and nothing else"""
    sandbox.queue_of([post(1, text="a \u202e\x1b[31m b", scores=HATE)])
    for arguments in (["stats"], ["policy", "list"], ["model", "list"], ["doctor"], ["audit", "verify"], ["claim", "--reviewer", "x"]):
        result = sandbox.run(*arguments, "--json")
        for line in result.out.splitlines():
            json.loads(line)
        assert "\u202e" not in result.out and "\x1b" not in result.out, result.out


def test_completions(sandbox):
    """Completion scripts come for bash, zsh and fish"""
    for shell in ("bash", "zsh", "fish"):
        assert "reviewtui" in sandbox.run("--generate-completion-script", shell).expect().out
