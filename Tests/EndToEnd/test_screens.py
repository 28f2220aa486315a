"""The screens about the work, the `:` line with what belongs to a command, and two consoles on one queue."""

import re

from sandbox import post

OVER = [{"model": "upstream@1", "policy": "hate", "score": 0.93}]
UNDER = [{"model": "upstream@1", "policy": "hate", "score": 0.21}]


def showing(number):
    return lambda screen: f"this is post number {number}" in screen


def work_of(sandbox, posts=24):
    """A queue in which every claim is drawn uniformly; half of it decided by two people, a part of that twice."""
    sandbox.run("init", "--sample-share", "1").expect()
    sandbox.run("second-review", "--share", "1").expect()
    items = [post(n, scores=OVER if n % 3 == 0 else UNDER) for n in range(posts)]
    sandbox.run("ingest", sandbox.write("items.jsonl", items)).expect()
    for reviewer, count in (("ann", posts // 2), ("tester", posts // 4)):
        for claim in sandbox.run("claim", "--reviewer", reviewer, "--count", count, "--json").expect().json:
            number = int(claim["item"]["id"].split("-")[1])
            verdict = ["remove", "--policy", "hate"] if number % 3 == 0 else ["allow"]
            sandbox.run("decide", "--lease", claim["lease"], "--verdict", *verdict).expect()


def test_queue_health(sandbox):
    """Q shows what waits, its ages and the pace, follows what others do, and esc returns to the item under its lease"""
    work_of(sandbox)
    waiting = sandbox.run("stats", "--json").expect().json["items"]["pending"]
    sandbox.open_console(columns=80, rows=24)
    item = re.search(r"this is post number \d+", sandbox.wait_for("this is post number", "an item")).group()
    sandbox.press("Q")
    screen = sandbox.wait_for("WAITING BY QUEUE", "queue health")
    # The console holds two.
    assert f"{waiting - 2} waiting · 2 on desks" in screen and "On desks: tester 2" in screen, screen
    assert "VERDICTS IN EACH OF THE LAST 24 HOURS" in screen and "came in" in screen, screen
    sandbox.press("x", "a", "u")
    sandbox.run("ingest", sandbox.write("more.jsonl", [post(n) for n in range(100, 107)])).expect()
    sandbox.wait_for(f"{waiting + 5} waiting", "the seven that came in meanwhile")
    held = {lease["reviewer"] for lease in sandbox.run("leases", "--json").expect().lines}
    assert held == {"tester"}, held
    sandbox.press("Escape")
    sandbox.wait_for(item, "the same item")
    sandbox.press("q")
    sandbox.wait_for("ended with 0", "the console's end")


def test_my_statistics(sandbox):
    """S shows one's own verdicts, and none of a second review given today"""
    work_of(sandbox)
    sandbox.open_console(columns=80, rows=24)
    sandbox.wait_for("this is post number", "an item")
    sandbox.press("S")
    screen = sandbox.wait_for("6 verdicts today", "the statistics")
    assert "VERDICTS A DAY, THE LAST 14 DAYS" in screen and "nobody is ranked" in screen, screen
    assert "second reviews none yet" in screen and "too few to tell" in screen and "ann" not in screen, screen
    sandbox.press("Tab")
    sandbox.wait_for("THRESHOLD", "the next screen")
    sandbox.press("BTab", "BTab")
    sandbox.wait_for("WAITING BY QUEUE", "the first screen")


def test_calibration(sandbox):
    """C measures scores on drawn items, right and left try a threshold, and nothing is changed by it"""
    work_of(sandbox)
    before = sandbox.run("audit", "verify", "--json").expect().json
    sandbox.open_console(columns=80, rows=24)
    sandbox.wait_for("this is post number", "an item")
    sandbox.press("C")
    screen = sandbox.wait_for("hate · upstream@1", "calibration")
    assert re.search(r"\d+ judged \(\d+ drawn uniformly, 0 known\)", screen), screen
    assert "93 judged and 21 violating are needed" in screen and "now .50" in screen, screen
    sandbox.press(*["Right"] * 3)
    sandbox.wait_for("tried .53", "the threshold that is tried")
    sandbox.press("Home")
    sandbox.wait_for(lambda screen: "tried" not in screen, "the threshold in force")
    sandbox.press("Escape")
    sandbox.wait_for("this is post number", "the item")
    sandbox.press("q")
    sandbox.wait_for("ended with 0", "the console's end")
    after = sandbox.run("audit", "verify", "--json").expect().json
    assert after["decisions"] == before["decisions"], (before, after)


def test_agreement_screen(sandbox):
    """A shows the figures of the agreement command"""
    work_of(sandbox)
    for claim in sandbox.run("claim", "--reviewer", "ben", "--count", "30", "--json").expect().json:
        sandbox.run("decide", "--lease", claim["lease"], "--verdict", "allow").expect()
    (verdict, *_) = sandbox.run("agreement", "--json").expect().json["agreement"]
    sandbox.open_console(columns=120, rows=36)
    sandbox.wait_for(lambda screen: "ReviewTUI" in screen, "the console")
    sandbox.press(":", *"agreement", "Enter")
    screen = sandbox.wait_for("BETWEEN PEOPLE", "agreement")
    row = next(line for line in screen.splitlines() if line.strip().startswith("verdict "))
    percent, alpha = (verdict["overall"][name] for name in ("percent", "krippendorff_alpha"))
    assert f"{round(percent['value'] * 100)} %" in row and f"{percent['items']} " in row, (row, percent)
    assert f"{alpha['value']:.2f}".replace("0.", ".") in row, (row, alpha)
    assert "ann, ben" in screen, screen


def test_screens_in_ascii(sandbox):
    """Without UTF-8 and without colours every screen is there in ASCII"""
    work_of(sandbox)
    sandbox.environment["LC_ALL"] = "C"
    sandbox.open_console(columns=80, rows=24, before="NO_COLOR=1")
    sandbox.wait_for("this is post number", "an item")
    for key, word in (("Q", "WAITING BY QUEUE"), ("2", "TODAY'S VERDICTS"), ("3", "THRESHOLD"), ("4", "BETWEEN PEOPLE")):
        sandbox.press(key)
        screen = sandbox.wait_for(word, word)
        assert screen.isascii(), screen


def test_command_arguments(sandbox):
    """:filter, :severity, :note and :policies take what follows them, and say what to type where it does not fit"""
    sandbox.queue_of([post(n, priority=100 - n, scores=OVER if n % 3 == 0 else UNDER) for n in range(9)])
    sandbox.open_console()
    sandbox.wait_for(showing(0), "the first item")
    sandbox.press(":", *"sev")
    sandbox.wait_for("Say how grave it is", "what the command does")
    sandbox.press("Tab", "9", "Enter")
    sandbox.wait_for("A severity is 1 (mild) to 4 (grave)", "the refusal")
    sandbox.press(":", *"severity 3", "Enter")
    sandbox.wait_for("3 serious", "the severity")
    sandbox.press(":", *"note seen before", "Enter")
    sandbox.wait_for("seen before", "the note")
    sandbox.press("x")
    sandbox.wait_for(showing(1), "the next item")
    sandbox.press(":", *"policies spa", "Enter")
    sandbox.wait_for("Chosen: spam", "the policy")
    sandbox.press(":", *"filter score>x", "Enter")
    sandbox.wait_for("a score from 0 to 1", "what is wrong with the query")
    sandbox.press("BSpace", *"0.5", "Enter")
    sandbox.wait_for(lambda screen: showing(3)(screen) and "(esc: all)" in screen, "the first that matches")
    sandbox.press("q")
    sandbox.wait_for("ended with 0", "the console's end")
    (row,) = sandbox.export()
    assert (row["severity"], row["note"]) == (3, "seen before"), row


def test_two_consoles(sandbox):
    """What one console decides leaves the other's list and changes its title within seconds"""
    sandbox.queue_of([post(n, priority=100 - n) for n in range(6)])
    sandbox.open_console()
    sandbox.wait_for(showing(0), "the first item of the first console")
    line = f"{sandbox.program} review --reviewer other; echo ended with $?"
    sandbox.tmux("new-session", "-d", "-s", "u", "-x", "100", "-y", "32", "-c", str(sandbox.folder), "sh")
    sandbox.tmux("send-keys", "-t", "u", line, "Enter")

    def other(condition, what):
        sandbox.wait_for(lambda _: condition(sandbox.tmux("capture-pane", "-t", "u", "-p").stdout), what)

    other(showing(2), "the first free item in the second console")
    sandbox.wait_for("2 waiting · 4 on desks · 0 decided", "the other's leases in the first console's title")
    sandbox.tmux("send-keys", "-t", "u", "a")
    other(showing(3), "the second console's next item")
    screen = sandbox.wait_for(
        lambda screen: "1 decided" in screen and "number 2" not in screen, "the verdict in the first console")
    assert showing(0)(screen), screen
    sandbox.press("a")
    other(lambda screen: "2 decided" in screen and "number 0" not in screen, "the first console's verdict in the second")
    sandbox.tmux("send-keys", "-t", "u", "q")
    sandbox.press("q")
    sandbox.wait_for("ended with 0", "the console's end")
    other(lambda screen: "ended with 0" in screen, "the second console's end")
    assert sandbox.run("stats", "--json").expect().json["items"] == {"pending": 4, "leased": 0, "decided": 2}
