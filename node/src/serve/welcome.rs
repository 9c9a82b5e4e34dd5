//! What a node that stands alone says at its start: an order to try it with, two tokens, and how to talk.

use std::net::SocketAddr;
use std::path::Path;
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

/// Makes the order and prints how to talk in it, with tokens if only this machine can reach the node. Says nothing where the operator
/// brought their own key: their tokens are theirs.
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
    let tokens = || {
        PEOPLE.map(|(id, name, role)| {
            let grant = Grant { user: &user(id), role, name: Some(name), locale: None, ttl: TOKENS_FOR };
            sign(secret, &config.auth, &grant, now)
        })
    };
    say(&words(&config.node.data_dir, clients, tokens));
    Ok(())
}

/// Who reads the log of a node that others can reach could come in with a token that stands there.
fn words(data: &Path, clients: SocketAddr, tokens: impl FnOnce() -> [String; 2]) -> String {
    if clients.ip().to_canonical().is_loopback() {
        with_tokens(data, clients, &tokens())
    } else {
        without_tokens(data, clients)
    }
}

fn with_tokens(data: &Path, clients: SocketAddr, [alice, bob]: &[String; 2]) -> String {
    format!(
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
        data = data.display(),
    )
}

fn without_tokens(data: &Path, clients: SocketAddr) -> String {
    format!(
        "
souk runs alone: SQLite under {data}, nothing else needed. Clients: port {port} of this machine, /ws and /socket.io/
The order \"{ORDER}\" is there to try it, between alice and bob. Others can reach this node, so no tokens are shown here. Make them:

  souk token --user alice --node-data-dir {data}
  souk token --user bob --role contractor --node-data-dir {data}

The key that signs them was made up and is kept there. For a node that is meant for others set auth.secret or auth.jwks.
",
        data = data.display(),
        port = clients.port(),
    )
}

/// This text is the program's answer to who started it by hand, not a log line.
#[allow(clippy::print_stdout)]
fn say(text: &str) {
    println!("{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_shown_to_who_sits_at_the_machine_and_to_nobody_else() {
        let words = |clients: &str| {
            let tokens = || ["eyJ.a.a".to_owned(), "eyJ.b.b".to_owned()];
            words(Path::new("/d"), clients.parse().unwrap(), tokens)
        };
        for near in ["127.0.0.1:8080", "127.8.9.1:80", "[::1]:8080", "[::ffff:127.0.0.1]:8080"] {
            let words = words(near);
            let whole = ["eyJ.a.a", "eyJ.b.b", &format!("ws://{near}/ws")].iter().all(|part| words.contains(part));
            assert!(whole, "{near}: {words}");
        }
        for reachable in ["0.0.0.0:8080", "[::]:8080", "192.0.2.7:8080", "[2001:db8::1]:8080"] {
            let words = words(reachable);
            assert!(!words.contains("eyJ") && words.contains("souk token --user alice --node-data-dir /d"), "{words}");
        }
    }
}
