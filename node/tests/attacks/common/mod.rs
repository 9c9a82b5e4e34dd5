//! A node of the test's own, and small clients that can do what no honest client does.

pub(crate) mod bystanders;
pub(crate) mod http;
pub(crate) mod node;
pub(crate) mod plain;
pub(crate) mod socket;
pub(crate) mod socketio;
pub(crate) mod token;

use std::time::Duration;

pub(crate) use bystanders::Bystanders;
pub(crate) use node::TestNode;
pub(crate) use plain::Plain;
pub(crate) use socket::{Frame, Socket};
pub(crate) use socketio::SocketIo;
use souk_testkit::wait::within;

/// Deadline of everything that should happen at once. Only a failing test waits for it.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// The result of `future`, or a panic that says what did not happen.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    within(what, SOON, future).await
}
