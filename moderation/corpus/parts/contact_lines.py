"""Phones, e-mails, links, messengers, social networks: plain and disguised."""

import contacts as c
import disguises as d
import numwords
import phones
import splits
from frames import LANG, LANGS, fill

BY_DIGITS = {
    "spacing": d.spacing, "separators": d.separators, "lookalikes": d.lookalikes, "fullwidth": d.fullwidth, "circled": d.circled,
    "math_digits": d.math_digits, "other_digits": d.other_digits, "zero_width": d.zero_width, "bidi": d.bidi, "combining": d.combining,
    "emoji_digits": d.emoji_digits,
}

ORDERS = {
    "en": ["my order number is {} wink wink", "order #{} call it", "order no. {} ;)", "invoice {} - ring it when you want", "use order {} to reach me", "its not a phone lol order {}", "ref {} dial it", "tracking number {} (it rings)", "order id {}, you know what to do", "Case {} text it tonight", "your ticket is {}, answers 24/7", "order {}", "Order number: {}", "PO {} pick up the phone", "item no {} talks", "this is my order: {}", "code {} dial", "serial {} hello?", "price is {} dollars haha call", "account # {} speak soon", "quote number {} - call", "permit {} my cell", "part no. {} on whatsapp", "id {} ring me"],
    "fr": ["mon numéro de commande c'est le {} clin d'oeil", "commande #{} appelle-la", "commande no {} ;)", "facture {} - sonne quand tu veux", "utilise la commande {} pour me joindre", "c'est pas un tel mdr commande {}", "réf {} compose-la", "numéro de suivi {} (ça sonne)", "dossier {}, tu sais quoi faire", "Cas {} texte-le ce soir", "votre billet est le {}, répond 24/7", "commande {}", "Numéro de commande : {}", "BC {} décroche", "article no {} il parle", "voici ma commande : {}", "code {} compose", "série {} allo?", "le prix est {} dollars haha appelle", "compte # {} à bientôt", "devis numéro {} - appelez", "permis {} mon cell", "pièce no {} sur whatsapp", "id {} sonne-moi"],
    "ru": ["мой номер заказа {} намек понятен", "заказ #{} звоните на него", "заказ № {} ;)", "счёт {} - наберите когда удобно", "используйте заказ {} для связи", "это не телефон лол заказ {}", "артикул {} можно набрать", "трек номер {} (он отвечает)", "номер заявки {}, вы поняли", "Дело {} пишите вечером смс", "ваш талон {}, отвечает круглосуточно", "заказ {}", "Номер заказа: {}", "накладная {} возьмите трубку", "арт {} разговаривает", "вот мой заказ: {}", "код {} набирайте", "серийный {} алло?", "цена {} рублей ха звоните", "лицевой счет {} до связи", "смета номер {} - звоните", "разрешение {} мой сотовый", "деталь № {} в ватсапе", "айди {} наберите"],
}

LOCAL = {
    "en": ["{} its local", "call {} same area code as you", "my number is {}", "home phone {}", "ring {} tonight", "tel {}", "just dial {}", "phone: {}", "cell {}", "my cell's {}, 514"],
    "fr": ["{} c'est local", "appelle au {} même indicatif", "mon numéro est le {}", "à la maison {}", "sonne au {} ce soir", "tél {}", "compose {}", "téléphone : {}", "cell {}", "mon cell {}, 418"],
    "ru": ["{} городской", "звоните {} код тот же", "мой номер {}", "домашний {}", "наберите {} вечером", "тел {}", "просто наберите {}", "телефон: {}", "городской тел. {}", "раб. {}, код 495"],
}


def carrier(r, lang, kind):
    return r.choice(getattr(LANG[lang], kind))


def phone(disguise, table):
    def make(r, lang, number):
        p = phones.pick(r, lang, table)
        text = disguise(r, p) if table is phones.HOME else disguise(r, p, phones.parts(r, p))
        return fill(r, lang, carrier(r, lang, "PHONE"), text, "phone")
    return make


def in_words(r, lang, groups, style=None):
    style = style or r.choice(["digit", "pair", "pair", "group"])
    if style == "pair" and lang == "en":
        groups = [g for group in groups for g in ([group] if len(group) < 4 else [group[:2], group[2:]])]
    return numwords.speak(r, lang, groups, "digit" if style == "digit" else "pair")


def cased(r, text):
    return r.choice([text, text, text, text.capitalize(), text.upper(), text.title()])


