//! Phone numbers that are written so that they are not seen: in words, digit by digit, in other digits, in letters that look
//! like digits, with anything between.
//!
//! Words and digits that follow each other make a *run*. A run is read as groups of digits, and a stretch of groups that some
//! numbering plan knows is weighed: what is odd about how it is written speaks for a number, what stands around it may speak
//! against. Ordinary layouts are not weighed here: [`find`](super::find) judges them, before this.

use std::ops::Range;

use super::plan::{self, Loose};
use super::words::{self, Before};
use crate::Category;
use crate::find::{Found, OrderId};
use crate::numbers::compose::{Atom, compose};
use crate::numbers::{self, Number};
use crate::text::{BOUNDARY, Holds, Text, Token, scripts};
use crate::vocabulary::roles;

const WORDS: &str = "phone.words";
const DISGUISED: &str = "phone.disguised";
/// A part of a number whose other parts are in other messages.
pub(crate) const SPLIT: &str = "phone.split";

/// The most digits of a stretch, and the fewest.
const DIGITS_MAX: usize = 15;
const DIGITS_MIN: usize = 7;
/// The most pieces of a run; a number has far fewer.
const PIECES_MAX: usize = 256;
/// The most characters between two groups.
const GAP_MAX: usize = 12;
/// The most words such as "then" or "dash" between two groups.
const FILLERS_MAX: usize = 4;

/// The sure pieces that a stretch needs to begin or end with one that is not.
const EDGE_SURE: usize = 3;
/// What must speak for a number.
const ENOUGH: i32 = 3;

/// What stands between two groups: a set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Gap(u16);

impl Gap {
    const SPACE: Self = Self(1);
    const DASH: Self = Self(2);
    const DOT: Self = Self(4);
    const BRACKET: Self = Self(8);
    const COMMA: Self = Self(16);
    const SLASH: Self = Self(32);
    const NEWLINE: Self = Self(64);
    /// Anything that does not stand inside a number as people write them.
    const ODD: Self = Self(128);
    const FILLER: Self = Self(256);
    /// Words that say nothing about numbers.
    const TALK: Self = Self(512);
    /// The end of a message.
    const BOUNDARY: Self = Self(1024);

    const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn without_talk(self) -> Self {
        Self(self.0 & !Self::TALK.0)
    }

    /// Reads what stands between two words. `None`: a number does not go on behind it.
    fn read(between: &str) -> Option<Self> {
        let mut gap = Self::default();
        let mut stars = 0;
        for (count, c) in between.chars().enumerate() {
            if count == GAP_MAX {
                return None;
            }
            stars = if c == '*' { stars + 1 } else { 0 };
            gap = gap.and(match c {
                '\n' => Self::NEWLINE,
                BOUNDARY => Self::NEWLINE.and(Self::BOUNDARY),
                c if c.is_whitespace() => Self::SPACE,
                '-' | '\u{2010}'..='\u{2015}' | '−' => Self::DASH,
                '.' | '…' => Self::DOT,
                '(' | ')' => Self::BRACKET,
                ',' | ';' => Self::COMMA,
                '/' | '\\' | '|' | ':' => Self::SLASH,
                '$' | '€' | '£' | '₽' | '¥' | '%' | '°' | '×' | '№' | '@' => return None,
                '*' if stars > 2 => return None,
                _ => Self::ODD,
            });
        }
        // Sums: "5 + 7 = 12"; but a message may begin with a plus.
        let is_sum = between.contains(['+', '=', '<', '>']) && gap.has(Self::SPACE) && !gap.has(Self::BOUNDARY);
        (!is_sum).then_some(gap)
    }
}

/// How a piece of a run is written: a set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct How(u8);

impl How {
    const WORD: Self = Self(1);
    /// Letters that look like digits.
    const LETTERS: Self = Self(2);
    /// Digits in another form.
    const ODD: Self = Self(4);
    /// Counts only among sure ones.
    const WEAK: Self = Self(8);

