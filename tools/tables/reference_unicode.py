#!/usr/bin/env python3
"""Write the Unicode tables that ModelCore's tokenizers share with the Hugging Face `tokenizers` library.

    python tools/tables/reference_unicode.py > Sources/ModelCore/Tokens/ReferenceUnicodeTables.swift

The library's crates are frozen at older Unicode versions than a Swift toolchain's, and each at another one, so that
categories asked of Swift would tokenize newer characters differently. This asks the library itself, scalar by scalar.
Needs `tokenizers` (written with 0.23.3) and `sentencepiece` (0.2.3), whose trainer compiles the character maps with
which grapheme clusters are asked for.
"""

import io
import tempfile

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Regex, normalizers, pre_tokenizers

ALL = [*range(0xD800), *range(0xE000, 0x110000)]
WIDTH = 112


def bert(**on):
    options = {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False}
    return normalizers.BertNormalizer(**{**options, **on})


def ranges(scalars):
    found = []
    for scalar in sorted(scalars):
        if found and found[-1][1] == scalar - 1:
            found[-1][1] = scalar
        else:
            found.append([scalar, scalar])
    return found


def words(found):
    return [f"{a:X}" if a == b else f"{a:X}-{b:X}" for a, b in found]


def literal(name, comment, entries):
    lines, line = [], ""
    for entry in entries:
        if len(line) + 1 + len(entry) > WIDTH:
            lines.append(line)
            line = entry
        else:
            line = f"{line} {entry}".strip()
    lines.append(line)
    body = "\n".join(" " * 8 + line for line in lines)
    return f'    /// {comment}\n    static let {name} = """\n{body}\n        """\n'


def combining_classes(nfd):
    """The class of every scalar, found by which known mark it lets pass when the library puts marks in order."""
    # One mark a class, in the order of their classes (UnicodeData.txt).
    known = {1: 0x334, 7: 0x93C, 8: 0x3099, 9: 0x94D, 10: 0x5B0, 11: 0x5B1, 12: 0x5B2, 13: 0x5B3, 14: 0x5B4, 15: 0x5B5,
             16: 0x5B6, 17: 0x5B7, 18: 0x5B8, 19: 0x5B9, 20: 0x5BB, 21: 0x5BC, 22: 0x5BD, 23: 0x5BF, 24: 0x5C1,
             25: 0x5C2, 26: 0xFB1E, 27: 0x64B, 28: 0x64C, 29: 0x64D, 30: 0x64E, 31: 0x64F, 32: 0x650, 33: 0x651,
             34: 0x652, 35: 0x670, 36: 0x711, 84: 0xC55, 91: 0xC56, 103: 0xE38, 107: 0xE48, 118: 0xEB8, 122: 0xEC8,
             129: 0xF71, 130: 0xF72, 132: 0xF74, 202: 0x321, 214: 0x1DCE, 216: 0x31B, 218: 0x302A, 220: 0x316,
             222: 0x59A, 224: 0x302E, 226: 0x1D16D, 228: 0x5AE, 230: 0x300, 232: 0x315, 233: 0x35C, 234: 0x35D,
             240: 0x345}
    order = sorted(known)
    classes = {}
    for scalar in ALL:
        character = chr(scalar)
        if nfd.normalize_str(character) != character:
            continue
        low, high = chr(known[1]), chr(known[240])
        if nfd.normalize_str(high + character) == high + character and nfd.normalize_str(character + low) == character + low:
            if scalar == known[240]:
                classes[scalar] = 240
            elif scalar not in known.values():
                # Either class 0, or 240 beside a mark of 240, or 1 before a mark of 1.
                if nfd.normalize_str(high + character + low) == high + character + low:
                    continue
        # The smallest known class whose mark it does not pass over from behind.
        for value in order:
            mark = chr(known[value])
            if nfd.normalize_str(mark + character) == mark + character:
                below = value
            else:
                break
        classes[scalar] = below if nfd.normalize_str(low + character) == low + character else 1
    return classes


