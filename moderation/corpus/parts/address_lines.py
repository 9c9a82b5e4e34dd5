"""E-mails and links, plain and disguised."""

import contacts as c
import disguises as d
import splits
from frames import LANGS, again, carrier, fill

PROVIDER = {
    "en": ["my gmail is {}", "{} on gmail", "gmail: {}", "write to {} gmail", "{} at the usual g mail", "it's {} (gmail)", "hotmail {}", "outlook, {}", "{} and then gmail com"],
    "fr": ["mon gmail c'est {}", "{} sur gmail", "gmail : {}", "écris à {} gmail", "c'est {} (gmail)", "hotmail {}", "outlook, {}", "{} et après gmail com", "vidéotron {}"],
    "ru": ["мой gmail {}", "{} на gmail", "gmail: {}", "пишите на {} джимейл", "{} (гмейл)", "яндекс почта {}", "{} на яндексе", "{} мэйл ру", "{} а дальше gmail com"],
}


def provider_only(r, lang, number):
    """The part before the at, and the name of the provider."""
    return fill(r, lang, r.choice(PROVIDER[lang]), c.local(r, lang), "email", also=["messenger", "social"])


AT = {"en": ["at", "(at)", "[at]", " at ", "AT", "{at}", "-at-", "_at_", "a t"], "fr": ["arobase", "(arobase)", "arobas", "[at]", "(at)", "a commercial", "at", "AROBASE", "arrobase", "à", "chez"], "ru": ["собака", "(собака)", "сабака", "собачка", "[собака]", "at", "гав", "(at)", "эт", "СОБАКА", "собак"]}
DOT = {"en": ["dot", "(dot)", "[dot]", "DOT", "{dot}", "-dot-", "point", "d0t", "."], "fr": ["point", "(point)", "[point]", "POINT", "dot", "pt", "pont", "."], "ru": ["точка", "(точка)", "тчк", "[точка]", "dot", "точк", "ТОЧКА", "точька", "."]}
SPOKEN = {
    "gmail": {"en": "gmail", "fr": "gmail", "ru": "джимейл"}, "mail": {"ru": "мэйл"}, "yandex": {"ru": "яндекс"}, "com": {"ru": "ком"}, "ru": {"ru": "ру"},
    "hotmail": {"fr": "hotmail"}, "ca": {}, "icloud": {"ru": "айклауд"}, "list": {"ru": "лист"}, "inbox": {"ru": "инбокс"}, "bk": {"ru": "бк"}, "rambler": {"ru": "рамблер"},
}


def email_of(disguise):
    def make(r, lang, number):
        name, domain = c.email(r, lang)
        text = disguise(r, lang, name, domain)
        return None if text is None else fill(r, lang, carrier(r, lang, "MAIL"), text, "email")
    return make


def is_word(sign):
    """Whether it must stand by itself: brackets and dashes need no spaces around them."""
    return all(ch.isalnum() or ch == " " for ch in sign)


def at_dot_words(r, lang, name, domain):
    at, dot = r.choice(AT[lang]), r.choice(DOT[lang])
    spoken = domain
    if lang == "ru" and r.random() < 0.4:
        spoken = ".".join(SPOKEN.get(part, {}).get(lang, part) for part in domain.split("."))
    pad = " " if is_word(at) or r.random() < 0.6 else ""
    dotted = f" {dot} " if is_word(dot) or (dot != "." and pad) else dot
    text = name + pad + at.strip() + pad + spoken.replace(".", dotted)
    if r.random() < 0.4:
        text = text.replace(name, name.replace(".", dotted), 1)
    return r.choice([text, text, text.upper() if r.random() < 0.3 else text])


def email_spacing(r, lang, name, domain):
    kind = r.randrange(5)
    if kind == 0:
        return f"{name} @ {domain}"
    if kind == 1:
        return f"{name}@ {domain.replace('.', ' . ')}"
    if kind == 2:
        return f"{name} @{domain.replace('.', ' .')}"
    if kind == 3:
        return " ".join(f"{name}@{domain}")
    return f"{name}\n@{domain}" if r.random() < 0.5 else f"{name} @ {domain.replace('.', ' . ')}"


def email_separators(r, lang, name, domain):
    """Something else in the place of the dot or the at."""
    kind = r.randrange(6)
    if kind == 0:
        return f"{name}@{domain.replace('.', ',')}"
    if kind == 1:
        return f"{name}@{domain.replace('.', '(.)')}"
    if kind == 2:
        return f"{name}[@]{domain.replace('.', '[.]')}"
    if kind == 3:
        return f"{name}(a){domain}"
    if kind == 4:
        return f"{name}@@{domain.replace('.', '..')}"
    return f"{name}(@){domain}"


