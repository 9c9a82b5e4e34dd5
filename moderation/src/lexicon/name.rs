//! Names of people and places that are coarse words elsewhere: "Dildo, Newfoundland", "Mount Wank", "Herr Wanker".

use std::ops::Range;

use crate::handle::is_given;

/// How much text is looked at on each side, in bytes.
const REACH: usize = 40;

/// Whether a word stands as a name: with a capital, and beside what names people and places. A word that is no name anywhere is
/// none here.
pub(super) fn is_name(folded: &str, range: &Range<usize>) -> bool {
    let word = &folded[range.clone()];
    let capital = word.starts_with(char::is_uppercase) && word.chars().skip(1).any(char::is_lowercase);
    if !capital || word.contains(char::is_whitespace) || NEVER.contains(&&*word.to_lowercase()) {
        return false;
    }
    let (left, right) = (&folded[..range.start], &folded[range.end..]);
    let left = &left[left.ceil_char_boundary(left.len().saturating_sub(REACH))..];
    let right = &right[..right.floor_char_boundary(REACH.min(right.len()))];
    is_led(left) || is_followed(right)
}

/// A title, a given name, a kind of place or a word of place right before.
fn is_led(left: &str) -> bool {
    let Some(left) = left.strip_suffix([' ', '-', '\'', '’']) else { return false };
    let left = left.trim_end_matches('.');
    let word = &left[left.trim_end_matches(char::is_alphabetic).len()..];
    let lower = word.to_lowercase();
    BEFORE.contains(&&*lower) || (word.starts_with(char::is_uppercase) && is_given(&lower))
}

/// A kind of place right behind, or the region: "Climax, Saskatchewan", "Condom in Gascony".
fn is_followed(right: &str) -> bool {
    let (mark, rest) = match right.chars().next() {
        Some(mark @ (' ' | ',' | '-')) => (mark, right[1..].trim_start()),
        _ => return false,
    };
    let end = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
    let (word, behind) = rest.split_at(end);
    let behind = behind.trim_start_matches([' ', '-', '\'', '’']);
    let region = |text: &str| text.starts_with(char::is_uppercase);
    let lower = word.to_lowercase();
    match mark {
        ',' => region(word) || (OF.contains(&&*lower) && region(behind)),
        ' ' if OF.contains(&&*lower) => region(behind),
        // The surname first, as lists and Russian have it: "Сукин Иван Петрович".
        ' ' if region(word) && (is_given(&lower) || GIVEN.contains(&&*lower)) => true,
        '-' if OF.contains(&&*lower) => region(behind),
        _ => AFTER.contains(&&*lower),
    }
}

/// Between a place and its region.
const OF: &[&str] = &["in", "near", "on", "en", "dans", "au", "a", "de", "du", "d", "sur", "pres", "в", "под"];

/// What stands before names.
#[rustfmt::skip]
const BEFORE: &[&str] = &[
    // Titles.
    "mr", "mrs", "ms", "miss", "dr", "sir", "herr", "frau", "uncle", "aunt", "family", "named", "called",
    "monsieur", "madame", "mademoiselle", "mme", "mlle", "famille", "maitre", "oncle", "tante", "dossier", "saint", "sainte",
    "господин", "госпожа", "дядя", "тетя", "семья", "бригадир", "мастер", "инженер", "прораб", "директор",
    // Kinds of places.
    "mount", "mt", "lake", "cape", "fort", "port", "point", "town", "city", "village", "river", "creek", "county", "street", "road",
    "lac", "mont", "rue", "chemin", "rang", "cap", "riviere", "ville", "commune", "ruisseau", "chute", "pont", "anse",
    "деревня", "деревне", "деревни", "деревню", "село", "селе", "села", "поселок", "поселке", "поселка", "хутор", "хуторе",
    "станция", "станции", "город", "городе", "города", "река", "реки", "реке", "озеро", "озера", "озере", "остров", "острове",
    "улица", "улице", "улицы", "проспект", "переулок", "станица", "станице", "район", "ул", "пос", "дер", "г", "с", "д",
    // What tells places of one name apart.
    "upper", "lower", "north", "south", "east", "west", "haut", "haute", "hauts", "bas", "basse", "большие", "большое", "большая", "большой", "малые", "малое",
    "малая", "малый", "старые", "старое", "старая", "старый", "новые", "новое", "новая", "новый", "верхние", "верхнее", "верхняя", "верхний", "нижние", "нижнее",
    "нижняя", "нижний",
    // Words of place.
    "in", "near", "from", "at", "to", "through", "by", "past", "towards",
    "de", "du", "d", "en", "la", "le", "l", "les", "sur", "pres", "chez", "vers", "jusqu", "passe", "par", "depuis", "via",
    "в", "во", "из", "у", "под", "около", "до", "за", "через", "возле", "к", "со",
];

