"""Contacts told over several messages."""

import contacts as c
import numwords
import phones
from frames import careless

FIRST = {
    "en": ["{}", "{}...", "my number starts with {}", "first part {}", "ok ready? {}", "write down {}", "{} -", "begin {}", "call {}", "code {}", "So: {}", "it goes {}", "cell {}", "numbers one by one. {}", "area code {}", "{} to start", "text me on {}", "pen and paper? {}", "1) {}", "they block it so in pieces: {}"],
    "fr": ["{}", "{}...", "mon numéro commence par {}", "première partie {}", "prêt? {}", "note {}", "{} -", "début {}", "appelle {}", "indicatif {}", "Donc : {}", "ça fait {}", "cell {}", "un par un. {}", "code régional {}", "{} pour commencer", "texte-moi au {}", "t'as un crayon? {}", "1) {}", "ils bloquent alors en morceaux : {}"],
    "ru": ["{}", "{}...", "мой номер начинается на {}", "первая часть {}", "готовы? {}", "записывайте {}", "{} -", "начало {}", "звоните {}", "код {}", "Так: {}", "сначала {}", "сот {}", "по частям. {}", "код города {}", "{} для начала", "смс на {}", "ручка есть? {}", "1) {}", "тут блокируют поэтому кусками: {}"],
}
NEXT = {
    "en": ["{}", "{}", "then {}", "and {}", "{}...", "next {}", "- {}", "after that {}", "plus {}", "{} ok?", "part two {}", "now {}", "2) {}", "continue {}", "+ {}"],
    "fr": ["{}", "{}", "puis {}", "et {}", "{}...", "ensuite {}", "- {}", "après {}", "plus {}", "{} ok?", "deuxième partie {}", "maintenant {}", "2) {}", "la suite {}", "+ {}"],
    "ru": ["{}", "{}", "потом {}", "и {}", "{}...", "дальше {}", "- {}", "после {}", "плюс {}", "{} ок?", "вторая часть {}", "теперь {}", "2) {}", "продолжение {}", "+ {}"],
}
LAST = {
    "en": ["{}", "{}", "{} done", "last {}", "ending {}", "and {} thats it", "finally {}", "{} call me", "the end is {}", "{} 😉", "last four {}", "{}. got it?", "3) {}"],
    "fr": ["{}", "{}", "{} fini", "dernier {}", "se termine par {}", "et {} c'est tout", "enfin {}", "{} appelle", "la fin c'est {}", "{} 😉", "les derniers {}", "{}. compris?", "3) {}"],
    "ru": ["{}", "{}", "{} всё", "последние {}", "заканчивается {}", "и {} вот и всё", "в конце {}", "{} звоните", "конец {}", "{} 😉", "последние цифры {}", "{}. понятно?", "3) {}"],
}
CHATTER = {
    "en": ["wait", "one sec", "you writing?", "lol", "ok?", "so", "still there?", "sorry, typing", "👍"],
    "fr": ["attends", "une sec", "tu notes?", "mdr", "ok?", "bon", "t'es là?", "désolé j'écris", "👍"],
    "ru": ["секунду", "щас", "пишете?", "лол", "ок?", "так", "вы тут?", "пардон, печатаю", "👍"],
}


def conversation(r, lang, pieces, category, also=None, frames=True):
    """One message per piece, with chatter between now and then, all within the window."""
    lines, at = [], r.randint(0, 9) * 1000
    for i, piece in enumerate(pieces):
        if i and len(pieces) <= 4 and r.random() < 0.15:
            at += r.randint(2, 20) * 1000
            lines.append({"text": r.choice(CHATTER[lang]), "at": at})
        table = FIRST if i == 0 else LAST if i + 1 == len(pieces) else NEXT
        shell = r.choice(table[lang]) if frames else "{}"
        start = shell.index("{}")
        at += r.randint(2, 40) * 1000
        lines.append({"text": shell.replace("{}", piece), "spans": [(start, start + len(piece), category, also)], "at": at})
    return lines


