//! What a node that stands alone says at its start: an order to try it with, two tokens, and how to talk.

use std::net::SocketAddr;
use std::time::Duration;

use souk_chat::service::{Chats, OrderSpec};
use souk_chat::{Actor, OrderId, Role, Timestamp, UserId};

use crate::auth::{Grant, sign};
use crate::config::{Config, Secrets};

use super::ServeError;

/// How long the tokens for trying out are good.
const TOKENS_FOR: Duration = Duration::from_secs(24 * 3_600);
/// The order for trying out.
const ORDER: &str = "demo";
/// Its parties.
const PEOPLE: [(&str, &str, Role); 2] = [("alice", "Alice", Role::Client), ("bob", "Bob", Role::Contractor)];

/// Makes the order and prints how to talk in it. Says nothing where the operator brought their own key: their tokens are theirs.
pub(super) async fn greet(
    config: &Config,
    secrets: &Secrets,
    chats: &Chats,
    clients: SocketAddr,
    now: Timestamp,
) -> Result<(), ServeError> {
    let (true, Some(secret)) = (secrets.auth_is_made_up, &secrets.auth) else { return Ok(()) };
    let user = |name| UserId::new(name).expect("the names keep to the alphabet");
    let [client, contractor] = PEOPLE.map(|(name, ..)| user(name));
    let service = Actor { user: user("souk"), role: Role::Service, name: None, locale: None };
    let spec = OrderSpec { client, contractor, title: Some("An order to try souk with".into()), status: None };
    let order = OrderId::new(ORDER).expect("the name keeps to the alphabet");
    chats.put_order(&service, order, spec).await.map_err(|refusal| ServeError::Demo(refusal.to_string()))?;
    let [alice, bob] = PEOPLE.map(|(id, name, role)| {
        let grant = Grant { user: &user(id), role, name: Some(name), locale: None, ttl: TOKENS_FOR };
        sign(secret, &config.auth, &grant, now)
    });
    say(&format!(
        "
souk runs alone: SQLite under {data}, nothing else needed. Clients: ws://{clients}/ws and http://{clients}/socket.io/
The order \"{ORDER}\" is there to try it, between alice and bob. Tokens for a day (more: souk token --user U):

  ALICE={alice}
  BOB={bob}

Talk, in two other terminals (the first builds the small client):

  cargo run --release -p souk-client --example talk -- --url ws://{clients}/ws --order {ORDER} --token {alice}
  cargo run --release -p souk-client --example talk -- --url ws://{clients}/ws --order {ORDER} --token {bob}

or with any WebSocket client, here the one of npm:

  npx --yes wscat -s souk.v1 -H 'Authorization: Bearer {alice}' -c ws://{clients}/ws
  > {{\"id\":1,\"event\":\"join_order_chat\",\"data\":{{\"orderId\":\"{ORDER}\"}}}}
  > {{\"id\":2,\"event\":\"send_message\",\"data\":{{\"orderId\":\"{ORDER}\",\"content\":\"Hello, Bob\"}}}}
",
        data = config.node.data_dir.display(),
    ));
    Ok(())
}

/// This text is the program's answer to who started it by hand, not a log line.
#[allow(clippy::print_stdout)]
fn say(text: &str) {
    println!("{text}");
}
