"""Profane words by part of speech, and sentences for each. Kept to what people shout over a wall, not to slurs."""


def of(kind, words):
    return [(kind, word) for word in words.split("|")]


FRAMES = {
    "en": {
        "excl": ["{}!", "{}, I forgot the keys", "oh {} not again", "{} the pipe burst", "what the {}", "ah {}", "{} man that's heavy", "well {}, it rained", "{} what a day", "no way, {}"],
        "adj": ["this {} door won't close", "the {} inspector again", "your {} invoice is wrong", "get the {} thing done", "it's so {} expensive", "I waited three {} hours", "where is the {} truck", "that is {} unacceptable", "{} rain all week", "are you {} kidding me"],
        "noun": ["you {}", "what a {}", "he is a real {}", "listen {}", "that {} never paid me", "don't be such a {}", "the last guy was a {}", "hey {} answer me", "some {} parked in front", "{} is what you are"],
        "stuff": ["this is {}", "what is this {}", "your work is {}", "pile of {}", "I'm done with this {}", "same old {}", "cut the {}", "full of {}", "take your {} and go", "pure {}"],
        "verb": ["{} you", "just {}", "you can {}", "{} off already", "they {} it all up", "go {} yourself", "don't {} with me", "{} this job", "{} that", "you really {} this up"],
    },
    "fr": {
        "excl": ["{}!", "{}, j'ai oublié les clés", "ah {} pas encore", "{} le tuyau a pété", "{} que c'est cher", "oh {}", "{} c'est pesant", "ben {}, il mouille", "{} de journée", "voyons {}"],
        "adj": ["la {} porte ferme pas", "encore le {} inspecteur", "votre {} facture est fausse", "finis ta {} job", "c'est {} cher", "j'ai attendu trois {} heures", "il est où le {} camion", "{} de pluie", "c'est {} trop long", "le {} voisin"],
        "noun": ["espèce de {}", "quel {}", "c'est un vrai {}", "écoute {}", "ce {} m'a jamais payé", "fais pas ton {}", "l'ancien gars était un {}", "hé {} réponds", "un {} s'est stationné devant", "{} va"],
        "stuff": ["c'est de la {}", "c'est quoi cette {}", "ton travail c'est de la {}", "un tas de {}", "j'en ai marre de cette {}", "toujours la même {}", "arrête tes {}", "plein de {}", "prends ta {} et pars", "quelle {}"],
        "verb": ["va te faire {}", "{} toi", "tu peux aller te faire {}", "vous m'avez bien {}", "{} moi la paix", "il s'est fait {}", "on va se faire {}", "c'est tout {}", "j'en ai rien à {}", "{} le camp"],
    },
    "ru": {
        "excl": ["{}!", "{}, ключи забыл", "ну {} опять", "{} трубу прорвало", "да {}", "ой {}", "{} тяжело", "вот {}, дождь", "{} что за день", "как же {} надоело"],
        "adj": ["эта {} дверь не закрывается", "опять {} инспектор", "ваш {} счет неправильный", "доделай эту {} работу", "{} цены", "где {} машина", "{} погода", "{} плитка", "какой {} мастер", "{} сервис"],
        "noun": ["ты {}", "что за {}", "он {} настоящий", "слышь {}", "этот {} не заплатил", "не будь {}", "прошлый мастер был {}", "эй {} отвечай", "какой-то {} встал перед воротами", "вы {}"],
        "stuff": ["это {}", "что это за {}", "ваша работа {}", "полная {}", "надоела эта {}", "опять {}", "вот {}", "сплошная {}", "заберите свою {}", "ну и {}"],
        "verb": ["{} отсюда", "да {} ты", "вы всё {}", "он меня {}", "хватит {}", "не надо тут {}", "{} уже", "мастер все {}", "деньги {}", "{} вы со своей ценой"],
    },
}

