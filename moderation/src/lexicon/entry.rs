//! One line of a lexicon: a word, a stem or a phrase. The grammar is in `moderation/lexicon/README.md`.

/// Most spellings that the alternatives of one element may make.
const SPELLINGS_MAX: usize = 2_048;

/// Most elements of a phrase.
const ELEMENTS_MAX: usize = 12;

/// Widest gap in a phrase, in words.
const GAP_MAX: usize = 5;

/// A line that says something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// An exception: what it matches is fine.
    pub(super) except: bool,
    pub(super) elements: Vec<Element>,
}

/// A place in a phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Element {
    /// One of these. Each is one or more words in a row; an empty one says that the place may be left out.
    OneOf(Vec<Vec<Glob>>),
    /// Up to so many words of any kind.
    Gap(usize),
}

/// A word, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob {
    /// Its letters, as written in the lexicon.
    pub(super) letters: String,
    /// Something may stand before it in the word.
    pub(super) open_start: bool,
    /// Something may follow it in the word.
    pub(super) open_end: bool,
}

impl Entry {
    /// Understands a line without its comment.
    ///
    /// # Errors
    /// What is wrong with it, to be read after the line.
    pub(super) fn parse(line: &str) -> Result<Self, String> {
        let line = line.trim();
        let (except, line) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest.trim_start()));
        let elements = split(line)?.into_iter().map(element).collect::<Result<Vec<_>, _>>()?;
        if elements.is_empty() {
            return Err("says nothing".to_owned());
        }
        if elements.len() > ELEMENTS_MAX {
            return Err(format!("has more than {ELEMENTS_MAX} parts"));
        }
        let is_gap = |element: Option<&Element>| matches!(element, Some(Element::Gap(_)));
        if is_gap(elements.first()) || is_gap(elements.last()) {
            return Err("begins or ends with a gap".to_owned());
        }
        let may_be_nothing = |element: &Element| match element {
            Element::OneOf(choices) => choices.iter().any(Vec::is_empty),
            Element::Gap(_) => true,
        };
        if elements.iter().all(may_be_nothing) {
            return Err("can match nothing at all".to_owned());
        }
        Ok(Self { except, elements })
    }

    /// The spellings, if the entry is one word.
    pub(super) fn words(&self) -> Option<impl Iterator<Item = &Glob>> {
        match self.elements.as_slice() {
            [Element::OneOf(choices)] if choices.iter().all(|words| words.len() == 1) => Some(choices.iter().flatten()),
            _ => None,
        }
    }
}

/// The parts of a line: cut at white space outside of brackets.
fn split(line: &str) -> Result<Vec<&str>, String> {
    let (mut parts, mut from, mut inside) = (Vec::new(), 0, false);
    for (at, c) in line.char_indices() {
        match c {
            '(' if inside => return Err("has a bracket within brackets".to_owned()),
            ')' if !inside => return Err("closes a bracket that is not open".to_owned()),
            '(' => inside = true,
            ')' => inside = false,
            c if c.is_whitespace() && !inside => {
                parts.push(&line[from..at]);
                from = at + c.len_utf8();
            }
            _ => {}
        }
    }
    if inside {
        return Err("has an open bracket".to_owned());
    }
    parts.push(&line[from..]);
    parts.retain(|part| !part.is_empty());
    Ok(parts)
}

fn element(part: &str) -> Result<Element, String> {
    if let Some(gap) = part.strip_prefix("..") {
        let width = gap.parse().ok().filter(|width| (1..=GAP_MAX).contains(width));
        return width.map(Element::Gap).ok_or_else(|| format!("has a gap that is not ..1 to ..{GAP_MAX}"));
    }
    let choices = spellings(part)?;
    choices
        .iter()
        .map(|choice| choice.split_whitespace().map(glob).collect())
        .collect::<Result<_, _>>()
        .map(Element::OneOf)
}

/// Every spelling of a part, its alternatives chosen in each way.
fn spellings(part: &str) -> Result<Vec<String>, String> {
    let mut made = vec![String::new()];
    let mut rest = part;
    while !rest.is_empty() {
        let (plain, bracket) = rest.split_once('(').map_or((rest, None), |(plain, rest)| (plain, Some(rest)));
        made.iter_mut().for_each(|made| made.push_str(plain));
        rest = "";
        if let Some((choices, after)) = bracket.and_then(|bracket| bracket.split_once(')')) {
            made =
                made.iter().flat_map(|made| choices.split('|').map(move |choice| format!("{made}{choice}"))).collect();
            rest = after;
        }
        if made.len() > SPELLINGS_MAX {
            return Err(format!("makes more than {SPELLINGS_MAX} spellings"));
        }
    }
    Ok(made)
}

fn glob(word: &str) -> Result<Glob, String> {
    let (open_start, rest) = word.strip_prefix('*').map_or((false, word), |rest| (true, rest));
    let (open_end, letters) = rest.strip_suffix('*').map_or((false, rest), |rest| (true, rest));
    if letters.contains('*') {
        return Err("has a * within a word".to_owned());
    }
    if !letters.chars().all(char::is_alphabetic) {
        return Err("holds something that is no letter".to_owned());
    }
    let least = if open_start || open_end { 2 } else { 1 };
    if letters.chars().count() < least {
        return Err("would match nearly everything".to_owned());
    }
    Ok(Glob { letters: letters.to_owned(), open_start, open_end })
}
