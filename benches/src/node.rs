//! The nodes that are measured: the load test's, and what they are started with.

use std::path::Path;
use std::sync::Arc;

use souk_loadtest::scenario::{Engines, Nodes};
use souk_loadtest::target::{OwnNodes, Servers};

use crate::failure::Failure;
use crate::report::say;

/// No bound on handshakes.
pub(crate) const OPEN: [(&str, &str); 2] = [("limits.handshakes_per_second", "0"), ("limits.connections_per_ip", "0")];

/// Starts one node alone, or two in a cluster, without a limit of messages and with these settings more.
pub(crate) async fn start(souk: &Path, engines: Engines, more: &[(&str, &str)]) -> Result<OwnNodes, Failure> {
    let tell = |text: &str| say(text);
    let servers = Arc::new(Servers::find(engines, &tell).await?);
    let settings = [("limits.messages", "0")].iter().chain(more);
    let settings = settings.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Ok(OwnNodes::start(&Nodes { engines, count: 2, settings }, servers, Some(souk), &tell).await?)
}