WORDS = {
    "en": of("excl", "shit|fuck|holy shit|bullshit|goddamn|motherfucker|for fuck's sake|fucking hell|fuck me|jesus fucking christ|wtf")
    + of("adj", "fucking|goddamn|shitty|motherfucking|fucked up|bitchy|bullshit|fuckin|cocksucking")
    + of("noun", "asshole|bastard|bitch|motherfucker|dickhead|cunt|prick|son of a bitch|fucker|arsehole|twat|wanker|cocksucker|shithead|dipshit|douchebag|fuckface|jackass|bitches|assholes|whore|slut|fuckwit|bellend|tosser|dick|pussy|ass hat|asswipe|shitbag")
    + of("stuff", "shit|bullshit|horseshit|fucking garbage|dogshit|a shitshow|crock of shit|fuckery|piece of shit|a clusterfuck")
    + of("verb", "fuck|fuck off|piss off|fucked|fuckin|eat shit|suck my dick|stfu|kiss my ass|fucks|fucking"),
    "fr": of("excl", "tabarnak|câlisse|crisse|osti|merde|putain|ciboire|viarge|estie|tabarnac|câliss|calisse|criss|sacrament|bordel de merde|esti|ostie de tabarnak|hostie de câlisse|mautadit crisse|saint-ciboire|putain de merde|fuck")
    + of("adj", "osti de|crisse de|putain de|câlisse de|esti de|tabarnak de|merdique|ostie de|foutue|enculé de|criss de|fucking|bordel de")
    + of("noun", "connard|enculé|salaud|pute|salope|trou de cul|fils de pute|connasse|couille molle|enfoiré|enfant de chienne|mangeux de marde|osti d'épais|trou du cul|branleur|tapette|bâtard|pd|ostie de cave|crosseur|câlisse de cave|plotte|petite bite|con|gros con|conne|sale pute")
    + of("stuff", "marde|merde|chiotte|conneries|saloperie|marde noire|merde totale|cochonnerie de marde|couilles|chiasse")
    + of("verb", "foutre|enculer|fourré|baisé|chier|crosser|crissé|décâlisser|niquer|câlisser|enculé|fourrer|emmerder|branler|fais chier|nique|ta gueule|mange de la marde|ferme ta gueule|décrisse"),
    "ru": of("excl", "блядь|сука|пиздец|бля|ебать|нахуй|хуй|твою мать блядь|ёб твою мать|ебаный в рот|ебать копать|пизда|блять|ёпта бля|охуеть|ебанись|сука блядь")
    + of("adj", "ебаная|хуёвый|ёбаный|охуевшие|пиздатый|долбаная сука|хуевая|ебанутый|заебавший|ахуенный|сраная блядь|уебанский|пиздецовый|хуйовая|пидорский|ебучий|блядский|блядская")
    + of("noun", "мудак|пидор|хуесос|уёбок|долбоёб|сука|пизда|ебанат|гандон|блядина|шлюха|мудила|пидорас|ублюдок ебаный|хуйло|залупа|манда|уебище|долбоебы|мудаки|суки|бляди|пиздабол|ебланы|еблан|распиздяй|шалава|говноед|выблядок|долбаёб")
    + of("stuff", "хуйня|говно|пиздец|херня|параша ебаная|говнище|хуета|пиздёж|ебатня|блядство|хуйню|говна|дерьмо|залупа|поебень|ебань")
    + of("verb", "пошёл нахуй|иди на хуй|проебал|спиздил|заебал|съебись|отъебись|пиздеть|наебал|ебать|проебали|выебываться|пиздить|нахуй|уебывай|похуй|иди в жопу|обосрал|хуярить|засрали|пошли в пизду|доебался|подъебывать|охуели"),
}

MISSPELLED = {
    "en": of("excl", "fuk|shiet|fcuk|phuck|sheit|fukk|shyt|fuuk|fuq") + of("noun", "azzhole|biatch|assh0le|basterd|bich|kunt|d1ckhead|mofo|beyotch|dikhead|motherfuker|arsehol|fukker|ahole|muthafucka|biotch") + of("adj", "fukking|fkn|fuking|fkin|phucking|fckin|fawking|f'ing") + of("verb", "fukoff|phuk|fuk|fvck|fook|phuck") + of("stuff", "bullsheet|bs shiit|shitt|bulshit|bullsh1t|sheiit"),
    "fr": of("excl", "tabarnaque|calisse|kriss|putin|tabarnacle|merd|osti d'calisse|ptain|taberna|tbk|viargue|asti|astie|stie|cibouare|tabarnack") + of("noun", "konar|conar|enkulé|salo|pouffiase|conard|anculé|fdp|filsdepute|tdc|enqulé") + of("stuff", "mairde|mèrde|merrde|maaarde|conerie") + of("verb", "enkuler|fotre|nikker|niké|tg|ntm|foure|baizé|vtff"),
    "ru": of("excl", "блеать|бляха муха сука|блят|сцука|пипец блять|бляд|песец блять|блэт|хуле|епт твою мать|нах|пздц|бл*|ибать|йобаный") + of("noun", "мудаг|пидр|пидарас|долбаеб|уебан|сцуко|гондон|пидорок|хуисос|мудаак|долпоёб|пидрила|еблон") + of("stuff", "хуиня|гавно|пизьдец|хуйна|гамно|пезда|йебань|хyйня") + of("verb", "пшел нах|паебать|пашол нахуй|заибал|спиздел|нахер пошел сука|праебал|атъебись|иди нах|наипал|нахуи") + of("adj", "хуевый|ебаный|йобаная|ахуевшие|ебаннутый|ибанутый|пездатый"),
}

TRANSLITERATED = {
    "en": [], "fr": [],
    "ru": of("excl", "blyad|suka|blyat|pizdec|pizdets|ebat|nahui|nahuy|cyka blyat|ohuet|bljad|pohuy|yob tvoyu mat") + of("noun", "mudak|pidor|huesos|dolboeb|uebok|gandon|pidoras|mudila|huylo|dolbaeb|eblan|shluha|pizdabol") + of("stuff", "huinya|govno|huynya|hernya blyat|huita|hueta|pizdezh") + of("verb", "idi nahui|poshel nahuy|otyebis|zaebal|naebal|proebal|poshol nahui|syebis|spizdil") + of("adj", "ebanaya|huevyi|ebanutyi|ohuevshie|ebuchiy|blyadskiy"),
}

# In an expression of several words these are what must go, beside the words above that stand alone.
CORE = set("ass cul chienne gueule couille bite жопу ёб пизду ебаный ебаная yob cyka shiit епт нахер calisse fuck shitshow clusterfuck ostie bordel".split())
CORE |= {text for table in (WORDS, MISSPELLED, TRANSLITERATED) for words in table.values() for _, text in words if " " not in text}
