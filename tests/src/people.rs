//! People, their tokens, and the orders between them. All are new with every call, so that tests do not meet.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use souk_chat::{OrderId, UserId};
use souk_testkit::http::Ask;
use souk_testkit::token::{Signer, in_seconds};

use crate::node::{Node, SECRET};
use crate::rest::{self, Rest};
use crate::wait;

/// How long tokens are good.
const TTL: Duration = Duration::from_secs(3_600);
/// How long making an order may take, tries included.
const ORDER_WITHIN: Duration = Duration::from_secs(20);

/// Somebody with a token.
#[derive(Clone, Debug)]
pub struct Person {
    /// Who.
    pub id: UserId,
    /// A token for an hour, as a marketplace's back end would sign it.
    pub token: String,
}

impl Person {
    /// Somebody new: `kind`, and a random tail.
    pub fn new(kind: &str, role: &str) -> Self {
        Self::named(&format!("{kind}-{}", tail()), role)
    }

    /// Somebody of this name.
    pub fn named(id: &str, role: &str) -> Self {
        let token = token(&json!({ "sub": id, "role": role, "exp": in_seconds(TTL), "name": id }));
        Self { id: UserId::new(id).expect("a name of the alphabet"), token }
    }

    /// This person, calling a node.
    pub fn rest(&self, node: SocketAddr) -> Rest {
        Rest::new(node, &self.token)
    }
}

/// A token with these claims, signed with the tests' secret.
pub fn token(claims: &Value) -> String {
    Signer::new(SECRET).sign_claims(claims)
}

/// An order and its two people.
#[derive(Clone, Debug)]
pub struct Deal {
    /// The order.
    pub order: OrderId,
    /// Who ordered.
    pub client: Person,
    /// Who delivers.
    pub contractor: Person,
}

impl Deal {
    /// A new order between new people, made over REST on `node`.
    pub async fn make(node: SocketAddr) -> Self {
        let order = format!("o-{}", tail());
        let deal = Self {
            order: OrderId::new(&order).expect("a name of the alphabet"),
            client: Person::new("ann", "client"),
            contractor: Person::new("bob", "contractor"),
        };
        let (client, contractor) = (deal.client.id.as_str(), deal.contractor.id.as_str());
        let ask = Ask::order(&Person::new("shop", "service").token, &order, client, contractor, Some("A fence"));
        wait::until("the order is made", ORDER_WITHIN, || async {
            let reply = rest::at(node, ask.clone()).await.ok()?;
            assert!(matches!(reply.status, 200 | 201 | 503), "PUT of an order: {reply:?}");
            (reply.status != 503).then_some(())
        })
        .await;
        deal
    }

    /// The order that a node alone offers, with its people and the tokens that it printed.
    pub fn offered(node: &Node) -> Self {
        let log = node.log();
        let person = |variable: &str, id: &str| {
            let token = log.lines().filter_map(|line| line.trim().strip_prefix(&format!("{variable}="))).next_back();
            let token = token.unwrap_or_else(|| panic!("no token for {variable} in:\n{log}")).to_owned();
            Person { id: UserId::new(id).expect("an id"), token }
        };
        let order = OrderId::new("demo").expect("an id");
        Self { order, client: person("ALICE", "alice"), contractor: person("BOB", "bob") }
    }
}

/// Twelve random hexadecimal digits.
pub fn tail() -> String {
    format!("{:012x}", rand::random::<u64>() >> 16)
}
