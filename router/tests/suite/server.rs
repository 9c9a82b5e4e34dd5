//! Redis servers for tests: a shared one named by the environment; ones of a test's own are the testkit's.

use redis::Client;
use redis::aio::MultiplexedConnection;
use souk_testkit::left_out;

/// The address of the shared server; `None`, said loudly, where there is none and none is required.
pub(crate) fn shared() -> Option<String> {
    left_out::server("the suite over Redis", "SOUK_TEST_REDIS")
}

/// A connection of the test's own to the server at this address.
pub(crate) async fn connection(url: &str) -> MultiplexedConnection {
    Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap()
}
