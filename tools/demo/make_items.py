#!/usr/bin/env python3
"""Writes the demo's flagged posts: DIR/items.jsonl and DIR/img.

    make_items.py --wheels CACHE/wheels --out DIR

The photos are real and come out of two pinned wheels (see photos.txt); each names its licence below, and the licence
goes into the item's metadata, so that a moderator sees it. The posts were written for this demo. Standard library only.
"""

import argparse
import json
import pathlib
import zipfile

# file in the wheel, licence and author, caption (None: a photo without words), language, who reported it as what
PHOTOS = [
    ("skimage/data/chelsea.png", "CC0, Stefan van der Walt", "Meet Chelsea. She judges you too.", "en", "spam"),
    ("skimage/data/astronaut.png", "public domain, NASA", None, None, "misinformation"),
    ("skimage/data/coffee.png", "CC0, Rachel Michetti", "First one today, don't talk to me before the second", "en", None),
    ("skimage/data/rocket.jpg", "public domain, SpaceX", "They faked this launch, wake up people!!!", "en", "misinformation"),
    ("skimage/data/hubble_deep_field.jpg", "public domain, NASA", "Every dot here is a galaxy", "en", None),
    ("skimage/data/camera.png", "CC0, Lav Varshney", None, None, None),
    ("skimage/data/coins.png", "no known copyright restrictions, Brooklyn Museum",
     "Selling ancient coins, no papers needed, DM me", "en", "regulated-goods"),
    ("skimage/data/moon.png", "public domain, NASA", None, None, "misinformation"),
    ("skimage/data/clock_motion.png", "public domain, Stefan van der Walt", "Die Uhr geht schon wieder vor", "de", None),
    ("skimage/data/retina.jpg", "CC0, Häggström", "gross or beautiful? this is the inside of an eye", "en", "violence/graphic"),
    ("skimage/data/ihc.png", "no known copyright restrictions, CMMI", None, None, "violence/graphic"),
    ("skimage/data/horse.png", "CC0, Andreas Preuss", None, None, None),
    ("skimage/data/page.png", "public domain, Mark Stephen Read", None, None, "privacy"),
    ("skimage/data/grass.png", "CC0, cc0textures", None, None, "spam"),
    ("sklearn/datasets/images/china.jpg", "CC BY 2.0, danielbuechele", "颐和园,下午三点,人不多", "zh", None),
    ("sklearn/datasets/images/flower.jpg", "CC BY 2.0, vultilion", "für dich 🌸", "de", None),
]

# text, language, reported as
POSTS = [
    ("I know where you live and I will break every bone in your body", "en", "violence"),
    ("You are a worthless idiot and everybody at school is laughing at you", "en", "harassment"),
    ("People like them are vermin and should be thrown out of this country", "en", "hate"),
    ("lately i just want to disappear. i keep thinking about ending my life", "en", "self-harm"),
    ("The committee will vote on the water budget next Tuesday at noon.", "en", "spam"),
    ("This film is a bloody masterpiece, the killing scene had me crying with laughter", "en", "violence/graphic"),
    ("Shoot me a message when the train arrives, I'll kill the engine and wait", "en", "violence"),
    ("Shut up, nobody asked you, you pathetic clown", "en", "harassment"),
    ("Earn 5000 a week from home!!! Click the link in my bio before it is gone", "en", "spam"),
    ("What a lovely evening by the lake, thank you all for coming", "en", None),
    ("We will find him and make him pay with blood, bring the guns", "en", "violence"),
    ("Those immigrants are subhuman filth", "en", "hate"),
    ("She had sex with him again last night and described every second of it", "en", "sexual"),
    ("I cut myself again yesterday and nobody noticed", "en", "self-harm"),
    ("Recipe: two onions, a kilo of tomatoes, patience", "en", None),
    ("Eres un imbécil y no mereces trabajar aquí", "es", "harassment"),
    ("Mañana celebramos el cumpleaños de la abuela en el parque", "es", None),
    ("Verschwinde aus unserem Land, du Stück Dreck", "de", "hate"),
    ("Der Zug nach Köln hat heute zwanzig Minuten Verspätung", "de", None),
    ("Tu vas le regretter, je sais où tu habites", "fr", "violence"),
    ("今天的天气真好,我们去爬山吧", "zh", None),
    ("お前なんか消えてしまえ", "ja", "harassment"),
    ("سنلتقي غدًا في المقهى بعد العمل", "ar", None),
    ("Завтра будет дождь, возьми зонт", "ru", None),
    ("तुम बहुत बुरे इंसान हो", "hi", "harassment"),
    ("Bu takım hiçbir şeyi hak etmiyor, hakem kör müydü", "tr", None),
    ("c1ick h3re to w1n a fr33 ph0ne 📱📱📱 t0tally l3git", "en", "spam"),
]

HOSTILE = (
    "look at this \x1b[2J\x1b[31mred\x1b[0m \x1b]0;owned\x07 title, a \u202egnp.eliforp\u202c file, "
    "zero\u200bwidth, p\u0430ypal in Cyrillic, Z\u0351\u0343\u036b\u0357a\u0310\u0308\u034cl\u0346\u0350g\u033f\u0301o, "
    "tag \U000e0041\U000e0042 and a bell \x07"
)


def photo_bytes(wheels, name):
    for wheel in sorted(wheels.glob("scikit_*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            if name in archive.namelist():
                return archive.read(name)
    raise SystemExit(f"{name} is in no wheel of {wheels}: run make deps again")


def items(wheels, images):
    for name, licence, caption, language, reported in PHOTOS:
        file = images / pathlib.Path(name).name
        file.write_bytes(photo_bytes(wheels, name))
        item = {"id": f"photo-{file.stem}", "media": [{"path": f"img/{file.name}"}], "source": "uploads"}
        if caption:
            item["text"] = caption
        yield item, language, reported, {"licence": licence}
    for number, (text, language, reported) in enumerate(POSTS, start=1):
        yield {"id": f"post-{number:02}", "text": text, "source": "comments"}, language, reported, {}
    broken = (images / "chelsea.png").read_bytes()
    (images / "broken.png").write_bytes(broken[:20] + bytes(40) + broken[60:20000])
    yield {"id": "broken-image", "text": "a picture that does not open", "media": [{"path": "img/broken.png"}],
           "source": "uploads"}, "en", "spam", {}
    yield {"id": "hostile-text", "text": HOSTILE, "source": "comments"}, "en", "spam", {}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wheels", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    options = parser.parse_args()
    images = options.out / "img"
    images.mkdir(parents=True, exist_ok=True)
    with open(options.out / "items.jsonl", "w", encoding="utf-8") as lines:
        for number, (item, language, reported, metadata) in enumerate(items(options.wheels, images)):
            item["author"] = f"user-{number * 7 % 23:02}"
            item["flagged_at"] = f"2026-11-23T{8 + number // 30:02}:{number % 30 * 2:02}:00Z"
            if language:
                item["lang"] = language
            if reported:
                item["reports"] = [{"reason": reported, "reporter": f"user-{number * 11 % 31:02}"}]
                item["priority"] = 0.5
            if metadata:
                item["metadata"] = metadata
            lines.write(json.dumps(item, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
