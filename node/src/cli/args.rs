//! From words to a command.

use std::iter::Peekable;
use std::path::PathBuf;
use std::time::Duration;

use souk_chat::{Role, UserId};

use crate::config::{Flags, duration, nearest};

/// Longest life of a token that is made here.
const TTL_MAX: Duration = Duration::from_secs(365 * 24 * 3600);
/// Life of a token where nobody says one.
const TTL: Duration = Duration::from_secs(3600);

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    Serve,
    Check,
    Print,
    Schema,
    Token(TokenArgs),
    Migrate,
    NewEpoch,
    /// Copy the database into this file.
    Backup(PathBuf),
    AcceptSecrets,
    Moderate,
    Help,
    Version,
}

/// Whom `souk token` makes a token for.
#[derive(Debug, PartialEq, Eq)]
pub struct TokenArgs {
    /// `--user`: the person's id. Needed.
    pub user: UserId,
    /// `--role`: `client` (the default), `contractor`, `admin` or `service`.
    pub role: Role,
    /// `--name`: what others see.
    pub name: Option<String>,
    /// `--locale`: a language tag.
    pub locale: Option<String>,
    /// `--ttl`: how long it is good, for instance `10m`; one hour if nobody says.
    pub ttl: Duration,
}

/// The first words, and the second words of `config`.
const COMMANDS: [&str; 9] =
    ["serve", "config", "token", "migrate", "new-epoch", "backup", "secrets", "moderate", "help"];
const CONFIG_COMMANDS: [&str; 3] = ["check", "print", "schema"];
/// The flags that are no settings.
const OWN_FLAGS: [&str; 7] = ["--user", "--role", "--name", "--locale", "--ttl", "--help", "--version"];

/// The values of the flags of `token`, by the order of [`OWN_FLAGS`].
#[derive(Default)]
struct TokenWords([Option<String>; 5]);

/// Reads the words. Mistakes are kept in the flags, so that they are said together with those of the settings.
pub(super) fn parse(args: impl IntoIterator<Item = String>) -> (Command, Flags) {
    let mut flags = Flags::default();
    let mut words = Vec::new();
    let mut token = TokenWords::default();
    let mut rest = args.into_iter().peekable();
    while let Some(word) = rest.next() {
        match word.as_str() {
            "--help" | "-h" => return (Command::Help, flags),
            "--version" | "-V" => return (Command::Version, flags),
            _ if !word.starts_with('-') => words.push(word),
            _ if token.take(&word, &mut rest, &mut flags) || flags.take(&word, &mut rest) => {}
            _ => flags.unknown(&word, &OWN_FLAGS),
        }
    }
    let command = command(&words, &token, &mut flags);
    if let Some(place) = token.0.iter().position(Option::is_some)
        && words.first().is_none_or(|word| word != "token")
    {
        flags.wrong(OWN_FLAGS[place], "belongs to another command", "write souk token --user U");
    }
    (command, flags)
}

fn command(words: &[String], token: &TokenWords, flags: &mut Flags) -> Command {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (command, rest) = match words.as_slice() {
        [] => (Command::Serve, [].as_slice()),
        ["serve", rest @ ..] => (Command::Serve, rest),
        ["migrate", rest @ ..] => (Command::Migrate, rest),
        ["new-epoch", rest @ ..] => (Command::NewEpoch, rest),
        ["backup", file, rest @ ..] => (Command::Backup(file.into()), rest),
        ["backup"] => {
            flags.wrong("backup", "does not say where to", "write souk backup FILE");
            (Command::Check, [].as_slice())
        }
        ["secrets", "accept", rest @ ..] => (Command::AcceptSecrets, rest),
        ["secrets", ..] => {
            flags.wrong("secrets", "does not say what to do", "write souk secrets accept");
            (Command::Check, [].as_slice())
        }
        ["moderate", rest @ ..] => (Command::Moderate, rest),
        ["help", ..] => return Command::Help,
        ["token", rest @ ..] => (token.command(flags), rest),
        ["config", "check", rest @ ..] => (Command::Check, rest),
        ["config", "print", rest @ ..] => (Command::Print, rest),
        ["config", "schema", rest @ ..] => (Command::Schema, rest),
        ["config"] => {
            flags.wrong("config", "does not say what to do", "write souk config check, print or schema");
            (Command::Check, [].as_slice())
        }
        ["config", word, ..] => {
            no_such_command(word, &CONFIG_COMMANDS, "config ", flags);
            (Command::Check, [].as_slice())
        }
        [word, ..] => {
            no_such_command(word, &COMMANDS, "", flags);
            (Command::Serve, [].as_slice())
        }
    };
    if let [word, ..] = rest {
        flags.wrong(word, "is one word too many", "values of flags are written --flag value or --flag=value");
    }
    command
}

fn no_such_command(word: &str, commands: &[&str], before: &str, flags: &mut Flags) {
    let near = nearest(word, commands.iter().map(|command| (*command).to_owned()));
    let help = match near {
        Some(near) => format!("did you mean souk {before}{near}?"),
        None => "`souk --help` lists them all".to_owned(),
    };
    flags.wrong(word, "there is no such command", help);
}

impl TokenWords {
    /// Takes `flag` if it is one of `token`'s, with its value.
    fn take<I: Iterator<Item = String>>(&mut self, flag: &str, rest: &mut Peekable<I>, flags: &mut Flags) -> bool {
        let (name, inline) = match flag.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (flag, None),
        };
        let Some(place) = OWN_FLAGS.iter().take(self.0.len()).position(|own| *own == name) else { return false };
        match inline.or_else(|| rest.next_if(|next| !next.starts_with("--"))) {
            None => flags.wrong(name, "has no value", format!("write {name} <value> or {name}=<value>")),
            Some(_) if self.0[place].is_some() => flags.wrong(name, "is said twice", "say it once"),
            Some(value) => self.0[place] = Some(value),
        }
        true
    }

    fn command(&self, flags: &mut Flags) -> Command {
        let [user, role, name, locale, ttl] = &self.0;
        let user = match user {
            None => {
                flags.wrong("--user", "is needed", "say whom the token is for");
                None
            }
            Some(user) => UserId::new(user)
                .map_err(|error| flags.wrong("--user", format!("{user:?} is no user id"), error.to_string()))
                .ok(),
        };
        let role = role.as_deref().map_or(Some(Role::Client), |role| {
            let found = Role::parse(role);
            if found.is_none() {
                let help = "write client, contractor, admin or service";
                flags.wrong("--role", format!("{role:?} is no role"), help);
            }
            found
        });
        let ttl = ttl.as_deref().map_or(Some(TTL), |ttl| {
            let ttl = duration(ttl, Duration::from_secs(1)..=TTL_MAX);
            ttl.map_err(|wrong| flags.wrong("--ttl", wrong.what, wrong.help)).ok()
        });
        match (user, role, ttl) {
            (Some(user), Some(role), Some(ttl)) => {
                Command::Token(TokenArgs { user, role, name: name.clone(), locale: locale.clone(), ttl })
            }
            // A mistake was noted: the command is not run.
            _ => Command::Check,
        }
    }
}
