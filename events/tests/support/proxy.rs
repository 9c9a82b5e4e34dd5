use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A TCP proxy before one broker that can be cut. The broker tells clients its own address in its answers; the proxy writes its own
/// port over it, so that they stay.
pub struct Proxy {
    pub port: u16,
    open: Arc<watch::Sender<bool>>,
    task: tokio::task::JoinHandle<()>,
}

impl Proxy {
    pub async fn before(host: &'static str, port: u16) -> Self {
        let listener = TcpListener::bind((host, 0)).await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let open = Arc::new(watch::Sender::new(true));
        let gate = Arc::clone(&open);
        let task = tokio::spawn(async move {
            loop {
                let Ok((client, _)) = listener.accept().await else { continue };
                if !*gate.borrow() {
                    continue;
                }
                let mut cut = gate.subscribe();
                tokio::spawn(async move {
                    tokio::select! {
                        _ = carry(client, host, port, own) => {}
                        _ = cut.wait_for(|open| !open) => {}
                    }
                });
            }
        });
        Self { port: own, open, task }
    }

    /// Resets every connection and lets no new one through.
    pub fn cut(&self) {
        self.open.send_replace(false);
    }

    pub fn heal(&self) {
        self.open.send_replace(true);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
        self.task.abort();
    }
}

async fn carry(client: TcpStream, host: &'static str, port: u16, own: u16) -> std::io::Result<()> {
    let broker = TcpStream::connect((host, port)).await?;
    let ((mut from_client, to_client), (from_broker, mut to_broker)) = (client.into_split(), broker.into_split());
    tokio::select! {
        done = tokio::io::copy(&mut from_client, &mut to_broker) => done.map(|_| ()),
        done = answers(from_broker, to_client, host, port, own) => done,
    }
}

/// Whole answers, with the port after each mention of the host replaced: both are written plainly, side by side.
async fn answers(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    host: &str,
    port: u16,
    own: u16,
) -> std::io::Result<()> {
    let address = [host.as_bytes(), &u32::from(port).to_be_bytes()].concat();
    let replacement = [host.as_bytes(), &u32::from(own).to_be_bytes()].concat();
    loop {
        let length = from.read_u32().await?;
        let mut answer = vec![0; length as usize];
        from.read_exact(&mut answer).await?;
        let mut at = 0;
        while let Some(found) = answer[at..].windows(address.len()).position(|window| window == address) {
            answer[at + found..at + found + address.len()].copy_from_slice(&replacement);
            at += found + address.len();
        }
        to.write_u32(length).await?;
        to.write_all(&answer).await?;
    }
}