    const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// One word or number of a run.
#[derive(Debug, Clone, Copy)]
struct Piece {
    start: usize,
    end: usize,
    atom: Atom,
    how: How,
    before: Gap,
}

/// Pieces read together: digits.
#[derive(Debug, Clone, Copy)]
struct Group {
    start: usize,
    end: usize,
    /// Its digits, in the run's.
    digits: (usize, usize),
    how: How,
    before: Gap,
    /// How many pieces it is made of, and how many of them count only among sure ones.
    pieces: usize,
    weak: usize,
}

/// Finds the numbers in one range of the folded text.
pub(crate) fn find(text: &Text<'_>, gap: Range<usize>, order: &mut OrderId<'_>, out: &mut Vec<Found>) {
    let mut runs = Runs { text, limit: gap.clone(), pieces: Vec::new(), plus: None, order, out };
    let first = text.token_from(gap.start);
    let tokens = text.tokens()[first..].iter().take_while(|token| token.end <= gap.end);
    let (mut fillers, mut words_of_message) = (0, 0);
    let mut between = Some(Gap::default());
    for (place, token) in tokens.enumerate() {
        let mut before =
            if place == 0 { &text.folded()[gap.start..token.start] } else { text.gap_before(first + place) };
        if !runs.pieces.is_empty() && between == Some(Gap::default()) {
            before = runs.take_sign(before, token);
        }
        between = between.zip(Gap::read(before)).map(|(so_far, gap)| so_far.and(gap));
        if before.contains(BOUNDARY) {
            // A message without numbers says nothing about them.
            if fillers > 0 && fillers == words_of_message {
                between = between.map(Gap::without_talk);
            }
            (fillers, words_of_message) = (0, 0);
        }
        words_of_message += 1;
        if between.is_none() || runs.pieces.len() >= PIECES_MAX {
            runs.end();
        }
        let pieces = runs.pieces.len();
        let word = text.word(token);
        if before == "/" && is_fraction(text, first + place) {
            runs.end();
        }
        if runs.take(token, before, between.unwrap_or_default()) {
            (fillers, between) = (0, Some(Gap::default()));
            continue;
        }
        // Most words stand in no run at all: they are not asked further.
        let says = if runs.pieces.is_empty() { None } else { filler(word, token, between.unwrap_or_default()) };
        fillers += 1;
        if runs.pieces.len() < pieces || fillers > FILLERS_MAX || says.is_none() {
            runs.end();
            runs.plus = is_plus(word).then_some(token.start);
            (fillers, between) = (0, Some(Gap::default()));
        } else {
            between = between.zip(says).map(|(gap, says)| gap.and(says));
            // Talk over the end of a sentence is another sentence.
            let ends = [". ", "! ", "? "].iter().any(|end| before.starts_with(end));
            if ends && says == Some(Gap::TALK) {
                runs.end();
                (fillers, between) = (0, Some(Gap::default()));
            }
        }
    }
    runs.end();
}

/// The runs of a text, one after another.
struct Runs<'r, 't, 'o> {
    text: &'r Text<'t>,
    limit: Range<usize>,
    pieces: Vec<Piece>,
    /// Where a plus stands before the run, as a sign or a word.
    plus: Option<usize>,
    order: &'r mut OrderId<'o>,
    out: &'r mut Vec<Found>,
}

