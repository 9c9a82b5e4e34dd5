"""The same text again and again, varied as people vary it; and repetitions that are none."""

import disguises as d
from frames import LANGS, careless

MINUTE = 60_000

TEXTS = {
    "en": ["Best prices in town, order now", "Do you need a cleaner? I am free this week", "hello are you interested in my offer", "Cheap flooring, free quote today", "Please accept my order", "I can start tomorrow, just say yes", "Special discount for you only", "why are you not answering", "Professional painter 20 years experience", "give me five stars please", "Buy two get one free this week only", "we do roofs gutters and siding", "Pay the deposit today and save", "are you there", "Top quality kitchens at factory price", "accept the quote", "Looking for more work, tell your friends", "Moving truck with two men available", "last chance for this price", "Snow removal contracts for the season"],
    "fr": ["Meilleurs prix en ville, commandez maintenant", "Besoin d'un ménage? Je suis libre cette semaine", "bonjour êtes-vous intéressé par mon offre", "Plancher pas cher, soumission gratuite", "Acceptez ma commande svp", "Je peux commencer demain, dites oui", "Rabais spécial juste pour vous", "pourquoi vous répondez pas", "Peintre professionnel 20 ans d'expérience", "donnez moi cinq étoiles svp", "Deux pour un cette semaine seulement", "on fait toitures gouttières et revêtement", "Payez l'acompte aujourd'hui et économisez", "êtes-vous là", "Cuisines de qualité au prix d'usine", "accepte la soumission", "Je cherche plus d'ouvrage, parlez-en", "Camion de déménagement avec deux hommes", "dernière chance pour ce prix", "Contrats de déneigement pour la saison"],
    "ru": ["Лучшие цены в городе, заказывайте", "Нужна уборка? Свободна на этой неделе", "здравствуйте вам интересно мое предложение", "Дешевый ламинат, замер бесплатно", "Примите мой заказ пожалуйста", "Могу начать завтра, только скажите да", "Специальная скидка только для вас", "почему вы не отвечаете", "Маляр со стажем 20 лет", "поставьте пять звезд пожалуйста", "Два по цене одного только на этой неделе", "делаем крыши водостоки и фасады", "Внесите аванс сегодня и сэкономьте", "вы тут", "Кухни по цене фабрики", "примите смету", "Ищу работу, расскажите друзьям", "Газель с грузчиками свободна", "последний шанс по этой цене", "Уборка снега на сезон, договор"],
}


def shouting(r, t):
    return r.choice([t.upper(), t.lower(), t.title(), "".join(ch.upper() if r.random() < 0.5 else ch.lower() for ch in t)])


def spaced(r, t):
    return r.choice([t.replace(" ", "  "), " " + t + "  ", t.replace(" ", "\n"), t.replace(" ", "\u00a0"), t.replace(" ", "   ", 1), t.replace(" ", " \t")])


def punctuated(r, t):
    return r.choice([t + "!!!", t + ".", t + "...", t.replace(",", ""), "*" + t + "*", t.replace(" ", ", ", 1), t + "?!", "- " + t, "«" + t + "»", t + " )))", ">> " + t])


def with_emoji(r, t):
    signs = ["🔥", "👍", "😀", "🙏🏽", "❤️", "⭐⭐⭐⭐⭐", "👉", "✅", "🏠", "🇨🇦", "👨‍🔧"]
    return r.choice([f"{r.choice(signs)} {t}", f"{t} {r.choice(signs)}", f"{r.choice(signs)}{t}{r.choice(signs)}", t.replace(" ", f" {r.choice(signs)} ", 1)])


def lookalike(r, t):
    return d.mixed_script(r, t, 0.4)


def invisible(r, t):
    return d.sprinkle(r, t, d.ZERO_WIDTH[:6], 0.3)


def styled(r, t):
    return d.styled(r, t) if any("a" <= ch <= "z" for ch in t) else d.sprinkle(r, t, "\u0301\u0332\u0308", 0.4)


