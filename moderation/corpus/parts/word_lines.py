"""Profanity: hand-written words in hand-written sentences, plain and disguised. `[[…]]` is what must be hidden."""

import re

import disguises as d
import profanity
from frames import LANG, LANGS, careless

DISGUISES = {
    "leet": lambda r, w: d.leet(r, w),
    "spacing": lambda r, w: r.choice([" ", "  "]).join(w),
    "separators": lambda r, w: r.choice([".", "-", "_", "*", "·", "|", "~"]).join(w),
    "stretched": lambda r, w: d.stretched(r, d.stretched(r, w) if r.random() < 0.3 else w),
    "mixed_script": lambda r, w: d.mixed_script(r, w),
    "zero_width": lambda r, w: d.sprinkle(r, w, d.ZERO_WIDTH[:6], 0.6),
    "combining": lambda r, w: "".join(ch + r.choice("\u0301\u0336\u0308\u0332\u0323") if r.random() < 0.6 else ch for ch in w),
    "starred": lambda r, w: d.starred(r, w),
    "fullwidth": lambda r, w: "".join(chr(ord(ch) + 0xFEE0) if "!" <= ch <= "~" else ch for ch in w),
    "misspelled": None,
    "transliterated": None,
}


def sentence(r, lang, word):
    # Sentences are written for the word's kind, so that grammar is near to right.
    kind, text = word
    shell = r.choice(profanity.FRAMES[lang][kind])
    return shell, text


def plain(r, lang, number):
    words = profanity.WORDS[lang]
    word = words[(number - 1) % len(words)]
    shell, text = sentence(r, lang, word)
    if r.random() < 0.15:
        text = text.upper()
    return finished(r, lang, shell, text)


def finished(r, lang, shell, text):
    if shell.startswith("{}") and r.random() < 0.5 and text.islower() and text.isalpha():
        text = text.capitalize()
    start = shell.index("{}")
    whole = shell.replace("{}", text, 1)
    before = after = ""
    if r.random() < 0.25:
        before = careless(r, r.choice(LANG[lang].TALK)) + " "
    elif r.random() < 0.2:
        after = r.choice([" ", "\n"]) + careless(r, r.choice(LANG[lang].TALK))
    at = len(before) + start
    spans = [(at + a, at + b, "profanity", ["insult"]) for a, b in cores(text)]
    return [{"text": before + whole + after, "spans": spans}]


def cores(text):
    """Where the profane words are in an expression; all of it when none stands out."""
    found = [match.span() for match in re.finditer(r"\w+", text) if match.group().lower() in profanity.CORE]
    return found if " " in text and found else [(0, len(text))]


def disguised(name):
    def make(r, lang, number):
        if name in ("misspelled", "transliterated"):
            kind, text = r.choice(getattr(profanity, name.upper())[lang])
            return finished(r, lang, r.choice(profanity.FRAMES[lang][kind]), text)
        while True:
            kind, text = r.choice([w for w in profanity.WORDS[lang] if len(w[1]) >= 4 and " " not in w[1]])
            hidden = DISGUISES[name](r, text)
            if hidden and hidden != text:
                return finished(r, lang, r.choice(profanity.FRAMES[lang][kind]), hidden)
    return make


def recipes():
    out = [("profanity", "plain", lang, max(80, len(profanity.WORDS[lang])), plain) for lang in LANGS]
    for technique in DISGUISES:
        for lang in LANGS:
            if technique == "fullwidth" and lang == "ru" or technique == "transliterated" and lang != "ru":
                continue
            out.append(("profanity", technique, lang, 40, disguised(technique)))
    return out
