"""Phone numbers, plain and disguised."""

import disguises as d
import numwords
import phones
import splits
from frames import LANGS, again, carrier, fill

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


TRANSLIT = dict(zip(numwords.RU[:10], "nol odin dva tri chetyre pyat shest sem vosem devyat".split()))


def words_glued(r, lang, number):
    """`fiveonefour`: number words without spaces."""
    p = phones.pick(r, lang, phones.NEAR)
    groups = phones.parts(r, p)
    words = numwords.speak(r, lang, groups, "digit")
    between = r.choice(["", " ", "-"])
    text = between.join("".join(group) for group in words)
    return fill(r, lang, carrier(r, lang, "PHONE"), text, "phone")


def words_cross(r, lang, number):
    """Number words of several languages, and Russian ones in Latin letters."""
    p = phones.pick(r, lang, phones.NEAR)
    digits = "".join(phones.parts(r, p)).lstrip("+")
    if lang == "ru" and r.random() < 0.6:
        words = [TRANSLIT[numwords.RU[int(d)]] for d in digits]
    else:
        langs = r.sample(LANGS, 2)
        words = [numwords.SPEAK[r.choice(langs)](r, d, "digit")[0] for d in digits]
    return fill(r, lang, carrier(r, lang, "PHONE"), " ".join(words), "phone")


def words_hidden(r, lang, number):
    """Number words that are disguised themselves: doubles of letters, zero-width characters, leet, separators."""
    p = phones.pick(r, lang, phones.NEAR)
    words = [w for group in numwords.speak(r, lang, phones.parts(r, p), "digit") for w in group]
    kind = r.randrange(5)
    hide = {
        0: lambda w: d.mixed_script(r, w, 0.4) or w,
        1: lambda w: d.sprinkle(r, w, d.ZERO_WIDTH[:6], 0.5),
        2: lambda w: (d.leet(r, w) or w) if r.random() < 0.5 else w,
        3: lambda w: "".join(chr(ord(ch) + 0xFEE0) if "!" <= ch <= "~" else ch for ch in w) if lang != "ru" else d.stretched(r, w),
        4: lambda w: "".join(ch + ("\u0332" if ch.isalpha() else "") for ch in w),
    }[kind]
    return fill(r, lang, carrier(r, lang, "PHONE"), " ".join(map(hide, words)), "phone")


def recipes():
    out = []

    def add(label, technique, count, make):
        out.extend((label, technique, lang, count, again(make)) for lang in LANGS)

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
    add("phone", "words_glued", 40, words_glued)
    add("phone", "words_cross", 40, words_cross)
    add("phone", "words_hidden", 40, words_hidden)
    return out
