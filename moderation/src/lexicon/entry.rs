//! One line of a lexicon: a word, a stem, a phrase or a frame. The grammar is in `moderation/lexicon/README.md`.

use std::str::Chars;

use super::letters;

/// Most spellings that the alternatives of one element may make.
const SPELLINGS_MAX: usize = 4_096;

/// Deepest brackets.
const DEPTH_MAX: usize = 4;

/// Most elements of a phrase.
const ELEMENTS_MAX: usize = 12;

/// Widest gap in a phrase, in words.
const GAP_MAX: usize = 6;

/// Most parts of a frame.
const PARTS_MAX: usize = 5;

/// What a line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// What it matches is found.
    Plain,
    /// `+`: also when letters of it are masked, doubled or apart.
    Maskable,
    /// `++`: even when nothing is left of it but the first letter and masks.
    Famous,
    /// `~`: a word of phrases, which alone says nothing; known with letters masked or doubled.
    Part,
    /// `!`: what it matches is fine.
    Except,
}

/// A line that says something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) form: Form,
}

/// What an entry looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// Words in a row; a single word too.
    Phrase(Vec<Element>),
    /// Phrases in any order, near each other.
    Frame {
        parts: Vec<Vec<Element>>,
        /// `&&`: sentences may end between the parts.
        across: bool,
    },
}

/// A place in a phrase.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Element {
    /// One of these. Each is one or more words in a row; an empty one says that the place may be left out.
    OneOf(Vec<Vec<Glob>>),
    /// At least the first and at most the second number of words of any kind.
    Gap(usize, usize),
}

/// A word, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Glob {
    /// Its letters, as [`letters`] writes them.
    pub(super) letters: Vec<u8>,
    /// Something may stand before it in the word.
    pub(super) open_start: bool,
    /// Something may follow it in the word.
    pub(super) open_end: bool,
}

impl Glob {
    /// Whether a word is of this form.
    pub(super) fn matches(&self, word: &[u8]) -> bool {
        let letters = self.letters.as_slice();
        // Nearly all words differ in their first letter already.
        if !self.open_start && word.first() != letters.first() {
            return false;
        }
        match (self.open_start, self.open_end) {
            (false, false) => word == letters,
            (false, true) => word.starts_with(letters),
            (true, false) => word.ends_with(letters),
            (true, true) => word.windows(letters.len()).any(|part| part == letters),
        }
    }
}

impl Entry {
    /// Understands a line without its comment.
    ///
    /// # Errors
    /// What is wrong with it, to be read after the line.
    pub(super) fn parse(line: &str) -> Result<Self, String> {
        let line = line.trim();
        let (kind, line) = [("!", Kind::Except), ("++", Kind::Famous), ("+", Kind::Maskable), ("~", Kind::Part)]
            .into_iter()
            .find_map(|(mark, kind)| Some((kind, line.strip_prefix(mark)?)))
            .unwrap_or((Kind::Plain, line));
        let pieces = split(line)?;
        let is_sign = |piece: &&str| matches!(*piece, "&" | "&&");
        let form = match pieces.iter().find(|piece| is_sign(piece)) {
            None => Form::Phrase(phrase(&pieces)?),
            Some(sign) => {
                if pieces.iter().any(|piece| is_sign(piece) && piece != sign) {
                    return Err("joins its parts with both & and &&".to_owned());
                }
                let parts: Vec<_> = pieces
                    .split(|piece| is_sign(piece))
                    .map(phrase)
                    .collect::<Result<_, _>>()
                    .map_err(|what| format!("has a part beside {sign} that {what}"))?;
                if parts.len() > PARTS_MAX {
                    return Err(format!("joins more than {PARTS_MAX} parts"));
                }
                Form::Frame { parts, across: *sign == "&&" }
            }
        };
        let entry = Self { kind, form };
        let whole = |glob: &Glob| !glob.open_start && !glob.open_end;
        let of_letters = matches!(kind, Kind::Maskable | Kind::Famous | Kind::Part);
        if of_letters && !entry.words().is_some_and(|mut words| words.all(whole)) {
            return Err("cannot be masked: it is no whole word".to_owned());
        }
        Ok(entry)
    }

    /// The spellings, if the entry is one word.
    pub(super) fn words(&self) -> Option<impl Iterator<Item = &Glob>> {
        let Form::Phrase(elements) = &self.form else { return None };
        match elements.as_slice() {
            [Element::OneOf(choices)] if choices.iter().all(|words| words.len() == 1) => Some(choices.iter().flatten()),
            _ => None,
        }
    }
}