impl Runs<'_, '_, '_> {
    /// Takes a word into the run. `false`: it is no part of a number.
    fn take(&mut self, token: &Token, left: &str, before: Gap) -> bool {
        let text = self.text;
        let word = text.word(token);
        let sign = left.trim_end_matches([' ', '(']);
        if self.pieces.is_empty() && sign.ends_with('+') {
            self.plus = Some(token.start - left.len() + sign.len() - 1);
        }
        let (none, among) = (self.pieces.is_empty(), !self.pieces.is_empty());
        let among_words = self.pieces.last().is_some_and(|last| last.how.has(How::WORD));
        let mut push = |range: Range<usize>, atom, how| {
            let before = if range.start == token.start { before } else { Gap::default() };
            self.pieces.push(Piece { start: range.start, end: range.end, atom, how, before });
        };
        if token.holds.is_number() {
            let how = if token.holds.has(Holds::DISGUISED) { How::ODD } else { How::default() };
            let fits = token.end - token.start <= DIGITS_MAX && !is_enumerator(text, token, left);
            if fits {
                push(token.range(), Atom::Digits, how);
            }
            return fits;
        }
        if token.holds.is_word() {
            if let Some(meaning) = numbers::meaning(word) {
                if meaning.number == Number::Scale {
                    self.amount();
                    return false;
                }
                let how = if meaning.weak { How::WORD.and(How::WEAK) } else { How::WORD };
                // What only sounds like a digit does so among words.
                if meaning.weak && !among_words {
                    return false;
                }
                if is_counting_talk(text, token) {
                    return false;
                }
                push(token.range(), Atom::Word(meaning), how);
                return true;
            }
            if among
                && is_unknown(word)
                && let Some(meaning) = numbers::misspelt(word)
            {
                push(token.range(), Atom::Word(meaning), How::WORD.and(How::WEAK));
                return true;
            }
            let letters = word.chars().nth(1).is_some() || left.is_empty();
            if among
                && letters
                && (is_unknown(word) || left.is_empty())
                && word.len() <= 8
                && text.folded()[token.range()].chars().all(is_digit_like)
            {
                push(token.range(), Atom::Digits, How::LETTERS.and(How::WEAK));
                return true;
            }
        } else if looks_like_digits(&text.folded()[token.range()], !none) {
            push(token.range(), Atom::Digits, How::LETTERS);
            return true;
        }
        if !token.holds.is_number()
            && let Some(meaning) = numbers::disguised(word)
        {
            push(token.range(), Atom::Word(meaning), How::WORD);
            return true;
        }
        let parts = numbers::starts_like_number(word).then(|| numbers::glued(word)).flatten();
        if let Some(parts) = &parts {
            for (range, meaning) in parts {
                let atom = meaning.map_or(Atom::Digits, Atom::Word);
                let how = if meaning.is_some() { How::WORD } else { How::default() };
                push(token.start + range.start..token.start + range.end, atom, how);
            }
        }
        parts.is_some()
    }

    fn push_sign(&mut self, start: usize, before: Gap) {
        let how = How::LETTERS.and(How::WEAK);
        self.pieces.push(Piece { start, end: start + 1, atom: Atom::Digits, how, before });
    }

    /// A sign that passes for a digit, right behind the last piece or right before the next: "4$6", "51|". Takes it and returns the
    /// rest of what stands between.
    fn take_sign<'g>(&mut self, gap: &'g str, token: &Token) -> &'g str {
        let next = token.start;
        let at = next - gap.len();
        // A sign of money stands before plain digits.
        let is_mixed = !token.holds.is_number();
        let letters = || is_mixed || self.pieces.iter().any(|piece| piece.how.has(How::LETTERS));
        if let Some(rest) = gap.strip_prefix(['$', '|', '!']).filter(|rest| rest.is_empty() || letters()) {
            self.push_sign(at, Gap::default());
            return rest;
        }
        if let Some(rest) = gap.strip_suffix('|').or_else(|| gap.strip_suffix('$').filter(|_| is_mixed))
            && let Some(between) = Gap::read(rest)
        {
            self.push_sign(next - 1, between);
            return "";
        }
        gap
    }

    /// What stands before a word like "thousand" is an amount.
    fn amount(&mut self) {
        while self.pieces.pop().is_some_and(|piece| !piece.before.has(Gap::COMMA) && !piece.before.has(Gap::NEWLINE)) {}
    }

    /// A word like "and" right before the run: looks at the one before it. `false`: that is no part of the number.
    fn look_over(&mut self, at: usize, between: Gap) -> bool {
        let Some(before) = at.checked_sub(1).map(|at| self.text.tokens()[at]) else { return false };
        let gap = Gap::read(self.text.gap_before(at)).filter(|_| before.start >= self.limit.start);
        let word = self.text.word(&before);
        let meaning = numbers::meaning(word).or_else(|| numbers::misspelt(word)).filter(|m| m.number != Number::Scale);
        let (Some(gap), Some(meaning), true) = (gap, meaning, is_unknown(word)) else { return false };
        self.pieces[0].before = between.and(gap);
        let (how, before_it) = (How::WORD.and(How::WEAK), Gap::default());
        let piece = Piece { start: before.start, end: before.end, atom: Atom::Word(meaning), how, before: before_it };
        self.pieces.insert(0, piece);
        true
    }

    /// What counts only among sure ones can also stand first: it is looked for when the rest is there.
    fn look_back(&mut self) {
        const REST: usize = 2;
        const BACK: usize = 3;
        for _ in 0..BACK {
            let Some(first) = self.pieces.first().filter(|_| self.pieces.len() >= REST && self.plus.is_none()) else {
                return;
            };
            let Some(at) = self.text.token_from(first.start).checked_sub(1) else { return };
            let token = self.text.tokens()[at];
            let gap = self.text.gap_before(at + 1);
            // "9о$ 223": the sign is a digit of the word.
            let sign = gap.starts_with(['$', '|']);
            let between = Gap::read(if sign { &gap[1..] } else { gap });
            let Some(between) = between.filter(|_| token.start >= self.limit.start) else { return };
            let word = self.text.word(&token);
            if is_neutral(word) && self.look_over(at, between) {
                continue;
            }
            if !is_unknown(word) {
                return;
            }
            let digits =
                || (2..=8).contains(&word.len()) && self.text.folded()[token.range()].chars().all(is_digit_like);
            let (atom, how) = match numbers::meaning(word).or_else(|| numbers::misspelt(word)) {
                Some(meaning) if meaning.number != Number::Scale => (Atom::Word(meaning), How::WORD),
                None if digits() => (Atom::Digits, How::LETTERS),
                _ => return,
            };
            self.pieces[0].before = between;
            let before = Gap::default();
            if sign {
                let how = How::LETTERS.and(How::WEAK);
                self.pieces.insert(0, Piece { start: token.end, end: token.end + 1, atom: Atom::Digits, how, before });
            }
            self.pieces.insert(0, Piece { start: token.start, end: token.end, atom, how: how.and(How::WEAK), before });
        }
    }

    /// Whether the pieces can have enough digits; a word has at most three, and few more can be found before the first.
    fn may_be_number(&self) -> bool {
        const FEW: usize = 2;
        let digits = |piece: &Piece| if piece.how.has(How::WORD) { 3 } else { piece.end - piece.start };
        self.pieces.iter().map(digits).sum::<usize>() + FEW >= DIGITS_MIN
    }

    /// The run is over: judges it.
    fn end(&mut self) {
        if !self.may_be_number() {
            self.pieces.clear();
            self.plus = None;
            return;
        }
        // "4912$29$": a sign that passes for the last digit, where one did before.
        if let Some(last) = self.pieces.last().map(|last| last.end)
            && self.pieces.iter().any(|piece| piece.how.has(How::LETTERS))
            && self.text.folded()[last..self.limit.end].starts_with(['$', '|'])
        {
            self.push_sign(last, Gap::default());
        }
        self.look_back();
        let pieces = std::mem::take(&mut self.pieces);
        let plus = std::mem::take(&mut self.plus);
        let has_words = pieces.iter().any(|piece| piece.how.has(How::WORD));
        for reading in [Reading::Usual, Reading::Over, Reading::Apart] {
            let run = Run::read(self.text, &self.limit, &pieces, plus, reading);
            let found = run.numbers();
            if !found.is_empty() || !has_words {
                for (range, rule) in found {
                    let kept = self.order.around(&range);
                    self.out.push(match kept {
                        Some(_) => Found::kept(range),
                        None => Found::contact(range, Category::Phone, rule),
                    });
                }
                break;
            }
        }
        self.pieces = pieces;
        self.pieces.clear();
    }
}

