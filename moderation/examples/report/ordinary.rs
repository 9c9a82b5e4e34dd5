//! Ordinary talk, made from the grammars in `corpus/ordinary`: the same lines on every run.
//!
//! A grammar is a text file. A line that begins in the first column names a rule; the indented lines below it are its
//! alternatives, equally likely. In an alternative `{name}` stands for the rule of that name, `{3..40}` for a whole number
//! of that range (`{00..59}` keeps the zeros), `{this|that|}` for one of these, and `\n` for a line break. What begins with
//! `#` is a comment. Talk begins at the rule `start`.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use crate::corpus::{Half, LANGUAGES, Line};

/// Rules inside rules inside rules: a grammar that goes deeper goes in circles.
const DEEPEST: usize = 40;

/// The rules of one language.
struct Grammar(HashMap<String, Vec<String>>);

/// A small generator of numbers (`SplitMix64`): the lines must not change with the version of a library.
struct Dice(u64);

impl Dice {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is not 0.
    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("a usize fits 64 bits");
        usize::try_from(self.next() % bound).expect("it is below a usize")
    }

    /// Whether something happens that does so `share` times in a hundred.
    fn percent(&mut self, share: usize) -> bool {
        self.below(100) < share
    }
}

/// `count` different lines, the same number of each language.
pub(crate) fn lines(folder: &Path, count: usize, half: Half) -> io::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for (seed, language) in (1..).zip(LANGUAGES) {
        let path = folder.join(format!("{language}.txt"));
        let told = |error: String| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()));
        let body = std::fs::read_to_string(&path).map_err(|error| told(error.to_string()))?;
        let grammar = Grammar::parse(&body).map_err(told)?;
        let mut dice = Dice(seed);
        let mut seen = std::collections::HashSet::new();
        let mut tries = 0;
        while seen.len() < count / LANGUAGES.len() {
            tries += 1;
            if tries > 20 * count {
                return Err(told(format!("the grammar has only {} different lines", seen.len())));
            }
            let text = grammar.say(&mut dice).map_err(told)?;
            if seen.insert(text.clone()) {
                let id = format!("ordinary-generated-{language}-{:05}", seen.len());
                lines.extend(half.holds(&id).then(|| line(id, text, language)));
            }
        }
    }
    Ok(lines)
}

fn line(id: String, text: String, language: &str) -> Line {
    Line {
        id,
        text,
        spans: Vec::new(),
        keep: Vec::new(),
        label: "ordinary".to_owned(),
        technique: "generated".to_owned(),
        language: language.to_owned(),
        group: None,
        order: String::new(),
        at: 0,
    }
}

impl Grammar {
    fn parse(body: &str) -> Result<Self, String> {
        let mut rules: HashMap<String, Vec<String>> = HashMap::new();
        let mut name = String::new();
        for line in body.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            if let Some(alternative) = line.strip_prefix("    ") {
                rules
                    .get_mut(&name)
                    .ok_or("an alternative before the first rule")?
                    .push(alternative.replace("\\n", "\n"));
            } else {
                name = line.trim().to_owned();
                if rules.insert(name.clone(), Vec::new()).is_some() {
                    return Err(format!("two rules {name}"));
                }
            }
        }
        Ok(Self(rules))
    }

    /// One message.
    fn say(&self, dice: &mut Dice) -> Result<String, String> {
        let text = self.expand("{start}", dice, 0)?;
        Ok(careless(text.trim(), dice))
    }

    fn expand(&self, text: &str, dice: &mut Dice, depth: usize) -> Result<String, String> {
        if depth > DEEPEST {
            return Err(format!("goes in circles: {text}"));
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            out.push_str(&rest[..open]);
            let (inner, after) = braced(&rest[open..]).ok_or_else(|| format!("a brace is open: {text}"))?;
            out.push_str(&self.choice(inner, dice, depth + 1)?);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    /// What stands for the inside of a pair of braces.
    fn choice(&self, inner: &str, dice: &mut Dice, depth: usize) -> Result<String, String> {
        let choices = choices(inner);
        if choices.len() > 1 {
            return self.expand(choices[dice.below(choices.len())], dice, depth);
        }
        if let Some((low, high)) = inner.split_once("..") {
            let number = |text: &str| text.parse::<usize>().map_err(|_| format!("no range: {{{inner}}}"));
            let (first, last) = (number(low)?, number(high)?);
            let picked = first + dice.below((last + 1).saturating_sub(first).max(1));
            let width = if low.starts_with('0') { low.len() } else { 0 };
            return Ok(format!("{picked:0width$}"));
        }
        let rule = self.0.get(inner).filter(|rule| !rule.is_empty()).ok_or_else(|| format!("no rule {inner}"))?;
        self.expand(&rule[dice.below(rule.len())], dice, depth)
    }
}

/// The inside of the pair of braces that `text` begins with, and what comes after it.
fn braced(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0;
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((&text[1..at], &text[at + 1..]));
        }
    }
    None
}