/// Words in a row, from the pieces that they are written in.
fn phrase(pieces: &[&str]) -> Result<Vec<Element>, String> {
    let elements = pieces.iter().map(|piece| element(piece)).collect::<Result<Vec<_>, _>>()?;
    if elements.is_empty() {
        return Err("says nothing".to_owned());
    }
    if elements.len() > ELEMENTS_MAX {
        return Err(format!("has more than {ELEMENTS_MAX} parts"));
    }
    let is_gap = |element: Option<&Element>| matches!(element, Some(Element::Gap(..)));
    if is_gap(elements.first()) || is_gap(elements.last()) {
        return Err("begins or ends with a gap".to_owned());
    }
    let may_be_nothing = |element: &Element| match element {
        Element::OneOf(choices) => choices.iter().any(Vec::is_empty),
        Element::Gap(..) => true,
    };
    if elements.iter().all(may_be_nothing) {
        return Err("can match nothing at all".to_owned());
    }
    Ok(elements)
}

/// The pieces of a line: cut at white space outside of brackets.
pub(super) fn split(line: &str) -> Result<Vec<&str>, String> {
    let (mut pieces, mut from, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, c) in line.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1).ok_or_else(|| "closes a bracket that is not open".to_owned())?,
            c if c.is_whitespace() && depth == 0 => {
                pieces.push(&line[from..at]);
                from = at + c.len_utf8();
            }
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Err(format!("has brackets in more than {DEPTH_MAX} brackets"));
        }
    }
    if depth > 0 {
        return Err("has an open bracket".to_owned());
    }
    pieces.push(&line[from..]);
    pieces.retain(|piece| !piece.is_empty());
    Ok(pieces)
}

fn element(part: &str) -> Result<Element, String> {
    if part == "_" {
        return Ok(Element::Gap(1, 1));
    }
    if part.contains('@') {
        return Err("uses a class (@name), which only the built-in lists have".to_owned());
    }
    if let Some(gap) = part.strip_prefix("..") {
        let width = gap.parse().ok().filter(|width| (1..=GAP_MAX).contains(width));
        return width
            .map(|width| Element::Gap(0, width))
            .ok_or_else(|| format!("has a gap that is not ..1 to ..{GAP_MAX}"));
    }
    let choice = |spelling: &String| {
        let mut words = Vec::with_capacity(1);
        spelling.split_whitespace().try_for_each(|written| globs(written, &mut words))?;
        Ok(words)
    };
    spellings(part)?.iter().map(choice).collect::<Result<_, _>>().map(Element::OneOf)
}

/// Every spelling of a part, its alternatives chosen in each way. Its brackets are balanced.
pub(super) fn spellings(part: &str) -> Result<Vec<String>, String> {
    let mut rest = part.chars();
    alternatives(&mut rest)
}

/// Reads up to a closing bracket, or to the end.
fn alternatives(rest: &mut Chars<'_>) -> Result<Vec<String>, String> {
    let (mut all, mut made) = (Vec::new(), vec![String::new()]);
    while let Some(c) = rest.next() {
        match c {
            '(' => {
                let inner = alternatives(rest)?;
                if made.len() * inner.len() > SPELLINGS_MAX {
                    return Err(format!("makes more than {SPELLINGS_MAX} spellings"));
                }
                made = made.iter().flat_map(|made| inner.iter().map(move |inner| format!("{made}{inner}"))).collect();
            }
            ')' => break,
            '|' => all.append(&mut std::mem::replace(&mut made, vec![String::new()])),
            c => made.iter_mut().for_each(|made| made.push(c)),
        }
    }
    all.append(&mut made);
    if all.len() > SPELLINGS_MAX { Err(format!("makes more than {SPELLINGS_MAX} spellings")) } else { Ok(all) }
}

