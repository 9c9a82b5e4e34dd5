//! The nodes that are measured, and the program that they run.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use souk_testkit::node::{self, Node};
use souk_testkit::ports;

use crate::failure::Failure;
use crate::setup::Engines;

/// The secret of the nodes started here. They listen on loopback, live for minutes, and hold nothing but made-up talk.
pub(crate) const SECRET: &str = "a secret for nodes that are measured on loopback only";

/// Starts a node in `folder` and waits until it is ready. `name`: unique among the nodes of a run.
pub(crate) async fn start(program: &Path, name: &str, folder: &Path, engines: &Engines) -> Result<Node, Failure> {
    let own = [
        ("SOUK_NODE_ID", name),
        ("SOUK_AUTH_SECRET", SECRET),
        ("SOUK_LIMITS_MESSAGES", "0"),
        ("SOUK_LOG_FILTER", "warn"),
    ];
    let own = own.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
    let settings = own.chain(engines.settings().iter().cloned()).collect();
    let plan = node::Plan { program: program.to_owned(), name: name.to_owned(), folder: folder.to_owned(), settings };
    Ok(Node::start(plan).await?)
}

/// A loopback address with a port that is free now.
pub(crate) fn free_address() -> Result<SocketAddr, Failure> {
    ports::free_address().map_err(Failure::io("looking for a free port"))
}

/// The program `souk`: what `--souk` says, or what was built beside this program.
pub(crate) fn program(given: Option<PathBuf>) -> Result<PathBuf, Failure> {
    let beside = || std::env::current_exe().ok().and_then(|me| Some(me.parent()?.join("souk")));
    let path = given.or_else(beside).unwrap_or_default();
    match path.is_file() {
        true => Ok(std::path::absolute(&path).unwrap_or(path)),
        false => Err(Failure::Node(format!(
            "{} is not there: run `cargo build --release -p souk-node` first, or say --souk PATH",
            path.display()
        ))),
    }
}
