//! Telling that somebody says the same again and again.
//!
//! Pure: [`form`] gives what two variations of a text have in common, [`Repetition`] decides from counts. Who counts is the
//! caller: a node counts in its limiter (over all nodes), [`Replay`](crate::Replay) in memory.

use crate::numbers;
use crate::text::scripts::{as_latin, leet_latin};
use crate::text::{Text, Token};

/// The window of repetitions, in milliseconds.
pub const WINDOW_MS: i64 = 10 * 60 * 1000;
/// The same text for so many times in one order within the window is spam.
pub const TIMES: usize = 3;
/// The same text in so many orders within the window is spam.
pub const ORDERS: usize = 5;

/// What a sender said before with the same [`form`], within [`WINDOW_MS`]; refused messages and retries do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Repetition {
    /// Other messages of this form in this order.
    pub in_order: usize,
    /// Other orders that have a message of this form.
    pub other_orders: usize,
}

impl Repetition {
    /// Whether one more is spam.
    pub const fn is_spam(self) -> bool {
        self.in_order + 1 >= TIMES || self.other_orders + 1 >= ORDERS
    }
}

/// What is left of a text when case, white space, punctuation, emoji, marks and look-alikes are taken away, and the words at its
/// ends that say nothing ("pls", "again", "123"): equal for variations of one text. Empty for a text without letters and digits,
/// and for a number of one or two digits, or one in a word: whoever answers "1" to three questions repeats nothing.
///
/// Letters of both alphabets that look alike are one, and a digit inside a word is the letter it passes for; a letter repeated is
/// said once. Digits of numbers stay: two prices are two texts.
pub fn form(text: &str) -> String {
    let text = Text::read(text);
    if is_short_number(&text) {
        return String::new();
    }
    let mut form = String::with_capacity(text.lower().len());
    for token in said(&text) {
        let word = text.word(token);
        if token.holds.is_number() {
            form.push_str(word);
            continue;
        }
        let mut last = None;
        for c in word.chars() {
            let letter = leet_latin(c).filter(|_| c.is_ascii_digit()).or_else(|| as_latin(c)).unwrap_or(c);
            let letter = letter.to_lowercase().next().unwrap_or(letter);
            if last.replace(letter) != Some(letter) {
                form.push(letter);
            }
        }
    }
    form
}

/// Whether a text is one short number and nothing else.
fn is_short_number(text: &Text<'_>) -> bool {
    const DIGITS_MAX: usize = 2;
    let [token] = text.tokens() else { return false };
    let word = text.word(token);
    match token.holds.is_number() {
        true => word.chars().count() <= DIGITS_MAX,
        false => numbers::meaning(word).is_some_and(|meaning| !meaning.weak),
    }
}

/// The words of a text without those at its ends that say nothing, as long as enough is left to be a text of its own.
fn said<'a>(text: &'a Text<'_>) -> &'a [Token] {
    let tokens = text.tokens();
    let letters = |token: &Token| text.word(token).chars().count();
    let mut left: usize = tokens.iter().map(letters).sum();
    let mut spare = |token: &Token| {
        let spared = left >= SAID_MIN + letters(token);
        left -= if spared { letters(token) } else { 0 };
        spared
    };
    let (mut first, mut past) = (0, tokens.len());
    while first < past && is_tail(text, past - 1) && spare(&tokens[past - 1]) {
        past -= 1;
    }
    while first < past && HEADS.contains(&text.word(&tokens[first])) && spare(&tokens[first]) {
        first += 1;
    }
    &tokens[first..past]
}

/// The fewest letters that are left when words are taken away.
const SAID_MIN: usize = 10;

/// Whether a word at the end says nothing: one of a few, a letter, or what slips from under an exclamation mark ("!1", "123").
fn is_tail(text: &Text<'_>, at: usize) -> bool {
    let (token, word) = (&text.tokens()[at], text.word(&text.tokens()[at]));
    if !token.holds.is_number() {
        return TAILS.contains(&word) || HEADS.contains(&word) || word.chars().nth(1).is_none();
    }
    let steps = || word.bytes().zip(word.bytes().skip(1));
    let is_row = steps().all(|(a, b)| a == b) || steps().all(|(a, b)| a + 1 == b);
    let apart = text.gap_before(at).contains(['!', '?', ',', '-', '–', '—', '.', '…', ')', '+', '*', '~']);
    is_row && apart
}