/// What is written without white space: one word, or several with apostrophes or hyphens between them.
fn globs(written: &str, out: &mut Vec<Glob>) -> Result<(), String> {
    let (open_start, rest) = written.strip_prefix('*').map_or((false, written), |rest| (true, rest));
    let (open_end, rest) = rest.strip_suffix('*').map_or((false, rest), |rest| (true, rest));
    if rest.contains('*') {
        return Err("has a * within a word".to_owned());
    }
    if !rest.chars().all(|c| c.is_ascii_lowercase() || c.is_alphabetic() || matches!(c, '\'' | '’' | '-')) {
        return Err("holds something that is no letter".to_owned());
    }
    let first = out.len();
    letters::words(rest, |letters| out.push(Glob { letters, open_start: false, open_end: false }));
    let (Some(first), Some(last)) = (out.get(first).map(|_| first), out.len().checked_sub(1)) else {
        return Err("holds no letter".to_owned());
    };
    out[first].open_start = open_start;
    out[last].open_end = open_end;
    if [first, last].iter().any(|i| (out[*i].open_start || out[*i].open_end) && out[*i].letters.len() < 2) {
        return Err("would match nearly everything".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(letters: &str, open_start: bool, open_end: bool) -> Glob {
        Glob { letters: letters.into(), open_start, open_end }
    }

    #[test]
    fn words_stems_and_exceptions() {
        let entry = Entry::parse("  !*ab((c|)|x)d* ").unwrap();
        assert_eq!(entry.kind, Kind::Except);
        let words: Vec<_> = entry.words().unwrap().cloned().collect();
        assert_eq!(words, [word("abcd", true, true), word("abd", true, true), word("abxd", true, true)]);
        assert_eq!(Entry::parse("+ab").unwrap().kind, Kind::Maskable);
        assert_eq!(Entry::parse("~ab").unwrap().kind, Kind::Part);
        assert_eq!(Entry::parse("++ab").unwrap().kind, Kind::Famous);
    }

    #[test]
    fn phrases_have_alternatives_and_gaps() {
        let entry = Entry::parse("(i'll|i will|) _ kill* ..2 Élan").unwrap();
        assert!(entry.words().is_none());
        let one = |text: &str| text.split(' ').map(|text| word(text, false, false)).collect::<Vec<_>>();
        assert_eq!(
            entry.form,
            Form::Phrase(vec![
                Element::OneOf(vec![one("i ll"), one("i will"), vec![]]),
                Element::Gap(1, 1),
                Element::OneOf(vec![vec![word("kill", false, true)]]),
                Element::Gap(0, 2),
                Element::OneOf(vec![one("elan")]),
            ])
        );
    }

    #[test]
    fn frames_join_phrases() {
        let one = |text: &str| Element::OneOf(vec![vec![word(text, false, false)]]);
        for (line, across) in [("!a b & c", false), ("!a b && c", true)] {
            let entry = Entry::parse(line).unwrap();
            assert_eq!(entry.kind, Kind::Except);
            assert!(entry.words().is_none());
            let parts = vec![vec![one("a"), one("b")], vec![one("c")]];
            assert_eq!(entry.form, Form::Frame { parts, across });
        }
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        for (line, said) in [
            ("", "says nothing"),
            ("! ", "says nothing"),
            ("..1 a", "begins or ends with a gap"),
            ("a ..9 b", "a gap that is not"),
            ("(a|) (b|)", "can match nothing"),
            ("(a", "open bracket"),
            ("a)", "not open"),
            ("(((((a)))))", "brackets in more than"),
            ("a*b", "within a word"),
            ("a1", "no letter"),
            ("a*", "nearly everything"),
            ("+ab*", "no whole word"),
            ("++a b", "no whole word"),
            ("+a & b", "no whole word"),
            ("a &", "beside & that says nothing"),
            ("a & ..1 b", "beside & that begins or ends with a gap"),
            ("a & (b|)", "beside & that can match nothing"),
            ("a & b && c", "both & and &&"),
            ("a & b & c & d & e & f", "more than 5 parts"),
            ("a @b", "only the built-in lists"),
            ("(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)", "spellings"),
        ] {
            let error = Entry::parse(line).unwrap_err();
            assert!(error.contains(said), "{line}: {error}");
        }
    }

    #[test]
    fn globs_match_words() {
        for (glob, yes, no) in [
            (word("ab", false, false), &["ab"][..], &["abc", "cab"][..]),
            (word("ab", false, true), &["ab", "abc"], &["cab"]),
            (word("ab", true, false), &["ab", "cab"], &["abc"]),
            (word("ab", true, true), &["ab", "cabc"], &["acb", "a"]),
        ] {
            assert!(yes.iter().all(|word| glob.matches(word.as_bytes())), "{glob:?}");
            assert!(!no.iter().any(|word| glob.matches(word.as_bytes())), "{glob:?}");
        }
    }
}