/// A digit, or a letter or sign that passes for one.
fn is_digit_like(c: char) -> bool {
    c.is_ascii_digit() || scripts::as_digit(c).is_some()
}

/// A word of digits and letters whose letters all pass for digits: "5I4", "O199".
fn looks_like_digits(word: &str, among: bool) -> bool {
    let all = word.chars().all(is_digit_like);
    // "50s", "4G", "2D", "100l" are sizes and names: one letter behind digits begins no number.
    all && (among || word.chars().next_back().is_some_and(|c| c.is_ascii_digit() || word.len() >= 4))
}

/// The bottom of a fraction: "2 1/2", not one of many slashes.
fn is_fraction(text: &Text<'_>, at: usize) -> bool {
    let short = |token: &Token| token.end - token.start <= 2;
    let lone = at < 2 || text.gap_before(at - 1) != "/";
    lone && text.gap_before(at + 1) != "/" && at > 0 && short(&text.tokens()[at - 1]) && short(&text.tokens()[at])
}

/// "2) …" at the beginning of a line or message.
fn is_enumerator(text: &Text<'_>, token: &Token, left: &str) -> bool {
    let begins = token.start == left.len() || left.ends_with([BOUNDARY, '\n']);
    let behind = text.folded()[token.end..].strip_prefix([')', '.']);
    begins && token.end - token.start == 1 && behind.is_some_and(|behind| behind.starts_with(' '))
}

