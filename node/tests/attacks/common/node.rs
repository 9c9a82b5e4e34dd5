//! A node in this process, with everything it keeps in a folder that goes away with it.

use std::net::SocketAddr;

use souk_node::config::Config;
use souk_node::serve::Node;
use souk_testkit::metrics::scrape_within;
use tempfile::TempDir;

use super::http::{Ask, Asking};
use super::{Plain, SOON, Socket, SocketIo, token};

/// A running node. It ends with the test's runtime.
pub(crate) struct TestNode {
    node: Node,
    _folder: TempDir,
}

impl TestNode {
    /// A node without bounds of rate and, e-mails apart, without moderation: what a test does not attack must not be in its way.
    pub(crate) async fn start() -> Self {
        Self::with("", "messages = 0\nhandshakes_per_second = 0\nconnections_per_ip = 0\nconnections_per_user = 50")
            .await
    }

    /// A node with these lines in `[node]` and `[limits]`.
    pub(crate) async fn with(node: &str, limits: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "[node]\nlisten = '127.0.0.1:0'\noperator_listen = '127.0.0.1:0'\ndata_dir = '{}'\n{node}\n\
             [auth]\nsecret = '{}'\n[limits]\n{limits}\n[moderation]\npolicy = 'off'\nemail = 'mask'\n",
            folder.path().display(),
            token::SECRET,
        );
        let config = Config::from_toml(&text).unwrap_or_else(|mistakes| panic!("{mistakes}\n{text}"));
        Self { node: Node::start(config).await.unwrap(), _folder: folder }
    }

    /// Where clients connect.
    pub(crate) fn address(&self) -> SocketAddr {
        self.node.clients()
    }

    /// Makes an order between two people.
    pub(crate) async fn order(&self, order: &str, client: &str, contractor: &str) {
        let ask = Ask::order(&token::with_role("market", "service"), order, client, contractor, None);
        let answer = ask.to(self).await;
        assert!(matches!(answer.status, 200 | 201), "{answer:?}");
    }

    /// A WebSocket on this path, with these header lines.
    pub(crate) async fn socket(&self, path: &str, headers: &[(&str, &str)]) -> Socket {
        let opened = Socket::open(self.address(), path, headers).await;
        opened.unwrap_or_else(|answer| panic!("no upgrade on {path}: {answer:?}"))
    }

    /// `/ws`, not signed in.
    pub(crate) async fn stranger(&self) -> Plain {
        Plain::over(self.socket("/ws", &[("sec-websocket-protocol", "souk.v1")]).await)
    }

    /// `/ws`, signed in by the handshake's header.
    pub(crate) async fn signed_in(&self, token: &str) -> Plain {
        Plain::over(self.socket("/ws", &[("authorization", &format!("Bearer {token}"))]).await)
    }

    /// `/ws`, signed in as this person.
    pub(crate) async fn user(&self, user: &str) -> Plain {
        self.signed_in(&token::of(user)).await
    }

    /// `/socket.io/`, opened, no namespace yet.
    pub(crate) async fn socket_io(&self) -> SocketIo {
        SocketIo::over(self.socket("/socket.io/?EIO=4&transport=websocket", &[]).await).await
    }

    /// The value of one figure of `/metrics`.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts")]
    pub(crate) async fn figure(&self, name: &str) -> u64 {
        let figures = scrape_within(self.node.operators(), SOON).await.unwrap();
        figures.sum(name).unwrap_or_else(|| panic!("there is no figure {name} in {figures:?}")) as u64
    }

    /// Ends the node as a signal would.
    pub(crate) async fn leave(self) {
        self.node.leave().await;
    }
}