def number_words(r, lang, number):
    p = phones.pick(r, lang, phones.NEAR)
    words = in_words(r, lang, phones.parts(r, p))
    if lang == "ru" and r.random() < 0.2:
        words = [[r.choice(numwords.RU_FORMS.get(w, [w])) for w in group] for group in words]
    between = r.choice([" ", " ", " ", ", ", " - ", "\n", "  ", " . ", "-"])
    within = r.choice([" ", " ", " ", " ", "-", ", ", "  ", "."]) if between != "\n" else " "
    text = cased(r, between.join(within.join(group) for group in words))
    return fill(r, lang, carrier(r, lang, "PHONE"), text, "phone")


def words_mixed(r, lang, number):
    p = phones.pick(r, lang, phones.NEAR)
    groups = phones.parts(r, p)
    if r.random() < 0.35:
        tokens = [numwords.SPEAK[lang](r, ch, "digit")[0] if ch.isdigit() and r.random() < 0.5 else ch for ch in "".join(groups).lstrip("+")]
        text = r.choice([" ", " ", "-", ""]).join(tokens)
        if not any(ch.isalpha() for ch in text) or not any(ch.isdigit() for ch in text):
            return words_mixed(r, lang, number)
    else:
        spoken = r.sample(range(len(groups)), r.randint(1, len(groups) - 1))
        style = r.choice(["digit", "pair"])
        out = [" ".join(numwords.speak(r, lang, [g], style)[0]) if i in spoken else g for i, g in enumerate(groups)]
        text = r.choice([" ", " ", "-", ", "]).join(out)
    return fill(r, lang, carrier(r, lang, "PHONE"), text, "phone")


