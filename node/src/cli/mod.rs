//! The commands of the program `souk`.
//!
//! What each does stands in `args.rs` and in `souk --help`. `config check` changes nothing; `moderate` needs the settings
//! `moderation.*` alone; what `secrets accept` means stands at [`crate::serve::secrets`].
//!
//! Every command takes every setting as an option. Exit status: 0 done, 1 failed, 64 called or configured wrongly, 65 some lines of
//! the input could not be read.
//!
//! A node that stands alone and is given no key makes one up and keeps it in its data folder, so `souk token` in another shell, with
//! the same data folder, makes tokens that the running node takes. Whichever of the two comes first makes the key.

mod args;
mod logging;
mod moderate;
mod seldom;
#[cfg(test)]
mod tests;
mod token;

use std::error::Error;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use souk_moderation::Rules;
use souk_store::OpenError;

use crate::auth::Verifier;
use crate::config::{self, Config, Loaded, Mistakes, Moderation, Surroundings};
use crate::serve::ServeError;

pub use args::TokenArgs;
use args::{Command, ConfigCommand, SecretsCommand};
pub use souk_settings::EXIT_USAGE;

/// Exit status of an input with lines that could not be read (`EX_DATAERR`).
pub const EXIT_DATA: u8 = 65;
/// How long tasks that block may go on after a command is done.
const LEAVE_WITHIN: Duration = Duration::from_secs(5);

/// What a long-running command comes to.
pub type Outcome = Pin<Box<dyn Future<Output = Result<(), Box<dyn Error + Send + Sync>>>>>;

/// The commands that need the whole node, given by the program: everything else here can be had without one.
pub struct Actions {
    /// Runs a node until it is told to stop.
    pub serve: fn(Config) -> Outcome,
    /// Makes or brings up to date the store's tables.
    pub migrate: fn(Config) -> Outcome,
    /// Begins a new epoch in the store.
    pub new_epoch: fn(Config) -> Outcome,
    /// Copies the store into a new file.
    pub backup: fn(Config, PathBuf) -> Outcome,
    /// Lets the store take the secrets in force for right.
    pub accept_secrets: fn(Config) -> Outcome,
}

/// Where a command reads and writes.
pub struct Streams<'a> {
    /// What is to be judged.
    pub input: &'a mut dyn Read,
    /// Answers.
    pub out: &'a mut dyn Write,
    /// Mistakes and failures.
    pub err: &'a mut dyn Write,
}

/// Does what `args` (without the program's name) say. Returns the exit status.
pub fn run(
    args: impl IntoIterator<Item = String>,
    surroundings: &Surroundings,
    actions: &Actions,
    streams: &mut Streams<'_>,
) -> u8 {
    let outcome = dispatch(args, surroundings, actions, streams);
    let Streams { out, err, .. } = streams;
    match outcome {
        Ok(answer) => {
            // Nobody reads any more (`souk config print | head`): nothing is wrong with that.
            out.write_all(answer.as_bytes()).and_then(|()| out.flush()).ok();
            0
        }
        Err(Failure::Words(told)) => {
            let to = if told.use_stderr() { err } else { out };
            write!(to, "{}", told.render()).and_then(|()| to.flush()).ok();
            souk_settings::status(&told)
        }
        Err(Failure::Configured(mistakes)) => {
            writeln!(err, "souk: {mistakes}").ok();
            EXIT_USAGE
        }
        Err(Failure::Unreadable) => EXIT_DATA,
        Err(Failure::Done(error)) => {
            writeln!(err, "souk: {}", with_causes(error.as_ref())).ok();
            if is_misconfigured(error.as_ref()) { EXIT_USAGE } else { 1 }
        }
    }
}

enum Failure {
    /// The words make no sense, or ask for help.
    Words(clap::Error),
    Configured(Mistakes),
    /// Said already, where the answers are.
    Unreadable,
    Done(Box<dyn Error + Send + Sync>),
}

impl From<Mistakes> for Failure {
    fn from(mistakes: Mistakes) -> Self {
        Self::Configured(mistakes)
    }
}

fn dispatch(
    args: impl IntoIterator<Item = String>,
    surroundings: &Surroundings,
    actions: &Actions,
    streams: &mut Streams<'_>,
) -> Result<String, Failure> {
    let (command, flags) = args::parse(args).map_err(Failure::Words)?;
    match command {
        Command::Moderate => return moderate(config::load_moderation(flags, surroundings)?, streams),
        Command::Config(ConfigCommand::Schema) => return Ok(format!("{:#}\n", config::schema())),
        _ => {}
    }
    let loaded = config::load(flags, surroundings)?;
    let config = loaded.config.clone();
    match command {
        Command::Serve => block_on(&loaded, (actions.serve)(config)),
        Command::Migrate => block_on(&loaded, (actions.migrate)(config)),
        Command::NewEpoch => block_on(&loaded, (actions.new_epoch)(config)),
        Command::Backup { file } => block_on(&loaded, (actions.backup)(config, file)),
        Command::Secrets(SecretsCommand::Accept) => block_on(&loaded, (actions.accept_secrets)(config)),
        Command::Token(args) => token::token(&config, &args).map_err(Failure::Done),
        Command::Config(ConfigCommand::Check) => check(&loaded),
        Command::Config(ConfigCommand::Print) => Ok(config::print(&loaded)),
        Command::Config(ConfigCommand::Schema) | Command::Moderate => Ok(String::new()),
    }
}

fn moderate(moderation: Moderation, streams: &mut Streams<'_>) -> Result<String, Failure> {
    let rules = Rules::new(moderation.rules).map_err(|error| Failure::Done(error.into()))?;
    match moderate::moderate(&rules, streams.input, streams.out) {
        Ok(true) => Ok(String::new()),
        Ok(false) => Err(Failure::Unreadable),
        Err(error) => Err(Failure::Done(format!("standard input cannot be read: {error}").into())),
    }
}

fn check(loaded: &Loaded) -> Result<String, Failure> {
    Verifier::check(&loaded.config.auth).map_err(|error| Failure::Done(error.into()))?;
    Ok("the configuration is fine\n".to_owned())
}

/// Runs a command that waits for things, on all cores.
fn block_on(loaded: &Loaded, outcome: Outcome) -> Result<String, Failure> {
    logging::init(&loaded.config.log);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("souk")
        .build()
        .map_err(|error| Failure::Done(error.into()))?;
    let result = runtime.block_on(outcome);
    runtime.shutdown_timeout(LEAVE_WITHIN);
    result.map(|()| String::new()).map_err(Failure::Done)
}

/// Whether an engine, once it was asked, took the configuration for wrong.
fn is_misconfigured(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<ServeError>().is_some_and(ServeError::is_misconfigured)
        || error.downcast_ref::<OpenError>().is_some_and(OpenError::is_misconfigured)
}

/// An error and what caused it, in one line; a cause that the line tells already is not told again.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let why = error.to_string();
        if !text.contains(&why) {
            text = format!("{text}: {why}");
        }
        cause = error.source();
    }
    text
}
