"""The same text again with another word or mark at its end; and sentences whose last word is what they say."""

from frames import LANGS, careless

TEXTS = {
    "en": ["Gutter cleaning from forty dollars this month only", "I am the best tiler you can find here", "please choose my bid before the others", "we deliver gravel and soil every day", "Windows washed inside and out, cheap", "hire me and you won't regret it", "answer me about the quote", "new clients get ten percent off", "our crew is free from Monday on", "rate my work with the highest mark", "I do logos and flyers at a good price", "interested in a long contract with you", "assembly of any furniture, same day", "take my offer, it is a bargain"],
    "fr": ["Nettoyage de gouttières à quarante dollars ce mois-ci", "je suis le meilleur carreleur que vous trouverez", "choisissez mon offre avant les autres", "on livre gravier et terre tous les jours", "Vitres lavées en dedans et en dehors, pas cher", "engagez-moi vous le regretterez pas", "répondez-moi pour la soumission", "dix pour cent de moins pour les nouveaux", "notre équipe est libre dès lundi", "donnez à mon travail la meilleure note", "je fais logos et dépliants à bon prix", "intéressé à un long contrat avec vous", "assemblage de meubles le jour même", "prenez mon offre c'est une aubaine"],
    "ru": ["Чистка водостоков за две тысячи только в этом месяце", "лучше плиточника вы тут не найдёте", "выберите мою заявку раньше других", "возим щебень и грунт каждый день", "Моем окна внутри и снаружи недорого", "наймите меня и не пожалеете", "ответьте мне по смете", "новым клиентам скидка десять процентов", "бригада свободна с понедельника", "оцените мою работу на пять", "рисую логотипы и листовки по хорошей цене", "интересует долгий договор с вами", "сборка любой мебели в тот же день", "берите моё предложение, выгодно"],
}
TAILS = {
    "en": ["now", "pls", "ok", "today", "friend", "sir", "thanks", "asap", "again", "hurry", "hello", "guys", "really", "123", "q", "xo", "bro", "yes"],
    "fr": ["maintenant", "svp", "ok", "aujourd'hui", "mon ami", "monsieur", "merci", "vite", "encore", "allo", "bonjour", "là", "vraiment", "123", "q", "bye", "madame", "oui"],
    "ru": ["сейчас", "плиз", "ок", "сегодня", "друг", "уважаемый", "спасибо", "срочно", "ещё раз", "алло", "здрасьте", "ребята", "правда", "123", "й", "ну", "хозяйка", "да"],
}
ENDS = ["", ".", "!", "!!", "...", "…", "?", " )", ")))", " :)", " -", " ~", ",", ";", " *", "\u3002", " ^^", " ..", "!1", " +"]
BETWEEN = {
    "en": ["the ladder is outside", "it is windy", "the wall has a crack", "the dog sleeps", "paint arrived"],
    "fr": ["l'échelle est dehors", "y vente fort", "le mur a une fissure", "le chien dort", "la peinture est arrivée"],
    "ru": ["лестница на улице", "сильный ветер", "на стене трещина", "собака спит", "краску привезли"],
}


def ended(r, lang, text, used):
    """With another word at the end, that none of the ones before had."""
    tail = r.choice([t for t in TAILS[lang] if t not in used])
    used.add(tail)
    return text + r.choice([" ", " ", ", ", " - ", "! "]) + tail


def marked(r, lang, text, used):
    end = r.choice([e for e in ENDS if e not in used])
    used.add(end)
    return text + end


def three_times(change):
    """Three times within ten minutes, no two alike at the end; the third is refused."""
    def make(r, lang, number):
        text, used, at, lines = r.choice(TEXTS[lang]), set(), 0, []
        for turn in range(3):
            said = text if turn == 0 and r.random() < 0.4 else change(r, lang, text, used)
            lines.append({"text": said, "at": at, "spans": [(0, len(said), "spam")] if turn == 2 else []})
            if turn < 2 and r.random() < 0.25:
                at += r.randint(5, 60) * 1000
                lines.append({"text": careless(r, BETWEEN[lang][(number + turn) % 5]), "at": at})
            at += r.randint(10, 240) * 1000
        return lines
    return make


def two_times(r, lang, number):
    """Asked once more, with a word added: no spam yet."""
    text, used = r.choice(TEXTS[lang]), set()
    return [{"text": text, "at": 0}, {"text": ended(r, lang, text, used), "at": r.randint(20, 500) * 1000}]


REPORTS = {
    "en": [("I finished painting the {}", "kitchen hall bathroom attic porch"), ("here is the photo of the {}", "boiler fuse-box gutter staircase meter"), ("please send me the size of the {}", "window door sink shelf table"), ("the new tap fits in the {}", "bath kitchen garage yard"), ("tomorrow I can come with {}", "Peter Anna Luke Omar"), ("how much do you want for the {}", "fridge sofa bed lamp rug")],
    "fr": [("j'ai fini de peindre {}", "la cuisine|le corridor|le bain|le grenier|la galerie"), ("voici la photo {}", "de la chaudière|du panneau|de la gouttière|du compteur"), ("envoyez-moi la grandeur {}", "de la fenêtre|de la porte|du lavabo|de la table"), ("le nouveau robinet va dans {}", "le bain|la cuisine|le garage|la cour"), ("demain je peux venir avec {}", "Pierre|Anne|Luc|Omar"), ("vous voulez combien pour {}", "le frigo|le divan|le lit|la lampe|le tapis")],
    "ru": [("закончил красить {}", "кухню коридор ванную чердак крыльцо"), ("вот фото, снял {}", "котёл щиток водосток лестницу счётчик"), ("пришлите мне размер, нужна {}", "рама дверь раковина полка столешница"), ("новый кран подходит в {}", "ванную кухню гараж двор"), ("завтра могу приехать, со мной {}", "Пётр Анна Лука Омар"), ("сколько хотите за {}", "холодильник диван кровать лампу ковёр")],
}


def reports(r, lang, number):
    """Three or four sentences that differ in their last word, and that word is what is said."""
    shell, words = REPORTS[lang][(number - 1) % len(REPORTS[lang])]
    words = words.split("|") if "|" in words else words.split()
    pace = r.randint(15, 120) * 1000
    return [{"text": shell.format(word), "at": i * pace} for i, word in enumerate(r.sample(words, r.randint(3, 4)))]


def recipes():
    kinds = [
        ("spam", "tail_words", 14, three_times(ended)), ("spam", "trailing_marks", 14, three_times(marked)),
        ("trap", "spam_again", 14, two_times), ("trap", "spam_other_word", 12, reports),
    ]
    return [(label, technique, lang, count, make) for label, technique, count, make in kinds for lang in LANGS]
