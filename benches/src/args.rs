//! What the program is told to measure.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::figures::relay::Load;
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
    Latency(Latency),
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

/// What to measure.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Latency {
    /// Only one node alone.
    #[arg(long, conflicts_with = "cluster")]
    pub(crate) alone: bool,
    /// Only two nodes on Redis, CQL and Kafka, as the environment says.
    #[arg(long)]
    pub(crate) cluster: bool,
    /// People, two to an order.
    #[arg(long, default_value_t = 1_000)]
    users: usize,
    /// Messages a second.
    #[arg(long, default_value_t = 500.0)]
    rate: f64,
    /// Measured seconds of a round.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Seconds of the same load before each round.
    #[arg(long, default_value_t = 5)]
    warm: u64,
    /// Rounds.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

impl Latency {
    /// As a load. The memory of so few connections is nothing to wait for.
    pub(crate) fn load(&self) -> Load {
        let Self { users, rate, seconds, warm, rounds, .. } = *self;
        Load { users, rate, seconds, warm, rounds, settle: 1 }
    }
}

/// Reads the command line. Otherwise: the code to leave with, after the help or what is wrong was said.
pub(crate) fn parse() -> Result<Args, ExitCode> {
    Args::try_parse().map_err(|error| souk_settings::leave(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }

    #[test]
    fn the_two_setups_exclude_each_other() {
        assert!(Args::try_parse_from(["souk-figures", "relay", "--alone", "--cluster"]).is_err());
        assert!(Args::try_parse_from(["souk-figures", "relay", "--cluster", "--rate", "100"]).is_ok());
        assert!(Args::try_parse_from(["souk-figures"]).is_err());
    }
}
