//! The words and signs around a number that say what it is.

use std::borrow::Cow;
use std::sync::LazyLock;

use rustc_hash::FxHashSet as HashSet;

/// What stands before a number says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// Nothing.
    Nothing,
    /// It is a phone number.
    Phone,
    /// It is an order's number. A phone number dressed as one says so too.
    Order,
    /// It is the number of a paper, a parcel, a part …
    Code,
    /// It is an amount of money.
    Money,
}

/// How many words before a number are asked, and how many bytes are looked at for them.
const WORDS: usize = 3;
const REACH: usize = 48;

/// What the text that ends right before a number says about it. Masks stop the look back: what they hide is not known
/// when the masked text is looked at again.
pub(super) fn before(text: &str) -> Before {
    let from = text.ceil_char_boundary(text.len().saturating_sub(REACH));
    let near = &text[from..];
    let near = &near[near.rfind(['*', '[', ']', '\n', '!', '?', '…']).map_or(0, |i| near.ceil_char_boundary(i + 1))..];
    match near.trim_end().chars().next_back() {
        Some('#' | '№' | '°') => return Before::Order,
        Some('$' | '€' | '£' | '₽' | '¥') => return Before::Money,
        _ => {}
    }
    let label = near.trim_end_matches([' ', ':', '.', '#', '=']);
    if CODES_CUT.iter().any(|code| {
        label.len() >= code.len()
            && label.is_char_boundary(label.len() - code.len())
            && label[label.len() - code.len()..].eq_ignore_ascii_case(code)
    }) {
        return Before::Code;
    }
    let words = near.rsplit(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    // Digits are no words: "order 2 of 3" has one word.
    let words = words.filter(|word| word.contains(char::is_alphabetic));
    // "номер", "number" alone: a phone's when it is somebody's, or when nothing else is said.
    let (mut number, mut code) = (false, false);
    for word in words.take(WORDS + 1) {
        let word = &*lower(word);
        if NUMBER.contains(&word) {
            number = true;
        } else if code && word == "area" {
            return Before::Phone;
        } else if word == "code" {
            code = true;
        } else if number && MINE.contains(&word) {
            return Before::Phone;
        } else {
            match meaning(word) {
                Before::Nothing => {}
                before => return before,
            }
        }
    }
    match (code, number) {
        (true, _) => Before::Code,
        (false, true) => Before::Phone,
        _ => Before::Nothing,
    }
}

/// Whether the words right behind a number say that somebody answers there.
pub(super) fn is_answered(after: &str) -> bool {
    let near = &after[..after.floor_char_boundary(after.len().min(REACH))];
    let near = &near[..near.find(['*', '[', '\n', '.']).unwrap_or(near.len())];
    let words = near.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.take(WORDS + 1).any(|word| LISTS.answered.has(&lower(word)))
}

/// Whether a unit or a currency follows: the number is an amount.
pub(super) fn is_amount(after: &str) -> bool {
    let after = after.strip_prefix([' ', '\u{A0}', '\u{202F}']).unwrap_or(after);
    if after.starts_with(['$', '€', '£', '₽', '¥', '%', '°', '²', '³', '×', '″']) {
        return true;
    }
    let word = &after[..after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len())];
    // "800 in case": the inch stands at the end.
    let goes_on = || after[word.len()..].strip_prefix(' ').is_some_and(|next| next.starts_with(char::is_alphabetic));
    let lower = lower(word);
    LISTS.units.has(&lower) && !(&*lower == "in" && goes_on())
}

/// Whether what follows says what numbers come to: "comes to 2149", "= 40", "итого".
pub(super) fn is_total(after: &str) -> bool {
    const TOTALS: &[&str] = &[
        "comes",
        "makes",
        "is",
        "equals",
        "totals",
        "total",
        "in",
        "fait",
        "donne",
        "egale",
        "это",
        "итого",
        "равно",
        "будет",
    ];
    let after = after.trim_start();
    let word = &after[..after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len())];
    after.starts_with('=') || TOTALS.contains(&&*lower(word))
}

fn meaning(word: &str) -> Before {
    let lists = &*LISTS;
    match () {
        () if lists.phone.has(word) => Before::Phone,
        () if lists.order.has(word) => Before::Order,
        () if lists.code.has(word) => Before::Code,
        () => Before::Nothing,
    }
}

/// Small letters; as it is when it has no others.
fn lower(word: &str) -> Cow<'_, str> {
    if word.chars().any(char::is_uppercase) { Cow::Owned(word.to_lowercase()) } else { Cow::Borrowed(word) }
}

/// A list, to be asked quickly.
struct List {
    words: HashSet<&'static str>,
    stems: HashSet<&'static str>,
    /// Bytes of the shortest and longest stem.
    lengths: (usize, usize),
}

impl List {
    fn of(list: &'static [&'static str]) -> Self {
        let stems: HashSet<_> = list.iter().filter_map(|entry| entry.strip_suffix('*')).collect();
        let words = list.iter().filter(|entry| !entry.ends_with('*')).copied().collect();
        let lens = || stems.iter().map(|stem| stem.len());
        let lengths = (lens().min().unwrap_or(usize::MAX), lens().max().unwrap_or(0));
        Self { words, stems, lengths }
    }

    /// Whether the word, in small letters, is on the list or begins with a stem of it.
    fn has(&self, word: &str) -> bool {
        let (shortest, longest) = self.lengths;
        self.words.contains(word)
            || (shortest..=longest.min(word.len()))
                .any(|len| word.is_char_boundary(len) && self.stems.contains(&word[..len]))
    }
}

