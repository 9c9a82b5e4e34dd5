//! From what was said to a configuration, or to every mistake in it.

use std::path::Path;

use souk_moderation::{AdditionsError, AdditionsMistake};
use souk_settings::{Collected, Level, Mistake, Mistakes, Place, Values, Wrong, files};

use crate::rules::additions;
use crate::watched::Watched;

use super::keys::TABLE;
use super::sources::{Flags, Surroundings, is_no_setting};
use super::{Config, Moderation, consistency};

/// A configuration, and where each value of it was said.
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    pub(super) values: Values,
}

/// Reads the file named by `--config` or `SOUK_CONFIG`, then the environment, then the flags; the later wins, the earlier is checked
/// all the same. Nothing is written. Errors: every mistake.
pub fn load(flags: Flags, surroundings: &Surroundings) -> Result<Loaded, Mistakes> {
    load_within(None, flags, surroundings)
}

/// The same for what may be said alone, in the same places: nothing else that stands there is looked at, let alone has to be right.
pub fn load_moderation(flags: Flags, surroundings: &Surroundings) -> Result<Moderation, Mistakes> {
    load_within(Some("moderation"), flags, surroundings).map(|loaded| loaded.config.moderation)
}

fn load_within(only: Option<&'static str>, flags: Flags, surroundings: &Surroundings) -> Result<Loaded, Mistakes> {
    let mut collected = Collected::new(&TABLE, only);
    if let Some(path) = flags.file.or_else(|| surroundings.file()) {
        match files::read_text(&path) {
            Ok(text) => collected.file(&path, &text, Level::File),
            Err(error) => {
                let help = "name a TOML file with --config or SOUK_CONFIG, or none";
                collected.unreadable(&path, Wrong::new(format!("cannot be read ({error})"), help));
            }
        }
    }
    collected.environment(&surroundings.environment, is_no_setting);
    collected.flags(flags.said);
    understand(collected, only.is_none(), surroundings)
}

/// Reads the text of a file, and nothing else.
pub(super) fn from_text(text: &str, surroundings: &Surroundings) -> Result<Loaded, Mistakes> {
    let mut collected = Collected::new(&TABLE, None);
    collected.file(Path::new("souk.toml"), text, Level::File);
    understand(collected, true, surroundings)
}

fn understand(collected: Collected<Config>, is_whole: bool, surroundings: &Surroundings) -> Result<Loaded, Mistakes> {
    let mut understood = collected.understand(Config::blank, |config, text| {
        text.replace("<data_dir>", &config.node.data_dir.to_string_lossy())
            .replace("<host>", &surroundings.host)
            .replace("<random>", &surroundings.random)
    });
    let mut mistakes = read_lexicon(&mut understood.made);
    if is_whole && understood.is_complete {
        mistakes.extend(consistency::broken(&understood.made, &understood.values));
    }
    understood.finish(mistakes).map(|(config, values)| Loaded { config, values })
}

/// Reads the operator's words and rules into the settings of the rules.
fn read_lexicon(config: &mut Config) -> Vec<Mistake> {
    let Moderation { rules, lexicon: Some(path), .. } = &mut config.moderation else { return Vec::new() };
    let mistake = |line, what: String, help: String| {
        Wrong::new(what, help).of("moderation.lexicon", Place::line(path.as_path(), line))
    };
    match Watched::new(path).read().map(|text| additions(&text)) {
        Err(error) => {
            let help = "name a readable file, or leave the setting out";
            vec![mistake(0, format!("cannot be read ({error})"), help.to_owned())]
        }
        Ok(Ok(additions)) => {
            rules.additions = additions;
            Vec::new()
        }
        Ok(Err(AdditionsError(mistakes))) => {
            let of = |AdditionsMistake { line, what, help }| mistake(line, what, help);
            mistakes.into_iter().map(of).collect()
        }
    }
}
