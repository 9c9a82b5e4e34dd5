"""Phone numbers in the disguises that strangers tried: words that only sound like digits, marks and letters among digits, things
to count between the groups, digits of rarer sets, one digit a message. And counting that is none."""

import numwords
import phones
from frames import LANGS, again, carrier, fill
from splits import CHATTER

# Words that sound like the digit, or nearly, to somebody who reads them aloud.
SOUNDS = {
    "en": ["oh owe nil zip nought", "won wan wun juan", "to too tu tew", "tree free thri", "for fore foar phor", "fife fyve phive", "sicks sics siks", "sevin sven savin", "ate ait eyt", "nein nyne knine nigh-n"],
    "fr": ["zérot héros zéros zéreau", "hein hun ain in", "de d'eux deuh deuze", "troie troyes troa trwah", "cat katr quatreu kat", "sein saint sain cink", "scie si sis cisse", "cet cette sète cète", "huître uitte wit oui-te", "n'oeuf neuve nœuf neufe"],
    "ru": ["нолик зеро нуль ноллик", "адын кол раз адинн", "двас пара двойка тва", "тройка тири трои трёшка", "чатыри четвёрка читыри чтыри", "пядь пятак опять пьять", "шесть-ть шерсть шэсть жесть", "семья сем съем сэм", "осень восем во-семь осемь", "девица дэвять девятка дивять"],
}


def sounding(r, lang, number):
    """Said aloud it is a number; written it is a row of other words."""
    words, alike = [], 0
    for digit in "".join(phones.parts(r, phones.pick(r, lang, phones.NEAR))).lstrip("+"):
        if r.random() < 0.65:
            words.append(r.choice(SOUNDS[lang][int(digit)].split()))
            alike += 1
        else:
            words.append(numwords.SPEAK[lang](r, digit, "digit")[0])
    if alike < 4:
        return None
    return fill(r, lang, carrier(r, lang, "PHONE"), r.choice([" ", " ", " ", ", ", "-", " . ", "\n"]).join(words), "phone")


MARKS = {"0": "OOoQ", "1": "!!||lI", "2": "ZZz", "3": "З", "5": "SSs", "6": "b", "8": "BB", "9": "gq"}
SURE = "!|ZSOB"


def marked_digits(r, lang, number):
    """A number otherwise in digits, with marks and capitals in the place of some."""
    text = r.choice([" ", "-", "", "", ".", " "]).join(phones.parts(r, phones.pick(r, lang, phones.NEAR)))
    places = [i for i, ch in enumerate(text) if ch in MARKS and (ch != "3" or lang == "ru")]
    if len(places) < 2:
        return None
    chosen = r.sample(places, r.randint(2, min(5, len(places))))
    text = "".join(r.choice(MARKS[ch]) if i in chosen else ch for i, ch in enumerate(text))
    if not any(ch in SURE for ch in text):
        return None
    return fill(r, lang, carrier(r, lang, "PHONE"), text, "phone")


THINGS = {
    "en": "hens lamps spoons tiles apples turtles nails socks ducks screws goats buttons frogs pears bolts owls planks mugs geese bricks".split(),
    "fr": "poules lampes cuillères tuiles pommes tortues clous bas canards vis chèvres boutons grenouilles poires boulons hiboux planches tasses oies briques".split(),
    "ru": "кур ламп ложек плиток яблок черепах гвоздей носков уток винтов коз пуговиц лягушек груш болтов сов досок кружек гусей кирпичей".split(),
}
BEASTS = "🐔🐢🦆🐐🐸🦉🐝🐷🍐🍎🔩🧦"
COUNTED = {
    "en": ["{}", "{} you get it", "my farm: {}", "shopping list {}", "{}, only the figures matter", "read just the numbers {}", "{} and that is how you reach me", "count with me {}", "{} - dial what you counted", "inventory: {}", "I own {}", "how many? {} ;)"],
    "fr": ["{}", "{} tu comprends", "ma ferme : {}", "liste d'épicerie {}", "{}, juste les chiffres comptent", "lis seulement les chiffres {}", "{} et c'est comme ça qu'on me joint", "compte avec moi {}", "{} - compose ce que t'as compté", "inventaire : {}", "je possède {}", "combien? {} ;)"],
    "ru": ["{}", "{} вы поняли", "моя ферма: {}", "список покупок {}", "{}, важны только цифры", "читайте одни цифры {}", "{} и вот так меня найти", "считаем вместе {}", "{} - что насчитали, то и набирайте", "опись: {}", "у меня {}", "сколько? {} ;)"],
}


