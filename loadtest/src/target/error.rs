//! Why there is nothing to run against.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use souk_client::ConnectError;
use souk_testkit::failure::Failure;
use souk_testkit::rest::RestError;

/// Why a target cannot be used. The text says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// An address that cannot be read.
    #[error("{what} {url:?}: {why}; write it as http://127.0.0.1:8080, ws://127.0.0.1:8080 or 127.0.0.1:8080")]
    Address {
        /// `--target` or `--operators`.
        what: &'static str,
        /// As it was given.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A list that does not fit the list of nodes.
    #[error(
        "{what} names {found}, but --target names {nodes}: name one per node in the same order, or leave {what} out"
    )]
    Uneven {
        /// `--operators` or `--pid`.
        what: &'static str,
        /// How many it names.
        found: usize,
        /// How many nodes there are.
        nodes: usize,
    },
    /// No node is named.
    #[error("--target names no node: write it as --target http://127.0.0.1:8080, further nodes behind commas")]
    NoNodes,
    /// A host that nobody knows.
    #[error("{url}: the host cannot be found ({why}): is the name right?")]
    Unresolved {
        /// As it was given.
        url: String,
        /// What the resolver said.
        why: String,
    },
    /// An address that is not of this machine.
    #[error(
        "{url} is {address}, which is not on this machine: a load test can take a server down, and so it goes to others only \
         with --i-own-this-target"
    )]
    NotLoopback {
        /// As it was given.
        url: String,
        /// What it means.
        address: SocketAddr,
    },
    /// Nothing answers there.
    #[error("{url} is down: {why}; start it, or leave --target out: then nodes of our own are started")]
    Down {
        /// As it was given.
        url: String,
        /// Why, as the network says.
        why: String,
    },
    /// No process has this number.
    #[error("--pid {0}: there is no such process on this machine")]
    NoProcess(u32),
    /// Signing in failed because of the token.
    #[error(
        "{node} does not take tokens signed with this secret: --auth-secret must be the node's auth.secret ({source})"
    )]
    Secret {
        /// Which node.
        node: String,
        /// What it said.
        source: ConnectError,
    },
    /// Signing in failed otherwise.
    #[error("{node}: signing in over {carrier} failed: {source}")]
    SignIn {
        /// Which node.
        node: String,
        /// `plain` or `socketio`.
        carrier: &'static str,
        /// Why.
        source: ConnectError,
    },
    /// `join_app` was not answered with `hello`.
    #[error("{node}: join_app over {carrier} was not answered with hello: {answer}")]
    NoHello {
        /// Which node.
        node: String,
        /// `plain` or `socketio`.
        carrier: &'static str,
        /// What came instead.
        answer: String,
    },
    /// What is wanted of a target that it cannot do.
    #[error("{0}")]
    Unfit(String),
    /// No `souk` program.
    #[error("there is no souk program: {0}")]
    NoProgram(String),
    /// A process of ours did not start, or a program that prepares something failed.
    #[error(transparent)]
    Process(#[from] Failure),
    /// The environment names some servers of a cluster and not the others.
    #[error(
        "{missing} is not set, but others of a cluster's servers are: set all, as `eval \"$(deploy/stack env)\"` does, or none"
    )]
    HalfACluster {
        /// The variables that are absent.
        missing: String,
    },
    /// Neither servers in the environment nor a checkout with `deploy/stack`.
    #[error(
        "there are no servers for a cluster: set SOUK_ROUTER_URL, SOUK_STORE_URL and SOUK_EVENTS_URL, or run this from a checkout \
         of souk, whose deploy/stack starts them ({0} is not there); --set nodes.engines=alone needs none"
    )]
    NoStack(PathBuf),
    /// A request over HTTP.
    #[error(transparent)]
    Rest(#[from] RestError),
    /// More than the time for it.
    #[error("{doing} took longer than {within:?}")]
    TooLong {
        /// What was being done.
        doing: String,
        /// The time for it.
        within: Duration,
    },
}
