"""Where the evidence is: the model's highlight judged, words marked by hand."""

from sandbox import post

SCORES = [{"model": "upstream@1", "policy": "hate", "score": 0.93}]
SPANS = [{"model": "upstream@1", "policy": "hate", "method": "legrad", "spans": [[8, 12, 0.9], [0, 4, 0.2]]}]


def test_evidence(sandbox):
    """y keeps the highlight as the evidence, m marks words, and the export carries both as rationales"""
    sandbox.queue_of([post(n, priority=9 - n, scores=SCORES, explanations=SPANS) for n in range(3)])
    sandbox.open_console()
    sandbox.wait_for("this is post number 0", "the first item")
    sandbox.press("y")
    sandbox.wait_for("hate: highlight right", "the judgement in the side column")
    sandbox.press("x")
    sandbox.wait_for("this is post number 1", "the second item")
    sandbox.press("Y", "m")
    sandbox.wait_for("Mark the words", "marking")
    # Verdict keys do not judge while words are marked.
    sandbox.press("End", "Space", "Left", "Left", "Enter")
    sandbox.wait_for("“post number", "the marked words in the side column")
    sandbox.press("x")
    sandbox.wait_for("this is post number 2", "the third item")
    sandbox.press("a")
    sandbox.wait_for("Nothing is waiting", "the end of the queue")
    sandbox.press("q")
    sandbox.wait_for("ended with 0", "the console's end")
    rows = {row["id"]: row for row in sandbox.export()}
    assert rows["post-0"]["rationales"] == [{"policy": "hate", "origin": "model", "spans": [[8, 12]]}], rows["post-0"]
    assert rows["post-0"]["explanation"] == {"shown": True, "method": "legrad", "confirmed": True}
    text = rows["post-1"]["text"]
    judged, marked = rows["post-1"]["rationales"]
    assert judged["rejected"] is True and rows["post-1"]["explanation"]["confirmed"] is False, judged
    ((start, end),) = marked["spans"]
    assert (marked["origin"], text[start:end]) == ("person", "post number 1"), marked
    assert "rationales" not in rows["post-2"]
    sandbox.run("audit", "verify").expect()
