"""Phone numbers beside what must stay: the order's own number, prices and sizes, words that look as if they belonged."""

import re

import phones
from frames import LANGS, again, careless, fill

def with_order(r, lang, number):
    """The order's own number and a phone number in one message: only the latter goes."""
    p = phones.pick(r, lang, phones.NEAR)
    order = hand_order(r)
    line, = fill(r, lang, r.choice(WITH_ORDER[lang]).replace("{o}", "\x01"), phones.plain(r, p), "phone")
    # Put in last: whatever carelessness did to the sentence, the order's number is as it is.
    at = line["text"].index("\x01")
    more = len(order) - 1
    spans = [(a + more, b + more, *rest) if a > at else (a, b, *rest) for a, b, *rest in line["spans"]]
    return [{"text": line["text"].replace("\x01", order), "spans": spans, "order": order, "keep": [[at, at + len(order)]]}]


def hand_order(r):
    return r.choice([phones.digits(r, 8), f"SK-{phones.digits(r, 8)}", f"{r.choice('23456789')}{phones.digits(r, 2)}{r.choice('23456789')}{phones.digits(r, 6)}", f"{phones.digits(r, 3)}-{phones.digits(r, 7)}"])


WITH_ORDER = {
    "en": ["order {o}, call {}", "about {o}: my cell is {}", "It's {o}. Reach me at {}", "{o} / {}", "for {o} text {}", "order number {o} and my number {}", "call {} and say {o}", "{} is my phone, {o} the order"],
    "fr": ["commande {o}, appelez le {}", "pour {o} : mon cell c'est le {}", "C'est {o}. Joignez-moi au {}", "{o} / {}", "pour {o} texte au {}", "numéro de commande {o} et mon numéro {}", "appelle {} et dis {o}", "{} c'est mon tel, {o} la commande"],
    "ru": ["заказ {o}, звоните {}", "по {o}: мой сотовый {}", "Это {o}. Мой номер {}", "{o} / {}", "по {o} смс на {}", "номер заказа {o} и мой номер {}", "звоните {} скажите {o}", "{} мой телефон, {o} заказ"],
}


def with_figures(r, lang, number):
    """A phone number among prices, sizes and dates, which stay."""
    p = phones.pick(r, lang, phones.NEAR)
    before, after = r.choice(FIGURES[lang]), r.choice(FIGURES[lang])
    n = lambda: r.choice([r.randint(10, 99), r.randint(100, 999), r.randint(1000, 4999)])
    before, after = (re.sub("#", lambda _: str(n()), text) for text in (before, after))
    head = careless(r, before) + r.choice([" ", ", ", "\n", ". "]) + r.choice(CUE[lang]) + " "
    text = phones.plain(r, p)
    whole = head + text + r.choice([" ", ", ", "\n", ". "]) + after
    keep = [[0, len(before)], [len(whole) - len(after), len(whole)]]
    return [{"text": whole, "spans": [(len(head), len(head) + len(text), "phone", None)], "keep": keep}]


CUE = {"en": ["call", "cell", "my number", "text", "phone:", "ph", "here's my cell"], "fr": ["appelle", "cell", "mon numéro", "texte", "tél :", "tel", "voici mon cell"], "ru": ["звоните", "сот", "мой номер", "тел", "телефон:", "т.", "вот мой"]}
FIGURES = {
    "en": ["total is $#", "the wall is # x # cm", "order #", "# boxes @ #", "be there at 8:30", "on 2025-06-14", "invoice # for $#", "unit #, floor 12", "# sq ft", "12 by 14 feet", "it's #.50", "from 9 to 5"],
    "fr": ["total # $", "le mur fait # x # cm", "commande #", "# boîtes @ #", "à 8h30", "le 2025-06-14", "facture # de #$", "app. #, 12e étage", "# pi²", "12 par 14 pieds", "c'est #,50", "de 9h à 17h"],
    "ru": ["итого # руб", "стена # х # см", "заказ #", "# коробок по #", "в 8:30", "14.06.2025", "счёт # на # р", "кв #, 12 этаж", "# м2", "12 на 14 метров", "выйдет #,50", "с 9 до 17"],
}

def with_words(r, lang, number):
    """A phone number beside words that are also names of networks, or look as if they belonged to the number."""
    p = phones.pick(r, lang, phones.NEAR)
    before, after = r.choice(WORDS_BEFORE[lang]), r.choice(WORDS_AFTER[lang])
    text = phones.plain(r, p)
    whole = f"{before} {text} {after}"
    start = len(before) + 1
    return [{"text": whole, "spans": [(start, start + len(text), "phone", None)], "keep": [[0, len(before)], [start + len(text) + 1, len(whole)]]}]


WORDS_BEFORE = {
    "en": ["ok call", "call", "line is open, call", "signal is bad so text", "dial", "face to face is best, or", "for 2 coats call", "my new cell", "snap a pic, text", "one or two of us answer", "imo easier by phone", "ring"],
    "fr": ["ok appelle", "appelle", "la ligne est libre, appelle", "le signal est mauvais alors texte", "compose", "face à face c'est mieux, sinon", "pour 2 couches appelle", "mon nouveau cell", "prends une photo, texte au", "un ou deux gars répondent au", "link cassé, alors", "sonne au"],
    "ru": ["ок звоните", "звоните", "линия свободна, звоните", "сигнал плохой, лучше смс", "наберите", "контакт для связи", "за два слоя звоните", "мой новый", "по вопросам на контакты в щитке", "ответит один из двух", "вк не читаю, звоните", "набери"],
}
WORDS_AFTER = {
    "en": ["ok", "ok?", "ok thx", "x", "x2 if busy", "line 2", "any time", "at 5 or 6", "for the two of us", "one more thing", "signal permitting", "face time later", "or knock", "tt you soon", "dot", "at the gate"],
    "fr": ["ok", "ok?", "ok merci", "x", "x2 si occupé", "ligne 2", "n'importe quand", "à 5 ou 6", "pour nous deux", "une dernière chose", "si le signal est bon", "face à l'église", "ou cogne", "point", "à la barrière", "ok bye"],
    "ru": ["ок", "ок?", "ок спс", "х", "х2 если занято", "линия 2", "в любое время", "в 5 или 6", "на двоих", "один момент", "если сигнал есть", "контакт Саша", "или стучите", "точка", "у ворот", "два раза"],
}


def recipes():
    out = []

    def add(label, technique, count, make):
        out.extend((label, technique, lang, count, again(make)) for lang in LANGS)

    add("phone", "with_order", 40, with_order)
    add("phone", "with_figures", 45, with_figures)
    add("phone", "with_words", 45, with_words)
    return out
