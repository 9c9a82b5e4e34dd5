//! What a configuration takes from around the process: the command line, the environment, the machine.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgMatches, value_parser};

use super::keys::TABLE;

/// The environment, and what makes a node's name.
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
    pub(super) said: Vec<(&'static str, String)>,
}

impl Flags {
    /// The options that every command takes.
    pub fn options() -> impl Iterator<Item = Arg> {
        let config = Arg::new("config").long("config").value_name("FILE").value_parser(value_parser!(PathBuf));
        let config = config.help("A TOML file with settings [SOUK_CONFIG]");
        std::iter::once(config)
            .chain(TABLE.options().map(|option| option.help_heading("Settings").hide_short_help(true)))
    }

    /// What they say.
    pub fn of(matches: &ArgMatches) -> Self {
        Self { file: matches.get_one("config").cloned(), said: TABLE.said_in(matches) }
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
