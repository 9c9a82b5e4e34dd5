"""Made-up e-mails, links, handles, and the names of messengers and social networks as people bend them."""

FIRST = {
    "en": "mike dave sarah kevin jen tom liam olivia noah chris amy ryan brad megan scott tyler priya ahmed wei maria".split(),
    "fr": "luc marie jf sylvain nathalie eric mathieu chloe benoit isabelle guy annie steve karine yves audrey samir julie pascal manon".split(),
    "ru": "ivan sergey olga dima anna kostya misha natalia pavel lena roman svetlana artem igor tanya maxim ruslan aidar vika denis".split(),
}
LAST = {
    "en": "miller brown wilson chen singh macleod harper young patel stewart carter nguyen kelly fraser bishop doyle".split(),
    "fr": "tremblay gagnon roy cote bouchard gauthier morin lavoie fortin ouellet pelletier dupont moreau girard leroy fontaine".split(),
    "ru": "petrov ivanova smirnov kozlov volkova sokolov popov lebedev morozov novikov orlova belov zaitsev akhmetov kim titov".split(),
}
TRADE = {
    "en": "deck roof paint tile floor drywall plumb handy fence cabinet garden move clean electric reno stone".split(),
    "fr": "toiture peinture patio plancher cuisine plomberie beton cloture deneige menuiserie electro reno pave armoire ceramique demenage".split(),
    "ru": "remont kuhni plitka krysha dom stroy elektrik potolok mebel okna laminat master santeh kamen dveri fasad".split(),
}
MAILS = {
    "en": "gmail.com gmail.com outlook.com hotmail.com yahoo.com yahoo.ca icloud.com proton.me rogers.com shaw.ca telus.net live.ca aol.com".split(),
    "fr": "gmail.com gmail.com outlook.com hotmail.com hotmail.fr videotron.ca sympatico.ca yahoo.fr orange.fr free.fr laposte.net wanadoo.fr bell.net icloud.com".split(),
    "ru": "gmail.com mail.ru mail.ru yandex.ru ya.ru bk.ru list.ru inbox.ru rambler.ru gmail.com mail.kz tut.by icloud.com proton.me".split(),
}
TLDS = {
    "en": "ca com net ca com pro co build shop org info biz us io app".split(),
    "fr": "ca com quebec fr ca qc.ca net fr be com shop pro eu".split(),
    "ru": "ru com su ru kz by pro online ru net org store site".split(),
}
PATHS = ["", "", "", "/", "/portfolio", "/quote?id=42", "/works/2024", "/p/kitchen-12", "/contact", "/#prices", "/a/b?c=d&e=f", "/gallery.html", "/reviews", "/order/new"]
SHORT = ["bit.ly/{}", "tinyurl.com/{}", "goo.gl/{}", "cutt.ly/{}", "is.gd/{}", "t.co/{}", "youtu.be/{}", "clck.ru/{}", "drive.google.com/file/d/{}", "docs.google.com/document/d/{}", "maps.app.goo.gl/{}", "dropbox.com/s/{}", "wetransfer.com/downloads/{}", "linktr.ee/{}"]


def company(r, lang):
    a, b = r.choice(TRADE[lang]), r.choice(TRADE[lang] + LAST[lang])
    return r.choice([f"{a}{b}", f"{a}-{b}", f"{a}{r.randint(1, 99)}", f"{b}-{a}", f"the{a}guy" if lang == "en" else f"{a}pro"])


def host(r, lang):
    return company(r, lang) + "." + r.choice(TLDS[lang])


def local(r, lang):
    f, l = r.choice(FIRST[lang]), r.choice(LAST[lang])
    return r.choice([f"{f}.{l}", f"{f}{l}", f"{f}_{l}", f"{f[0]}{l}", f"{f}.{l}{r.randint(60, 99)}", f"{f}{r.randint(1, 999)}", f"{l}.{f}", f"{f}-{r.choice(TRADE[lang])}", f"{r.choice(TRADE[lang])}.{f}"])


def email(r, lang):
    if r.random() < 0.2:
        name = r.choice(["info", "contact", "office", "sales", "zakaz" if lang == "ru" else "hello", r.choice(FIRST[lang])])
        return name, host(r, lang)
    return local(r, lang), r.choice(MAILS[lang])


def token(r, n=7):
    return "".join(r.choice("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789") for _ in range(n))


def link(r, lang):
    kind = r.randrange(10)
    if kind < 3:
        return r.choice(["https://", "https://", "http://"]) + r.choice(["", "www."]) + host(r, lang) + r.choice(PATHS)
    if kind < 5:
        return "www." + host(r, lang) + r.choice(PATHS)
    if kind < 8:
        return host(r, lang) + r.choice(PATHS)
    if kind == 8:
        return r.choice(["https://", ""]) + r.choice(SHORT).format(token(r))
    shops = {"en": ["amazon.ca/dp/B0", "kijiji.ca/v-", "homestars.com/companies/", "etsy.com/listing/"], "fr": ["leboncoin.fr/ad/", "kijiji.ca/v-", "reno-assistance.ca/p/", "lespac.com/"], "ru": ["avito.ru/items/", "profi.ru/p/", "ozon.ru/product/", "youdo.com/u/"]}
    return r.choice(["https://", "https://www.", ""]) + r.choice(shops[lang]) + str(r.randint(10**6, 10**8))


