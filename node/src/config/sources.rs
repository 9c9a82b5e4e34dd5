//! Where settings are said: a TOML file, the environment, flags. Here they are only collected; `load.rs` understands them.

use std::ffi::OsString;
use std::iter::Peekable;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use crate::files;

use super::given::Given;
use super::key::{Key, Kind};
use super::keys::{KEYS, find};
use super::mistake::{Mistake, Place};

/// A setting as somebody said it.
#[derive(Clone)]
pub(super) struct Said {
    pub(super) key: &'static Key,
    pub(super) given: Given,
    pub(super) place: Place,
}

/// Which settings are asked for. Whatever is said of others is passed over unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Everything,
    Section(&'static str),
}

impl Scope {
    pub(super) fn holds(self, section: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Section(asked) => asked == section,
        }
    }

    /// Whether a variable is about what is asked for.
    fn holds_variable(self, name: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Section(asked) => {
                let section = name.strip_prefix("SOUK_").and_then(|rest| rest.split('_').next());
                section.is_some_and(|section| section.eq_ignore_ascii_case(asked))
            }
        }
    }
}

/// What the sources gave.
pub(super) struct Collected {
    pub(super) scope: Scope,
    pub(super) said: Vec<Said>,
    pub(super) mistakes: Vec<Mistake>,
    /// A source could not be read at all: what is missing is not to be judged.
    pub(super) incomplete: bool,
}

/// What a configuration takes from around the process.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Names and values.
    pub environment: Vec<(OsString, OsString)>,
    /// For `node.id`: letters, digits, `.`, `_`, `-`.
    pub host: String,
    /// For `node.id`: different every time.
    pub random: String,
}

impl Surroundings {
    /// The host's name and a random tail, and no environment.
    pub fn of_this_machine() -> Self {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let allowed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let host: String = host.trim().chars().filter(allowed).take(64).collect();
        let host = if host.is_empty() { "souk".to_owned() } else { host };
        Self { environment: Vec::new(), host, random: format!("{:08x}", rand::random::<u32>()) }
    }

    /// With the environment of this process.
    pub fn of_this_process() -> Self {
        Self { environment: std::env::vars_os().collect(), ..Self::of_this_machine() }
    }

    /// The file that `SOUK_CONFIG` names.
    pub(super) fn file(&self) -> Option<PathBuf> {
        let (_, path) = self.environment.iter().find(|(name, _)| name == "SOUK_CONFIG")?;
        (!path.is_empty()).then(|| path.into())
    }
}

/// Settings said as flags, and `--config`.
#[derive(Default)]
pub struct Flags {
    pub(super) file: Option<PathBuf>,
    pub(super) said: Vec<Said>,
    pub(super) mistakes: Vec<Mistake>,
}

impl Flags {
    /// Takes `flag` if it is `--config` or a setting's, with its value from behind `=` or from `rest`. `false`: it is not one.
    pub fn take<I: Iterator<Item = String>>(&mut self, flag: &str, rest: &mut Peekable<I>) -> bool {
        let (name, inline) = match flag.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (flag, None),
        };
        let place = Place::Flag(name.to_owned());
        let key = KEYS.iter().find(|key| key.flag() == name);
        if key.is_none() && name != "--config" {
            return false;
        }
        let value = match (inline, key) {
            (Some(value), _) => Some(value),
            // A switch may stand alone, so what follows belongs to it only if it can.
            (None, Some(Key { kind: Kind::Switch, .. })) => {
                Some(rest.next_if(|next| next == "true" || next == "false").unwrap_or_else(|| "true".to_owned()))
            }
            (None, _) => rest.next_if(|next| !next.starts_with("--")),
        };
        let Some(value) = value else {
            self.mistake(place, key, "has no value", format!("write {name} <value> or {name}=<value>"));
            return true;
        };
        match key {
            Some(key) if self.said.iter().any(|said| said.key.name == key.name) => {
                self.mistake(place, Some(key), "is said twice", "say it once");
            }
            Some(key) => self.said.push(Said { key, given: Given::One(value), place }),
            None if self.file.is_some() => self.mistake(place, None, "is said twice", "name one file"),
            None => self.file = Some(value.into()),
        }
        true
    }

    /// Notes a flag or word that nobody knows, with the nearest of the settings' flags and of `others`.
    pub fn unknown(&mut self, word: &str, others: &[&str]) {
        let name = word.split_once('=').map_or(word, |(name, _)| name);
        let known = KEYS.iter().map(Key::flag).chain(others.iter().map(|other| (*other).to_owned()));
        let known = known.chain(["--config".to_owned()]);
        let help = did_you_mean(nearest(name, known));
        self.mistake(Place::Flag(name.to_owned()), None, "there is no such flag", help);
    }

    /// Whether nothing wrong was said so far.
    pub fn is_fine(&self) -> bool {
        self.mistakes.is_empty()
    }

    /// Notes a mistake of the command line that is not about a setting.
    pub fn wrong(&mut self, word: &str, what: impl Into<String>, help: impl Into<String>) {
        self.mistake(Place::Flag(word.to_owned()), None, what, help);
    }

    fn mistake(&mut self, place: Place, key: Option<&'static Key>, what: impl Into<String>, help: impl Into<String>) {
        self.mistakes.push(Mistake { place, key: key.map(|key| key.name), what: what.into(), help: help.into() });
    }
}

/// The candidate that differs least from `word`, if it is near enough to have been meant.
pub(crate) fn nearest(word: &str, candidates: impl IntoIterator<Item = String>) -> Option<String> {
    let near = candidates.into_iter().map(|one| (strsim::damerau_levenshtein(word, &one), one));
    near.min().filter(|(distance, _)| *distance <= (word.chars().count() / 3).max(2)).map(|(_, one)| one)
}

