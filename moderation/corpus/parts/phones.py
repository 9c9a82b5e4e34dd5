"""Made-up phone numbers of several countries, and the ways people write them. Digits come from a generator: that one of
them belongs to somebody is chance."""

NANP_CA = "514 438 450 579 418 581 819 873 367 263 354 416 647 437 905 289 365 613 343 519 226 604 778 236 403 587 780 204 506 902".split()
NANP_US = "212 646 312 305 415 617 718 310 702 206".split()
RU = "903 905 906 909 910 911 912 913 915 916 917 918 919 920 921 922 924 925 926 927 929 931 937 950 951 952 953 960 961 962 963 964 965 967 968 977 978 980 981 982 985 987 988 989 999 495 812 383 343".split()
KZ = "700 701 702 705 707 708 747 771 775 776 777 778 727".split()


class Phone:
    """A number: country code, trunk prefix, national groups."""

    def __init__(self, cc, trunk, groups):
        self.cc, self.trunk, self.groups = cc, trunk, groups

    @property
    def national(self):
        return "".join(self.groups)


def digits(r, n):
    return "".join(r.choice("0123456789") for _ in range(n))


def nanp(r, codes=NANP_CA):
    while True:
        exchange = r.choice("23456789") + digits(r, 2)
        if exchange[1:] != "11" and exchange != "555":
            return Phone("1", "1", [r.choice(codes), exchange, digits(r, 4)])


def russia(r):
    return Phone("7", "8", [r.choice(RU), digits(r, 3), digits(r, 2), digits(r, 2)])


def kazakhstan(r):
    return Phone("7", "8", [r.choice(KZ), digits(r, 3), digits(r, 2), digits(r, 2)])


def france(r):
    first = r.choice("666667771234589")
    second = r.choice("3456789") if first == "7" else r.choice("12345678")
    return Phone("33", "0", [first, second + digits(r, 1), digits(r, 2), digits(r, 2), digits(r, 2)])


def belgium(r):
    return Phone("32", "0", ["4" + r.choice("789") + digits(r, 1), digits(r, 2), digits(r, 2), digits(r, 2)])


def morocco(r):
    return Phone("212", "0", ["6", r.choice("1356") + digits(r, 1), digits(r, 2), digits(r, 2), digits(r, 2)])


def britain(r):
    return Phone("44", "0", ["7" + r.choice("4579") + digits(r, 2), digits(r, 6)])


def germany(r):
    return Phone("49", "0", ["1" + r.choice(["51", "60", "70", "76"]), digits(r, 7)])


def uzbekistan(r):
    return Phone("998", "", [r.choice(["90", "91", "93", "94", "97", "99"]), digits(r, 3), digits(r, 2), digits(r, 2)])


def belarus(r):
    return Phone("375", "", [r.choice(["29", "33", "44"]), r.choice("1235678") + digits(r, 2), digits(r, 2), digits(r, 2)])


def ukraine(r):
    return Phone("380", "0", [r.choice(["50", "63", "67", "93", "95", "97"]), digits(r, 3), digits(r, 2), digits(r, 2)])


HOME = {
    "en": [(nanp, 14), (lambda r: nanp(r, NANP_US), 3), (britain, 2), (germany, 1)],
    "fr": [(nanp, 11), (france, 7), (belgium, 1), (morocco, 1)],
    "ru": [(russia, 11), (kazakhstan, 3), (nanp, 3), (uzbekistan, 1), (belarus, 1), (ukraine, 1)],
}
# Where a disguise has no room for exotic prefixes: the countries the marketplace lives in.
NEAR = {
    "en": [(nanp, 1)],
    "fr": [(nanp, 3), (france, 2)],
    "ru": [(russia, 4), (kazakhstan, 1), (nanp, 1)],
}


def pick(r, lang, table=HOME):
    makers, weights = zip(*table[lang])
    return r.choices(makers, weights)[0](r)


def plain(r, p):
    """A number as people and forms write it."""
    g = p.groups
    nat = p.national
    if p.cc == "1":
        a, b, c = g
        return r.choice([
            f"{a}-{b}-{c}", f"({a}) {b}-{c}", f"{a} {b} {c}", f"{a}.{b}.{c}", nat, f"+1 {a} {b} {c}", f"+1{nat}",
            f"1-{a}-{b}-{c}", f"({a}){b}-{c}", f"+1 ({a}) {b}-{c}", f"{a} {b}-{c}", f"1 {a} {b} {c}", f"{a}-{b}{c}",
            f"{a} {b}{c}", f"+1-{a}-{b}-{c}", f"001 {a} {b} {c}", f"1{nat}",
        ])
    if p.cc == "7":
        a, b, c, d = g
        return r.choice([
            f"+7 {a} {b}-{c}-{d}", f"8 ({a}) {b}-{c}-{d}", f"8{nat}", f"+7{nat}", f"8-{a}-{b}-{c}-{d}",
            f"8 {a} {b} {c} {d}", f"{a} {b} {c} {d}", nat, f"+7({a}){b}{c}{d}", f"8{a} {b} {c}{d}", f"+7 ({a}) {b} {c} {d}",
            f"8 {a} {b}-{c}-{d}", f"{a}-{b}-{c}-{d}", f"8({a}){b}-{c}-{d}", f"7{nat}", f"+7-{a}-{b}-{c}{d}", f"8 {a} {b}{c}{d}",
        ])
    if p.cc in ("33", "212"):
        first = g[0]
        local = " ".join(["0" + first, *g[1:]])
        return r.choice([
            local, local.replace(" ", ""), local.replace(" ", "."), local.replace(" ", "-"),
            f"+{p.cc} {' '.join(g)}", f"+{p.cc}{nat}", f"00{p.cc} {' '.join(g)}", f"+{p.cc} (0){' '.join(g)}",
            local, f"0{first}{g[1]} {g[2]}{g[3]} {g[4]}",
        ])
    forms = [f"+{p.cc} {' '.join(g)}", f"+{p.cc}{nat}", f"00{p.cc} {' '.join(g)}", f"+{p.cc} {'-'.join(g)}"]
    if p.trunk:
        forms += [f"{p.trunk}{' '.join(g)}", f"{p.trunk}{nat}"]
    return r.choice(forms)


def parts(r, p):
    """The number's groups with whatever stands before it, for disguises that work on groups."""
    if p.cc in ("33", "212", "32", "44", "49") and r.random() < 0.8:
        return [p.trunk + p.groups[0], *p.groups[1:]]
    if p.cc == "7" and r.random() < 0.7:
        return [r.choice(["8", "8", "+7", "7"]), *p.groups]
    if p.cc == "1" and r.random() < 0.2:
        return [r.choice(["1", "+1"]), *p.groups]
    if p.cc in ("1", "7"):
        return list(p.groups)
    return ["+" + p.cc, *p.groups]
