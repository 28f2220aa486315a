"""Scoring and explaining through the command line, with the real models where they are installed."""

import json
import re
import struct
import zlib

from sandbox import Skipped, post

THREAT = "I will find you and kill you with a knife"


def png(width, height):
    """A picture of coloured stripes."""
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    rows = b"".join(
        b"\0" + b"".join(bytes(((x * 7 + y) % 256, (y * 5) % 256, (x ^ y) % 256)) for x in range(width))
        for y in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def need_models(sandbox):
    models = sandbox.run("model", "list", "--json").expect().lines
    missing = [model["model"] for model in models if model["status"] != "ready"]
    engine = [line for line in map(json.loads, sandbox.run("doctor", "--json").out.splitlines()) if line["what"] == "OpenVINO"]
    if missing or engine[0]["state"] != "ok":
        raise Skipped(f"not installed: {', '.join(missing) or 'OpenVINO'}; run make deps")


def test_explain_text(sandbox):
    """explain names the words that carry a threat, in Unicode scalars of the text"""
    need_models(sandbox)
    text = "🙂 " + THREAT
    found = sandbox.run("explain", "--text", text, "--policy", "violence", "--json").expect().json
    best = max(found["scores"], key=lambda score: score["score"])
    assert best["policy"] == "violence" and best["score"] >= best["threshold"], found["scores"]
    models = {line["model"]: line for line in sandbox.run("model", "list", "--json").expect().lines}
    assert best["weights_sha256"] == models["minilm-l6@1"]["weights_sha256"], best
    assert best["head"].startswith("text-policies@") and best["precision"] == "f32", best
    (explanation,) = found["explanations"]
    assert explanation["policy"] == "violence" and explanation["signed"] is False
    best = max(explanation["spans"], key=lambda span: span[2])
    assert text[best[0]:best[1]] in ("kill", "knife"), text[best[0]:best[1]]
    assert abs(best[2] - explanation["max"]) < 1e-6


def test_explain_image(sandbox):
    """explain maps a picture for the policy a model knows, and says which policies are untrained"""
    need_models(sandbox)
    file = sandbox.write("stripes.png", png(120, 80))
    found = sandbox.run("explain", file, "--policy", "sexual", "--policy", "violence/graphic", "--json").expect().json
    assert [score["policy"] for score in found["scores"]] == ["sexual"], found["scores"]
    assert found["untrained"] == ["violence/graphic"], found["untrained"]
    methods = {explanation["method"]: explanation for explanation in found["explanations"]}
    assert methods["cam"]["policy"] == "sexual" and methods["cam"]["signed"] is True
    assert methods["attention"]["policy"] is None
    for explanation in methods.values():
        rows, columns = explanation["grid"]
        assert len(explanation["values"]) == rows * columns
    drawn = sandbox.folder / "heat.png"
    sandbox.run("explain", file, "--out", drawn).expect()
    assert drawn.read_bytes().startswith(b"\x89PNG")


def test_zero_shot_text(sandbox):
    """A policy without a head is asked about in its own words, says so, and goes behind the fitted heads"""
    need_models(sandbox)
    text = "Buy 10,000 followers now! Free crypto giveaway, click the link to claim your prize."
    found = sandbox.run("explain", "--text", text, "--policy", "spam", "--json").expect().json
    scores = {score["policy"]: score for score in found["scores"]}
    assert scores["spam"]["head"].startswith("zero-shot@") and scores["spam"]["threshold"] == 0.9, scores["spam"]
    assert scores["hate"]["head"].startswith("text-policies@"), scores["hate"]
    everyday = sandbox.run("explain", "--text", "The committee met on Tuesday.", "--json").expect().json
    less = next(score["score"] for score in everyday["scores"] if score["policy"] == "spam")
    assert less < 0.3 * scores["spam"]["score"], (less, scores["spam"])
    (explanation,) = found["explanations"]
    assert explanation["policy"] == "spam" and explanation["max"] > 0, explanation
    assert found["untrained"] == [] and any("uncalibrated" in note and "spam" in note for note in found["notes"]), found
    models = {line["model"]: line for line in sandbox.run("model", "list", "--json").expect().lines}
    listed = {entry["policy"]: entry for entry in models["minilm-l6@1"]["zero_shot"]}
    assert listed["spam"] == {"policy": "spam", "head": scores["spam"]["head"], "calibrated": False}, listed
    assert "hate" not in listed and "sexual/minors" not in listed and models["dinov2-small@1"]["zero_shot"] == []
    assert "(uncalibrated)" in sandbox.run("model", "list").expect().out


def test_explain_unknown(sandbox):
    """explain refuses an unknown policy with 64 and a missing file with 66"""
    sandbox.run("explain", "--text", "x", "--policy", "rudeness").expect(64)
    sandbox.run("explain", "nowhere.png", "--policy", "sexual").expect(66)


def test_score_resumes(sandbox):
    """score fills the queue once, skips what is scored, and says which pictures it could not see"""
    need_models(sandbox)
    sandbox.write("img/ok.png", png(60, 60))
    sandbox.write("img/broken.png", b"\x89PNG\r\n\x1a\n" + bytes(100))
    sandbox.queue_of([
        post(1, text=THREAT), post(2, media=[{"path": "img/ok.png"}]), post(3, media=[{"path": "img/broken.png"}])])
    first = sandbox.run("score", "--json").expect().json
    assert first["items"] == {"dinov2-small@1": 2, "minilm-l6@1": 3, "open-nsfw@1": 2}, first
    assert first["unreadable"] == ["post-3"], first
    assert sandbox.run("score", "--json").expect().json["items"] == {}
    claim = sandbox.run("claim", "--item", "post-1", "--reviewer", "ann").expect().json
    assert not any(score.get("head", "").startswith("zero-shot@") for score in claim["item"]["scores"]), claim
    best = max(claim["item"]["scores"], key=lambda score: score["score"])
    assert best["policy"] == "violence" and len(best["weights_sha256"]) == 64 and best["head"] and best["precision"] == "f32", best
    sandbox.run("audit", "verify").expect()


def test_score_uncalibrated(sandbox):
    """score --uncalibrated also asks in words, marks what it gets, and lets it stand for no item"""
    need_models(sandbox)
    sandbox.queue_of([post(1, text="Buy 10,000 followers now! Free crypto giveaway, click the link to claim your prize.")])
    sandbox.run("score", "--uncalibrated").expect()
    (found,) = sandbox.run("find", "--json").expect().lines
    item = sandbox.run("claim", "--item", "post-1", "--reviewer", "ann").expect().json["item"]
    marks = {score["policy"]: score.get("calibrated", True) for score in item["scores"]}
    assert marks["spam"] is False and marks["hate"] is True, marks
    calibrated = max(score["score"] for score in item["scores"] if score.get("calibrated", True))
    assert found["top_score"] == calibrated, (found, item["scores"])


def test_without_engine(sandbox):
    """Without OpenVINO, scoring ends with 69 and says what to do, and reviewing works"""
    sandbox.queue_of([post(1)])
    missing = sandbox.run("score", REVIEWTUI_OPENVINO=str(sandbox.folder)).expect(69)
    assert "make deps" in missing.err, missing.err
    doctor = sandbox.run("doctor", "--json", REVIEWTUI_OPENVINO=str(sandbox.folder)).expect(69)
    assert any(line["what"] == "OpenVINO" and line["state"] == "missing" for line in doctor.lines)
    assert "this is post number 1" in sandbox.run("review", "--reviewer", "ann").expect().out


def test_explain_methods(sandbox):
    """explain takes a method with layers and heads, says what it is in JSON, and refuses what does not apply"""
    need_models(sandbox)
    file = sandbox.write("stripes.png", png(120, 80))
    ask = lambda *more: sandbox.run("explain", file, "--model", "open-nsfw", "--policy", "sexual", "--json", *more)
    (hidden,) = ask("--method", "occlusion").expect().json["explanations"]
    assert hidden["method"] == "occlusion" and hidden["signed"] is True and hidden["grid"] == [8, 8], hidden
    assert abs(max(map(abs, hidden["values"])) - hidden["max"]) < 1e-6
    refused = ask("--method", "legrad").expect(64)
    assert "without attention" in refused.err, refused.err
    words = lambda *more: sandbox.run("explain", "--text", THREAT, "--policy", "violence", "--json", *more)
    whole = words("--method", "legrad", "--layers", "2-5").expect().json["explanations"][0]
    part = words("--method", "legrad", "--layers", "5", "--heads", "0,3").expect().json["explanations"][0]
    assert whole["method"] == part["method"] == "legrad" and whole["spans"] != part["spans"]
    assert words("--method", "rollout").expect().json["explanations"][0]["policy"] is None
    fall = words("--method", "occlusion").expect().json["explanations"][0]
    best = max(fall["spans"], key=lambda span: span[2])
    assert THREAT[best[0]:best[1]] in ("kill", "knife"), fall["spans"]
    assert "layer 9" in words("--method", "legrad", "--layers", "9").expect(64).err
    words("--layers", "5").expect(64)
    words("--method", "guess").expect(64)
    # A model that waits for its first head has no direction to explain.
    untrained = sandbox.run("explain", file, "--model", "dinov2-small", "--method", "legrad").expect(64)
    assert "head" in untrained.err, untrained.err


def lines(finished):
    """What was printed, without colours."""
    return re.sub("\x1b\\[[0-9;]*m", "", finished.expect().out).splitlines()


def test_explain_compare(sandbox):
    """explain --compare lays every method that applies side by side, within 80 columns, as JSON and as one picture"""
    need_models(sandbox)
    file = sandbox.write("stripes.png", png(120, 80))
    sheet = sandbox.folder / "sheet.png"
    found = sandbox.run("explain", file, "--compare", "--json", "--png", sheet).expect().json
    methods = {(explanation["model"], explanation["method"]) for explanation in found["explanations"]}
    assert methods == {("open-nsfw@1", "cam"), ("open-nsfw@1", "occlusion"), ("dinov2-small@1", "attention"),
                       ("dinov2-small@1", "rollout")}, methods
    assert len(found["scores"]) == 1, found["scores"]
    width, height = struct.unpack(">II", sheet.read_bytes()[16:24])
    assert width > 3 * 120 and height > 2 * 80, (width, height)
    drawn = lines(sandbox.run("explain", file, "--compare"))
    assert any("the picture" in line and "attention *" in line and "rollout" in line for line in drawn), drawn
    assert any("cam *" in line and "occlusion" in line for line in drawn), drawn
    text = lines(sandbox.run("explain", "--text", THREAT, "--policy", "violence", "--compare"))
    named = {line.split()[0] for line in text if THREAT in line}
    assert named == {"legrad", "legrad-pooled", "legrad-weighted", "attention", "rollout", "occlusion"}, text
    assert any(line.startswith("legrad-weighted *") for line in text), text
    assert max(map(len, drawn + text)) <= 80, [line for line in drawn + text if len(line) > 80]
    sandbox.run("explain", "--text", THREAT, "--compare", "--method", "legrad").expect(64)
    sandbox.run("explain", "--text", THREAT, "--compare", "--png", sheet).expect(64)
