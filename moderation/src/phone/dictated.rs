//! Numbers dictated over many messages, a digit or two in each, with talk around: "now a 6", "9 got it?", "дальше 71".
//!
//! Where the window is read as one text every word counts. Here messages count: a short one that says one number and nothing
//! but what people say around a digit they dictate is a part, one without a number is talk, and talk parts nothing. Parts in a
//! row that ends with the judged message are a number when some plan knows their digits.

use std::ops::Range;

use super::hidden::SPLIT;
use super::plan::{self, DIGITS_MAX, Loose};
use crate::find::Found;
use crate::numbers::compose::{Atom, compose};
use crate::numbers::{self, Number};
use crate::split::Piece;
use crate::text::{Holds, Text, Token};
use crate::{Category, Earlier, WINDOW_MESSAGES};

/// The longest message that can be a part, in bytes and in words.
const BYTES_MAX: usize = 64;
const WORDS_MAX: usize = 6;
/// The most digits of a part.
const PART_DIGITS_MAX: usize = 3;
/// The fewest parts: whoever sends fewer sends longer ones, and these are read as one text.
const PARTS_MIN: usize = 6;
/// The most messages of talk between a number that was masked already and a digit that it goes on with.
const TALK_MAX: usize = 2;

/// What a message is to a dictated number.
#[derive(Debug)]
enum Said {
    /// A part of it.
    Part(Part),
    /// A part that was masked.
    Masked,
    /// No number.
    Talk,
    /// Numbers, but as in other talk: an amount, a time, a list.
    Other,
}

#[derive(Debug)]
struct Part {
    range: Range<usize>,
    digits: String,
}