/// `a|b{c|d}|e` as its three parts.
fn choices(inner: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0, 0);
    for (at, letter) in inner.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            '|' if depth == 0 => {
                parts.push(&inner[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[from..]);
    parts
}

/// The same message by somebody in a hurry.
fn careless(text: &str, dice: &mut Dice) -> String {
    let mut text = text.to_owned();
    if dice.percent(30) {
        text = text.to_lowercase();
    } else if dice.percent(2) {
        text = text.to_uppercase();
    }
    if dice.percent(30) {
        text.truncate(text.trim_end_matches('.').len());
    }
    if dice.percent(8) {
        text = text.replace(", ", " ");
    }
    if dice.percent(4) {
        text = text.replacen(". ", ".", 1);
    }
    if dice.percent(10) {
        text = swapped(&text, dice);
    }
    if dice.percent(8) {
        const SIGNS: [&str; 10] = [" 👍", " 🙂", "!!!", " :)", " 😅", "...", " 🙏", ")))", " ✅", " 😂"];
        text.push_str(SIGNS[dice.below(SIGNS.len())]);
    }
    text
}

/// Two neighbouring letters of one word change places.
fn swapped(text: &str, dice: &mut Dice) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let places: Vec<usize> = letters
        .windows(4)
        .enumerate()
        .filter(|(_, window)| window.iter().all(|letter| letter.is_alphabetic()))
        .map(|(at, _)| at + 1)
        .collect();
    if !places.is_empty() {
        let at = places[dice.below(places.len())];
        letters.swap(at, at + 1);
    }
    letters.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grammar_says_all_it_can_and_nothing_else() {
        let grammar = Grammar::parse("# rules\nstart\n    {who} {7..9}{|!}\nwho\n    a{b|c{d|}}\n").unwrap();
        let mut dice = Dice(1);
        let said: std::collections::BTreeSet<String> =
            (0..500).map(|_| grammar.expand("{start}", &mut dice, 0).unwrap()).collect();
        assert_eq!(said.len(), 18, "{said:?}");
        assert!(said.contains("acd 8!") && said.contains("ab 7"));
        assert!(grammar.expand("{nobody}", &mut dice, 0).is_err());
        assert!(Grammar::parse("    alone\n").is_err());
        assert!(Grammar::parse("x\n    {x}\n").unwrap().expand("{x}", &mut dice, 0).is_err());
    }

    #[test]
    fn the_grammars_make_the_same_lines_again_and_cut_them_in_halves() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/ordinary");
        let texts =
            |half| -> Vec<String> { lines(&folder, 3_000, half).unwrap().into_iter().map(|line| line.text).collect() };
        let all = texts(Half::All);
        assert_eq!(all.len(), 3_000);
        assert_eq!(all, texts(Half::All));
        let (dev, held) = (texts(Half::Dev), texts(Half::Held));
        assert_eq!(dev.len() + held.len(), 3_000);
        assert!(dev.len() > 1_300 && held.len() > 1_300, "{} {}", dev.len(), held.len());
    }
}