def counted_things(r, lang, number):
    """Things to count after each group: the groups are what must go."""
    groups = [group.lstrip("+") for group in phones.parts(r, phones.pick(r, lang, phones.NEAR))]
    things = r.sample(THINGS[lang], len(groups))
    kind = r.randrange(5)
    if kind == 0:
        things = r.sample(BEASTS, len(groups))
    if kind == 1:
        things = [r.choice(["…", "...", "…,", "(…)", "[…]"])] * len(groups)
    sep = r.choice([", ", " / ", " + ", " ", "; ", "\n", " & ", ". "])
    text, spans = "", []
    for place, (group, thing) in enumerate(zip(groups, things)):
        text += sep if place else ""
        if kind == 2:
            text += thing + " "
        spans.append((len(text), len(text) + len(group)))
        text += group + ("" if kind == 2 else " " + thing)
    return fill(r, lang, r.choice(COUNTED[lang]), text, "phone", inner=spans)


BETWEEN = ["x", "X", "х", "Х", "k", "a", "q", "w", "v", "y", "u", "xx", "kk", "%", "&", "=>", "><", " n ", " x ", " k ", "+x+", "@", "¤", "§"]
BETWEEN_LOCAL = {"en": [" and ", "and", "n"], "fr": [" et ", "et", " pis "], "ru": [" и ", "и", "ъ", "ю", "ж", " ы "]}


def glued_letters(r, lang, number):
    """The same letter, or any letter, after each digit or pair."""
    digits = "".join(phones.parts(r, phones.pick(r, lang, phones.NEAR))).lstrip("+")
    kind = r.randrange(5)
    seps = BETWEEN + BETWEEN_LOCAL[lang] * 2
    if kind < 3:
        text = r.choice(seps).join(digits)
    elif kind == 3:
        pair = r.sample([s for s in seps if len(s) == 1], 2)
        text = digits[0] + "".join(pair[i % 2] + digit for i, digit in enumerate(digits[1:]))
    else:
        size = r.choice([2, 2, 3])
        text = r.choice(seps).join(digits[i:i + size] for i in range(0, len(digits), size))
    return fill(r, lang, carrier(r, lang, "PHONE"), text, "phone")


# Sets of digits by their first sign: what stands for 1, and what for 0.
SETS = {
    "double ring": (0x24F5, "⓪"), "full stop": (0x2488, "🄀"), "negative sans": (0x278A, "🄌"), "negative": (0x2776, "⓿"), "bracketed": (0x2474, "(0)"),
    "comma": (0x1F102, "🄁"), "segmented": (0x1FBF1, "🯰"), "sans ring": (0x2780, "🄋"), "double struck": (0x1D7D9, "𝟘"), "bold": (0x1D7CF, "𝟎"),
}
HIGH = "⁰¹²³⁴⁵⁶⁷⁸⁹"


def from_set(name, digit):
    first, zero = SETS[name]
    return zero if digit == "0" else chr(first + int(digit) - 1)


def ringed(n):
    """One sign for a number of 10 to 50."""
    return chr(0x2460 + n - 1) if n <= 20 else chr(0x3251 + n - 21) if n <= 35 else chr(0x32B1 + n - 36)


def odd_digits(r, lang, number):
    """Digits of rarer sets, of several sets, or pairs in one ring."""
    groups = [group.lstrip("+") for group in phones.parts(r, phones.pick(r, lang, phones.NEAR))]
    sep = r.choice(["", " ", "-", " "])
    kind = r.randrange(5)
    if kind == 0:
        digits, out, at = "".join(groups), [], 0
        while at < len(digits):
            pair = int(digits[at:at + 2])
            step = 2 if 10 <= pair <= 50 and at + 1 < len(digits) else 1
            out.append(ringed(pair) if step == 2 else "⓪" if digits[at] == "0" else ringed(int(digits[at])))
            at += step
        text = r.choice(["", " "]).join(out)
    elif kind == 1:
        names = r.sample(list(SETS), 3)
        text = sep.join("".join(from_set(r.choice(names), d) for d in group) for group in groups)
    elif kind == 2:
        text = sep.join("".join(HIGH[int(d)] if r.random() < 0.5 else from_set("double ring", d) for d in group) for group in groups)
    else:
        name = r.choice(["double ring", "double ring", "full stop", "negative sans", "comma", "segmented", "bracketed"])
        plain = r.random() < 0.3
        text = sep.join("".join(d if plain and r.random() < 0.3 else from_set(name, d) for d in group) for group in groups)
    return fill(r, lang, carrier(r, lang, "PHONE"), text, "phone")


