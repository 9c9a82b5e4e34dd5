"""Ways of hiding what is meant from a machine while a person still reads it."""

ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e\u2063"
BIDI = "\u200e\u200f\u202a\u202c\u202d\u2066\u2069\u061c"

LIKE_DIGIT = {
    "0": "OoОоΟο", "1": "lI|іІ", "2": "Zz", "3": "ЗзӠ", "4": "ЧчA", "5": "Ss$", "6": "бbG", "7": "T", "8": "BВ", "9": "gq",
}
TO_CYRILLIC = dict(zip("aceopxykmthbACEOPXYKMTHB", "асеорхукмтнвАСЕОРХУКМТНВ"))
TO_CYRILLIC.update({"i": "і", "s": "ѕ", "j": "ј"})
TO_CYRILLIC["h"], TO_CYRILLIC["b"], TO_CYRILLIC["m"], TO_CYRILLIC["t"], TO_CYRILLIC["k"] = "һ", "Ь", "м", "т", "к"
TO_LATIN = dict(zip("асеорхуАСЕОРХУКМТНВ", "aceopxyACEOPXYKMTHB"))
GREEK = {"a": "α", "o": "ο", "e": "ε", "i": "ι", "v": "ν", "p": "ρ", "u": "υ", "k": "κ", "x": "χ", "n": "η"}
LEET = {"a": "@4", "e": "3", "i": "1!", "o": "0", "s": "$5", "t": "7", "b": "8", "g": "9", "l": "1",
        "а": "@4", "о": "0", "з": "3", "б": "6", "ч": "4", "е": "3", "i": "1", "в": "8"}
SEPARATORS = ["-", "_", ".", "*", "/", "~", "|", "•", "·", " - ", "--", "...", ",", "=", ":", "—", "–", "'", "+", " / ", "^", "#", "\\", "·", " . ", ";", "★", " | ", "..", "►", " * "]


def spacing(r, p, parts):
    nat = "".join(parts)
    kind = r.randrange(8)
    if kind == 0:
        return " ".join(nat)
    if kind == 1:
        return "  ".join(nat)
    if kind == 2:
        return r.choice(["\u00a0", "\u2009", "\u202f", "\u3000", "\t", "   "]).join(parts)
    if kind == 3:
        return "\n".join(parts)
    if kind == 4:
        return "   ".join(" ".join(group) for group in parts)
    sizes, out, at = [1, 2, 2, 3, 3, 4], [], 0
    while at < len(nat):
        size = r.choice(sizes)
        out.append(nat[at:at + size])
        at += size
    return r.choice([" ", " ", "  ", "\u00a0"]).join(out)


def separators(r, p, parts):
    nat = "".join(parts)
    sep = r.choice(SEPARATORS)
    kind = r.randrange(6)
    if kind == 0:
        return r.choice(["-", ".", "_", "*", "~", "·", ",", "/"]).join(nat)
    if kind == 1:
        return "".join(f"[{g}]" if r.random() < 2 else g for g in parts)
    if kind == 2:
        marks = [r.choice(SEPARATORS) for _ in parts]
        return "".join(g + m for g, m in zip(parts, marks))[:-len(marks[-1])]
    if kind == 3:
        return r.choice([" 😊 ", "❤️", " 👉 ", "🔥", " ☎ ", "📞"]).join(parts)
    if kind == 4:
        return "".join(f"({g})" for g in parts) if r.random() < 0.5 else "<" + "><".join(parts) + ">"
    return sep.join(parts)


def lookalikes(r, p, parts):
    text = join(r, parts)
    places = [i for i, ch in enumerate(text) if ch in LIKE_DIGIT and ch in "0013568"]
    places = places or [i for i, ch in enumerate(text) if ch in LIKE_DIGIT]
    chosen = set(r.sample(places, min(len(places), r.randint(2, 4))))
    table = {d: r.choice(forms) for d, forms in LIKE_DIGIT.items()}
    return "".join(table[ch] if i in chosen else ch for i, ch in enumerate(text))


def join(r, parts):
    return r.choice([" ", "-", "", " ", "."]).join(parts)


def fullwidth(r, p, parts):
    wide = lambda s: "".join(chr(ord(ch) + 0xFEE0) if "!" <= ch <= "~" else ch for ch in s)
    if r.random() < 0.25:
        return r.choice([" ", ""]).join(wide(g) if i % 2 == 0 else g for i, g in enumerate(parts))
    return r.choice(["", " ", "　", "-", "－"]).join(wide(g) for g in parts)


def circled(r, p, parts):
    kind = r.randrange(4)
    if kind == 0:
        one = lambda d: "⓪" if d == "0" else chr(0x2460 + int(d) - 1)
    elif kind == 1:
        one = lambda d: "⓿" if d == "0" else chr(0x2776 + int(d) - 1)
    elif kind == 2:
        one = lambda d: "🄋" if d == "0" else chr(0x2780 + int(d) - 1)
    else:
        one = lambda d: "0" if d == "0" else chr(0x2474 + int(d) - 1)
    sep = r.choice(["", " ", ""])
    return r.choice(["", " ", "-"]).join(sep.join(one(d) if d.isdigit() else d for d in g) for g in parts)


