//! A client's bare connection: each request by itself, every push seen.

use std::net::SocketAddr;
use std::time::Duration;

use souk_client::{Address, Answer, Carrier, ConnectOptions, Connection, Item, RequestError};
use souk_protocol::{Error, Request, ServerEvent};

use crate::people::Person;

const SOON: Duration = Duration::from_secs(15);

/// A connection of this person.
pub async fn connect(node: SocketAddr, carrier: Carrier, person: &Person) -> Connection {
    let address: Address = format!("ws://{node}").parse().expect("an address");
    let options = ConnectOptions::new(address, carrier);
    Connection::connect(&options, Some(&person.token.as_str().into())).await.expect("a good token is taken")
}

/// The answer, or the refusal. Panics where there is neither.
pub async fn ask(connection: &mut Connection, request: &Request<'_>) -> Result<Answer, Error> {
    match connection.request(request, SOON).await {
        Ok(reply) => Ok(reply.answer),
        Err(RequestError::Refused(error)) => Err(error),
        Err(other) => panic!("{}: {other}", request.name()),
    }
}

/// Everything that the server pushed before it answered a ping.
pub async fn heard(connection: &mut Connection) -> Vec<ServerEvent> {
    ask(connection, &Request::Ping).await.expect("a ping is answered");
    let mut events = Vec::new();
    while let Ok(Ok(incoming)) = tokio::time::timeout(Duration::from_millis(1), connection.next()).await {
        if let Item::Push(event) = incoming.item {
            events.push(*event);
        }
    }
    events
}

/// Reads, and answers heartbeats, until a push is what is waited for.
pub async fn told<T>(connection: &mut Connection, what: &str, wanted: impl Fn(&ServerEvent) -> Option<T>) -> T {
    let reading = async {
        loop {
            let incoming = connection.next().await.unwrap_or_else(|error| panic!("waiting for {what}: {error}"));
            if let Item::Push(event) = incoming.item
                && let Some(found) = wanted(&event)
            {
                return found;
            }
        }
    };
    tokio::time::timeout(SOON, reading).await.unwrap_or_else(|_| panic!("nobody told of {what}"))
}
