"""One table from souk's report and the answers of the others.

`compare.py CORPUS_LINES REPORT_JSON NAME=ANSWERS…`
"""

import json
import math
import sys
from collections import defaultdict

CONTACTS = ("phone", "email", "link", "messenger", "social")
# The row of each technique that is not simply a disguise; None is left out: nobody set a goal for it.
WAYS = {
    "plain": "plain", "idn": "plain", "split": "over several messages",
    "with_order": "among other words and figures", "with_figures": "among other words and figures", "with_words": "among other words and figures",
    "number_words": "in number words", "words_mixed": "in number words", "misspelled_words": "in number words", "words_hidden": "in number words",
    "local7": None, "words_glued": None, "words_cross": None, "provider_only": None,
}
Z = 1.959964


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def wilson(hits, count):
    p = hits / count
    middle, reach = p + Z * Z / (2 * count), Z * math.sqrt(p * (1 - p) / count + Z * Z / (4 * count * count))
    scale = 1 + Z * Z / count
    return max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale)


def kinds(label, technique, language):
    """The rows that a message counts in, and what counts there."""
    if label in ("phone", "email", "link"):
        way = WAYS.get(technique, "disguised")
        return [(f"{label}, {way}", "covered")] if way else []
    if label in ("messenger", "social"):
        way = {"link": "link", "split": "over several messages"}.get(technique, "name, handle, invitation")
        return [(f"messenger or social, {way}", "covered")]
    if label == "profanity":
        return [(f"profanity {language}, {'plain' if technique == 'plain' else 'disguised'}", "profane")]
    if label in ("trade", "ordinary"):
        rows = [(f"FALSE: profanity in trade and ordinary talk {language}", "profane")]
        # The others know neither the marketplace's hosts nor the order's number.
        return rows if technique in ("own_link", "real_order") else [(f"FALSE: contact in {label} talk", "contact"), *rows]
    if technique in ("profanity_scunthorpe", "profanity_mild"):
        return [("FALSE: profanity in harmless words", "profane")]
    return []


def covered(line, spans):
    """Whether every letter and digit that is labelled lies in a span."""
    inside = set()
    for start, end in spans:
        inside.update(range(start, end))
    return all(at in inside for span in line["spans"] for at in range(span["start"], span["end"]) if line["text"][at].isalnum())


def main():
    corpus, report, *others = sys.argv[1:]
    units = defaultdict(list)
    for line in lines_of(corpus):
        units[line.get("group") or line["id"]].append(line)
    rows = {}
    with open(report, encoding="utf-8") as file:
        souk = json.load(file)
    names = ["souk"]
    pace = {"souk": souk["microseconds"] / souk["messages"]}
    tally = defaultdict(lambda: [0, 0])

    def count(row, name, hit):
        rows.setdefault(row)
        tally[row, name][0] += hit
        tally[row, name][1] += 1

    for unit in souk["units"]:
        flags = set(unit["flags"])
        for row, what in kinds(unit["label"], unit["technique"], unit["language"]):
            hit = {"covered": unit["covered"], "profane": "profanity" in flags, "contact": bool(flags & set(CONTACTS))}[what]
            count(row, "souk", hit)
    for other in others:
        name, path = other.split("=", 1)
        names.append(name)
        *answers, last = lines_of(path)
        pace[name] = last["microseconds"] / last["messages"]
        found = {answer["id"]: answer for answer in answers}
        profane = name == "rustrict"
        for lines in units.values():
            for row, what in kinds(lines[0]["label"], lines[0]["technique"], lines[0]["language"]):
                if (what == "profane") != profane:
                    continue
                if what == "covered":
                    hit = all(covered(line, found[line["id"]]["spans"]) for line in lines)
                else:
                    hit = any(found[line["id"]]["flagged"] for line in lines)
                count(row, name, hit)

    width = max(map(len, rows)) + 2
    print(f"{'per cent [95 %, Wilson]':{width}}" + "".join(f"{name:>26}" for name in names))
    for row in rows:
        cells = []
        for name in names:
            hits, all_of_them = tally.get((row, name), (0, 0))
            if not all_of_them:
                cells.append("–")
                continue
            low, high = wilson(hits, all_of_them)
            digits = 2 if all_of_them > 2000 else 1
            cells.append(f"{100 * hits / all_of_them:.{digits}f} [{100 * low:.{digits}f}–{100 * high:.{digits}f}]")
        print(f"{row:{width}}" + "".join(f"{cell:>26}" for cell in cells))
    print(f"{'µs per message':{width}}" + "".join(f"{pace[name]:>26.1f}" for name in names))


main()
