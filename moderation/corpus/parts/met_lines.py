"""Kinds of talk and of evasion that strangers met in use: hand-written lines of `met.*.txt`, bent names of messengers, links
that no list of hosts holds. Numbers are in `met_numbers`, repetitions in `met_spam`.

A heading of `met.*.txt` is a label and a technique; `[[…]]` is what is to be found, `{…}` is a slot as in `trade.*.txt`.
"""

import contacts as c
from frames import LANGS, again, around, careless, carrier, fill, marked
from hand_lines import expand, listed, sections, trade, whole

OTHER = {"messenger": ["social"], "social": ["messenger"]}


def shown(label, lines):
    """Each line once, with what is marked in it."""
    def make(r, lang, number):
        return [marked(around(r, lang, careless(r, expand(r, lang, lines[number - 1]))), label, OTHER[label])]
    return make


SIGNED = {
    "en": {
        "messenger": "what$app whats@pp what$@pp wh@t$app wha!sapp wh@tz@pp t3legram te1egram tel3gr@m t3l3gram te!egram t3legr@m $ignal s1gnal s!gnal sign@l $1gn@l v1ber vib3r v!ber v!b3r d1scord disc0rd di$cord d!sc0rd d!$c0rd m3ssenger me$$enger messeng3r m3$$enger skyp3 $kype $kyp3 w3chat wech@t thr33ma thre3ma k@kaotalk $lack sl@ck".split(),
        "social": "inst@gram 1nstagram !nstagram in$t@gram in$ta 1nsta f@cebook faceb00k f@c3book fac3b00k snapch@t $napchat sn@pch@t t1kt0k t!ktok tikt0k l1nkedin".split(),
    },
    "fr": {
        "messenger": "what$app whats@pp w@tsapp w@t$ap ou@tsap wh@ts@p t3legram télégr@m t3l3gramme te1egram téle9ram tél3gr@mme $ignal s1gnal sign@l s!gnal v1ber vib3r v!ber d1scord disc0rd d!scorde di$corde m3ssenger mess3nger me$$enger messeng3r m3ss3ng3r skyp3 $kype sk!pe wech@t thr33ma $lack".split(),
        "social": "inst@ inst@gram 1nsta !nsta in$ta f@cebook faceb00k f@ceb00k fac3book f@ce $nap sn@pchat t1ktok t!kt0k l1nkedin".split(),
    },
    "ru": {
        "messenger": "т3леграм телегр@мм т3легр@м те!еграм т3лега телег@ т3л3гр@м т3л3жка в@тс@п в@тсап ватс@п в@т$ап в0т$ап вотс@п в@цап в@ц@п в0цап вайб3р в@йб3р в@йпер в!бер в3бер ск@йп $кайп диск0рд д!скорд д!ск0рд ди$корд $игнал с!гнал сигн@л м3ссенджер ме$$енджер м3сс3ндж3р сл@к м@кс-мессенджер телегр0м".split(),
        "social": "инст@ !нста 1нстаграм ин$та ин$т@грам !нстаграм ф3йсбук фейсб00к фэйсбу4ок вк0нтакте вконт@кте в_к0нтакте одн0классники тикт0к т!кток т1кт0к".split(),
    },
}

# A name by itself, when that is all the message says.
ALONE = {
    "en": ["{m}", "{m} ;)", "me: {m}", "{m}, ok?", "{m} then", "psst {m}", "{m} or nothing", "you have {m} right", "{m} is quicker", "use {m} instead"],
    "fr": ["{m}", "{m} ;)", "moi c'est {m}", "{m}, ok?", "{m} alors", "psst {m}", "{m} sinon rien", "vous avez {m} non", "{m} c'est plus vite", "utilise {m} à la place"],
    "ru": ["{m}", "{m} ;)", "я за {m}", "{m}, ок?", "тогда {m}", "тсс {m}", "{m} и точка", "{m} же есть у вас", "{m} быстрее", "лучше {m} чем тут"],
}

SPREAD = {
    "en": {"messenger": "whatsapp viber signal discord skype messenger wechat threema kakaotalk".split(), "social": "instagram facebook snapchat tiktok".split()},
    "fr": {"messenger": "whatsapp viber signal discord skype messenger télégramme threema".split(), "social": "instagram facebook snapchat tiktok".split()},
    "ru": {"messenger": "вайбер ватсап вотсап дискорд скайп сигнал тележка мессенджер телеграмм viber whatsapp".split(), "social": "инстаграм фейсбук вконтакте одноклассники".split()},
}