struct Lists {
    phone: List,
    order: List,
    code: List,
    units: List,
    answered: List,
}

static LISTS: LazyLock<Lists> = LazyLock::new(|| Lists {
    phone: List::of(PHONE),
    order: List::of(ORDER),
    code: List::of(CODE),
    units: List::of(UNITS),
    answered: List::of(ANSWERED),
});

// A star at the end: any ending, and longer words.

const PHONE: &[&str] = &[
    "phone*",
    "landline",
    "regional",
    "régional",
    "indicatif",
    "оператора",
    "digits",
    "reach",
    "contact",
    "joignable",
    "fixe",
    "ligne",
    "coup",
    "fil",
    "compose*",
    "textez*",
    "texte",
    "cel",
    "набрать",
    "наберите",
    "телефончик*",
    "трубк*",
    "дозвон*",
    "связь",
    "tel",
    "telephone*",
    "cell",
    "cellphone",
    "mobile",
    "mob",
    "call",
    "text",
    "sms",
    "ring",
    "dial",
    "whatsapp",
    "viber",
    "tél",
    "téléphone*",
    "portable",
    "cellulaire",
    "appelle*",
    "appeler",
    "appelez",
    "textez",
    "joindre",
    "тел",
    "телефон*",
    "моб",
    "мобил*",
    "звон*",
    "позвон*",
    "набер*",
    "смс",
    "вотсап*",
    "ватсап*",
    "вайбер*",
];

const NUMBER: &[&str] =
    &["number", "numbers", "nmuber", "numebr", "num", "numero", "numéro", "номер", "номера", "номерок"];

const MINE: &[&str] = &[
    "my",
    "his",
    "her",
    "our",
    "wife",
    "wifes",
    "husbands",
    "mon",
    "ma",
    "son",
    "notre",
    "мой",
    "моего",
    "наш",
    "мужа",
    "жены",
    "личный",
    "ваш",
    "твой",
    "plumber",
    "plumbers",
    "blonde",
    "phone",
    "contact",
    "cell",
    "cellphone",
];

const ANSWERED: &[&str] = &[
    "call",
    "ring",
    "rings",
    "dial",
    "text",
    "whatsapp",
    "viber",
    "telegram",
    "talk",
    "talks",
    "speak",
    "speaks",
    "answers",
    "allo",
    "hello",
    "phone",
    "calls",
    "appelle*",
    "rappelle*",
    "joindre",
    "rejoindre",
    "compose",
    "composer",
    "parle",
    "parler",
    "repond*",
    "répond*",
    "allô",
    "texte",
    "звон*",
    "позвон*",
    "наб*р*",
    "набрать",
    "отвечает",
    "отвечу",
    "алло",
    "ватсап*",
    "вотсап*",
    "телеграм*",
    "вайбер*",
    "созвон*",
    "трубк*",
    "звякн*",
    "маякн*",
];

const ORDER: &[&str] = &["order", "orders", "commande*", "заказ*", "ордер*"];

/// Kinds of codes that are cut by a slash.
const CODES_CUT: &[&str] = &["s/n", "p/n", "m/n", "с/н", "р/с", "к/с", "n/s"];

#[rustfmt::skip]
const CODE: &[&str] = &[
    // English
    "invoice*", "inv", "quote*", "estimate*", "receipt*", "tracking", "track", "parcel*", "shipment*", "waybill*", "permit*",
    "licen*", "serial*", "sn", "model*", "sku", "upc", "ean", "isbn", "vin", "imei", "part", "parts", "ref", "reference*",
    "item*", "claim*", "reclamation*", "réclamation*", "engine", "meter", "dvd", "booking", "reservation*", "réservation*", "член*", "article*", "id", "case", "ticket*", "contract", "account*", "policy", "transaction*", "payment*", "batch*",
    "lot", "barcode*", "code*", "po", "gst", "hst", "pst", "sin", "ssn", "iban", "bn", "neq", "rbq",
    // French
    "facture*", "devis", "soumission*", "reçu*", "suivi*", "colis", "bordereau*", "permis", "licence*", "série", "serie",
    "modèle*", "pièce*", "réf*", "dossier*", "contrat*", "compte*", "police", "paiement*", "siret", "siren", "tva", "tps",
    "tvq",
    // Russian
    "счет*", "счёт*", "накладн*", "трек*", "посылк*", "артикул*", "арт", "серийн*", "серия", "серии", "модел*", "договор*",
    "лиценз*", "разрешени*", "паспорт*", "акт", "акта", "чек*", "квитанц*", "инн", "кпп", "огрн*", "снилс", "бик", "код*",
    "штрихкод*", "партия", "партии", "идентификатор*", "транзакц*", "платеж*", "платёж*",
];

#[rustfmt::skip]
const UNITS: &[&str] = &[
    "heures", "heure", "hours", "hour", "days", "day", "jours", "jour", "weeks", "months", "ans", "years", "fois", "times", "percent", "час", "часа",
    "часов", "минут", "дней", "дня", "недель", "месяцев", "лет", "раз", "degrees", "degres", "eggs", "mm", "cm", "m", "km", "g", "kg", "t", "ml", "l", "sq", "ft", "in", "inch", "inches", "lb", "lbs", "oz", "px", "pcs", "pc",
    "pieces", "units", "k", "usd", "cad", "eur", "rub", "dollars", "bucks", "euros", "roubles", "rubles", "pièces", "pouces",
    "pieds", "мм", "см", "м", "км", "г", "кг", "т", "мл", "л", "шт", "штук", "р", "руб", "рублей", "рубля", "тыс", "млн",
    "долларов", "евро", "тенге",
];