def cut(r, text, most=4):
    """A string in two to `most` pieces of at least two characters."""
    count = r.randint(2, min(most, len(text) // 2))
    marks = sorted(r.sample(range(2, len(text) - 1), count - 1))
    while any(b - a < 2 for a, b in zip([0, *marks], [*marks, len(text)])):
        marks = sorted(r.sample(range(2, len(text) - 1), count - 1))
    return [text[a:b] for a, b in zip([0, *marks], [*marks, len(text)])]


def phone(r, lang, number):
    p = phones.pick(r, lang, phones.NEAR)
    groups = phones.parts(r, p)
    kind = r.randrange(6)
    if kind == 0:
        words = [" ".join(w) for w in numwords.speak(r, lang, groups, r.choice(["digit", "pair"]))]
        return conversation(r, lang, merged(r, words, " "), "phone")
    if kind == 1:
        spoken = [" ".join(numwords.speak(r, lang, [g], "digit")[0]) if r.random() < 0.5 else g for g in groups]
        return conversation(r, lang, merged(r, spoken, " "), "phone")
    if kind == 2:
        return conversation(r, lang, cut(r, "".join(groups).lstrip("+")), "phone", frames=r.random() < 0.6)
    return conversation(r, lang, merged(r, groups, r.choice([" ", "-", ""])), "phone", frames=r.random() < 0.7)


def merged(r, pieces, sep):
    """At most four messages: neighbours go together."""
    pieces = list(pieces)
    while len(pieces) > 4 or (len(pieces) > 2 and r.random() < 0.4):
        i = r.randrange(len(pieces) - 1)
        pieces[i:i + 2] = [pieces[i] + sep + pieces[i + 1]]
    return pieces


def email(r, lang, number):
    name, domain = c.email(r, lang)
    word = {"en": "at", "fr": "arobase", "ru": "собака"}[lang]
    kind = r.randrange(5)
    if kind == 0:
        pieces = [name, "@" + domain]
    elif kind == 1:
        pieces = [name + "@", domain]
    elif kind == 2:
        pieces = [name, "@", domain]
    elif kind == 3:
        pieces = [name, f"{word} {domain}"]
    else:
        pieces = [name, word, domain]
    first = {"en": ["{}", "my email is {}", "email {}", "mail: {}", "write to {}"], "fr": ["{}", "mon courriel {}", "mail {}", "écris à {}"], "ru": ["{}", "моя почта {}", "почта {}", "пишите на {}"]}[lang]
    lines, at = [], 0
    for i, piece in enumerate(pieces):
        shell = r.choice(first) if i == 0 else "{}"
        start = shell.index("{}")
        at += r.randint(2, 40) * 1000
        lines.append({"text": shell.replace("{}", piece), "spans": [(start, start + len(piece), "email", None)], "at": at})
    return lines


ASK = {
    "en": ["got {m}?", "do you use {m}", "I'm on {m}", "{m}", "better on {m}", "find me on {m}"],
    "fr": ["t'as {m}?", "vous utilisez {m}", "je suis sur {m}", "{m}", "mieux sur {m}", "trouve-moi sur {m}"],
    "ru": ["есть {m}?", "вы в {m}", "я в {m}", "{m}", "лучше в {m}", "найдите меня в {m}"],
}
NAME = {
    "en": ["{h}", "my nick {h}", "look for {h}", "I'm {h} there", "user {h}"],
    "fr": ["{h}", "pseudo {h}", "cherche {h}", "je suis {h} là-bas", "nom {h}"],
    "ru": ["{h}", "ник {h}", "ищите {h}", "я там {h}", "логин {h}"],
}


def handle(r, lang, number):
    """The network in one message, the handle in the next."""
    m = r.choice(["Telegram", "telegram", "WhatsApp", "whatsapp", "viber", "signal", "insta", "instagram"] + c.MESSENGERS_LOCAL[lang])
    h = r.choice(["@", ""]) + c.handle(r, lang)
    at = r.randint(1, 9) * 1000
    lines = [{"text": careless(r, r.choice(ASK[lang])).replace("{m}", m), "at": at}]
    if r.random() < 0.3:
        at += r.randint(2, 30) * 1000
        lines.append({"text": r.choice(CHATTER[lang]), "at": at})
    shell = r.choice(NAME[lang])
    start = shell.index("{h}")
    at += r.randint(2, 60) * 1000
    lines.append({"text": shell.replace("{h}", h), "spans": [(start, start + len(h), "messenger", ["social"])], "at": at})
    return lines
