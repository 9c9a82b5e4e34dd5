//! What tests of the `Client` share.

use std::time::Duration;

use souk_client::chat::{OrderId, Seq};
use souk_client::protocol::dto::ReconnectPolicy;
use souk_client::{
    AccessToken, Carrier, Client, ClientBuilder, ConnectOptions, Connection, Disconnect, Event, Events, StopReason,
    Tokens,
};

use super::{Double, Peer, joined, soon};

pub const PLAIN: Carrier = Carrier::Plain { batch: false };
/// Short waits until `hello`.
pub const POLICY: ReconnectPolicy = ReconnectPolicy { min_ms: 1, max_ms: 20, factor: 2.0 };

pub fn builder(double: &Double, carrier: Carrier) -> ClientBuilder {
    let options = ConnectOptions::new(double.address(), carrier);
    Client::builder(options, Tokens::fixed("t-1")).reconnect(POLICY).seed(1)
}

pub fn order() -> OrderId {
    OrderId::new("o-1").unwrap()
}

/// Reads events up to the first that `pick` takes.
pub async fn until<T>(events: &mut Events, what: &str, mut pick: impl FnMut(Event) -> Option<T>) -> T {
    soon(what, async {
        loop {
            let event = events.next().await.unwrap_or_else(|| panic!("{what}: the events ended"));
            if let Some(found) = pick(event) {
                return found;
            }
        }
    })
    .await
}

pub async fn disconnected(events: &mut Events) -> (Disconnect, Option<Duration>) {
    until(events, "a disconnect", |event| match event {
        Event::Disconnected { reason, retry_in } => Some(((*reason).clone(), retry_in)),
        _ => None,
    })
    .await
}

pub async fn stopped(events: &mut Events) -> StopReason {
    until(events, "the stop", |event| if let Event::Stopped(why) = event { Some(why) } else { None }).await
}

/// Joins, the server answering with nothing in history.
pub async fn join_empty(client: &Client, peer: &mut Peer) {
    let order = order();
    let server = async {
        let asked = peer.expect("join_order_chat").await;
        peer.answer(&asked, joined("o-1", &[], 0, 0)).await;
    };
    let (outcome, ()) = tokio::join!(client.join(&order, None), server);
    assert_eq!(outcome.unwrap().up_to, Seq(0));
}

/// The token of all tests.
pub fn token() -> AccessToken {
    AccessToken::from("t-1")
}

/// Both ends of a signed-in connection.
pub async fn pair(double: &mut Double, carrier: Carrier) -> (Connection, Peer) {
    let options = ConnectOptions::new(double.address(), carrier);
    let token = token();
    let connecting = Connection::connect(&options, Some(&token));
    let (connection, peer) = tokio::join!(connecting, double.signed_in());
    (connection.unwrap(), peer)
}