def handle(r, lang):
    f, l, t = r.choice(FIRST[lang]), r.choice(LAST[lang]), r.choice(TRADE[lang])
    name = r.choice([f"{f}_{t}", f"{f}{l}", f"{t}_{f}{r.randint(1, 99)}", f"{f}.{l}", f"{t}by{f}", f"{f}_{l}_{r.randint(70, 99)}", f"{l}{r.randint(100, 999)}", f"{t}_{l}", f"the_{t}_{f}"])
    return name


MESSENGERS = ["Telegram", "WhatsApp", "Viber", "Signal", "Skype", "Discord", "WeChat", "telegram", "whatsapp", "viber", "signal", "skype", "discord", "Messenger", "whatsapp", "telegram", "wechat", "imo", "Threema", "KakaoTalk"]
MESSENGERS_LOCAL = {"en": [], "fr": ["Messenger", "messenger"], "ru": ["телеграм", "ватсап", "вайбер", "Телеграм", "телеграмм", "скайп", "дискорд", "сигнал", "Вайбер", "вотсап"]}
SOCIAL = ["Instagram", "instagram", "Facebook", "facebook", "TikTok", "tiktok", "LinkedIn", "Snapchat", "snapchat", "Twitter", "Pinterest", "YouTube", "X (twitter)", "instagram", "facebook"]
SOCIAL_LOCAL = {"en": ["Nextdoor"], "fr": [], "ru": ["инстаграм", "фейсбук", "вконтакте", "ВК", "вк", "одноклассники", "инстаграмм", "тикток", "VK", "ютуб"]}

MESSENGER_SLANG = {
    "en": ["TG", "tg", "WA", "whats app", "watsapp", "what's app", "green app", "the green app", "tele", "telegramm", "disc", "wassap", "whatsap", "wapp", "blue plane app", "the paper plane app", "the app with the little plane", "vibes app", "WU app", "whatsup", "messanger", "fb messenger"],
    "fr": ["whats", "wapp", "l'appli verte", "télégram", "télégramme", "whatsap", "ouatsap", "watsap", "TG", "tg", "l'app verte", "le p'tit avion bleu", "WA", "messanger", "viberr", "discorde", "whats app", "l'avion en papier", "mess", "la messagerie verte"],
    "ru": ["телега", "тг", "ТГ", "тгшка", "телеграмчик", "вацап", "вотсапп", "ватсапп", "воцап", "вайб", "вибер", "дс", "телеграф", "зелёный мессенджер", "зеленое приложение", "самолётик", "бумажный самолётик", "вотс", "вэтсап", "телеграммчик", "тележка", "ватса", "тгк", "фиолетовый мессенджер", "tg", "WA"],
}
SOCIAL_SLANG = {
    "en": ["IG", "ig", "insta", "Insta", "the gram", "fb", "FB", "face book", "snap", "sc", "tik tok", "tt", "yt", "linked in", "insta gram", "fbook"],
    "fr": ["insta", "Insta", "IG", "fb", "FB", "face", "fbook", "snap", "tik tok", "facebouk", "feïcebouk", "link", "insta gram", "livre des visages"],
    "ru": ["инста", "инстик", "инст", "вк", "вкашка", "контакт", "фб", "фейс", "тт", "тик ток", "ок", "одноклы", "insta", "IG", "инстаграмчик"],
}
CYRILLIC_BENT = ["телегpaм", "телегrам", "тeлегрaм", "ватcaп", "вaтсaп", "в0тсап", "вайбep", "т е л е г р а м", "т.е.л.е.г.р.а.м", "телегр@м", "те1еграм", "вот$ап", "в-о-т-с-а-п", "телeгa", "т3л3га", "тел.ега", "т_е_л_е_г_а", "в а ц а п", "тэлэграм", "тилиграм", "телегрммм", "ваацаап"]
CYRILLIC_SOCIAL_BENT = ["инcтa", "и н с т а", "1нста", "инстaгрaм", "инст@грам", "и.н.с.т.а", "фeйcбyк", "ф-е-й-с-б-у-к", "вk", "в к о н т а к т е", "инсtа", "инсстаа"]


def messenger_link(r, lang):
    h = handle(r, lang).replace(".", "_").replace("-", "_")
    return r.choice([f"t.me/{h}", f"https://t.me/{h}", f"telegram.me/{h}", f"wa.me/1514{r.randint(2000000, 9999999)}", f"https://wa.me/7916{r.randint(1000000, 9999999)}", f"discord.gg/{token(r)}", f"https://chat.whatsapp.com/{token(r, 22)}", f"viber.click/7903{r.randint(1000000, 9999999)}", f"m.me/{h}", f"signal.me/#p/+1438{r.randint(2000000, 9999999)}", f"tg://resolve?domain={h}", f"https://join.skype.com/{token(r, 12)}", f"t.me/+{token(r, 16)}", f"api.whatsapp.com/send?phone=1450{r.randint(2000000, 9999999)}"])


def social_link(r, lang):
    h = handle(r, lang)
    return r.choice([f"instagram.com/{h}", f"https://www.instagram.com/{h}/", f"facebook.com/{h}", f"https://fb.com/{h}", f"vk.com/{h}", f"https://vk.com/id{r.randint(10**6, 10**8)}", f"tiktok.com/@{h}", f"linkedin.com/in/{h}", f"x.com/{h}", f"twitter.com/{h}", f"https://www.youtube.com/@{h}", f"ok.ru/profile/{r.randint(10**8, 10**9)}", f"https://m.facebook.com/profile.php?id={r.randint(10**9, 10**11)}", f"snapchat.com/add/{h}", f"threads.net/@{h}", f"pinterest.ca/{h}"])
