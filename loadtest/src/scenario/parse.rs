//! From a file and `--set` flags to a scenario, or to every mistake in them.

use std::path::Path;

use souk_settings::{Collected, Given, Level, Mistakes, Place, Wrong, did_you_mean, files, nearest, quoted};

use super::knobs::{TABLE, defaults};
use super::{Engines, Scenario, consistency, shipped};

impl Scenario {
    /// Loads a scenario: a bare name is a shipped one, what has a `/` or ends in `.toml` is a file. `sets` are knobs and their
    /// values, as `--set people.orders=500` says them; they win.
    ///
    /// # Errors
    /// Every mistake of the file and of the flags.
    pub fn load(name_or_path: &str, sets: &[(String, String)]) -> Result<Self, Mistakes> {
        let alone = |wrong: Wrong| Mistakes { subject: TABLE.subject, list: vec![wrong.at(Place::file(name_or_path))] };
        if !name_or_path.contains('/') && !name_or_path.ends_with(".toml") {
            let text = shipped::find(name_or_path).ok_or_else(|| alone(no_such_scenario(name_or_path)))?;
            return Self::parse(&format!("{name_or_path}.toml"), text, sets);
        }
        let text = files::read_text(Path::new(name_or_path)).map_err(|error| {
            let help = format!("name a scenario's file, or one of {}", shipped::names().join(", "));
            alone(Wrong::new(format!("cannot be read ({error})"), help))
        })?;
        Self::parse(name_or_path, &text, sets)
    }

    /// Understands the text of the file `name` (its path, or just a name: mistakes begin with it, and the scenario is called after
    /// it), with `sets` on top.
    ///
    /// # Errors
    /// Every mistake of the text and of `sets`.
    pub fn parse(name: &str, text: &str, sets: &[(String, String)]) -> Result<Self, Mistakes> {
        let mut collected = Collected::new(&TABLE, None);
        collected.file(Path::new(name), text, Level::File);
        if let Some((base, place)) = collected.take_other("base") {
            match base_of(&base) {
                Ok((base, text)) => collected.file(Path::new(&format!("{base}.toml")), text, Level::Base),
                Err(wrong) => collected.wrong(wrong.at(place)),
            }
        }
        for (knob, value) in sets {
            if knob.trim() == "base" {
                let wrong = Wrong::new("base can only stand in a file", "name the scenario itself: run steady --set …");
                collected.wrong(wrong.at(Place::Flag("--set base".to_owned())));
            } else {
                collected.set(knob, value);
            }
        }
        let mut understood = collected.understand(defaults, |_, text| text.to_owned());
        let (scenario, values) = (&mut understood.made, &understood.values);
        // The default of several nodes is for those that can be several.
        if scenario.nodes.engines == Engines::Alone && !values.is_said("nodes.count") {
            scenario.nodes.count = 1;
        }
        let file = path_name(name);
        scenario.name = file.strip_suffix(".toml").unwrap_or(file).to_owned();
        let mut broken = if understood.is_complete { consistency::broken(scenario, values) } else { Vec::new() };
        for mistake in broken.iter_mut().filter(|mistake| mistake.place == Place::Default) {
            mistake.place = Place::file(name);
        }
        understood.finish(broken).map(|(scenario, _)| scenario)
    }
}

/// The last part of a path.
fn path_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The shipped scenario that a file begins with: its name and text.
fn base_of(said: &Given) -> Result<(&str, &'static str), Wrong> {
    let Given::Text(name) = said else {
        let what = format!("base is {}, and must be a text", said.noun());
        return Err(Wrong::new(what, "write the name of a shipped scenario: base = \"steady\""));
    };
    let ships = || format!("write one of {}", quoted(&shipped::names()));
    if name.contains('/') || name.ends_with(".toml") {
        return Err(Wrong::new(format!("base: {name:?} is a file, and a base is a shipped scenario"), ships()));
    }
    let near = nearest(name, shipped::names()).map(|near| format!("{near:?}"));
    let no_such = || Wrong::new(format!("base: there is no shipped scenario {name:?}"), did_you_mean(near, ships()));
    shipped::find(name).map(|text| (name.as_str(), text)).ok_or_else(no_such)
}

fn no_such_scenario(name: &str) -> Wrong {
    let ships = format!("souk-loadtest has {}, and takes a file as ./{name}.toml", shipped::names().join(", "));
    Wrong::new("there is no such scenario", did_you_mean(nearest(name, shipped::names()), ships))
}