fn did_you_mean(near: Option<String>) -> String {
    near.map_or("`souk --help` lists them all".to_owned(), |near| format!("did you mean {near}?"))
}

impl Collected {
    /// Nothing yet.
    pub(super) fn new(scope: Scope) -> Self {
        Self { scope, said: Vec::new(), mistakes: Vec::new(), incomplete: false }
    }

    fn mistake(&mut self, place: Place, what: impl Into<String>, help: impl Into<String>) {
        self.mistakes.push(Mistake { place, key: None, what: what.into(), help: help.into() });
    }

    /// Reads the file at `path`.
    pub(super) fn file(&mut self, path: &Path) {
        let place = || Place::File { path: path.to_owned(), line: 0 };
        match files::read_text(path) {
            Ok(text) => self.text(path, &text),
            Err(error) => {
                self.incomplete = true;
                let what = format!("cannot be read ({error})");
                self.mistake(place(), what, "name a TOML file with --config or SOUK_CONFIG, or none");
            }
        }
    }

    /// Reads the text of a file.
    pub(super) fn text(&mut self, path: &Path, text: &str) {
        let at = |offset: usize| Place::File {
            path: path.to_owned(),
            line: 1 + text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count(),
        };
        let (table, mut errors) = DeTable::parse_recoverable(text);
        errors.sort_by_key(|error| error.span().map_or(0, |span| span.start));
        for error in &errors {
            // Only the reason: the error's own text would quote the line, and the line may hold a secret.
            let place = at(error.span().map_or(0, |span| span.start));
            self.mistake(place, format!("is not TOML ({})", error.message()), "correct the line");
        }
        if !errors.is_empty() {
            self.incomplete = true;
            return;
        }
        let asked = |name: &str| self.scope.holds(name);
        let mut entries: Vec<_> = table.get_ref().iter().filter(|(name, _)| asked(name.get_ref())).collect();
        entries.sort_by_key(|(name, _)| name.span().start);
        for (name, value) in entries {
            let DeValue::Table(section) = value.get_ref() else {
                let help = "settings stand in sections: [node], then listen = …";
                self.mistake(at(name.span().start), format!("there is no setting {}", name.get_ref()), help);
                continue;
            };
            let mut keys: Vec<_> = section.iter().collect();
            keys.sort_by_key(|(leaf, _)| leaf.span().start);
            for (leaf, value) in keys {
                let place = at(leaf.span().start);
                self.entry(&format!("{}.{}", name.get_ref(), leaf.get_ref()), value.get_ref(), place);
            }
            if section.is_empty() && !KEYS.iter().any(|key| key.section() == name.get_ref()) {
                let near = nearest(name.get_ref(), KEYS.iter().map(|key| key.section().to_owned()));
                let help = did_you_mean(near.map(|near| format!("[{near}]")));
                self.mistake(at(name.span().start), format!("there is no section [{}]", name.get_ref()), help);
            }
        }
    }

    fn entry(&mut self, name: &str, value: &DeValue<'_>, place: Place) {
        let Some(key) = find(name) else {
            let help = did_you_mean(nearest(name, KEYS.iter().map(|key| key.name.to_owned())));
            return self.mistake(place, format!("there is no setting {name}"), help);
        };
        let given = match value {
            DeValue::Array(items) => {
                let items = items.iter().map(|item| scalar(item.get_ref()));
                items.collect::<Option<_>>().map(Given::Many)
            }
            value => scalar(value).map(Given::One),
        };
        match given {
            Some(given) => self.said.push(Said { key, given, place }),
            None => self.mistakes.push(Mistake {
                place,
                key: Some(key.name),
                what: format!("cannot be of this type ({})", value.type_str()),
                help: "write a text, a number, true, false, or a list of texts".to_owned(),
            }),
        }
    }

    /// Reads the variables that begin with `SOUK_`. An empty one counts as absent: that is how many tools leave one out.
    pub(super) fn environment(&mut self, environment: &[(OsString, OsString)]) {
        let mut ours: Vec<_> = environment
            .iter()
            .filter_map(|(name, value)| Some((name.to_str()?, value)))
            .filter(|(name, value)| name.starts_with("SOUK_") && !value.is_empty() && !is_no_setting(name))
            .filter(|(name, _)| self.scope.holds_variable(name))
            .collect();
        ours.sort();
        for (name, value) in ours {
            let place = Place::Environment(name.to_owned());
            let key = KEYS.iter().find(|key| key.variable() == name);
            match (key, value.to_str()) {
                (None, _) => {
                    let help = did_you_mean(nearest(name, KEYS.iter().map(Key::variable)));
                    self.mistake(place, "there is no such setting", help);
                }
                (Some(_), None) => self.mistake(place, "is not UTF-8", "correct its bytes"),
                (Some(key), Some(value)) => {
                    self.said.push(Said { key, given: Given::One(value.to_owned()), place });
                }
            }
        }
    }
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(yes) => Some(yes.to_string()),
        _ => None,
    }
}

/// Variables that begin with `SOUK_` and are not settings: the test runs', the stack's, and what Kubernetes puts into every pod
/// beside a service whose name begins with `souk`.
pub(super) fn is_no_setting(name: &str) -> bool {
    let service_link = name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.ends_with("_PORT")
        || name.contains("_PORT_")
            && name.rsplit_once("_PORT_").is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()));
    matches!(name, "SOUK_CONFIG" | "SOUK_REQUIRE")
        || name.starts_with("SOUK_TEST_")
        || name.starts_with("SOUK_STACK_")
        || service_link
}