/// Words that open a text and say nothing.
#[rustfmt::skip]
const HEADS: &[&str] = &[
    "hi", "hello", "hey", "yo", "dear", "good", "morning", "evening", "please", "pls", "plz", "ok", "okay", "so", "well", "again", "psst", "attention", "greetings", "howdy", "um", "hmm", "wow", "cool", "great",
    "bonjour", "bonsoir", "salut", "allo", "coucou", "bon", "matin", "svp", "stp", "alors", "encore", "donc",
    "привет", "здравствуйте", "здравствуй", "добрый", "доброе", "день", "утро", "вечер", "пожалуйста", "плиз", "пж", "пжлст", "ну", "так", "эй", "алло", "еще", "здрасьте", "здрасте", "здравия", "приветик", "приветствую", "ок", "окей", "мм", "хм", "эм", "пожалста", "внимание",
];

/// Words that close a text and say nothing.
#[rustfmt::skip]
const TAILS: &[&str] = &[
    "thanks", "thank", "you", "thx", "ty", "cheers", "sir", "madam", "maam", "guys", "guy", "bro", "dude", "mate", "man", "friend", "friends", "folks", "buddy",
    "xo", "xoxo", "now", "today", "tonight", "asap", "hurry", "fast", "quick", "quickly", "yes", "yep", "yeah", "really", "truly", "seriously", "right", "too", "there",
    "bye", "lol", "haha", "hehe", "then", "ok", "right", "anyone", "everyone", "all", "soon", "already", "btw", "folks", "team", "boss", "up", "bump", "here", "regards", "neighbor", "neighbour", "honey", "gents", "ladies", "peace", "eh", "kindly", "okey", "okie", "promise", "deal",
    "merci", "monsieur", "madame", "messieurs", "vraiment", "maintenant", "vite", "aujourd", "hui", "la", "ami", "amis", "mon", "mes", "chef", "bye", "oui",
    "mdr", "haha", "hein", "bonne", "journee", "bisous", "urgent", "rapidement", "tous", "gang", "ben", "pis", "tantot", "fois", "une", "cordialement", "salutations", "voisin", "voisine", "patron", "cher", "chere", "client", "quoi", "genre", "promis", "tres", "beaucoup", "gars", "chum",
    "спасибо", "спс", "друг", "друзья", "брат", "бро", "ребята", "господа", "уважаемые", "уважаемый", "срочно", "быстро", "быстрее", "сейчас", "сегодня", "правда", "честно",
    "да", "ага", "раз", "лол", "ха", "хаха", "пока", "ап", "народ", "шеф", "начальник", "люди", "вот", "уже", "там", "тут", "же", "давай", "давайте", "жду", "снова", "опять", "хозяйка", "хозяин", "девушка", "мужчина", "товарищ", "коллеги", "соседи", "сосед", "ура", "спасиб", "благодарю", "обещаю", "рега", "братан", "земляк", "мужики", "дамы", "милая", "дорогой", "дорогая",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variations_have_one_form() {
        for (one, other) in [
            ("Buy my cheap tiles!!!", "buy... MY cheap    tiles 🙂"),
            ("Дёшево, звоните сейчас", "д е ш е в о звоните  СЕЙЧАС!"),
            ("Two for one", "Тwо fоr оnе"),
            ("free offer", "fr33 0ffer"),
            ("Besoin d'un ménage", "besoin dun menage"),
            ("hurry up", "𝗵𝘂𝗿𝗿𝘆 𝘂𝗽"),
            ("sale", "saaaale"),
        ] {
            assert_eq!(form(one), form(other), "{one:?} {other:?}");
        }
        let said = form("our crew is free from Monday on");
        for tail in [" pls", "! again", ", now", " - 123", "!1", " q", " thank you", " 🙂 ok"] {
            assert_eq!(form(&format!("our crew is free from Monday on{tail}")), said, "{tail}");
        }
        assert_eq!(form("Привет! бригада свободна с понедельника, ещё раз"), form("бригада свободна с понедельника"));
        // Three of these are three texts.
        for (one, other) in [
            ("I finished painting the porch", "I finished painting the attic"),
            ("tomorrow I can come with Peter", "tomorrow I can come with Omar"),
            ("size of the tile - 12", "size of the tile - 18"),
            ("ok thanks", "ok"),
            ("how much is tile 11", "how much is tile 12"),
        ] {
            assert_ne!(form(one), form(other), "{one:?} {other:?}");
        }
        assert_ne!(form("price 100"), form("price 1000"));
        assert_ne!(form("at 10"), form("at 11"));
        for nothing in ["🙂 ...", "1", "12!", "eight", "Восемь."] {
            assert_eq!(form(nothing), "", "{nothing}");
        }
        assert_ne!(form("123"), "");
    }

    #[test]
    fn the_third_time_and_the_fifth_order() {
        let repetition = |in_order, other_orders| Repetition { in_order, other_orders }.is_spam();
        assert!(!repetition(1, 0) && repetition(2, 0));
        assert!(!repetition(0, 3) && repetition(0, 4));
    }
}