def everything(r, t):
    for change in r.sample([shouting, spaced, punctuated, with_emoji, invisible], 3):
        t = change(r, t)
    return t


VARIANTS = {"same": lambda r, t: t, "case": shouting, "spaces": spaced, "punctuation": punctuated, "emoji": with_emoji, "lookalikes": lookalike, "zero_width": invisible, "styled": styled, "everything": everything}


def in_order(change):
    """Three times within ten minutes in one order; the third is refused. Something else may be said between."""
    def make(r, lang, number):
        text = r.choice(TEXTS[lang])
        at, lines = 0, []
        for turn in range(3):
            said = text if turn == 0 and r.random() < 0.5 else change(r, text)
            spans = [(0, len(said), "spam")] if turn == 2 else []
            lines.append({"text": said, "at": at, "spans": spans})
            if turn < 2 and r.random() < 0.3:
                at += r.randint(5, 60) * 1000
                lines.append({"text": r.choice(["?", "👋"]) if r.random() < 0.3 else careless(r, OTHER[lang][(number + turn) % len(OTHER[lang])]), "at": at})
            at += r.randint(10, 270) * 1000
        return lines
    return make


OTHER = {
    "en": ["the door is white", "I measured the hall", "bring the long ladder", "it is raining here", "the paint is drying"],
    "fr": ["la porte est blanche", "j'ai mesuré le corridor", "apporte la grande échelle", "il pleut ici", "la peinture sèche"],
    "ru": ["дверь белая", "коридор измерил", "возьмите длинную лестницу", "тут дождь", "краска сохнет"],
}


def five_orders(r, lang, number):
    """The same to five orders."""
    text = r.choice(TEXTS[lang])
    change = r.choice(list(VARIANTS.values()))
    lines, at = [], 0
    for order in range(5):
        said = change(r, text)
        spans = [(0, len(said), "spam")] if order == 4 else []
        lines.append({"text": said, "at": at, "order": f"o-{lang}-{number}-{order}", "spans": spans})
        at += r.randint(10, 100) * 1000
    return lines


def twice(r, lang, number):
    text = r.choice(TEXTS[lang])
    return [{"text": text, "at": 0}, {"text": shouting(r, text), "at": r.randint(5, 500) * 1000}]


def slowly(r, lang, number):
    """Three times, but never within ten minutes."""
    text = r.choice(TEXTS[lang])
    first, second = r.randint(0, 9) * 1000, 11 * MINUTE + r.randint(0, 90) * 1000
    return [{"text": text, "at": first}, {"text": text, "at": second}, {"text": text, "at": second + 12 * MINUTE}]


def alike(r, lang, number):
    """Short sentences that differ in what matters."""
    shells = {"en": ["room {} is done", "I need {} more bags", "box {} is open", "be there at {}", "door {} is hung"], "fr": ["la pièce {} est finie", "il me faut {} sacs de plus", "la boîte {} est ouverte", "j'arrive à {}h", "la porte {} est posée"], "ru": ["комната {} готова", "надо ещё {} мешков", "коробка {} открыта", "буду в {}", "дверь {} повесил"]}
    shell = r.choice(shells[lang])
    numbers = r.sample(range(2, 20), 4)
    pace = r.randint(5, 90) * 1000
    return [{"text": shell.format(n), "at": i * pace} for i, n in enumerate(numbers)]


def recipes():
    out = []
    for lang in LANGS:
        for technique, change in VARIANTS.items():
            out.append(("spam", technique, lang, 14, in_order(change)))
        out.append(("spam", "five_orders", lang, 14, five_orders))
        out.append(("trap", "spam_twice", lang, 14, twice))
        out.append(("trap", "spam_slowly", lang, 14, slowly))
        out.append(("trap", "spam_alike", lang, 14, alike))
    return out
