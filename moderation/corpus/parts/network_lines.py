"""Messengers and social networks: handles, numbers, links and invitations."""

import contacts as c
import disguises as d
import phones
import splits
from frames import LANGS, again, carrier, fill

def handle_line(kind, names, pick_handle):
    """A network with a handle: the handle is what must go."""
    def make(r, lang, number):
        m = r.choice(names(lang))
        h = pick_handle(r, lang)
        if h is None:
            return None
        category, other = kind, "social" if kind == "messenger" else "messenger"
        shell = carrier(r, lang, "MESSENGER")
        shell = russian(r, shell, m) if lang == "ru" else shell.replace("{m}", m)
        return fill(r, lang, shell.replace("{h}", "{}"), h, category, also=[other])
    return make


def russian(r, shell, m):
    """`{m}` in the case that the words before it ask for, as far as anybody bothers."""
    stem, last = m[:-1], m[-1]
    into = m
    if last == "а" and m.isalpha():
        into = r.choice([stem + "у", stem + "у", stem + "е"])
        via = stem + "у"
    else:
        into = r.choice([m, m, m + "е" if last in "пмрт" and m.islower() else m])
        via = m
    for before, form in [("в {m}", into), ("через {m}", via), ("по {m}", into), ("свой {m}", via if last == "а" else m), ("мой {m}", m)]:
        shell = shell.replace(before, before.replace("{m}", form))
    return shell.replace("{m}", m)


def at_handle(r, lang):
    h = c.handle(r, lang)
    return "@" + h if r.random() < 0.55 else h


def number_handle(r, lang):
    return phones.plain(r, phones.pick(r, lang))


def hidden_handle(r, lang):
    """A handle that is disguised itself."""
    h = c.handle(r, lang)
    kind = r.randrange(5)
    if kind == 0:
        return "@ " + h
    if kind == 1:
        return " ".join(h.replace("_", ""))
    if kind == 2:
        return d.sprinkle(r, "@" + h, d.ZERO_WIDTH[:5], 0.4)
    if kind == 3:
        return d.wide("@" + h)
    return {"en": "at ", "fr": "arobase ", "ru": "собака "}[lang] + h


def bent(r, lang, social=False):
    """A name bent so that a list of names misses it."""
    if lang == "ru" and r.random() < 0.5:
        return r.choice(d_names(social))
    base = r.choice(["instagram", "facebook", "tiktok", "snapchat", "insta"] if social else ["telegram", "whatsapp", "viber", "signal", "messenger", "discord", "telegram", "whatsapp"])
    kind = r.randrange(9)
    if kind == 0:
        return r.choice(["-", ".", "_", "*", "·"]).join(base)
    if kind == 1:
        return " ".join(base)
    if kind == 2:
        return d.leet(r, base)
    if kind == 3:
        return d.mixed_script(r, base)
    if kind == 4:
        return d.wide(base)
    if kind == 5:
        return d.styled(r, base)
    if kind == 6:
        return d.sprinkle(r, base, d.ZERO_WIDTH[:5], 0.5)
    if kind == 7:
        return d.stretched(r, base)
    at = r.randrange(2, len(base) - 2)
    return r.choice([base[:at] + base[at + 1:], base[:at] + base[at] + base[at:], base[:at] + base[at + 1] + base[at] + base[at + 2:], base[:at] + r.choice("-. ") + base[at:]])


def d_names(social):
    return c.CYRILLIC_SOCIAL_BENT if social else c.CYRILLIC_BENT


def named_line(kind, pick_name, invitation):
    def make(r, lang, number):
        m = pick_name(r, lang)
        other = "social" if kind == "messenger" else "messenger"
        if invitation:
            shell = carrier(r, lang, "INVITATION")
            if kind == "social" and shell == "{m}?":
                return None
            if lang == "ru":
                shell = russian(r, shell.replace("{m}", "{m}", 1), m)
                name = next(form for form in forms_of(m) if form in shell)
                return fill(r, lang, shell.replace(name, "{}", 1), name, kind, also=[other])
            return fill(r, lang, shell.replace("{m}", "{}"), m, kind, also=[other])
        shell = carrier(r, lang, "MESSENGER")
        shell = russian(r, shell, m) if lang == "ru" else shell.replace("{m}", m)
        return fill(r, lang, shell.replace("{h}", "{}"), at_handle(r, lang), kind, also=[other])
    return make


