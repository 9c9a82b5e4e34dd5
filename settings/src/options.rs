//! The keys of a table as options of the command line.

use std::process::ExitCode;

use clap::{Arg, ArgMatches};

use super::table::{Fallback, Key, Kind, Table};

/// Exit status of a command line, or of settings, that make no sense (`EX_USAGE`).
pub const EXIT_USAGE: u8 = 64;

impl<C> Table<C> {
    /// An option for each key.
    pub fn options(&self) -> impl Iterator<Item = Arg> {
        self.keys.iter().map(option)
    }

    /// What these options say: names of keys, and values.
    pub fn said_in(&self, matches: &ArgMatches) -> Vec<(&'static str, String)> {
        let said = |key: &Key<C>| Some((key.name, matches.get_one::<String>(key.name)?.clone()));
        self.keys.iter().filter_map(said).collect()
    }
}

fn option<C>(key: &'static Key<C>) -> Arg {
    let value = match key.kind {
        Kind::Choice(words) => words.join("|"),
        Kind::Count { .. } | Kind::Number { .. } => "NUMBER".to_owned(),
        Kind::Duration { .. } => "60s".to_owned(),
        Kind::Url => "ADDRESS".to_owned(),
        Kind::Switch => "true|false".to_owned(),
        Kind::Text | Kind::Secret => "TEXT".to_owned(),
        Kind::Secrets | Kind::List(_) | Kind::Table(_) => "A,B".to_owned(),
    };
    let plain = |text: &str| text.replace('`', "");
    let default = match key.default {
        Fallback::Text("") => String::new(),
        default => format!(" [{}]", plain(default.words())),
    };
    let arg = Arg::new(key.name)
        .long(key.flag().trim_start_matches('-').to_owned())
        .value_name(value)
        .help(format!("{}{default}", plain(key.doc)))
        .allow_negative_numbers(true);
    match key.kind {
        Kind::Switch => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
        _ => arg,
    }
}

/// The exit status for what clap says: help and version are no mistakes.
pub fn status(error: &clap::Error) -> u8 {
    if error.use_stderr() { EXIT_USAGE } else { 0 }
}

/// Prints what clap says; returns the code to leave with.
pub fn leave(error: &clap::Error) -> ExitCode {
    // Nothing is left to be done where even this cannot be printed.
    let _ = error.print();
    ExitCode::from(status(error))
}
