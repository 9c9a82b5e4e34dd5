//! From what was said to values in force, or to every mistake.

use std::collections::{BTreeMap, BTreeSet};

use super::collect::{Collected, Level, Said};
use super::given::Given;
use super::mistake::{Faults, Mistake, Mistakes, Place};
use super::table::Fallback;

/// What was said of each key, and what holds where nobody said anything.
#[derive(Debug, Default)]
pub struct Values {
    said: BTreeMap<String, Said>,
    bad: BTreeSet<String>,
}

impl Values {
    /// The value in force; `None`: nothing is set.
    pub fn get(&self, name: &str) -> Option<&Said> {
        self.said.get(name)
    }

    /// Who said it.
    pub fn level(&self, name: &str) -> Level {
        self.get(name).map_or(Level::Default, |said| said.level)
    }

    /// Where it was said.
    pub fn place(&self, name: &str) -> Place {
        self.get(name).map_or(Place::Default, |said| said.place.clone())
    }

    /// The place of an item of a list.
    pub fn item(&self, name: &str, index: usize) -> Option<&Place> {
        let Given::List(items) = &self.get(name)?.given else { return None };
        items.get(index).map(|(place, _)| place)
    }

    /// Whether somebody said anything.
    pub fn is_said(&self, name: &str) -> bool {
        self.level(name) > Level::Default
    }

    /// Whether nothing was wrong with the values of these.
    pub fn are_understood(&self, names: &[&str]) -> bool {
        !names.iter().any(|name| self.bad.contains(*name))
    }
}

/// What the values make, and what is wrong with them so far.
pub struct Understood<C: 'static> {
    /// What they make.
    pub made: C,
    /// The values.
    pub values: Values,
    /// Whether nothing is missing that may have been said: only then can be judged what goes together.
    pub is_complete: bool,
    collected: Collected<C>,
}

impl<C> Collected<C> {
    /// Puts every value where it belongs, a later level over an earlier one, into what `blank` makes. `fill` completes the text of a
    /// default, from what was put so far.
    pub fn understand(mut self, blank: impl Fn() -> C, fill: impl Fn(&C, &str) -> String) -> Understood<C> {
        let mut values = Values::default();
        let mut scratch = blank();
        let mut said = std::mem::take(&mut self.said);
        said.sort_by_key(|said| said.level);
        for one in &said {
            let key = self.table.find(one.key).expect("what was said is of a key");
            if let Err(Faults(faults)) = (key.set)(&mut scratch, &one.given, key.kind) {
                values.bad.insert(one.name.clone());
                self.mistakes.extend(faults.into_iter().map(|(place, wrong)| match place {
                    // What is wrong with an item of a list names the item.
                    Some(place) => wrong.at(place),
                    None => wrong.of(&one.name, one.place.clone()),
                }));
            }
            values.said.insert(one.name.clone(), one.clone());
        }
        // From the start again, in the order of the table: a key that refines another comes after it, whoever said it.
        let mut made = blank();
        for key in self.table.keys.iter().filter(|key| self.only.is_none_or(|only| only == key.section())) {
            let of_key = said.iter().filter(|said| said.key == key.name);
            let good = of_key.filter(|said| (key.set)(&mut made, &said.given, key.kind).is_ok()).count();
            let Fallback::Text(text) = key.default else { continue };
            if good > 0 {
                continue;
            }
            let given = Given::Bare(fill(&made, text));
            if let Err(Faults(faults)) = (key.set)(&mut made, &given, key.kind) {
                self.mistakes.extend(faults.into_iter().map(|(_, wrong)| wrong.of(key.name, Place::Default)));
            }
            let (name, place) = (key.name.to_owned(), Place::Default);
            let default = Said { name, given, place, level: Level::Default, key: key.name };
            values.said.entry(key.name.to_owned()).or_insert(default);
        }
        Understood { made, values, is_complete: !self.incomplete, collected: self }
    }
}

impl<C> Understood<C> {
    /// What was made, if it has no mistake, and `more` has none.
    pub fn finish(self, more: impl IntoIterator<Item = Mistake>) -> Result<(C, Values), Mistakes> {
        let Collected { table, mut mistakes, read, .. } = self.collected;
        mistakes.extend(more);
        if mistakes.is_empty() {
            return Ok((self.made, self.values));
        }
        mistakes.sort_by_key(|mistake| order(&read, &mistake.place));
        mistakes.dedup();
        Err(Mistakes { subject: table.subject, list: mistakes })
    }
}

/// As it was read: files from top to bottom, then the environment, then the command line. What nobody said comes last.
fn order(read: &[Place], place: &Place) -> (usize, usize, usize) {
    let (source, line, column) = match place {
        Place::Default => return (usize::MAX, 0, 0),
        Place::File { path, line, column } => (&Place::file(path), *line, *column),
        other => (other, 0, 0),
    };
    (read.iter().position(|read| read == source).unwrap_or(read.len()), line, column)
}