def charsmap(scalars):
    """A normalizer that makes an X of each of these, and of a whole cluster of up to five bytes that begins with one."""
    model = io.BytesIO()
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as rules:
        rules.writelines(f"{scalar:X}\t58\n" for scalar in scalars)
        rules.flush()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(["a b c"] * 10), model_writer=model, vocab_size=8, hard_vocab_limit=False, minloglevel=2,
            normalization_rule_tsv=rules.name)
    proto = sentencepiece_model_pb2.ModelProto.FromString(model.getvalue())
    return normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap)


def clusters():
    """(controls, extenders, prepends): what keeps scalars in one grapheme cluster, as far as five bytes can tell."""
    only_a = charsmap([ord("a")])
    extenders = [s for s in ALL if s > 0x7F and only_a.normalize_str("a" + chr(s)) == "X"]
    all_but_a = charsmap([s for s in ALL if s > 0 and chr(s) not in "abcX"])
    prepends = [s for s in ALL if s > 0 and all_but_a.normalize_str(chr(s) + "a") == "X"]
    short = [s for s in ALL if 0 < s < 0x10000 and chr(s) not in "abcX"]
    controls = [s for s in short if all_but_a.normalize_str(chr(s) + "\u0301") == "XX"]
    return controls, extenders, prepends


def main():
    nfd, clean, accents = normalizers.NFD(), bert(clean_text=True), bert(strip_accents=True)
    split = pre_tokenizers.BertPreTokenizer()
    decompositions = {}
    for scalar in ALL:
        if not 0xAC00 <= scalar <= 0xD7A3:  # Hangul syllables are arithmetic
            normalized = nfd.normalize_str(chr(scalar))
            if normalized != chr(scalar):
                decompositions[scalar] = normalized
    removed = [s for s in ALL if clean.normalize_str(chr(s)) == ""]
    marks = [s for s in ALL if s not in decompositions and accents.normalize_str(chr(s)) == ""]
    punctuation = [s for s in ALL if len(split.pre_tokenize_str(f"a{chr(s)}a")) == 3]
    classes = combining_classes(nfd)
    by_class = []
    for value in sorted(set(classes.values())):
        by_class.append(f"={value}")
        by_class += words(ranges(s for s, c in classes.items() if c == value))
    controls, extenders, prepends = clusters()
    nfc = normalizers.NFC()
    uncomposed = [s for s in decompositions if nfc.normalize_str(chr(s)) != chr(s)]
    letter, number = (normalizers.Replace(Regex(name), "") for name in (r"\p{L}", r"\p{N}"))
    letters = [s for s in ALL if letter.normalize_str(chr(s)) == ""]
    numbers = [s for s in ALL if number.normalize_str(chr(s)) == ""]
    print("// Made by tools/tables/reference_unicode.py from the `tokenizers` library; do not edit.\n")
    print("/// Unicode as the reference tokenizers see it. Hexadecimal scalars and ranges, separated by white space.")
    print("enum ReferenceUnicodeTables {")
    print(literal("removed", "Controls and the like, which cleaning drops.", words(ranges(removed))))
    print(literal("nonspacingMarks", "What is stripped after decomposition.", words(ranges(marks))))
    print(literal("punctuation", "What is a word of its own.", words(ranges(punctuation))))
    print(literal("letters", "`\\p{L}` of its regular expressions.", words(ranges(letters))))
    print(literal("numbers", "`\\p{N}` of its regular expressions.", words(ranges(numbers))))
    print(literal("clusterControls", "In no grapheme cluster with others; of one to three bytes.", words(ranges(controls))))
    print(literal("clusterExtenders", "In one grapheme cluster with what comes before.", words(ranges(extenders))))
    print(literal("clusterPrepends", "In one grapheme cluster with what follows.", words(ranges(prepends))))
    print(literal("uncomposed", "Decomposed by NFC too.", words(ranges(uncomposed))))
    print(literal("combiningClasses", "Canonical combining classes: `=class`, then its scalars.", by_class))
    print(literal("decompositions", "Full canonical decompositions, without Hangul: `scalar:scalar,…`.", [
        f"{s:X}:" + ",".join(f"{ord(c):X}" for c in d) for s, d in decompositions.items()]), end="")
    print("}")


if __name__ == "__main__":
    main()