/// "one sec", "one by one": no digit.
fn is_counting_talk(text: &Text<'_>, token: &Token) -> bool {
    let word = text.word(token);
    if !matches!(word, "one" | "un" | "une" | "раз" | "один" | "одна" | "одну") {
        return false;
    }
    let next = text.tokens().get(text.token_from(token.end)).map_or("", |next| text.word(next));
    matches!(
        next,
        "sec"
            | "second"
            | "moment"
            | "minute"
            | "min"
            | "time"
            | "more"
            | "thing"
            | "by"
            | "instant"
            | "peu"
            | "момент"
            | "секунду"
            | "сек"
            | "минуту"
    )
}

/// Says nothing between two parts of a number.
fn is_neutral(word: &str) -> bool {
    matches!(
        word,
        "and"
            | "that"
            | "the"
            | "with"
            | "is"
            | "it"
            | "et"
            | "de"
            | "les"
            | "pour"
            | "se"
            | "la"
            | "le"
            | "и"
            | "а"
            | "для"
            | "вот"
    )
}

/// Not one of the words that every text is full of.
fn is_unknown(word: &str) -> bool {
    !FILLERS.contains(&word) && !is_neutral(word) && roles(word).is_empty()
}

/// Words that people put between the parts of a number they dictate.
#[rustfmt::skip]
const FILLERS: &[&str] = &[
    "then", "next", "dash", "hyphen", "space", "dot", "minus", "slash", "star", "hash", "pound", "finally", "plus", "followed",
    "after", "these", "um", "uh", "uhm", "er", "lastly", "digits",
    "puis", "pis", "ensuite", "tiret", "espace", "point", "enfin", "trait", "suivi", "apres", "euh", "ben", "derniers", "chiffres",
    "потом", "затем", "дальше", "далее", "еще", "тире", "дефис", "минус", "точка", "пробел", "плюс", "скобка", "наконец", "там", "ну", "эм",
    "first", "begin", "begins", "start", "starts", "now", "continue", "continues", "ending", "ends", "end", "rest", "second", "part", "last", "done",
    "commence", "commencer", "abord", "maintenant", "suite", "fin", "fini", "termine", "finit", "dernier", "reste", "partie",
    "сначала", "начало", "начала", "начинается", "теперь", "продолжение", "часть", "вторая", "первая", "конец", "заканчивается", "остальное", "всё", "все", "готово",
    "ээ", "эээ", "конце", "последние", "цифры", "после",
];

/// What a word between the parts of a number is. `None`: a number does not go on behind it.
fn filler(word: &str, token: &Token, so_far: Gap) -> Option<Gap> {
    const LONGEST: usize = 18;
    let same_line = !so_far.has(Gap::NEWLINE);
    if !token.holds.is_word() || (same_line && words::is_amount(word)) {
        return None;
    }
    let among = so_far.has(Gap::FILLER) || so_far.has(Gap::BOUNDARY);
    match word {
        // "300 by 135": a size; but "followed by", "se termine par", "сначала на".
        "by" | "par" | "на" if !among => return None,
        "x" | "х" | "sur" | "or" | "ou" | "или" => return None,
        "by" | "par" | "на" | "в" => return Some(Gap::SPACE),
        word if is_neutral(word) => return Some(Gap::SPACE),
        _ => {}
    }
    if word.len() <= LONGEST && FILLERS.contains(&word) {
        return Some(Gap::FILLER);
    }
    Some(Gap::TALK)
}

fn is_plus(word: &str) -> bool {
    matches!(word, "plus" | "плюс")
}

/// How words are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// As people speak: a comma ends a number.
    Usual,
    /// Over commas and line breaks.
    Over,
    /// Each word alone.
    Apart,
}

/// A run, read as groups of digits.
struct Run<'r, 't> {
    text: &'r Text<'t>,
    limit: Range<usize>,
    digits: Vec<u8>,
    groups: Vec<Group>,
    reading: Reading,
    plus: Option<usize>,
}

