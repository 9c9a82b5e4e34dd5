//! From a file and `--set` flags to a scenario, or to every mistake in them.

use std::path::Path;

use super::file::{Collected, Level, SETTINGS, Said};
use super::knobs::{defaults, find};
use super::mistake::{Mistake, Mistakes, Place, Wrong, nearest};
use super::together::{self, Values};
use super::value::Given;
use super::{Engines, Scenario, shipped};

/// Largest scenario file, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

impl Scenario {
    /// Loads a scenario: a bare name is a shipped one, what has a `/` or ends in `.toml` is a file. `sets` are knobs and their
    /// values, as `--set people.orders=500` says them; they win.
    ///
    /// # Errors
    /// Every mistake of the file and of the flags.
    pub fn load(name_or_path: &str, sets: &[(String, String)]) -> Result<Self, Mistakes> {
        let place = || Place::File { file: name_or_path.to_owned(), line: 0, column: 0 };
        let alone = |wrong: Wrong| Mistakes(vec![wrong.at(place())]);
        if !name_or_path.contains('/') && !name_or_path.ends_with(".toml") {
            let text = shipped::find(name_or_path).ok_or_else(|| alone(no_such_scenario(name_or_path)))?;
            return Self::parse(&format!("{name_or_path}.toml"), text, sets);
        }
        let path = Path::new(name_or_path);
        let read = match std::fs::metadata(path) {
            Ok(file) if file.is_dir() => Err("is a folder".to_owned()),
            Ok(file) if file.len() > FILE_BYTES_MAX => Err("is larger than 1 MiB".to_owned()),
            Ok(_) => std::fs::read_to_string(path).map_err(|error| format!("cannot be read ({error})")),
            Err(error) => Err(format!("cannot be read ({error})")),
        };
        let help = format!("name a scenario's file, or one of {}", shipped::names().join(", "));
        let text = read.map_err(|what| alone(Wrong::new(what, help)))?;
        Self::parse(name_or_path, &text, sets)
    }

    /// Understands the text of the file `name` (its path, or just a name: mistakes begin with it, and the scenario is called after
    /// it), with `sets` on top.
    ///
    /// # Errors
    /// Every mistake of the text and of `sets`.
    pub fn parse(name: &str, text: &str, sets: &[(String, String)]) -> Result<Self, Mistakes> {
        let mut collected = Collected::default();
        collected.file(name, text, Level::File);
        if let Some((base, place)) = collected.base.take() {
            match shipped::find(&base) {
                Some(text) => collected.file(&format!("{base}.toml"), text, Level::Base),
                None => collected.mistakes.push(no_such_base(&base).at(place)),
            }
        }
        for (knob, value) in sets {
            collected.set(knob, value);
        }
        let (mut scenario, values) = understand(name, collected.said, &mut collected.mistakes);
        let file = path_name(name);
        scenario.name = file.strip_suffix(".toml").unwrap_or(file).to_owned();
        if !collected.incomplete {
            collected.mistakes.extend(together::broken(&scenario, &values));
        }
        if collected.mistakes.is_empty() {
            return Ok(scenario);
        }
        collected.mistakes.sort_by_key(|mistake| order(name, &mistake.place));
        collected.mistakes.dedup();
        Err(Mistakes(collected.mistakes))
    }
}

/// The last part of a path.
fn path_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Mistakes of the file as a whole, then from its top to its bottom, then those of its base, then those of flags.
fn order(name: &str, place: &Place) -> (usize, usize, usize) {
    match place {
        Place::Default => (0, 0, 0),
        Place::File { file, line, column } if file == name => (1, *line, *column),
        Place::File { line, column, .. } => (2, *line, *column),
        Place::Set(_) => (3, 0, 0),
    }
}

/// Turns every knob that something was said of; a later level over an earlier one.
fn understand(file: &str, mut said: Vec<Said>, mistakes: &mut Vec<Mistake>) -> (Scenario, Values) {
    let mut scenario = defaults();
    let mut values = Values::new(file);
    said.sort_by_key(|said| said.level);
    for one in said {
        let understood = match find(&one.name) {
            Some(knob) => (knob.read)(&mut scenario, &one.given),
            None => {
                set_setting(&mut scenario, &one);
                Ok(())
            }
        };
        for (place, wrong) in understood.err().into_iter().flatten() {
            values.bad(&one.name);
            // What is wrong with an item of a list names the item, not the knob.
            let what = if place.is_some() { wrong.what } else { format!("{}: {}", one.name, wrong.what) };
            mistakes.push(Mistake { place: place.unwrap_or_else(|| one.place.clone()), what, help: wrong.help });
        }
        values.say(&one);
    }
    // The default of several nodes is for those that can be several.
    if scenario.nodes.engines == Engines::Alone && !values.is_said("nodes.count") {
        scenario.nodes.count = 1;
    }
    (scenario, values)
}

fn set_setting(scenario: &mut Scenario, said: &Said) {
    let Some(name) = said.name.strip_prefix(SETTINGS).and_then(|rest| rest.strip_prefix('.')) else { return };
    let Given::Text(value) = &said.given else { return };
    let settings = &mut scenario.nodes.settings;
    match settings.iter_mut().find(|(known, _)| known == name) {
        Some((_, old)) => old.clone_from(value),
        None => settings.push((name.to_owned(), value.clone())),
    }
}

fn no_such_scenario(name: &str) -> Wrong {
    let ships = format!("souk-loadtest has {}, and takes a file as ./{name}.toml", shipped::names().join(", "));
    let help = nearest(name, shipped::names()).map_or(ships, |near| format!("did you mean {near}?"));
    Wrong::new("there is no such scenario", help)
}

fn no_such_base(name: &str) -> Wrong {
    let is_file = name.contains('/') || path_name(name).ends_with(".toml");
    let ships = format!("write one of {}", super::value::quoted(&shipped::names()));
    if is_file {
        return Wrong::new(format!("base: {name:?} is a file, and a base is a shipped scenario"), ships);
    }
    let help = nearest(name, shipped::names()).map_or(ships, |near| format!("did you mean \"{near}\"?"));
    Wrong::new(format!("base: there is no shipped scenario {name:?}"), help)
}
