//! What the program is told to measure.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser};

use crate::figures::{flood, floor, idle, relay};

/// Measures souk: real nodes over loopback, clients in this process. Prints lines for people and a line of JSON per figure.
#[derive(Debug, Parser)]
#[command(name = "souk-figures")]
pub(crate) struct Args {
    /// The program to measure; without it, `souk` beside this program.
    #[arg(long, global = true)]
    pub(crate) souk: Option<PathBuf>,
    /// The figure.
    #[command(subcommand)]
    pub(crate) figure: Figure,
}

/// The figures.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Figure {
    /// Resident bytes and processor time of connections that only wait
    Idle(idle::Options),
    /// Processor time per delivered message
    Relay(relay::Options),
    /// From sending to the answer and to the other party, alone and in a cluster
    Latency(relay::Options),
    /// How long signing in takes while one address floods the node with connections
    Flood(flood::Options),
    /// The least that a relay can cost, beside souk in the same run
    Floor(floor::Options),
    #[command(hide = true)]
    FloorServer {
        #[arg(long)]
        listen: SocketAddr,
    },
}

/// What `latency` measures unless somebody says otherwise. The memory of so few connections is nothing to wait for.
const LATENCY: [(&str, &str); 4] = [("users", "1000"), ("rate", "500"), ("warm", "5"), ("settle", "1")];

/// Reads the command line. Otherwise: the code to leave with, after the help or what is wrong was said.
pub(crate) fn parse() -> Result<Args, ExitCode> {
    try_parse(std::env::args_os()).map_err(|error| souk_settings::leave(&error))
}

fn try_parse(words: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Result<Args, clap::Error> {
    Args::from_arg_matches(&command().try_get_matches_from(words)?)
}

fn command() -> clap::Command {
    Args::command().mut_subcommand("latency", |latency| {
        LATENCY.iter().fold(latency, |latency, (name, value)| latency.mut_arg(name, |arg| arg.default_value(value)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn the_two_setups_exclude_each_other() {
        assert!(try_parse(["souk-figures", "relay", "--alone", "--cluster"]).is_err());
        assert!(try_parse(["souk-figures", "relay", "--cluster", "--rate", "100"]).is_ok());
        assert!(try_parse(["souk-figures"]).is_err());
        let Ok(Args { figure: Figure::Latency(latency), .. }) = try_parse(["souk-figures", "latency", "--warm", "1"])
        else {
            panic!("no latency");
        };
        assert_eq!((latency.load.users, latency.load.warm, latency.load.rounds), (1_000, 1, 3));
    }
}