impl<'r, 't> Run<'r, 't> {
    fn read(text: &'r Text<'t>, limit: &Range<usize>, pieces: &[Piece], plus: Option<usize>, reading: Reading) -> Self {
        let atoms: Vec<Atom> = pieces.iter().map(|piece| piece.atom).collect();
        let mut digits = Vec::new();
        let mut groups = Vec::with_capacity(pieces.len());
        let joins = |at: usize| {
            let gap = pieces[at].before;
            let apart = gap.has(Gap::COMMA) || gap.has(Gap::NEWLINE) || gap.has(Gap::SLASH);
            reading == Reading::Over || !(apart || (gap.has(Gap::DOT) && gap.has(Gap::SPACE)) || gap.has(Gap::TALK))
        };
        compose(&atoms, reading != Reading::Apart, joins, |range, value| {
            let from = digits.len();
            let parts = &pieces[range];
            match value {
                Some(value) => {
                    for _ in 0..value.times {
                        digits.extend(value.value.to_string().bytes());
                    }
                }
                None => digits.extend(
                    text.folded()[parts[0].start..parts[0].end]
                        .chars()
                        .filter_map(|c| if c.is_ascii_digit() { Some(c) } else { scripts::as_digit(c) })
                        .map(|c| c as u8),
                ),
            }
            let how = parts.iter().fold(How::default(), |how, piece| how.and(piece.how));
            let (start, end) = (parts[0].start, parts[parts.len() - 1].end);
            let weak = parts.iter().filter(|piece| piece.how.has(How::WEAK)).count();
            let (digits, pieces) = ((from, digits.len()), parts.len());
            groups.push(Group { start, end, digits, how, before: parts[0].before, pieces, weak });
        });
        Self { text, limit: limit.clone(), digits, groups, reading, plus }
    }

    /// The numbers in it: the longest that fit from the left, whole ones before those of one area.
    fn numbers(&self) -> Vec<(Range<usize>, crate::RuleId)> {
        let mut taken = vec![false; self.groups.len()];
        let mut found = Vec::new();
        for local in [false, true] {
            let mut from = 0;
            while from < self.groups.len() {
                match self.longest(from, local).filter(|(to, _)| !taken[from..*to].contains(&true)) {
                    Some((to, rule)) => {
                        self.push_parts(from, to, rule, &mut found);
                        taken[from..to].fill(true);
                        from = to;
                    }
                    None => from += 1,
                }
            }
        }
        found.sort_by_key(|(range, _)| range.start);
        found
    }

    /// One find, or one for each message that it goes through.
    fn push_parts(&self, from: usize, to: usize, rule: crate::RuleId, found: &mut Vec<(Range<usize>, crate::RuleId)>) {
        let ends_message = |at: &usize| self.groups[*at].before.has(Gap::BOUNDARY);
        let rule = if (from + 1..to).any(|at| ends_message(&at)) { SPLIT } else { rule };
        let mut start = self.plus.filter(|_| from == 0).unwrap_or(self.groups[from].start);
        for at in (from + 1..to).filter(ends_message) {
            found.push((start..self.groups[at - 1].end, rule));
            start = self.groups[at].start;
        }
        found.push((start..self.groups[to - 1].end, rule));
    }

    fn longest(&self, from: usize, local: bool) -> Option<(usize, crate::RuleId)> {
        let len = |to: usize| self.groups[to - 1].digits.1 - self.groups[from].digits.0;
        let most = (from + 1..=self.groups.len()).take_while(|to| len(*to) <= DIGITS_MAX).last()?;
        (from + 1..=most).rev().take_while(|to| len(*to) >= DIGITS_MIN).find_map(|to| {
            let part = Stretch { run: self, from, to };
            part.is_number(local).then(|| (to, if part.count(How::WORD) > 0 { WORDS } else { DISGUISED }))
        })
    }
}

/// Some groups of a run.
struct Stretch<'r, 't> {
    run: &'r Run<'r, 't>,
    from: usize,
    to: usize,
}

impl Stretch<'_, '_> {
    fn groups(&self) -> &[Group] {
        &self.run.groups[self.from..self.to]
    }