ROW = {
    "en": ["{}", "{}", "{}", "{}", "then {}", "{}...", "next {}", "and {}", "now a {}", "{} got it?"],
    "fr": ["{}", "{}", "{}", "{}", "puis {}", "{}...", "ensuite {}", "et {}", "là un {}", "{} c'est bon?"],
    "ru": ["{}", "{}", "{}", "{}", "потом {}", "{}...", "дальше {}", "и {}", "теперь {}", "{} записал?"],
}
OPENING = {
    "en": ["ready? one at a time", "I'll give it bit by bit", "take a pen", "they hide it otherwise so slowly", ""],
    "fr": ["prêt? un à la fois", "je te le donne par petits bouts", "prends un crayon", "sinon ça se cache, alors lentement", ""],
    "ru": ["готовы? по одной", "дам понемножку", "возьмите ручку", "целиком прячут, поэтому медленно", ""],
}


def single_digits(r, lang, number):
    """A digit or, now and then, two in each of more than six messages."""
    digits = "".join(phones.parts(r, phones.pick(r, lang, phones.NEAR))).lstrip("+")
    pieces, twos = list(digits), r.random() < 0.3
    while twos and len(pieces) > 8:
        at = r.randrange(len(pieces) - 1)
        if len(pieces[at]) + len(pieces[at + 1]) == 2:
            pieces[at:at + 2] = [pieces[at] + pieces[at + 1]]
    bare, spoken, at, lines = r.random() < 0.5, r.random() < 0.4, 0, []
    if opening := r.choice(OPENING[lang]):
        lines.append({"text": opening, "at": at})
    for piece in pieces:
        at += r.randint(1, 14) * 1000
        if r.random() < 0.06:
            lines.append({"text": r.choice(CHATTER[lang]), "at": at})
            at += r.randint(1, 9) * 1000
        if spoken and r.random() < 0.4:
            piece = " ".join(numwords.speak(r, lang, [piece], "digit")[0])
        shell = "{}" if bare else r.choice(ROW[lang])
        start = shell.index("{}")
        lines.append({"text": shell.replace("{}", piece), "at": at, "spans": [(start, start + len(piece), "phone", None)]})
    return lines


ASKED = {
    "en": ["how many outlets per room?", "hall {}", "kitchen {}", "bath {}", "bedroom {}", "{} in the garage", "porch {}", "{} for the attic", "basement {}", "so {} in all"],
    "fr": ["combien de prises par pièce?", "corridor {}", "cuisine {}", "bain {}", "chambre {}", "{} dans le garage", "galerie {}", "{} au grenier", "sous-sol {}", "donc {} en tout"],
    "ru": ["сколько розеток в комнате?", "коридор {}", "кухня {}", "ванная {}", "спальня {}", "{} в гараже", "крыльцо {}", "{} на чердаке", "подвал {}", "итого {}"],
}
COUNTING = {
    "en": [("counting boxes as they come off the truck", "all there"), ("lift on three", "up!"), ("coats so far", "done")],
    "fr": [("je compte les boîtes qui sortent du camion", "tout est là"), ("on lève à trois", "hop!"), ("les couches jusqu'ici", "fini")],
    "ru": [("считаю коробки из машины", "все на месте"), ("поднимаем на три", "взяли!"), ("слои пока", "готово")],
}


def counting(r, lang, number):
    """Small numbers told one after another: answers about rooms, or a count upwards or down."""
    at, texts = 0, []
    if number % 2:
        head, *rooms = ASKED[lang]
        last = rooms.pop()
        counts = [r.randint(1, 9) for _ in range(r.randint(4, 8))]
        texts = [head, *(room.format(n) for room, n in zip(rooms, counts)), last.format(sum(counts))]
    else:
        head, end = r.choice(COUNTING[lang])
        up = list(range(1, r.randint(4, 9)))
        texts = [head, *map(str, up if r.random() < 0.7 else up[::-1]), end]
    lines = []
    for text in texts:
        lines.append({"text": text, "at": at})
        at += r.randint(1, 20) * 1000
    return lines


def recipes():
    kinds = [
        ("phone", "like_sounds", 30, sounding), ("phone", "marked_digits", 28, marked_digits), ("phone", "counted_things", 30, counted_things),
        ("phone", "glued_letters", 28, glued_letters), ("phone", "odd_digits", 28, odd_digits), ("phone", "single_digits", 14, single_digits),
        ("trade", "count_by_message", 12, counting),
    ]
    return [(label, technique, lang, count, again(make)) for label, technique, count, make in kinds for lang in LANGS]
