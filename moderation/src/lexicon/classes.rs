//! Named classes: `@pet = (dog|cat)` defines one, `@pet` in a later entry of the same file stands for its alternatives.

use std::collections::HashMap;

use super::entry::{Entry, spellings, split};

/// The classes that a file has defined so far. A class is known from the line behind its own on, so none can hold itself.
#[derive(Debug, Default)]
pub(super) struct Classes(HashMap<String, String>);

impl Classes {
    /// Understands a line without its comment: an entry, or `None` when it defines a class.
    ///
    /// # Errors
    /// What is wrong with it, to be read after the line.
    pub(super) fn read(&mut self, line: &str) -> Result<Option<Entry>, String> {
        if let Some((name, alternatives)) = line.trim().strip_prefix('@').and_then(|line| line.split_once(" = ")) {
            self.define(name, alternatives)?;
            return Ok(None);
        }
        Entry::parse(&self.expanded(line)?).map(Some)
    }

    fn define(&mut self, name: &str, alternatives: &str) -> Result<(), String> {
        if name.is_empty() || !name.chars().all(is_name) {
            return Err(format!("names a class @{name} with something else than a–z and _"));
        }
        let expanded = self.expanded(alternatives)?;
        // What makes no sense is said where the class is defined, not where it is used.
        Entry::parse(&format!("and {expanded}"))?;
        if !expanded.starts_with('(') || split(&expanded)?.len() != 1 {
            return Err("defines a class that is not alternatives in one bracket".to_owned());
        }
        // Chosen in every way already, so that classes within classes stand in one bracket.
        let flat = format!("({})", spellings(&expanded)?.join("|"));
        match self.0.insert(name.to_owned(), flat) {
            None => Ok(()),
            Some(_) => Err(format!("defines @{name} a second time")),
        }
    }

    /// The line with each name replaced by its alternatives.
    fn expanded(&self, line: &str) -> Result<String, String> {
        let mut pieces = line.split('@');
        let mut out = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (name, rest) = piece.split_at(piece.find(|c| !is_name(c)).unwrap_or(piece.len()));
            let class = self.0.get(name).ok_or_else(|| format!("uses @{name}, which no line before defines"))?;
            out.push_str(class);
            out.push_str(rest);
        }
        Ok(out)
    }
}

const fn is_name(c: char) -> bool {
    c.is_ascii_lowercase() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_stands_for_its_alternatives() {
        let mut classes = Classes::default();
        assert_eq!(classes.read("@pet = (dog(s|)|guinea pig)"), Ok(None));
        assert_eq!(classes.read("@being = (@pet|child)"), Ok(None));
        for (line, written) in [
            ("the @pet", "the (dogs|dog|guinea pig)"),
            ("@being* ..2 eats", "(dogs|dog|guinea pig|child)* ..2 eats"),
            ("!(@pet|bird)s & @being", "!(dogs|dog|guinea pig|bird)s & (dogs|dog|guinea pig|child)"),
        ] {
            assert_eq!(classes.read(line), Entry::parse(written).map(Some), "{line}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        let mut classes = Classes::default();
        classes.read("@pet = (dog|cat)").unwrap();
        for (line, said) in [
            ("the @bird", "@bird, which no line before"),
            ("the @", "@, which no line before"),
            ("@pet = (dog|cat)", "@pet a second time"),
            ("@own = (@own|x)", "@own, which no line before"),
            ("@Pet = (dog|cat)", "else than a–z"),
            ("@a = dog", "not alternatives"),
            ("@a = (dog) (cat)", "not alternatives"),
            ("@a = (dog", "open bracket"),
            ("@a = (b1)", "no letter"),
        ] {
            let error = classes.read(line).unwrap_err();
            assert!(error.contains(said), "{line}: {error}");
        }
    }
}