/// The parts of a number that this text ends, in its own place and in earlier messages; by message, rising.
pub(crate) fn pieces(text: &str, earlier: &[Earlier<'_>], order: &str) -> Vec<Piece> {
    let Said::Part(last) = said(text, order) else { return Vec::new() };
    let mut parts = vec![(earlier.len(), last)];
    let (mut masked, mut talk) = (0, 0);
    for (index, earlier) in earlier.iter().enumerate().rev().take(WINDOW_MESSAGES) {
        match said(earlier.text, order) {
            Said::Part(part) if masked == 0 => parts.push((index, part)),
            Said::Masked => masked += 1,
            Said::Talk if masked == 0 => talk += 1,
            Said::Talk => {}
            Said::Part(_) | Said::Other => break,
        }
    }
    // The plan of a shorter number fitted before the last digits were said.
    let goes_on = masked >= PARTS_MIN && talk <= TALK_MAX && masked + parts.len() <= DIGITS_MAX;
    let count = match goes_on {
        true => parts.len(),
        false => (PARTS_MIN..=parts.len()).rev().find(|count| is_number(&parts[..*count])).unwrap_or(0),
    };
    let piece = |(message, part): (usize, Part)| {
        let found = Found::contact(part.range, Category::Phone, SPLIT);
        Piece { message, found }
    };
    parts.into_iter().take(count).rev().map(piece).collect()
}

/// Whether parts, the newest first, are the digits of a number.
fn is_number(parts: &[(usize, Part)]) -> bool {
    let digits: String = parts.iter().rev().map(|(_, part)| part.digits.as_str()).collect();
    let single = parts.iter().filter(|(_, part)| part.digits.len() == 1).count();
    digits.len() <= DIGITS_MAX
        && 2 * single > parts.len()
        && !is_counting(parts)
        && matches!(plan::loose(digits.as_bytes(), false), Some(Loose::National | Loose::Telling))
}

/// Numbers that only rise, or only fall: who counts leaves some out.
fn is_counting(parts: &[(usize, Part)]) -> bool {
    let value = |part: &Part| part.digits.parse::<u16>().unwrap_or(u16::MAX);
    let pairs = || parts.windows(2).map(|pair| (value(&pair[1].1), value(&pair[0].1)));
    pairs().all(|(before, after)| before <= after) || pairs().all(|(before, after)| before >= after)
}

fn said(text: &str, order: &str) -> Said {
    if text.len() > BYTES_MAX {
        return if text.bytes().any(|b| b.is_ascii_digit()) { Said::Other } else { Said::Talk };
    }
    let read = Text::read(text);
    let tokens = read.tokens();
    let mut digits = tokens.iter().filter(|token| token.holds.has(Holds::DIGIT));
    let first = digits.next();
    let is_short = tokens.len() <= WORDS_MAX && !text.contains(SIGNS);
    let Some(token) = first else {
        return if is_short { said_in_words(&read) } else { Said::Talk };
    };
    let around = |other: &Token| {
        let word = read.word(other);
        other == token || is_around(word) || ARTICLES.contains(&word)
    };
    let number = read.word(token);
    let is_part = is_short
        && digits.next().is_none()
        && token.holds.is_number()
        && number.len() <= PART_DIGITS_MAX
        && number.bytes().all(|b| b.is_ascii_digit())
        && number != order
        && tokens.iter().all(around);
    if !is_part {
        return Said::Other;
    }
    Said::Part(Part { range: read.original_range(token.range()), digits: number.to_owned() })
}

/// A short message without digits.
fn said_in_words(read: &Text<'_>) -> Said {
    let tokens = read.tokens();
    let meaning = |token: &Token| {
        numbers::meaning(read.word(token)).filter(|meaning| !meaning.weak && meaning.number != Number::Scale)
    };
    let around = |token: &Token| is_around(read.word(token));
    if read.original().matches(MASK).count() == 1 {
        let only = tokens.iter().all(|token| around(token) || ARTICLES.contains(&read.word(token)));
        return if only { Said::Masked } else { Said::Talk };
    }
    let Some(first) = tokens.iter().position(|token| meaning(token).is_some()) else { return Said::Talk };
    let last = tokens.iter().rposition(|token| meaning(token).is_some()).unwrap_or(first);
    let number = &tokens[first..=last];
    if !tokens[..first].iter().chain(&tokens[last + 1..]).all(around) {
        return Said::Talk;
    }
    // "vingt et un"
    let joiner = |token: &Token| matches!(read.word(token), "et" | "and");
    let atoms: Option<Vec<Atom>> =
        number.iter().filter(|token| !joiner(token)).map(|token| meaning(token).map(Atom::Word)).collect();
    let Some(atoms) = atoms else { return Said::Talk };
    let (mut count, mut digits) = (0, String::new());
    compose(
        &atoms,
        true,
        |_| true,
        |_, value| {
            count += 1;
            if let Some(value) = value {
                digits = value.value.to_string().repeat(value.times.into());
            }
        },
    );
    if count != 1 || !(1..=PART_DIGITS_MAX).contains(&digits.len()) {
        return Said::Talk;
    }
    let range = number[0].start..number[number.len() - 1].end;
    Said::Part(Part { range: read.original_range(range), digits })
}

/// What stands in place of a part.
const MASK: &str = "***";

/// Signs of amounts, fractions and names: with them a number is no part.
const SIGNS: [char; 15] = ['$', '€', '£', '₽', '¥', '%', '°', '×', '№', '#', '/', '=', '<', '>', '@'];

/// "là un 4": no number beside digits.
const ARTICLES: &[&str] = &["un", "une", "one", "один", "одна", "одну"];

fn is_around(word: &str) -> bool {
    AROUND.contains(&word)
}

/// What people say around a digit they dictate. Things and units are not here: "3 doors" is no part.
#[rustfmt::skip]
const AROUND: &[&str] = &[
    "a", "an", "the", "and", "then", "next", "now", "is", "it", "its", "s", "that", "this", "got", "get", "ok", "okay", "k", "kk", "ready", "wait", "after",
    "plus", "add", "followed", "by", "write", "down", "type", "put", "you", "u", "have", "yes", "yeah", "yep", "yup", "there", "here", "comes", "goes",
    "first", "second", "third", "last", "final", "finally", "digit", "number", "num", "again", "also", "still", "done", "right", "see", "so", "um", "uh", "er", "hmm", "well",
    "continue", "continues", "on", "lol", "please", "pls", "noted", "copy", "roger", "understood", "clear", "saved", "good", "remember", "ends", "end",
    "start", "starts", "begin", "begins", "with", "me", "i", "m", "ll", "will", "going", "writing", "following", "did", "gotcha", "cool", "alright", "later", "lastly", "keep",
    "puis", "pis", "ensuite", "et", "la", "le", "l", "c", "ce", "est", "bon", "suite", "suivant", "suivante", "suivi", "de", "d", "du", "apres", "maintenant", "encore", "alors", "donc",
    "note", "notes", "notez", "ecris", "ecrit", "ecrivez", "compris", "recu", "vu", "pret", "prete", "t", "as", "tu", "vous", "avez", "hein", "ca", "va", "voila", "enfin", "finalement",
    "dernier", "derniere", "premier", "premiere", "chiffre", "numero", "commence", "commencez", "par", "fini", "termine", "il", "y", "aussi", "mets", "mettez", "ajoute", "ajoutez",
    "tape", "tapez", "toujours", "oui", "bah", "ben", "euh", "attends", "attendez", "pige", "capte", "marque", "marquez", "suis", "suivez", "j", "ai", "je", "sur", "ici", "retenu", "retiens", "accord", "parfait",
    "и", "потом", "дальше", "далее", "теперь", "затем", "еще", "следом", "следующая", "следующий", "следующее", "след", "цифра", "цифру", "вот", "это", "там", "тут", "а", "ну", "так", "да", "ок", "окей",
    "понял", "поняла", "поняли", "понятно", "записал", "записала", "записали", "записываешь", "записываете", "пиши", "пишите", "пишешь", "пишете", "запиши", "запишите", "есть", "готово", "готов", "готова", "готовы", "успел",
    "успела", "успели", "успеваешь", "успеваете", "плюс", "добавь", "добавьте", "сначала", "первая", "первый", "вторая", "последняя", "последний", "конец", "наконец", "после", "опять", "снова", "тоже", "запомнил", "запомнила",
    "запомнили", "принял", "приняла", "приняли", "принято", "ясно", "видишь", "видите", "хорошо", "лады", "ладно", "ага", "угу", "продолжаю", "продолжаем", "идет", "набирай", "набирайте", "ставь", "ставьте", "жду", "жди", "ждите",
    "ты", "вы", "уже", "за", "ней", "нее", "ним", "у", "тебя", "вас", "меня", "слушай", "слушайте", "смотри", "смотрите", "норм", "вроде", "всё", "все", "только", "что", "эм", "ээ",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn found(texts: &[&str]) -> usize {
        let Some((last, earlier)) = texts.split_last() else { return 0 };
        let earlier: Vec<Earlier<'_>> = earlier.iter().map(|text| Earlier { text, at_ms: 0 }).collect();
        pieces(last, &earlier, "A-1042").len()
    }

    #[test]
    fn a_digit_a_message_with_talk_around() {
        for (texts, count) in [
            (
                &[
                    "take a pen",
                    "now a 5",
                    "1",
                    "4 got it?",
                    "wait",
                    "5",
                    "then 5",
                    "5...",
                    "still there?",
                    "0",
                    "1 👍",
                    "9",
                    "next 9",
                ][..],
                10,
            ),
            (
                &[
                    "дам понемножку",
                    "9...",
                    "лол",
                    "дальше 2",
                    "теперь 94",
                    "секунду",
                    "дальше 71",
                    "8 записал?",
                    "и 2",
                    "дальше 6",
                    "5",
                ],
                8,
            ),
            (&["là un 06", "26...", "8 c'est bon?", "puis huit", "ensuite 7", "vingt", "9 c'est bon?"], 7),
            (&["là un 06", "26...", "8 c'est bon?", "puis huit", "ensuite 7", "et un", "9 c'est bon?", "5"], 8),
            (&["my number", "8", "***", "now a ***", "***", "*** ok?", "***", "then ***", "one sec", "and 7"], 1),
            // Other numbers, things and times are no parts.
            (&["5", "1", "4", "5", "5", "5", "0", "1", "9", "9 tiles"], 0),
            (
                &[
                    "2 beds", "1 sofa", "4 chairs", "1 table", "6 boxes", "3 lamps", "1 tv", "2 desks", "1 fridge",
                    "1 washer",
                ],
                0,
            ),
            (&["5", "1", "4", "5", "at 5 pm", "5", "0", "1", "9", "9"], 0),
            (&["2", "$3", "4", "5", "6%", "5", "0", "1", "9", "9"], 0),
            // Counting, also with some left out.
            (&["1", "2", "3", "5", "6", "7", "8", "9", "10"], 0),
            (&["9", "8", "7", "6", "5", "4", "3", "2", "1", "0"], 0),
            (&["***", "ok ***", "***", "3"], 0),
        ] {
            assert_eq!(found(texts), count, "{texts:?}");
        }
    }

    #[test]
    fn only_the_number_of_a_message_is_masked() {
        let earlier = ["8", "9", "1", "6", "1", "2", "3", "4", "5", "6"].map(|text| Earlier { text, at_ms: 0 });
        let text = "теперь семь, да?";
        let last = pieces(text, &earlier, "").pop().map(|piece| &text[piece.found.start..piece.found.end]);
        assert_eq!(last, Some("семь"));
    }
}
