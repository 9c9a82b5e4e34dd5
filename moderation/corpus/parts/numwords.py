"""Numbers in words, as people say phone numbers: digit by digit, in pairs, in hundreds; with the forms and the slips
that people write."""

EN = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
EN_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()

RU = "ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать четырнадцать пятнадцать шестнадцать семнадцать восемнадцать девятнадцать".split()
RU_TENS = "_ _ двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто".split()
RU_HUNDREDS = "_ сто двести триста четыреста пятьсот шестьсот семьсот восемьсот девятьсот".split()
RU_FORMS = {
    "ноль": ["нуль", "ноля", "нолик", "нулей", "ноль"], "один": ["одна", "один", "единица", "раз", "одного"], "два": ["две", "двойка", "двух", "два"],
    "три": ["тройка", "трёх", "трех", "три"], "четыре": ["четверка", "четвёрка", "четырех", "четыре"],
    "пять": ["пятерка", "пятёрка", "пяти", "пять"], "шесть": ["шестерка", "шести", "шестёрка"], "семь": ["семерка", "семи", "семёрка"],
    "восемь": ["восьмерка", "восьми", "восьмёрка"], "девять": ["девятка", "девяти", "девять"],
    "сорок": ["сорока", "сорок"], "девяносто": ["девяноста", "девяносто"], "сто": ["ста", "сто"], "пятьсот": ["пятьсот", "пятисот"],
    "двадцать": ["двадцати"], "тридцать": ["тридцати"], "пятьдесят": ["пятидесяти"], "шестьдесят": ["шестидесяти"],
    "девятьсот": ["девятисот", "девятьсот"], "двести": ["двухсот"], "триста": ["трехсот", "трёхсот"],
}

FR = "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf".split()
FR_TENS = "_ _ vingt trente quarante cinquante soixante _ quatre-vingt _".split()

SLIPS = {
    "zero": ["zerro", "ziro", "zeroo", "zer0"], "one": ["wun", "onne", "onee"], "two": ["tow", "tuu", "twoo"], "three": ["thre", "tree", "threee", "thrree"],
    "four": ["foure", "fower", "fourr", "fur"], "five": ["fiv", "fyve", "fivee"], "six": ["siks", "sixx", "sics"], "seven": ["sevn", "sevven", "sevin"],
    "eight": ["eigth", "eihgt", "eigt", "ait"], "nine": ["nin", "nien", "ninne"], "forty": ["fourty", "fortey"], "ninety": ["ninty", "ninetey"],
    "fifty": ["fivty", "fiffty"], "twenty": ["twenny", "twentey"], "thirty": ["thirdy", "thrity"], "eighty": ["eigthy", "eighti"], "sixty": ["sixti", "sixtey"],
    "seventy": ["sevnty", "seventi"], "hundred": ["hunderd", "hundrid", "hundert"], "twelve": ["twelv", "twelf"], "eleven": ["elevn", "elleven"],
    "thirteen": ["thirten"], "fourteen": ["forteen", "fourten"], "fifteen": ["fiveteen", "fiften"], "nineteen": ["ninteen"],
    "ноль": ["нол", "нольь", "ноуль"], "один": ["адин", "одын", "одинн"], "два": ["двa", "дваа", "дыва"], "три": ["тры", "трии", "тре"],
    "четыре": ["чтыре", "четыри", "читыре", "чотыре"], "пять": ["пят", "пьять", "пядь", "пять"], "шесть": ["шэсть", "шест", "шесьть"],
    "семь": ["сем", "семъ", "сэмь"], "восемь": ["восим", "восем", "воссемь", "васемь"], "девять": ["девить", "девядь", "девят", "дефять"],
    "десять": ["десить", "десят"], "двадцать": ["дватцать", "двацать", "двадцать"], "тридцать": ["тритцать", "трицать"], "сорок": ["сорак", "сорок"],
    "пятьдесят": ["пядьдесят", "пятдесят", "писят", "пиисят"], "шестьдесят": ["шесдесят", "шестдесят", "шисят"], "семьдесят": ["семдесят", "семьдесет", "семисят"],
    "восемьдесят": ["восемдесят", "восимдесят"], "девяносто": ["девяноста", "девеносто", "девяносто"], "сто": ["сто", "стo"],
    "двести": ["двестe", "двисти", "дввести"], "триста": ["трыста", "тристо"], "четыреста": ["четыриста", "чтыреста"], "пятьсот": ["пятсот", "пицот", "пядьсот"],
    "шестьсот": ["шестсот", "шессот"], "семьсот": ["семсот", "семьсод"], "восемьсот": ["восемсот", "восимсот"], "девятьсот": ["девятсот", "девядьсот", "девицот"],
    "zéro": ["zéros", "zerro", "zérro"], "un": ["uun", "unn"], "deux": ["deu", "deus", "2eux"], "trois": ["troi", "troix", "trwa"], "quatre": ["katre", "quatr", "catre"],
    "cinq": ["sinq", "cinc", "cink"], "sept": ["set", "cet", "septt"], "huit": ["uit", "huitt", "hui"], "neuf": ["neuff", "nef", "neu"], "dix": ["dis", "dixx"],
    "onze": ["onz", "onsse"], "douze": ["douz", "douse"], "treize": ["treze", "traize"], "quatorze": ["quatorse", "katorze"], "quinze": ["kinze", "quinse"],
    "seize": ["sèze", "seze"], "vingt": ["vint", "vingts", "vin"], "trente": ["trante", "trentte"], "quarante": ["karante", "carante"], "cinquante": ["sinquante", "cinquant"],
    "soixante": ["soisante", "soixant", "swasante"], "cent": ["sent", "cen", "cents"],
}