def math_digits(r, p, parts):
    base = r.choice([0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6])
    one = lambda d: chr(base + int(d)) if d.isdigit() else d
    if r.random() < 0.25:
        every = r.randint(2, 3)
        text = join(r, parts)
        return "".join(one(ch) if i % every else ch for i, ch in enumerate(text))
    return join(r, ["".join(one(d) for d in g) for g in parts])


def other_digits(r, p, parts):
    table = r.choice(["⁰¹²³⁴⁵⁶⁷⁸⁹", "₀₁₂₃₄₅₆₇₈₉", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "०१२३४५६७८९", "๐๑๒๓๔๕๖๗๘๙"])
    return join(r, ["".join(table[int(d)] if d.isdigit() else d for d in g) for g in parts])


def sprinkle(r, text, marks, share):
    out = []
    for i, ch in enumerate(text):
        out.append(ch)
        if i + 1 < len(text) and r.random() < share:
            out.append(r.choice(marks))
    return "".join(out)


def zero_width(r, p, parts):
    marks = ZERO_WIDTH if r.random() < 0.4 else r.choice(ZERO_WIDTH)
    return sprinkle(r, join(r, parts), marks, r.choice([0.3, 0.6, 1.0]))


def bidi(r, p, parts):
    text = join(r, parts)
    kind = r.randrange(4)
    if kind == 0:
        return "\u202d" + text + "\u202c"
    if kind == 1:
        return "\u2066".join(join(r, [g]) for g in parts)
    return sprinkle(r, text, BIDI, r.choice([0.3, 0.6, 1.0]))


def combining(r, p, parts):
    marks = r.choice(["\u0336", "\u0332", "\u0301", "\u0308", "\u0335", "\u0305", "\u0323\u0307", "\u034f", "\u0337", "\u0300\u0316\u0489"])
    text = join(r, parts)
    share = r.choice([0.4, 1.0, 1.0])
    return "".join(ch + (marks if ch.isdigit() and r.random() < share else "") for ch in text)


def emoji_digits(r, p, parts):
    key = "\ufe0f\u20e3" if r.random() < 0.8 else "\u20e3"
    one = lambda d: d + key if d.isdigit() else d
    if r.random() < 0.25:
        return r.choice([" ", ""]).join("".join(map(one, g)) if i % 2 else g for i, g in enumerate(parts))
    inner = r.choice(["", "", " "])
    return r.choice(["", " ", "-"]).join(inner.join(map(one, g)) for g in parts)


FILLERS = {
    "en": ["then", "and", "after that", "next", "followed by", "(no spaces)", "um", "dash", "and then", "space", "plus these", "last ones", "star", "...wait for it...", "finally", "hyphen"],
    "fr": ["puis", "et", "après", "ensuite", "suivi de", "(sans espace)", "euh", "tiret", "et puis", "espace", "enfin", "pis", "trait", "les derniers", "pis après"],
    "ru": ["потом", "и", "дальше", "затем", "далее", "(без пробелов)", "эээ", "тире", "а потом", "пробел", "и еще", "в конце", "дефис", "ну и", "после"],
}


def interleaved(r, lang, parts):
    out = [parts[0]]
    if r.random() < 0.3:
        word = r.choice(FILLERS[lang])
        for g in parts[1:]:
            out += [word, g]
    else:
        for g in parts[1:]:
            out += [r.choice(FILLERS[lang]), g]
    return " ".join(out)


def mixed_script(r, text, share=0.5):
    """Latin letters become their Cyrillic or Greek doubles, or the other way round. At least one does."""
    cyrillic = any("а" <= ch.lower() <= "я" for ch in text)
    table = TO_LATIN if cyrillic else GREEK if r.random() < 0.15 else TO_CYRILLIC
    places = [i for i, ch in enumerate(text) if ch in table]
    if not places:
        return None
    chosen = {r.choice(places)} | {i for i in places if r.random() < share}
    return "".join(table[ch] if i in chosen else ch for i, ch in enumerate(text))


def leet(r, text):
    places = [i for i, ch in enumerate(text) if ch.lower() in LEET and i > 0] or [i for i, ch in enumerate(text) if ch.lower() in LEET]
    if not places:
        return None
    chosen = set(r.sample(places, min(len(places), r.randint(1, 2))))
    return "".join(r.choice(LEET[ch.lower()]) if i in chosen else ch for i, ch in enumerate(text))


def stretched(r, text):
    at = r.choice([i for i, ch in enumerate(text) if ch.isalpha()])
    return text[:at] + text[at] * r.randint(3, 7) + text[at + 1:]


def styled(r, text):
    base = r.choice([0x1D41A, 0x1D44E, 0x1D4D0 + 26, 0x1D5BA, 0x1D5EE, 0x1D68A])
    out = []
    for ch in text:
        low = ch.lower()
        if "a" <= low <= "z":
            out.append("ℎ" if base == 0x1D44E and low == "h" else chr(base + ord(low) - ord("a")))
        else:
            out.append(ch)
    return "".join(out)


def starred(r, text):
    inner = [i for i in range(1, len(text) - 1)] or [len(text) - 1]
    mark = r.choice("***#_")
    count = 1 if len(text) < 5 else r.randint(1, 2)
    start = r.choice(inner[: max(1, len(inner) - count + 1)])
    return text[:start] + mark * count + text[start + count:]


def wide(text):
    return "".join(chr(ord(ch) + 0xFEE0) if "!" <= ch <= "~" else ch for ch in text)