def spread(r, name):
    """A name with its letters or syllables apart."""
    kind = r.randrange(8)
    if kind < 3:
        return r.choice([" ", "  ", "\u00a0", "\u2003", "\n"]).join(r.choice([name, name.upper()]))
    if kind == 3:
        return r.choice(["/", "|", "_", "~", "=", "+", ":", ","]).join(name)
    if kind == 4:
        return r.choice([" . ", " - ", " * ", " / "]).join(name)
    if kind == 5:
        left, right = r.choice(["()", "[]", "<>", "{}"])
        return "".join(f"{left}{letter}{right}" for letter in name)
    at = r.randrange(2, len(name) - 2)
    if kind == 6 or len(name) < 8:
        return name[:at] + r.choice([" ", "  ", "--", " - ", " . ", "/"]) + name[at:]
    sep = r.choice([" ", "-", ".", "_"])
    return sep.join([name[:3], name[3:6], name[6:]])


def bent(make_name):
    """A bent name with a handle: the handle is what must go."""
    def make(r, lang, number):
        kind = r.choice(["messenger", "messenger", "social"])
        name = make_name(r, lang, kind)
        handle = r.choice(["@", "", ""]) + c.handle(r, lang)
        shell = carrier(r, lang, "MESSENGER").replace("{m}", name)
        return fill(r, lang, shell.replace("{h}", "{}"), handle, "messenger", also=["social"])
    return make


def asked(make_name):
    """A bent name without a handle: the name is what must go."""
    def make(r, lang, number):
        name = make_name(r, lang, "messenger")
        shell = r.choice(ALONE[lang]) if r.random() < 0.4 else carrier(r, lang, "INVITATION")
        return fill(r, lang, shell.replace("{m}", "{}"), name, "messenger", also=["social"])
    return make


def signed(r, lang, kind):
    return r.choice(SIGNED[lang][kind])


def apart(r, lang, kind):
    return spread(r, r.choice(SPREAD[lang][kind]))


OCTETS = [23, 31, 45, 46, 51, 62, 77, 78, 80, 85, 91, 94, 95, 104, 109, 138, 146, 159, 164, 176, 178, 185, 188, 193, 195, 203, 212, 213]
WAYS = ["/", "/quote", "/login.php", "/album", "/pay/42", "/chat", "/p?id=7", "/order/new", "/smeta", "/index.html", "/a/b"]


def ip_number(r, lang, number):
    """A bare address with a port or a path: nobody says one for any other reason than to have it opened."""
    ip = ".".join(str(n) for n in [r.choice(OCTETS), r.randint(0, 255), r.randint(0, 255), r.randint(1, 254)])
    port = str(r.choice([80, 81, 443, 3000, 4000, 5000, 8000, 8080, 8081, 8443, 8888, 9000, r.randint(1025, 65535)]))
    word = {"en": " port ", "fr": " port ", "ru": " порт "}[lang]
    text = r.choice([
        f"http://{ip}:{port}{r.choice(WAYS)}", f"https://{ip}{r.choice(WAYS)}", f"{ip}:{port}", f"{ip}:{port}{r.choice(WAYS)}", f"{ip}{r.choice(WAYS)}",
        f"{ip}:{port}", f"{ip.replace('.', ' . ')}:{port}", f"{ip.replace('.', '[.]')}:{port}", f"{ip}{word}{port}", f"http://{ip}", f"hxxp://{ip}:{port}",
    ])
    return fill(r, lang, carrier(r, lang, "LINK"), text, "link", also=["phone"])


OTHER_DOTS = "۔・⋅∙‧•⸱･。｡︒।።．﹒ꓸ"


def other_dots(r, lang, number):
    """A host whose full stops are another script's, or no full stops at all."""
    dot = r.choice(OTHER_DOTS)
    host = r.choice(["", "", "www.", "https://", "https://www."]) + c.host(r, lang)
    path = r.choice(["", "", "/", "/portfolio", "/prix" if lang == "fr" else "/price", "/contact"])
    pad = r.choice(["", "", "", " "])
    return fill(r, lang, carrier(r, lang, "LINK"), host.replace(".", pad + dot + pad if dot not in "•∙⋅" else dot) + path, "link")


def written(lang):
    """What `met.*.txt` holds."""
    out = []
    for heading, lines in sections("met", lang).items():
        label, technique = heading.split(" ")
        make = {"trade": lambda: trade(lines), "trap": lambda: listed(lines, lang), "threat": lambda: whole(label, lines)}.get(label, lambda: shown(label, lines))()
        out.append((label, technique, lang, len(lines), make))
    return out


def recipes():
    out = []
    for lang in LANGS:
        out += written(lang)
        for label, technique, count, make in [
            ("messenger", "signs_name", 28, bent(signed)),
            ("messenger", "invitation_signed", 28, asked(signed)),
            ("messenger", "gapped_name", 22, bent(apart)),
            ("messenger", "apart_invitation", 22, asked(apart)),
            ("link", "ip_number", 28, ip_number),
            ("link", "other_dots", 28, other_dots),
        ]:
            out.append((label, technique, lang, count, again(make)))
    return out