    fn digits(&self) -> &[u8] {
        let groups = self.groups();
        &self.run.digits[groups[0].digits.0..groups[groups.len() - 1].digits.1]
    }

    fn count(&self, how: How) -> usize {
        self.groups().iter().filter(|group| group.how.has(how)).count()
    }

    fn gaps(&self) -> Gap {
        self.groups()[1..].iter().fold(Gap::default(), |gaps, group| gaps.and(group.before))
    }

    fn is_number(&self, local: bool) -> bool {
        let plus = self.run.plus.is_some() && self.from == 0;
        let Some(loose) = plan::loose(self.digits(), plus) else { return false };
        if (loose == Loose::Local) != local || (local && self.run.reading != Reading::Usual) {
            return false;
        }
        // Sizes and amounts are also sent line by line.
        let gaps = self.gaps();
        let lines = gaps.has(Gap::BOUNDARY) && gaps.has(Gap::TALK) && self.count(How::WORD) < 2;
        if lines && self.before() != Before::Phone {
            return false;
        }
        if self.is_cut() || self.is_counting() || !self.is_sure_enough() {
            return false;
        }
        self.weight(loose, plus) >= ENOUGH
    }

    /// More of the same goes on to one side: it is a part of something longer.
    fn is_cut(&self) -> bool {
        let inside = self.gaps().and(Gap::SPACE);
        let goes_on = |gap: Gap| gap.0 & !inside.0 == 0 && !gap.has(Gap::TALK);
        let groups = &self.run.groups;
        let left = self.from > 0 && goes_on(groups[self.from].before) && !groups[self.from - 1].how.has(How::WEAK);
        left || groups.get(self.to).is_some_and(|next| goes_on(next.before) && !next.how.has(How::WEAK))
    }

