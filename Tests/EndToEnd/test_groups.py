"""An item and its twins on one sheet: decided with one key, taken back with one."""

from sandbox import post
from test_twins import hills


def rows(sandbox):
    return {row["id"]: row for row in sandbox.export()}


def test_group(sandbox):
    """A group is decided but for the one picked out and the one somebody holds, and taken back with one key"""
    for number in range(4):
        sandbox.write(f"img/{number}.png", hills(320 - 30 * number, 240 - 20 * number, 1 - 0.06 * number))
    sandbox.queue_of([
        post(number, priority=9 - number, media=[{"path": f"img/{number}.png"}] if number < 4 else [],
             text="This  is\ta chain letter" if number > 3 else f"this is picture {number}")
        for number in range(8)])
    assert sandbox.run("score", "--only-twins", "--json").expect().json["hashed"] == 4
    held = sandbox.run("claim", "--reviewer", "ann", "--item", "post-3", "--json").expect().json
    sandbox.open_console(columns=120, rows=36)
    sandbox.wait_for("3 look alike", "the item and its twins")
    sandbox.press("t")
    screen = sandbox.wait_for("3 of 4 in, 1 held", "the sheet")
    assert "held by ann" in screen and "post-1" in screen, screen
    sandbox.wait_for(lambda screen: screen.count("▀▀") > 20, "the small pictures")
    sandbox.press("Right", "Space")
    sandbox.wait_for("2 of 4 in, 1 excepted", "the one picked out")
    sandbox.press("x")
    sandbox.wait_for("which rule does it break?", "the list of policies")
    sandbox.press("h", "h")
    sandbox.wait_for("Removed 2 of 4 as hate; 1 excepted, 1 held by ann", "what was decided and what was not")
    found = rows(sandbox)
    assert set(found) == {"post-0", "post-2"}, found
    lead = found["post-0"]["decision"]
    assert found["post-0"]["group"] == {"lead": None, "size": 2, "seen": "whole"}, found
    assert found["post-2"]["group"] == {"lead": lead, "size": 2, "seen": "thumbnail"}, found
    assert found["post-2"]["labels"]["hate"] == {"value": 1, "origin": "person"}, found
    assert len(found["post-2"]["media"][0]["pdq"]) == 64, found
    assert sandbox.run("stats", "--json").expect().json["judgement"]["groups"] == {"groups": 1, "decisions": 2}
    sandbox.press("u")
    sandbox.wait_for("post-0 is before you again", "the group taken back")
    assert rows(sandbox) == {}
    sandbox.run("audit", "verify").expect()
    sandbox.run("release", "--lease", held["lease"]).expect()
    sandbox.press("q")
    sandbox.wait_for("ended with 0", "the console's end")
    assert sandbox.run("stats", "--json").expect().json["items"] == {"pending": 8, "leased": 0, "decided": 0}


def test_group_of_texts(sandbox):
    """Texts that read alike are decided together, and one of them is taken back from the history by itself"""
    sandbox.queue_of([post(0, priority=9)] + [dict(post(n), text=f"A {' ' * n}chain LETTER") for n in range(1, 6)])
    sandbox.run("score", "--only-twins").expect()
    sandbox.open_console("--item", "post-1", columns=80, rows=24)
    sandbox.wait_for("4 have the same text", "the item and its twins")
    sandbox.press("t")
    sandbox.wait_for("5 of 5 in", "the sheet")
    sandbox.press("Right", "Enter")
    sandbox.wait_for("A   chain LETTER", "the second of them alone")
    sandbox.press("Enter", "a")
    sandbox.wait_for("Allowed 5 of 5", "all of them decided")
    assert len(rows(sandbox)) == 5
    sandbox.press("h")
    sandbox.wait_for("(group of 5)", "the history")
    sandbox.press("j", "t")
    sandbox.wait_for("Took back “allow” on post-4", "one of them taken back")
    assert set(rows(sandbox)) == {"post-1", "post-2", "post-3", "post-5"}
    sandbox.run("audit", "verify").expect()


def test_item_history(sandbox):
    """H tells what happened to the item and what its author's others came to, but nothing to a second reviewer"""
    sandbox.queue_of([dict(post(n), author="mallory", priority=9 - n) for n in range(4)])
    sandbox.run("second-review", "--share", "1").expect()
    for verdict in ("allow", "remove --policy hate --note slur"):
        claim = sandbox.run("claim", "--reviewer", "ann", "--item", "post-0").expect().json
        sandbox.run("decide", "--lease", claim["lease"], "--verdict", *verdict.split()).expect()
        if verdict == "allow":
            sandbox.run("undo", "--reviewer", "ann").expect()
    sandbox.open_console("--item", "post-0")
    sandbox.wait_for("this is post number 0", "the item that ann has judged")
    sandbox.press("H")
    screen = sandbox.wait_for("What happened to post-0", "its history")
    assert "taken into the queue" in screen and "ann" not in screen and "removed" not in screen, screen
    sandbox.press("q")
    sandbox.wait_for(lambda screen: "What happened" not in screen, "the item again")
    sandbox.press("x")
    sandbox.wait_for("which rule does it break?", "the list of policies")
    sandbox.press("h", "h")
    sandbox.wait_for("this is post number 1", "the next item")
    sandbox.press("H")
    sandbox.wait_for("What happened to post-1", "its history")
    sandbox.press("Tab")
    sandbox.wait_for("mallory: 3 other items: 1 removed, 2 undecided", "the author's other items")
    assert "post-0, removed as hate" in sandbox.screen()
    sandbox.press("q", "q")
    sandbox.wait_for("ended with 0", "the console's end")
    sandbox.run("appeal", "--item", "post-0", "--note", "It was satire").expect()
    sandbox.open_console("--item", "post-0", "--reviewer", "sue", columns=120, rows=36)
    sandbox.wait_for("this is post number 0", "the item on appeal")
    sandbox.press("H")
    screen = sandbox.wait_for("appealed: It was satire", "its history")
    for words in ("allowed by ann", "verdict taken back by ann", "removed as hate by ann: slur",
                  "removed as hate by tester, second review"):
        assert words in screen, (words, screen)
