//! From what was said to a configuration, or to every mistake in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use souk_moderation::{AdditionsError, AdditionsMistake};

use crate::rules::additions;
use crate::watched::Watched;

use super::given::{Given, Wrong};
use super::key::{Fallback, Key};
use super::keys::KEYS;
use super::mistake::{Mistake, Mistakes, Place};
use super::sources::{Collected, Flags, Said, Scope, Surroundings};
use super::{Config, Moderation, together};

/// A configuration, and where each value of it was said.
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    pub(super) values: Values,
}

/// The values in force.
#[derive(Default)]
pub(super) struct Values {
    said: BTreeMap<&'static str, Said>,
    bad: BTreeSet<&'static str>,
}

impl Values {
    /// The value in force; `None`: the setting is not set.
    pub(super) fn get(&self, key: &str) -> Option<&Said> {
        self.said.get(key)
    }

    /// Where the value in force was said.
    pub(super) fn place(&self, key: &str) -> Place {
        self.get(key).map_or(Place::Default, |said| said.place.clone())
    }

    /// Whether nobody said anything.
    pub(super) fn is_default(&self, key: &str) -> bool {
        self.place(key) == Place::Default
    }

    /// Whether somebody said what cannot be understood.
    pub(super) fn is_bad(&self, key: &str) -> bool {
        self.bad.contains(key)
    }
}

/// Reads the file named by `--config` or `SOUK_CONFIG`, then the environment, then the flags; the later wins, the earlier is checked
/// all the same. Nothing is written. Errors: every mistake.
pub fn load(flags: Flags, surroundings: &Surroundings) -> Result<Loaded, Mistakes> {
    load_within(Scope::Everything, flags, surroundings)
}

/// The same for what may be said alone, in the same places: nothing else that stands there is looked at, let alone has to be right.
pub fn load_moderation(flags: Flags, surroundings: &Surroundings) -> Result<Moderation, Mistakes> {
    load_within(Scope::Section("moderation"), flags, surroundings).map(|loaded| loaded.config.moderation)
}

fn load_within(scope: Scope, flags: Flags, surroundings: &Surroundings) -> Result<Loaded, Mistakes> {
    let mut collected = Collected::new(scope);
    if let Some(path) = flags.file.clone().or_else(|| surroundings.file()) {
        collected.file(&path);
    }
    collected.environment(&surroundings.environment);
    collected.said.extend(flags.said.into_iter().filter(|said| scope.holds(said.key.section())));
    collected.mistakes.extend(flags.mistakes);
    understand(collected, surroundings)
}

/// Reads the text of a file, and nothing else.
pub(super) fn from_text(text: &str, surroundings: &Surroundings) -> Result<Loaded, Mistakes> {
    let mut collected = Collected::new(Scope::Everything);
    collected.text(Path::new("souk.toml"), text);
    understand(collected, surroundings)
}

fn understand(collected: Collected, surroundings: &Surroundings) -> Result<Loaded, Mistakes> {
    let Collected { scope, said, mut mistakes, incomplete } = collected;
    let mut values = Values::default();
    let mut config = Config::blank();
    for said in said {
        let name = said.key.name;
        match (said.key.set)(&mut config, &said.given) {
            Ok(()) => {
                values.said.insert(name, said);
            }
            Err(wrong) => {
                values.bad.insert(name);
                mistakes.push(Mistake { place: said.place, key: Some(name), what: wrong.what, help: wrong.help });
            }
        }
    }
    // From the start again, in the order of the table: a setting that refines another comes after it, whoever said it.
    let mut config = Config::blank();
    for key in KEYS.iter().filter(|key| scope.holds(key.section())) {
        let set = match values.said.get(key.name) {
            Some(said) => (key.set)(&mut config, &said.given),
            None => set_default(key, &mut config, &mut values, surroundings),
        };
        if let Err(Wrong { what, help }) = set {
            mistakes.push(Mistake { place: values.place(key.name), key: Some(key.name), what, help });
        }
    }
    mistakes.extend(read_lexicon(&mut config));
    if !incomplete && scope == Scope::Everything {
        mistakes.extend(together::broken(&config, &values));
    }
    if mistakes.is_empty() { Ok(Loaded { config, values }) } else { Err(Mistakes(mistakes)) }
}

/// Reads the operator's words and rules into the settings of the rules.
fn read_lexicon(config: &mut Config) -> Vec<Mistake> {
    let Moderation { rules, lexicon: Some(path), .. } = &mut config.moderation else { return Vec::new() };
    let key = Some("moderation.lexicon");
    let place = |line| Place::File { path: path.clone(), line };
    match Watched::new(path).read() {
        Err(error) => {
            let help = "name a readable file, or leave the setting out";
            vec![Mistake { place: place(0), key, what: format!("cannot be read ({error})"), help: help.into() }]
        }
        Ok(text) => match additions(&text) {
            Ok(additions) => {
                rules.additions = additions;
                Vec::new()
            }
            Err(AdditionsError(mistakes)) => mistakes
                .into_iter()
                .map(|AdditionsMistake { line, what, help }| Mistake { place: place(line), key, what, help })
                .collect(),
        },
    }
}

fn set_default(
    key: &'static Key,
    config: &mut Config,
    values: &mut Values,
    surroundings: &Surroundings,
) -> Result<(), Wrong> {
    let Fallback::Text(text) = key.default else { return Ok(()) };
    let text = text
        .replace("<data_dir>", &config.node.data_dir.to_string_lossy())
        .replace("<host>", &surroundings.host)
        .replace("<random>", &surroundings.random);
    let given = Given::One(text);
    (key.set)(config, &given)?;
    values.said.insert(key.name, Said { key, given, place: Place::Default });
    Ok(())
}