def forms_of(m):
    stem = m[:-1]
    return sorted([m + "е", m, stem + "у", stem + "е"], key=len, reverse=True) if m[-1].isalpha() else [m]


def bare_link(kind, pick_link):
    def make(r, lang, number):
        other = "social" if kind == "messenger" else "messenger"
        return fill(r, lang, carrier(r, lang, "LINK"), pick_link(r, lang), kind, also=["link", other, "phone"])
    return make


def bare_handle(r, lang, number):
    """A handle that needs no network's name."""
    return fill(r, lang, r.choice(BARE[lang]), "@" + c.handle(r, lang), "messenger", also=["social"])


BARE = {
    "en": ["{}", "write to {}", "find me {}", "I'm {} everywhere", "dm {}", "{} same name on all apps", "my nick is {}", "user {} is me", "look me up {}", "handle: {}", "text {} there", "{} <- me", "you know where: {}", "follow {} and message me"],
    "fr": ["{}", "écris à {}", "trouve-moi {}", "je suis {} partout", "mp {}", "{} même nom partout", "mon pseudo c'est {}", "le compte {} c'est moi", "cherche {}", "pseudo : {}", "écris à {} là-bas", "{} <- moi", "tu sais où : {}", "abonne-toi à {} et écris"],
    "ru": ["{}", "пиши {}", "ищи меня {}", "я везде {}", "в лс {}", "{} везде такой ник", "мой ник {}", "аккаунт {} это я", "найди {}", "ник: {}", "напиши {} там", "{} <- я", "сам знаешь где: {}", "подпишись {} и пиши"],
}


def number_line(r, lang, number):
    m = r.choice(c.MESSENGERS[:6] + c.MESSENGERS_LOCAL[lang] + c.MESSENGER_SLANG[lang][:4])
    shell = carrier(r, lang, "MESSENGER")
    shell = russian(r, shell, m) if lang == "ru" else shell.replace("{m}", m)
    return fill(r, lang, shell.replace("{h}", "{}"), number_handle(r, lang), "messenger", also=["phone"])


def recipes():
    out = []

    def add(label, technique, count, make):
        out.extend((label, technique, lang, count, again(make)) for lang in LANGS)

    messengers = lambda lang: c.MESSENGERS + c.MESSENGERS_LOCAL[lang] * 2
    socials = lambda lang: c.SOCIAL + c.SOCIAL_LOCAL[lang]
    # Nobody is invited to go on with talking there.
    talking = lambda lang: [m for m in socials(lang) if m.lower() not in ("youtube", "pinterest", "nextdoor", "ютуб", "x (twitter)", "twitter")]
    add("messenger", "plain", 60, handle_line("messenger", messengers, at_handle))
    add("messenger", "link", 45, bare_link("messenger", c.messenger_link))
    add("messenger", "number", 40, number_line)
    add("messenger", "slang_messenger", 60, named_line("messenger", lambda r, lang: r.choice(c.MESSENGER_SLANG[lang]), False))
    add("messenger", "bent_name", 60, named_line("messenger", bent, False))
    add("messenger", "invitation", 60, named_line("messenger", lambda r, lang: r.choice(messengers(lang)), True))
    add("messenger", "invitation_slang", 50, named_line("messenger", lambda r, lang: r.choice(c.MESSENGER_SLANG[lang]), True))
    add("messenger", "invitation_bent", 50, named_line("messenger", bent, True))
    add("messenger", "hidden_handle", 40, handle_line("messenger", messengers, hidden_handle))
    add("messenger", "bare_handle", 40, bare_handle)
    add("messenger", "split", 40, splits.handle)

    add("social", "plain", 60, handle_line("social", socials, at_handle))
    add("social", "link", 45, bare_link("social", c.social_link))
    add("social", "slang", 45, named_line("social", lambda r, lang: r.choice(c.SOCIAL_SLANG[lang]), False))
    add("social", "bent_name", 45, named_line("social", lambda r, lang: bent(r, lang, True), False))
    add("social", "invitation", 45, named_line("social", lambda r, lang: r.choice(talking(lang)), True))
    add("social", "hidden_handle", 40, handle_line("social", socials, hidden_handle))
    return out