def en(r, group, style):
    if style == "digit":
        zero = r.choice(["zero", "zero", "oh", "o"])
        out, i = [], 0
        while i < len(group):
            if i + 1 < len(group) and group[i] == group[i + 1] and r.random() < 0.25:
                out += ["double", zero if group[i] == "0" else EN[int(group[i])]]
                i += 2
                continue
            out.append(zero if group[i] == "0" else EN[int(group[i])])
            i += 1
        return out
    if len(group) == 1:
        return [EN[int(group)]]
    if len(group) == 2:
        n = int(group)
        if n < 10:
            return [r.choice(["zero", "oh"]), EN[n]]
        if n < 20:
            return [EN[n]]
        tens = EN_TENS[n // 10]
        return [tens] if n % 10 == 0 else r.choice([[tens, EN[n % 10]], [f"{tens}-{EN[n % 10]}"]])
    if len(group) == 3:
        n = int(group)
        if n < 100:
            return [EN[0]] + en(r, group[1:], "pair")
        rest = group[1:]
        if r.random() < 0.45:
            tail = [] if rest == "00" else [EN[int(rest)]] if int(rest) < 10 else en(r, rest, "pair")
            return [EN[n // 100], "hundred"] + (["and"] if tail and r.random() < 0.4 else []) + tail
        return [EN[n // 100]] + (["hundred"] if rest == "00" else en(r, rest, "pair"))
    return en(r, group[:2], "pair") + en(r, group[2:], "pair")


def ru(r, group, style):
    if style == "digit" or len(group) == 1:
        return [RU[int(d)] for d in group]
    if len(group) == 2:
        n = int(group)
        if n < 10:
            return ["ноль", RU[n]]
        return [RU[n]] if n < 20 else [RU_TENS[n // 10]] + ([] if n % 10 == 0 else [RU[n % 10]])
    if len(group) == 3:
        if group[0] == "0":
            return ["ноль"] + ru(r, group[1:], "pair")
        rest = group[1:]
        tail = [] if rest == "00" else [RU[int(rest)]] if int(rest) < 10 else ru(r, rest, "pair")
        return [RU_HUNDREDS[int(group[0])]] + tail
    return ru(r, group[:2], "pair") + ru(r, group[2:], "pair")


def fr_below_hundred(r, n):
    if n < 20:
        return [FR[n]]
    tens, unit = divmod(n, 10)
    if tens in (7, 9):
        old = {7: "soixante", 9: "quatre-vingt"}[tens]
        if r.random() < 0.12:
            swiss = {7: "septante", 9: "nonante"}[tens]
            return [swiss] + ([] if not unit else [FR[unit]])
        if tens == 7 and unit == 1:
            return ["soixante et onze"]
        return [f"{old}{r.choice('- ')}{FR[10 + unit]}"]
    word = FR_TENS[tens]
    if unit == 0:
        return [word + ("s" if tens == 8 else "")]
    if unit == 1 and tens != 8:
        return [r.choice([f"{word} et un", f"{word}-et-un"])]
    return [f"{word}{r.choice('- ')}{FR[unit]}"]


def fr(r, group, style):
    if style == "digit" or len(group) == 1:
        return [FR[int(d)] for d in group]
    if len(group) == 2:
        n = int(group)
        return ["zéro", FR[n]] if n < 10 else fr_below_hundred(r, n)
    if len(group) == 3:
        if group[0] == "0":
            return ["zéro"] + fr(r, group[1:], "pair")
        n = int(group[1:])
        tail = [] if n == 0 else fr_below_hundred(r, n)
        if group[0] == "1":
            return ["cent"] + tail
        return [FR[int(group[0])], "cent" if tail else "cents"] + tail
    return fr(r, group[:2], "pair") + fr(r, group[2:], "pair")


SPEAK = {"en": en, "ru": ru, "fr": fr}
PLUS = {"en": "plus", "ru": "плюс", "fr": "plus"}


def speak(r, lang, groups, style):
    """The words of each group."""
    out = []
    for group in groups:
        words = []
        if group.startswith("+"):
            words, group = [PLUS[lang]], group[1:]
        out.append(words + SPEAK[lang](r, group, style))
    return out


def slip(r, word):
    """One word as somebody would misspell it."""
    pieces = word.replace("-", " - ").split(" ")
    candidates = [i for i, p in enumerate(pieces) if p not in ("et", "and") and (len(p) > 4 or p in SLIPS)]
    if not candidates:
        return word
    i = r.choice(candidates)
    w = pieces[i]
    known = [other for other in SLIPS.get(w, []) if other != w]
    if known and (len(w) < 5 or r.random() < 0.7):
        pieces[i] = r.choice(known)
    elif len(w) >= 5:
        at = r.randrange(1, len(w) - 1)
        kind = r.randrange(3)
        if kind == 0:
            pieces[i] = w[:at] + w[at + 1:]
        elif kind == 1:
            pieces[i] = w[:at] + w[at] + w[at:]
        else:
            pieces[i] = w[:at - 1] + w[at] + w[at - 1] + w[at + 1:]
    return " ".join(pieces).replace(" - ", "-")
