//! Pairs of people with an order each, and their connections.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use souk_chat::{OrderId, Seq};
use souk_loadtest::target::{Target, make_orders};
use souk_protocol::Request;
use souk_testkit::token::Signer;

use crate::failure::Failure;
use crate::socket::{Socket, source};

/// Longer than any run.
const TOKENS_ARE_GOOD_FOR: Duration = Duration::from_secs(6 * 3_600);
/// Connections used for making orders.
const MAKERS: usize = 8;
/// Connections opened at the same time.
const OPENING_AT_ONCE: usize = 64;
/// What ids here are made of.
const AN_ID: &str = "letters, digits and a dash are an id";
/// The path of plain sockets.
pub(crate) const PATH: &str = "/ws";

/// A person of a run: even numbers are clients, the odd number above is the contractor of the same order.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// Their order.
    pub(crate) order: OrderId,
    /// What they sign in with.
    pub(crate) token: String,
}

/// The people of a run. Ids are new in every run, so that a shared store may hold others.
#[derive(Clone, Debug)]
pub(crate) struct People {
    tag: String,
    signer: Signer,
    /// How many; even.
    pub(crate) count: usize,
}

impl People {
    /// This many people of `target`, rounded up to pairs.
    pub(crate) fn new(target: &Target, count: usize) -> Self {
        let (tag, signer) = (format!("{:08x}", rand::random::<u32>()), Signer::new(&target.secret));
        Self { tag, signer, count: count.next_multiple_of(2) }
    }

    fn user(&self, number: usize) -> String {
        format!("u{}-{number}", self.tag)
    }

    /// The order of this pair.
    pub(crate) fn order_id(&self, pair: usize) -> OrderId {
        format!("o{}-{pair}", self.tag).parse().expect(AN_ID)
    }

    /// The person of this number.
    pub(crate) fn person(&self, number: usize) -> Person {
        let role = if number.is_multiple_of(2) { "client" } else { "contractor" };
        let token = self.signer.sign(&self.user(number), role, TOKENS_ARE_GOOD_FOR);
        Person { order: self.order_id(number / 2), token }
    }

    /// Makes everybody's orders.
    pub(crate) async fn make_orders(&self, target: &Target) -> Result<(), Failure> {
        let pairs = (0..self.count / 2).map(|pair| {
            let [client, contractor] = [2 * pair, 2 * pair + 1].map(|number| self.user(number));
            (self.order_id(pair), client.parse().expect(AN_ID), contractor.parse().expect(AN_ID))
        });
        make_orders(target, pairs, MAKERS).await?;
        Ok(())
    }

    /// Connects everybody `where_to` says, signed in; with `join` also live in their order. In the order of their numbers.
    pub(crate) async fn connect(
        &self,
        where_to: impl Fn(usize) -> SocketAddr,
        join: bool,
    ) -> Result<Vec<Socket>, Failure> {
        let where_to = &where_to;
        let one = |number| async move {
            let person = self.person(number);
            let (server, source) = (where_to(number), source(number));
            let mut socket = Socket::open(server, source, PATH, &person.token)
                .await
                .map_err(|error| Failure::answer(format!("connecting to {server}"), error.to_string()))?;
            if join {
                join_order(&mut socket, &person.order, None, |_| {}).await.map_err(Failure::io("joining an order"))?;
            }
            Ok(socket)
        };
        stream::iter((0..self.count).map(one)).buffered(OPENING_AT_ONCE).try_collect().await
    }
}

/// Joins, again from where an answer ended if it was not all. All texts go to `sink`, the answers among them.
pub(crate) async fn join_order(
    socket: &mut Socket,
    order: &OrderId,
    since: Option<Seq>,
    mut sink: impl FnMut(&[u8]),
) -> std::io::Result<()> {
    let mut since = since;
    loop {
        let request = Request::JoinOrderChat { order: order.clone(), cursor: since.map(Into::into) };
        let answer = socket.ask(1, &request, &mut sink).await?;
        let end: JoinEnd = serde_json::from_slice(&answer).map_err(std::io::Error::other)?;
        if !end.data.more || since.is_none() {
            return Ok(());
        }
        since = Some(Seq(end.data.up_to));
    }
}

#[derive(serde::Deserialize)]
struct JoinEnd {
    data: JoinEndData,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct JoinEndData {
    up_to: u64,
    more: bool,
}