def email_lookalikes(r, lang, name, domain):
    if r.random() < 0.5:
        return d.mixed_script(r, f"{name}@{domain}", 0.3)
    text = f"{name}@{domain.replace('gmail', r.choice(['gmai1', 'gmaıl', 'gmaiI'])).replace('mail', r.choice(['maiI', 'mаil']))}"
    return text.replace("@", r.choice(["@", "＠", "﹫", "ⓐ"]), 1).replace(".", r.choice([".", "․", "。", "·"]))


def link_of(disguise):
    def make(r, lang, number):
        text = disguise(r, lang)
        return None if text is None else fill(r, lang, carrier(r, lang, "LINK"), text, "link")
    return make


def link_dot_words(r, lang):
    dot = r.choice([x for x in DOT[lang] if x != "."])
    dotted = f" {dot} " if is_word(dot) or r.random() < 0.4 else dot
    head = r.choice(["", "", "www" + dotted])
    return head + c.host(r, lang).replace(".", dotted)


def link_spacing(r, lang):
    h = c.host(r, lang)
    return r.choice([h.replace(".", " . "), h.replace(".", " ."), "www . " + h.replace(".", " . "), "https: // " + h, "https :// " + h.replace(".", " . "), " ".join(h), "www. " + h.replace(".", ". "), h.replace(".", " . ") + " / contact"])


def link_separators(r, lang):
    h = c.host(r, lang)
    return r.choice([h.replace(".", "(.)"), h.replace(".", "[.]"), "hxxps://" + h, "hxxp://" + h.replace(".", "[.]"), "www," + h.replace(".", ","), h.replace(".", "{.}"), "https:\\\\" + h, "h t t p s://" + h, h.replace(".", "•"), "https//:" + h, "www-" + h.replace(".", "[dot]")])


def link_lookalikes(r, lang):
    h = c.host(r, lang)
    kind = r.randrange(4)
    if kind == 0:
        return d.mixed_script(r, r.choice(["www.", "https://"]) + h, 0.25)
    if kind == 1:
        return r.choice(["", "www."]) .replace(".", "․") + h.replace(".", r.choice(["․", "。", "．", "｡"]))
    if kind == 2:
        return "https:∕∕" + h
    return d.mixed_script(r, h, 0.2)


def idn(r, lang):
    if lang == "ru":
        return r.choice(["", "https://", "www."]) + r.choice(["ремонт", "кухни", "мастер", "плитка", "двери", "натяжные", "окна"]) + r.choice(["-мск", "24", "спб", "плюс", "-дом", ""]) + r.choice([".рф", ".рус", ".рф/цены", ".онлайн", ".москва", ".дети"])
    stem = {"fr": ["rénopro", "béton-québec", "clôture-dubé", "maçon", "électro-plus", "toîtures"], "en": ["café-reno", "piñata-decks", "naïve-paint", "über-floors", "fiancée-gardens"]}[lang]
    return r.choice(["", "https://", "www."]) + r.choice(stem) + str(r.randint(1, 99)) + r.choice([".ca", ".com", ".net"])


def recipes():
    out = []

    def add(label, technique, count, make):
        out.extend((label, technique, lang, count, again(make)) for lang in LANGS)

    add("email", "plain", 60, email_of(lambda r, lang, n, h: f"{n}@{h}" if r.random() < 0.85 else f"{n}@{h}".title()))
    add("email", "at_dot_words", 60, email_of(at_dot_words))
    add("email", "spacing", 45, email_of(email_spacing))
    add("email", "separators", 40, email_of(email_separators))
    add("email", "lookalikes", 40, email_of(email_lookalikes))
    add("email", "fullwidth", 40, email_of(lambda r, lang, n, h: d.wide(f"{n}@{h}") if r.random() < 0.7 else f"{n}＠{h.replace('.', '．')}"))
    add("email", "zero_width", 40, email_of(lambda r, lang, n, h: d.sprinkle(r, f"{n}@{h}", d.ZERO_WIDTH[:6], 0.4)))
    add("email", "math_letters", 40, email_of(lambda r, lang, n, h: d.styled(r, f"{n}@{h}")))
    add("email", "split", 40, splits.email)
    add("email", "provider_only", 40, provider_only)

    add("link", "plain", 80, link_of(c.link))
    add("link", "idn", 40, link_of(idn))
    add("link", "dot_words", 45, link_of(link_dot_words))
    add("link", "spacing", 45, link_of(link_spacing))
    add("link", "separators", 45, link_of(link_separators))
    add("link", "lookalikes", 45, link_of(link_lookalikes))
    add("link", "fullwidth", 40, link_of(lambda r, lang: d.wide(r.choice(["www.", "https://", ""]) + c.host(r, lang))))
    add("link", "zero_width", 40, link_of(lambda r, lang: d.sprinkle(r, r.choice(["www.", "https://", ""]) + c.host(r, lang), d.ZERO_WIDTH[:6], 0.4)))
    add("link", "math_letters", 40, link_of(lambda r, lang: d.styled(r, r.choice(["www.", "https://", ""]) + c.host(r, lang))))
    return out
