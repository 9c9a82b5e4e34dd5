"""Talk that holds no contact though it looks as if: from the templates in `trade.*.txt` and the lists in `trap.*.txt`.

In a template `{3..40}` stands for a whole number of that range (`{00..59}` keeps the zeros), `{D6}` for six digits, `{A2}`
for two capital letters, `{X6}` for six letters and digits, and a name for one of the SLOTS.
"""

import pathlib
import re

import disguises as d
import numwords
from frames import LANG, LANGS, careless

HERE = pathlib.Path(__file__).parent
PER_TECHNIQUE = 32

STREETS = "King St W|Maple Ave|Sherbrooke St|Bay St|Elm Crescent|Queen Mary Rd|4th Ave|Jane St|Dundas St E|Cedar Lane|Portage Ave|Old Mill Dr|Fraser Hwy".split("|")
FR_STREETS = "rue Saint-Denis|boul. René-Lévesque|avenue du Parc|chemin Sainte-Foy|rue de la Montagne|rang Saint-Joseph|rue Victor-Hugo|place d'Armes|boul. Taschereau|rue des Érables".split("|")
RU_STREETS = "ул. Ленина|Садовая|пр-т Мира|ул Гагарина|Невский|Абая|ул. 8 Марта|Кирова|проезд Строителей|наб. Реки Фонтанки|Лесная".split("|")
CITIES = "Montréal|Laval|Québec|Gatineau|Longueuil|Sherbrooke|Saguenay|Lévis".split("|")
MONTHS = {"en": "January February March April May June July August September October November December".split(), "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split(), "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря".split()}


def digits(r, n):
    return "".join(r.choice("0123456789") for _ in range(n))


def money(r, lang):
    n = r.choice([r.randint(40, 999), r.randint(1000, 9999), r.randint(10000, 99999)]) * (10 if lang == "ru" else 1)
    gap = {"en": ",", "fr": r.choice([" ", "\u00a0"]), "ru": r.choice([" ", ""])}[lang]
    grouped = f"{n:,}".replace(",", gap)
    return r.choice({
        "en": [f"${grouped}", f"${n}", f"{n}$", f"${grouped}.{r.randint(0, 99):02}", f"{n} dollars", f"{n} bucks", f"CA${grouped}", f"£{grouped}"],
        "fr": [f"{grouped} $", f"{n}$", f"{n} $", f"{grouped},{r.randint(0, 99):02} $", f"{n} dollars", f"{n} piasses", f"{grouped} €", f"{n}€"],
        "ru": [f"{grouped} руб", f"{n}р", f"{n} р.", f"{grouped} ₽", f"{n // 1000 or 1} тыс", f"{n // 1000 or 1}к", f"{grouped} рублей", f"{grouped} тг"],
    }[lang])


def postal(r):
    a, b, c = (r.choice("ABCEGHJKLMNPRSTVXY") for _ in range(3))
    text = f"{a}{digits(r, 1)}{b}{r.choice([' ', '', ' '])}{digits(r, 1)}{c}{digits(r, 1)}"
    return text if r.random() < 0.8 else text.lower()


def not_a_phone(r, n):
    """Digits that no numbering plan in reach takes for a phone number."""
    return r.choice(["10", "11", "00"]) + digits(r, n - 2) if n == 10 else r.choice("36") + "0" + digits(r, n - 2)


SLOTS = {
    "money": money,
    "vin": lambda r, lang: "".join(r.choice("ABCDEFGHJKLMNPRSTUVWXYZ0123456789") for _ in range(11)) + digits(r, 6),
    "postal": lambda r, lang: postal(r),
    "street": lambda r, lang: r.choice(STREETS),
    "frstreet": lambda r, lang: r.choice(FR_STREETS),
    "rustreet": lambda r, lang: r.choice(RU_STREETS),
    "city": lambda r, lang: r.choice(CITIES),
    "frcity": lambda r, lang: r.choice(["Lyon", "Toulouse", "Lille", "Nantes", "Bordeaux"]),
    "rucity": lambda r, lang: r.choice(["Москва", "Казань", "Пермь", "Тверь", "Омск"]),
    "ruindex": lambda r, lang: r.choice("134") + digits(r, 5),
    "month": lambda r, lang: (f"{r.randint(1, 28)} " if lang != "en" else "") + r.choice(MONTHS[lang]),
    "time": lambda r, lang: f"{r.randint(1, 12)}:{r.choice(['00', '15', '30', '45'])} {r.choice(['am', 'pm'])}",
    "enwords": lambda r, lang: r.choice(numwords.EN[2:13]),
    "enhundred": lambda r, lang: " ".join(numwords.en(r, str(r.randint(100, 999)), "pair")),
    "frwords": lambda r, lang: r.choice(numwords.FR[2:13]),
    "frhundred": lambda r, lang: " ".join(numwords.fr(r, str(r.randint(100, 999)), "pair")),
    "ruwords": lambda r, lang: r.choice(numwords.RU[5:13]),
    "ruhundred": lambda r, lang: " ".join(numwords.ru(r, str(r.randint(100, 999)), "pair")),
}


def slot(r, lang, inner):
    if inner in SLOTS:
        return SLOTS[inner](r, lang)
    if ".." in inner:
        low, high = inner.split("..")
        number = r.randint(int(low), int(high))
        return str(number).zfill(len(low)) if low.startswith("0") else str(number)
    kind, rest = inner[0], inner[1:]
    if kind == "D" and rest in ("10z", "12z"):
        return not_a_phone(r, int(rest[:-1]))
    if inner == "D10n":
        return "11" + digits(r, 8)
    if kind == "D":
        return digits(r, int(rest))
    letters = {"A": "ABCDEFGHJKLMNPRSTUVWXYZ", "X": "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"}[kind]
    return "".join(r.choice(letters) for _ in range(int(rest)))


def expand(r, lang, template):
    return re.sub(r"\{([^}]+)\}", lambda m: slot(r, lang, m.group(1)), template.replace("\\n", "\n"))


def sections(kind, lang):
    """The lines of each `## heading`."""
    out, heading = {}, None
    for line in (HERE / f"{kind}.{lang}.txt").read_text("utf-8").splitlines():
        if line.startswith("## "):
            heading = line[3:]
            out[heading] = []
        elif line.strip() and not line.startswith("# "):
            out[heading].append(line)
    return out


def order_id(r):
    return r.choice([digits(r, 8), f"SK-{digits(r, 8)}", r.choice("23456789") + digits(r, 2) + r.choice("23456789") + digits(r, 6), "8" + "9" + digits(r, 9), digits(r, 12), f"{digits(r, 3)}-{digits(r, 3)}-{digits(r, 4)}"])


def trade(templates):
    def make(r, lang, number):
        # Every template in turn, so that none is left out.
        template = templates[(number - 1) % len(templates)]
        line = {}
        if "{ORDER}" in template:
            line["order"] = order_id(r)
            template = template.replace("{ORDER}", line["order"])
        talk = LANG[lang].TALK
        text = expand(r, lang, template)
        if "order" not in line:
            text = careless(r, text)
        if r.random() < 0.3:
            text = careless(r, r.choice(talk)) + r.choice([" ", "\n"]) + text
        if r.random() < 0.2:
            text = text + r.choice([" ", "\n"]) + careless(r, r.choice(talk))
        return [line | {"text": text}]
    return make


def listed(lines, lang):
    """Each line once, in its order."""
    def make(r, lang, number):
        return [{"text": lines[number - 1].replace("\\n", "\n")}]
    return make


MEASURES = {
    "en": (["ok measured it", "ready?", "here are the numbers"], ["{D3} by {D3}", "{D2}", "window {D3}", "door {D2} {D2}", "{10..99} 1/2", "height {D3}", "{D4} mm", "${100..999}", "{1..12} pcs"]),
    "fr": (["ok j'ai mesuré", "prêt?", "voici les mesures"], ["{D3} par {D3}", "{D2}", "fenêtre {D3}", "porte {D2} {D2}", "{10..99} 1/2", "hauteur {D3}", "{D4} mm", "{100..999}$", "{1..12} morceaux"]),
    "ru": (["замерил", "готовы?", "вот размеры"], ["{D3} на {D3}", "{D2}", "окно {D3}", "дверь {D2} {D2}", "{10..99},5", "высота {D3}", "{D4} мм", "{1000..9999} р", "{1..12} шт"]),
}


def measuring(r, lang, number):
    """Numbers told one after another that are no phone number."""
    first, rest = MEASURES[lang]
    at, lines = 0, [{"text": r.choice(first), "at": 0}]
    for _ in range(r.randint(2, 5)):
        at += r.randint(3, 50) * 1000
        lines.append({"text": expand(r, lang, r.choice(rest)), "at": at})
    return lines


def talk(r, lang, number):
    """What is said around contacts, without one."""
    lines = LANG[lang].TALK
    some = [lines[(number - 1) % len(lines)], *r.sample(lines, r.randint(0, 2))]
    return [{"text": r.choice([" ", "\n"]).join(careless(r, line) for line in some)}]


def recipes():
    out = []
    for lang in LANGS:
        out.append(("ordinary", "talk", lang, 60, talk))
        for technique, templates in sections("trade", lang).items():
            out.append(("trade", technique, lang, max(PER_TECHNIQUE, len(templates)), trade(templates)))
        out.append(("trade", "over_messages", lang, PER_TECHNIQUE, measuring))
        for technique, lines in sections("trap", lang).items():
            out.append(("trap", technique, lang, len(lines), listed(lines, lang)))
        for label in ("threat", "insult"):
            for technique, lines in sections(label, lang).items():
                out.append((label, technique, lang, len(lines), whole(label, lines)))
            out.append((label, "hidden", lang, 40, hidden(label, sections(label, lang)["plain"])))
    return out


def whole(label, lines):
    """Each line once, all of it being what the label says."""
    def make(r, lang, number):
        return [whole_line(label, lines[number - 1])]
    return make


def whole_line(label, text):
    return {"text": text, "spans": [(0, len(text), label, ["profanity", "threat"] if label == "insult" else None)]}


def long_words(text):
    return [w for w in text.split(" ") if len(w) >= 4 and w.isalpha()]


def hidden(label, lines):
    """A plain line, disguised as a whole."""
    lines = [line for line in lines if long_words(line)]

    def make(r, lang, number):
        text = r.choice(lines)
        word = r.choice(long_words(text))
        changed = [
            lambda: d.mixed_script(r, text, 0.2),
            lambda: d.sprinkle(r, text, d.ZERO_WIDTH[:6], 0.2),
            lambda: text.replace(word, d.stretched(r, word), 1),
            lambda: text.replace(word, " ".join(word), 1),
            lambda: text.replace(word, ".".join(word), 1),
            lambda: text.replace(word, d.leet(r, word) or word.upper(), 1),
            lambda: text.upper(),
            lambda: text.replace(word, word[:1] + word[2] + word[1] + word[3:], 1),
            lambda: "".join(ch + ("\u0332" if ch.isalpha() else "") for ch in text),
            lambda: text.translate(str.maketrans("éèêàâçùôîïë", "eeeaacuoiie")).replace("'", "") if lang == "fr" else text.replace(" ", "  "),
        ]
        return [whole_line(label, r.choice(changed)())]
    return make