    /// 1 2 3 4 …: counting. 06 08 10 12 14: sizes.
    fn is_counting(&self) -> bool {
        let value = |group: &Group| {
            self.run.digits[group.digits.0..group.digits.1].iter().fold(0u64, |n, d| n * 10 + u64::from(d - b'0'))
        };
        let values: Vec<u64> = self.groups().iter().map(value).collect();
        let steps = values.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]));
        let same_step = values.len() > 3 && steps.clone().all(|step| step <= 5) && {
            let mut steps = steps;
            let first = steps.next();
            steps.all(|step| Some(step) == first)
        };
        let digits = self.digits();
        same_step || digits.windows(2).all(|pair| pair[0] == pair[1])
    }

    /// Weak words are few, and none stands at an end that no sure ones hold up.
    fn is_sure_enough(&self) -> bool {
        let groups = self.groups();
        let (pieces, weak) = groups.iter().fold((0, 0), |(pieces, weak), g| (pieces + g.pieces, weak + g.weak));
        let edge = groups[0].weak > 0 || groups[groups.len() - 1].weak > 0;
        weak * 2 <= pieces && (!edge || pieces >= weak + EDGE_SURE || self.count(How::LETTERS) > weak)
    }

    /// What speaks for a number, less what speaks against.
    fn weight(&self, loose: Loose, plus: bool) -> i32 {
        let groups = self.groups();
        let gaps = self.gaps();
        let mut weight = 0;
        weight += match self.count(How::WORD) {
            0 => 0,
            1 => 2,
            _ => 4,
        };
        weight += if self.count(How::LETTERS) > 0 { 2 } else { 0 };
        weight += if self.count(How::ODD) > 0 { 4 } else { 0 };
        let singles = groups.iter().filter(|group| group.digits.1 - group.digits.0 == 1).count();
        let listed = gaps.has(Gap::COMMA) && gaps.has(Gap::SPACE);
        if singles >= 6 && singles * 2 >= groups.len() && self.count(How::WORD) == 0 {
            weight += if listed { 2 } else { 4 };
        }
        weight += if gaps.has(Gap::ODD) || (gaps.has(Gap::FILLER) && self.is_layout()) { 3 } else { 0 };
        weight += i32::from(gaps.has(Gap::FILLER));
        let listed = gaps == Gap::COMMA || gaps == Gap::SLASH || (gaps.has(Gap::NEWLINE) && !gaps.has(Gap::BOUNDARY));
        weight += if listed && self.is_layout() { 3 } else { 0 };
        let loose_groups = gaps == Gap::SPACE && groups.len() >= 4 && !self.is_layout() && self.count(How::WORD) == 0;
        weight += if loose_groups { 2 + i32::from(self.is_pointed_at()) } else { 0 };
        weight += self.over_messages(gaps);
        weight += i32::from(self.is_layout()) + if plus { 3 } else { 0 };
        weight += match loose {
            Loose::Local => -1,
            Loose::National => 0,
            // So many digits with such a beginning are hardly anything else, however they are grouped.
            Loose::Telling if groups.len() > 2 && !gaps.has(Gap::TALK) => 3,
            Loose::Telling => 1,
        };
        weight + self.around()
    }

    /// What other words between the groups, and the ends of messages, say.
    fn over_messages(&self, gaps: Gap) -> i32 {
        let words = self.count(How::WORD) > 1;
        match (gaps.has(Gap::BOUNDARY), gaps.has(Gap::TALK)) {
            (false, false) => 0,
            (false, true) if self.is_layout() && self.is_same_talk() => 2,
            (false, true) => -3,
            // Nothing else is sent in such portions.
            (true, false) if self.is_layout() || words || self.groups().len() <= 3 || gaps.has(Gap::FILLER) => 3,
            (true, false) => 1,
            (true, true) if words => 0,
            (true, true) => -1,
        }
    }

    /// The same words stand in every gap.
    fn is_same_talk(&self) -> bool {
        let groups = self.groups();
        let mut talk = groups.windows(2).map(|pair| &self.run.text.lower()[pair[0].end..pair[1].start]);
        let first = talk.next();
        groups.len() > 2 && talk.all(|talk| Some(talk) == first)
    }

    /// The groups are those of a phone number.
    fn is_layout(&self) -> bool {
        let lens: Vec<usize> = self.groups().iter().map(|group| group.digits.1 - group.digits.0).collect();
        matches!(
            lens[..],
            [3, 3, 4]
                | [1, 3, 3, 4]
                | [3, 3, 2, 2]
                | [1, 3, 3, 2, 2]
                | [2, 2, 2, 2, 2]
                | [10]
                | [11]
                | [3, 2, 2]
                | [3, 4]
                | [2, 1, 2, 2, 2, 2]
        )
    }

    /// What stands right before leads to something: "at", "to", a colon.
    fn is_pointed_at(&self) -> bool {
        let left = self.run.text.lower()[self.run.limit.start..self.groups()[0].start].trim_end();
        let word = &left[left.trim_end_matches(char::is_alphanumeric).len()..];
        left.ends_with(':')
            || matches!(
                word,
                "at" | "to"
                    | "on"
                    | "up"
                    | "line"
                    | "is"
                    | "au"
                    | "a"
                    | "le"
                    | "est"
                    | "directement"
                    | "directly"
                    | "на"
                    | "по"
                    | "это"
                    | "я"
                    | "тут"
            )
    }

    /// What stands before says about it.
    fn before(&self) -> Before {
        words::before(&self.run.text.folded()[self.run.limit.start..self.groups()[0].start])
    }

    fn around(&self) -> i32 {
        let groups = self.groups();
        let folded = self.run.text.folded();
        let left = &folded[self.run.limit.start..groups[0].start];
        let right = &folded[groups[groups.len() - 1].end..];
        let before = match self.before() {
            Before::Phone => 3,
            Before::Nothing | Before::Order | Before::Code if words::is_answered(right) => 3,
            Before::Nothing => 0,
            Before::Order => -1,
            Before::Code => -4,
            Before::Money => -6,
        };
        before - if words::is_amount(right) || is_glued(left, right) { 6 } else { 0 }
    }
}

/// A mark and a letter or digit stand right before or behind it: "v10.0.19045.3693", "INV-2024-…".
fn is_glued(left: &str, right: &str) -> bool {
    let joins = |mark: Option<char>, next: Option<char>| {
        matches!(mark, Some('.' | '-' | '_' | '/' | '=' | '&')) && next.is_some_and(char::is_alphanumeric)
    };
    let (mut back, mut ahead) = (left.chars().rev(), right.chars());
    joins(back.next(), back.next()) || joins(ahead.next(), ahead.next())
}

#[cfg(test)]
mod tests;
