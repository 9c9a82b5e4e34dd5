#!/usr/bin/env python3
"""Writes the corpus: one file of JSON lines per label, the same on every run.

    moderation/corpus/generate.py            write the files
    moderation/corpus/generate.py --check    fail when the files are not what this would write

Every line has a generator of its own, seeded with its id, so that adding carriers, techniques or lines changes as few of
the others as can be. See README.md for the fields.
"""

import hashlib
import json
import pathlib
import random
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE / "parts"))

import address_lines  # noqa: E402
import beside_lines  # noqa: E402
import hand_lines  # noqa: E402
import met_lines  # noqa: E402
import met_numbers  # noqa: E402
import met_spam  # noqa: E402
import network_lines  # noqa: E402
import phone_lines  # noqa: E402
import spam_lines  # noqa: E402
import word_lines  # noqa: E402

LABELS = ["phone", "email", "link", "messenger", "social", "profanity", "insult", "threat", "spam", "trade", "ordinary", "trap"]


def seeded(name):
    return random.Random(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big"))


def build():
    """All lines by label."""
    files = {label: [] for label in LABELS}
    seen = set()
    parts = [phone_lines, beside_lines, address_lines, network_lines, word_lines, hand_lines, spam_lines, met_lines, met_numbers, met_spam]
    recipes = [recipe for part in parts for recipe in part.recipes()]
    for label, technique, lang, count, make in recipes:
        for number in range(1, count + 1):
            name = f"{label}-{technique}-{lang}-{number:03}"
            for attempt in range(50):
                conversation = make(seeded(f"{name}/{attempt}"), lang, number)
                key = (label, tuple((line["text"], line.get("at")) for line in conversation))
                if key not in seen:
                    break
            else:
                raise SystemExit(f"{name}: nothing new after 50 attempts")
            seen.add(key)
            alone = len(conversation) == 1 and "at" not in conversation[0]
            for place, line in enumerate(conversation, 1):
                spans = [finished(line["text"], span) for span in line.pop("spans", [])]
                head = {"id": name if alone else f"{name}.{place}", "text": line.pop("text"), "spans": spans}
                tail = {"label": label, "technique": technique, "language": lang}
                if not alone:
                    tail |= {"group": name}
                files[label].append(head | tail | line)
    return files


def finished(text, span):
    start, end, category, *also = span
    assert 0 <= start < end <= len(text), (text, span)
    out = {"start": start, "end": end, "category": category}
    if also and also[0]:
        out["also"] = also[0]
    return out


def main():
    check = "--check" in sys.argv[1:]
    stale = []
    total = 0
    for label, lines in build().items():
        path = HERE / f"{label}.jsonl"
        body = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
        total += len(lines)
        if check:
            if not path.exists() or path.read_text("utf-8") != body:
                stale.append(path.name)
        else:
            path.write_text(body, "utf-8")
    if stale:
        raise SystemExit(f"not what generate.py writes: {', '.join(stale)}")
    print(f"{total} lines")


main()
