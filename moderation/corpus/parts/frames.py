"""Putting a contact into what people say around it."""

import en
import fr
import ru

LANG = {"en": en, "fr": fr, "ru": ru}
LANGS = ["en", "fr", "ru"]
MARK = "\x00"


def careless(r, text):
    """The same sentence by somebody in a hurry: lower case, no full stop, two letters swapped, a space doubled."""
    if r.random() < 0.25:
        text = text.lower()
    if r.random() < 0.25:
        text = text.rstrip(".")
    if r.random() < 0.08:
        words = text.split(" ")
        long = [i for i, w in enumerate(words) if len(w) >= 5 and w.isalpha()]
        if long:
            i = r.choice(long)
            at = r.randrange(1, len(words[i]) - 2)
            w = words[i]
            words[i] = w[:at] + w[at + 1] + w[at] + w[at + 2:]
            text = " ".join(words)
    if r.random() < 0.05:
        text = text.replace(" ", "  ", 1)
    return text


def around(r, lang, text, share=0.35):
    """Perhaps something said before and something after."""
    talk = LANG[lang].TALK
    if r.random() < share:
        text = careless(r, r.choice(talk)) + r.choice([" ", " ", "\n", " … ", "\n\n"]) + text
    if r.random() < share * 0.7:
        text = text + r.choice([" ", "\n", " ", ". "]) + careless(r, r.choice(talk))
    return text


def fill(r, lang, carrier, contact, category, also=None, inner=None):
    """`carrier` with `contact` in the place of `{}`; `inner` are spans inside the contact, by default all of it."""
    shell = around(r, lang, careless(r, carrier.replace("{}", MARK)))
    start = shell.index(MARK)
    text = shell.replace(MARK, contact, 1)
    spans = inner or [(0, len(contact))]
    return [{"text": text, "spans": [(start + a, start + b, category, also) for a, b in spans]}]


def marked(text, category, also=None):
    """A text with `[[` and `]]` around what is to be found."""
    spans = []
    while "[[" in text:
        start = text.index("[[")
        text = text.replace("[[", "", 1)
        end = text.index("]]")
        text = text.replace("]]", "", 1)
        spans.append((start, end, category, also))
    return {"text": text, "spans": spans}


def carrier(r, lang, kind):
    """One of the sentences of that name."""
    return r.choice(getattr(LANG[lang], kind))


def again(make):
    """A recipe that may answer `None` for contacts its disguise does not fit: tried until it does."""
    def tried(r, lang, number):
        while True:
            out = make(r, lang, number)
            if out is not None:
                return out
    return tried