/// What stands behind names of places.
#[rustfmt::skip]
const AFTER: &[&str] = &[
    "street", "st", "road", "rd", "lane", "avenue", "ave", "crescent", "drive", "park", "lake", "island", "islands", "creek", "river",
    "falls", "hill", "hills", "bay", "beach", "bridge", "township", "county", "village", "point", "cove", "pond", "valley", "field",
    "family", "house", "farm", "road's", "sur", "sous", "les", "lez", "en", "aux", "le", "la",
    "улица", "проспект", "район", "шоссе", "переулок", "остров", "озеро",
];

/// Given names that stand behind a surname; those in Latin letters are known elsewhere.
#[rustfmt::skip]
const GIVEN: &[&str] = &[
    "александр", "алексей", "анатолий", "андрей", "антон", "артем", "борис", "вадим", "василий", "виктор", "виталий", "владимир", "геннадий", "георгий", "григорий",
    "денис", "дмитрий", "евгений", "егор", "иван", "игорь", "илья", "кирилл", "константин", "леонид", "максим", "михаил", "николай", "олег", "павел", "петр", "роман",
    "сергей", "степан", "федор", "юрий", "анна", "валентина", "вера", "галина", "елена", "ирина", "людмила", "мария", "надежда", "наталья", "нина", "оксана", "ольга",
    "светлана", "татьяна",
];

/// Words that are no names: whoever writes them with a capital means the word.
#[rustfmt::skip]
const NEVER: &[&str] = &[
    "fuck", "fucker", "fuckers", "fucking", "fuckface", "motherfucker", "shit", "shits", "shitty", "bullshit", "shithead", "cunt", "cunts",
    "asshole", "assholes", "arsehole", "bitch", "bitches", "whore", "slut", "moron", "idiot", "faggot", "fag", "nigger", "nigga", "dickhead",
    "bastard", "retard", "scumbag", "douche", "douchebag", "cocksucker",
    "connard", "connards", "connasse", "salope", "salopes", "salaud", "encule", "encules", "pute", "putes", "putain", "merde", "con", "conne",
    "trou", "bite", "couille", "couilles", "ostie", "tabarnak", "calisse", "crisse", "batard", "batards", "enfoire", "abruti",
    "хуй", "хуи", "хуя", "хуйня", "пизда", "пизды", "пизде", "пиздец", "блядь", "бляди", "блять", "сука", "суки", "мудак", "мудаки",
    "пидор", "пидоры", "пидорас", "ебать", "ублюдок", "ублюдки", "тварь", "урод", "гандон", "дебил", "козел", "жопа", "жопу", "жопе", "говно",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str, word: &str) -> bool {
        let at = text.find(word).unwrap();
        is_name(text, &(at..at + word.len()))
    }

    #[test]
    fn names_stand_where_names_stand() {
        for (text, word) in [
            ("I live in Dildo, Newfoundland", "Dildo"),
            ("Mount Wank in the poster", "Wank"),
            ("Herr Wanker ordered two", "Wanker"),
            ("Condom, en Gascogne", "Condom"),
            ("we are from Condom in Gascony", "Condom"),
            ("le pont sur la Baise", "Baise"),
            ("Beaver Dick Park", "Dick"),
            ("Peter Hooker signed", "Hooker"),
            ("дача в деревне Сукино", "Сукино"),
            ("Сукин Иван подписал", "Сукин"),
            ("Большие Сучки, третий дом", "Сучки"),
            ("on passe par Bitche", "Bitche"),
        ] {
            assert!(named(text, word), "{text}");
        }
    }

    #[test]
    fn a_capital_alone_is_no_name() {
        for (text, word) in [
            ("Wanker!", "Wanker"),
            ("you are a Wanker", "Wanker"),
            ("in dildo, newfoundland", "dildo"),
            ("MOUNT WANK", "WANK"),
            ("Mr Asshole", "Asshole"),
            ("madame Salope", "Salope"),
            ("Dick is what you are, Bob", "Dick"),
        ] {
            assert!(!named(text, word), "{text}");
        }
    }
}
