//! From words to a command. Every setting is an option of every command.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use souk_chat::{Role, UserId};
use souk_settings::Wrong;

use crate::config::Flags;

/// Longest life of a token that is made here, in milliseconds.
const TTL_MAX: u64 = 365 * 24 * 3_600_000;

/// Realtime order chat for marketplaces.
///
/// Settings are said in a TOML file (--config FILE or SOUK_CONFIG), in the environment, and as options; the later wins.
/// --node-listen is SOUK_NODE_LISTEN, and `listen` in the file's section [node]. --help tells all of them, with their defaults.
///
/// It leaves with 0 when it is done, 1 when it failed, 64 when it is called or configured wrongly, 65 when some lines of the input
/// could not be read.
#[derive(Debug, Parser)]
#[command(name = "souk", version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run a node (the default); without any setting: alone, on loopback, everything in ./data
    Serve,
    /// Check, show or describe the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print a token for a person, signed with auth.secret, or with the key that a node which stands alone keeps in its data folder
    Token(TokenArgs),
    /// Make the store's tables, or bring them up to date
    Migrate,
    /// After a backup was put back: clients load what is there, whatever their cursors say
    NewEpoch,
    /// Copy an SQLite store into a new file, also while a node runs on it
    Backup {
        /// The new file
        file: PathBuf,
    },
    /// Change what the store takes for the secrets in force
    #[command(subcommand)]
    Secrets(SecretsCommand),
    /// Judge messages, one a line on standard input: JSON {"text", "sender"?, "order"?, "at"?, "locale"?} or plain text; prints one
    /// line of JSON for each
    Moderate,
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Read the configuration and say every mistake
    Check,
    /// Show the settings in force, and where each was said
    Print,
    /// Print a JSON Schema of the configuration file
    Schema,
}

#[derive(Debug, Subcommand)]
pub(super) enum SecretsCommand {
    /// Let the store take the secrets in force for right, where the earlier ones are lost, or auth.secret was changed on all nodes of
    /// a cluster
    Accept,
}

/// Whom `souk token` makes a token for.
#[derive(Debug, clap::Args)]
pub struct TokenArgs {
    /// The person's id
    #[arg(long, value_parser = UserId::new)]
    pub user: UserId,
    /// What the person is
    #[arg(long, default_value = "client", value_parser = PossibleValuesParser::new(ROLES).map(|role| parse_role(&role)))]
    pub role: Role,
    /// What others see
    #[arg(long)]
    pub name: Option<String>,
    /// A language tag
    #[arg(long)]
    pub locale: Option<String>,
    /// How long it is good
    #[arg(long, default_value = "1h", value_parser = ttl)]
    pub ttl: Duration,
}

const ROLES: [&str; 4] = ["client", "contractor", "admin", "service"];

fn parse_role(role: &str) -> Role {
    Role::parse(role).expect("it is one of the roles")
}

fn ttl(text: &str) -> Result<Duration, Wrong> {
    souk_settings::duration(text, 1_000, TTL_MAX)
}

/// Reads the words. Errors: help that is asked for, the version, or what is wrong with them.
pub(super) fn parse(words: impl IntoIterator<Item = String>) -> Result<(Command, Flags), clap::Error> {
    let command = Cli::command().args(Flags::options().map(|option| option.global(true)));
    let matches = command.try_get_matches_from(std::iter::once("souk".to_owned()).chain(words))?;
    let cli = Cli::from_arg_matches(&matches)?;
    Ok((cli.command.unwrap_or(Command::Serve), Flags::of(&matches)))
}