def misspelled_words(r, lang, number):
    p = phones.pick(r, lang, phones.NEAR)
    words = in_words(r, lang, phones.parts(r, p))
    flat = [(i, j) for i, group in enumerate(words) for j in range(len(group))]
    changed = 0
    for i, j in r.sample(flat, len(flat)):
        before = words[i][j]
        words[i][j] = numwords.slip(r, before)
        changed += words[i][j] != before
        if changed >= max(2, len(flat) // 4):
            break
    text = cased(r, r.choice([" ", " ", ", "]).join(" ".join(group) for group in words))
    return fill(r, lang, carrier(r, lang, "PHONE"), text, "phone")


def interleaved(r, lang, number):
    p = phones.pick(r, lang, phones.NEAR)
    return fill(r, lang, carrier(r, lang, "PHONE"), d.interleaved(r, lang, phones.parts(r, p)), "phone")


def order_dressed(r, lang, number):
    p = phones.pick(r, lang, phones.NEAR)
    text = phones.plain(r, p) if r.random() < 0.5 else "".join(phones.parts(r, p)).lstrip("+")
    return fill(r, lang, r.choice(ORDERS[lang]), text, "phone", also=["messenger"])


def local7(r, lang, number):
    a, b = r.choice("23456789") + phones.digits(r, 2), phones.digits(r, 4)
    text = r.choice([f"{a}-{b[:2]}-{b[2:]}", f"{a} {b[:2]} {b[2:]}", f"{a}-{b[:2]}{b[2:]}"]) if lang == "ru" else r.choice([f"{a}-{b}", f"{a} {b}", f"{a}.{b}"])
    return fill(r, lang, r.choice(LOCAL[lang]), text, "phone")


def combined(r, lang, number):
    """Two disguises at once."""
    p = phones.pick(r, lang, phones.NEAR)
    parts = phones.parts(r, p)
    first = r.choice(["lookalikes", "fullwidth", "math_digits", "circled", "emoji_digits"])
    second = r.choice(["zero_width", "separators", "spacing", "words", "combining"])
    text = BY_DIGITS[first](r, p, parts)
    if second == "words":
        half = len(parts) // 2
        said = r.choice([" "]).join(" ".join(g) for g in numwords.speak(r, lang, parts[half:], "digit"))
        text = BY_DIGITS[first](r, p, parts[:half]) + " " + said
    elif second == "zero_width":
        text = d.sprinkle(r, text, d.ZERO_WIDTH[:5], 0.4) if first != "emoji_digits" else r.choice(d.ZERO_WIDTH[:5]).join(BY_DIGITS[first](r, p, [g]) for g in parts)
    elif second == "combining":
        text = "".join(ch + ("\u0332" if ch.isalnum() else "") for ch in text) if first != "emoji_digits" else text
    else:
        text = r.choice(d.SEPARATORS if second == "separators" else ["  ", "\n", "   ", "\u2003"]).join(BY_DIGITS[first](r, p, [g]) for g in parts)
    return fill(r, lang, carrier(r, lang, "PHONE"), text, "phone")


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


def at_dot_words(r, lang, name, domain):
    at, dot = r.choice(AT[lang]), r.choice(DOT[lang])
    spoken = domain
    if lang == "ru" and r.random() < 0.4:
        spoken = ".".join(SPOKEN.get(part, {}).get(lang, part) for part in domain.split("."))
    pad = " " if at.isalpha() or r.random() < 0.6 else ""
    dotted = f" {dot} " if dot.isalpha() or (dot != "." and pad) else dot
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


def wide(text):
    return "".join(chr(ord(ch) + 0xFEE0) if "!" <= ch <= "~" else ch for ch in text)


def link_of(disguise):
    def make(r, lang, number):
        text = disguise(r, lang)
        return None if text is None else fill(r, lang, carrier(r, lang, "LINK"), text, "link")
    return make


def link_dot_words(r, lang):
    dot = r.choice([x for x in DOT[lang] if x != "."])
    dotted = f" {dot} " if dot.isalpha() or r.random() < 0.4 else dot
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
        return wide("@" + h)
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
        return wide(base)
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


def again(make):
    """A recipe that may answer `None` for contacts its disguise does not fit: tried until it does."""
    def tried(r, lang, number):
        while True:
            out = make(r, lang, number)
            if out is not None:
                return out
    return tried


def recipes():
    out = []
    add = lambda label, technique, count, make, langs=LANGS: out.extend((label, technique, lang, count, again(make)) for lang in langs)
    add("phone", "plain", 90, phone(phones.plain, phones.HOME))
    for technique, disguise in BY_DIGITS.items():
        add("phone", technique, 45, phone(disguise, phones.NEAR))
    add("phone", "number_words", 80, number_words)
    add("phone", "words_mixed", 50, words_mixed)
    add("phone", "misspelled_words", 50, misspelled_words)
    add("phone", "interleaved", 45, interleaved)
    add("phone", "order_dressed", 45, order_dressed)
    add("phone", "combined", 45, combined)
    add("phone", "local7", 40, local7)
    add("phone", "split", 45, splits.phone)

    add("email", "plain", 60, email_of(lambda r, lang, n, h: f"{n}@{h}" if r.random() < 0.85 else f"{n}@{h}".title()))
    add("email", "at_dot_words", 60, email_of(at_dot_words))
    add("email", "spacing", 45, email_of(email_spacing))
    add("email", "separators", 40, email_of(email_separators))
    add("email", "lookalikes", 40, email_of(email_lookalikes))
    add("email", "fullwidth", 40, email_of(lambda r, lang, n, h: wide(f"{n}@{h}") if r.random() < 0.7 else f"{n}＠{h.replace('.', '．')}"))
    add("email", "zero_width", 40, email_of(lambda r, lang, n, h: d.sprinkle(r, f"{n}@{h}", d.ZERO_WIDTH[:6], 0.4)))
    add("email", "math_letters", 40, email_of(lambda r, lang, n, h: d.styled(r, f"{n}@{h}")))
    add("email", "split", 40, splits.email)

    add("link", "plain", 80, link_of(c.link))
    add("link", "idn", 40, link_of(idn))
    add("link", "dot_words", 45, link_of(link_dot_words))
    add("link", "spacing", 45, link_of(link_spacing))
    add("link", "separators", 45, link_of(link_separators))
    add("link", "lookalikes", 45, link_of(link_lookalikes))
    add("link", "fullwidth", 40, link_of(lambda r, lang: wide(r.choice(["www.", "https://", ""]) + c.host(r, lang))))
    add("link", "zero_width", 40, link_of(lambda r, lang: d.sprinkle(r, r.choice(["www.", "https://", ""]) + c.host(r, lang), d.ZERO_WIDTH[:6], 0.4)))
    add("link", "math_letters", 40, link_of(lambda r, lang: d.styled(r, r.choice(["www.", "https://", ""]) + c.host(r, lang))))

    messengers = lambda lang: c.MESSENGERS + c.MESSENGERS_LOCAL[lang] * 2
    socials = lambda lang: c.SOCIAL + c.SOCIAL_LOCAL[lang]
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
    add("social", "invitation", 45, named_line("social", lambda r, lang: r.choice(socials(lang)), True))
    add("social", "hidden_handle", 40, handle_line("social", socials, hidden_handle))
    return out


def number_line(r, lang, number):
    m = r.choice(c.MESSENGERS[:6] + c.MESSENGERS_LOCAL[lang] + c.MESSENGER_SLANG[lang][:4])
    shell = carrier(r, lang, "MESSENGER")
    shell = russian(r, shell, m) if lang == "ru" else shell.replace("{m}", m)
    return fill(r, lang, shell.replace("{h}", "{}"), number_handle(r, lang), "messenger", also=["phone"])
