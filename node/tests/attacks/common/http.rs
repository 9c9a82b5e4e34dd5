//! Requests to the node under attack.

use souk_testkit::http;
pub(crate) use souk_testkit::http::{Answer, Ask};
use tokio::net::TcpStream;

use super::{TestNode, soon, token};

/// Who asks, and whom.
pub(crate) trait Asking {
    /// Signs in as this person.
    #[must_use]
    fn user(self, user: &str) -> Self;
    /// Asks over a connection of its own.
    async fn to(self, node: &TestNode) -> Answer;
    /// Asks on a connection that stays open.
    async fn on(self, stream: &mut TcpStream) -> Answer;
}

impl Asking for Ask {
    fn user(self, user: &str) -> Self {
        self.bearer(&token::of(user))
    }

    async fn to(self, node: &TestNode) -> Answer {
        soon("an answer", self.at(node.address())).await.unwrap()
    }

    async fn on(self, stream: &mut TcpStream) -> Answer {
        soon("an answer", self.over(stream)).await.unwrap()
    }
}

/// The answer to what was asked, and the bytes behind it; the connection stays open.
pub(crate) async fn answer(stream: &mut TcpStream) -> (Answer, Vec<u8>) {
    soon("an answer", Answer::read(stream)).await.unwrap()
}

/// Everything until the server closes.
pub(crate) async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    soon("the server closes", http::rest(stream)).await
}
