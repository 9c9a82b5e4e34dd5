//! What can be said on the command line. Every knob of a scenario is a flag as well: `people.orders` is `--people-orders`.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser};

use crate::sabotage::SabotageKind;
use crate::scenario::TABLE;

/// Drives thousands of real clients against one or more nodes of souk, shows what happens, and proves that nothing was lost.
///
/// The first try is `souk-loadtest run steady`: without --target it starts nodes of its own. It leaves with 0 when everything held,
/// 1 when a threshold did not, 2 when a promise was broken, 64 when the command line or a file makes no sense, 69 when the run could
/// not begin, 130 when it was interrupted.
#[derive(Debug, Parser)]
#[command(name = "souk-loadtest", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) what: What,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum What {
    /// Tells the scenarios that come with the program
    List {
        /// Tells the knobs of scenarios instead
        #[arg(long)]
        knobs: bool,
    },
    /// Runs a scenario
    Run(Box<Run>),
    /// Runs the same against several servers in turn, and prints one table
    Compare(Compare),
    /// Looks for mistakes in a scenario file
    Check {
        /// A name from `list`, or a file
        scenario: String,
        /// Changes a knob, as for `run`
        #[arg(long, value_name = "KNOB=VALUE", value_parser = pair)]
        set: Vec<(String, String)>,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    /// A name from `list`, or a TOML file
    #[arg(required_unless_present = "join")]
    pub(crate) scenario: Option<String>,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// Changes a knob of the scenario: `load.rate=500`. `list --knobs` tells all; each is a flag too: `--load-rate 500`
    #[arg(long, value_name = "KNOB=VALUE", value_parser = pair)]
    pub(crate) set: Vec<(String, String)>,
    /// Where report.json and report.html go; without it a new folder below `souk-loadtest-reports`
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// An earlier report.json: what moved beyond noise is told
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Lets a proxy of the harness spoil pushes, to see that the check finds it
    #[arg(long, value_name = "HOW", value_enum)]
    pub(crate) sabotage: Option<SabotageKind>,
    /// One push in so many is spoiled
    #[arg(long, value_name = "N", default_value = "100")]
    pub(crate) sabotage_every: NonZeroU32,
    /// Processes of this run; the others are started by this one, unless --lead says that they join by themselves
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) processes: u16,
    /// Waits on this address for the other processes of the run
    #[arg(long, value_name = "ADDRESS", conflicts_with = "join")]
    pub(crate) lead: Option<SocketAddr>,
    /// Joins the run that another process leads there; everything else is said by that one
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["scenario", "target", "processes", "set", "out", "baseline", "sabotage", "prometheus"])]
    pub(crate) join: Option<SocketAddr>,
    /// Serves the harness's own metrics to Prometheus on this address
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) prometheus: Option<SocketAddr>,
    /// Does not look at what passes through Redis (looking costs Redis one more subscriber of everything)
    #[arg(long)]
    pub(crate) no_observer: bool,
    /// Shows nothing while it runs
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// What the knobs' own flags said
    #[arg(skip)]
    pub(crate) knobs: Vec<(String, String)>,
}

/// Servers that are there.
#[derive(Debug, clap::Args)]
pub(crate) struct TargetArgs {
    /// Nodes that are there already: `http://host:port`, separated by commas; without it, nodes are started
    #[arg(long, value_name = "URL,…", value_delimiter = ',')]
    pub(crate) target: Vec<String>,
    /// Their operators' ports, for what their metrics say
    #[arg(long, value_name = "URL,…", value_delimiter = ',', requires = "target")]
    pub(crate) operators: Vec<String>,
    /// Their processes, where they run on this machine, for what the system says of them
    #[arg(long, value_name = "PID,…", value_delimiter = ',', requires = "target")]
    pub(crate) pid: Vec<u32>,
    /// Their `auth.secret`: tokens are signed with it. Without it `SOUK_AUTH_SECRET` of the environment, which no `ps` shows
    #[arg(long, value_name = "SECRET", requires = "target")]
    pub(crate) auth_secret: Option<String>,
    /// The Redis between them, to observe it
    #[arg(long, value_name = "URL", requires = "target")]
    pub(crate) redis: Option<String>,
    /// The target may be beyond this machine: I own it, or may load it
    #[arg(long)]
    pub(crate) i_own_this_target: bool,
    /// The target is a Socket.IO server that keeps no history and makes orders by itself, as the peers of `compare` are
    #[arg(long, requires = "target")]
    pub(crate) peer: bool,
    /// The program `souk` for nodes of our own
    #[arg(long, value_name = "FILE")]
    pub(crate) souk: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Compare {
    /// What to compare: a TOML file such as benches/peers/alone.toml
    pub(crate) file: PathBuf,
    /// Rounds, instead of those of the file
    #[arg(long)]
    pub(crate) rounds: Option<usize>,
    /// Another scenario than the file's: `fan-out`, `reconnect-storm`
    #[arg(long)]
    pub(crate) scenario: Option<String>,
    /// Changes a knob of the scenario
    #[arg(long, value_name = "KNOB=VALUE", value_parser = pair)]
    pub(crate) set: Vec<(String, String)>,
    /// Only the contestants whose names hold this
    #[arg(long, value_name = "TEXT")]
    pub(crate) only: Option<String>,
    /// Where all reports and the table go
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// The program `souk`
    #[arg(long, value_name = "FILE")]
    pub(crate) souk: Option<PathBuf>,
    /// Shows nothing while it runs
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// Reads the command line. Otherwise: the code to leave with, after the help or what is wrong was said.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, ExitCode> {
    try_parse(arguments).map_err(|error| souk_settings::leave(&error))
}

fn try_parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let matches = command().try_get_matches_from(arguments)?;
    let mut cli = Cli::from_arg_matches(&matches)?;
    if let (What::Run(run), Some(("run", given))) = (&mut cli.what, matches.subcommand()) {
        let said = TABLE.said_in(given).into_iter();
        run.knobs = said.map(|(knob, value)| (knob.to_owned(), value)).collect();
    }
    Ok(cli)
}

fn command() -> clap::Command {
    Cli::command().mut_subcommand("run", |run| run.args(TABLE.options().map(|option| option.hide(true))))
}

/// `KNOB=VALUE`, taken apart.
fn pair(text: &str) -> Result<(String, String), &'static str> {
    let (knob, value) = text.split_once('=').ok_or("say it as KNOB=VALUE, for example --set load.rate=500")?;
    Ok((knob.trim().to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Cli, clap::Error> {
        try_parse(line.split(' ').map(OsString::from))
    }

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn every_knob_is_a_flag() {
        let Ok(Cli { what: What::Run(run) }) = parsed("souk-loadtest run steady --load-rate 500 --people-orders 7")
        else {
            panic!("not a run");
        };
        assert_eq!(run.knobs, [("people.orders".into(), "7".into()), ("load.rate".into(), "500".into())]);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in [
            "souk-loadtest",
            "souk-loadtest run",
            "souk-loadtest run steady --sabotage burn",
            "souk-loadtest run steady --processes 0",
            "souk-loadtest run steady --join 127.0.0.1:1",
            "souk-loadtest run steady --operators http://127.0.0.1:1",
            "souk-loadtest run steady --load-rat 5",
            "souk-loadtest run steady --set load.rate",
        ] {
            assert!(parsed(line).is_err(), "{line}");
        }
        assert!(parsed("souk-loadtest run --join 127.0.0.1:1").is_ok());
    }
}
