use std::net::SocketAddr;

use souk_testkit::proxy::{Proxy, Tamper};

/// A proxy before one broker. The broker tells clients its own address in its answers; the proxy writes its own port over it, so
/// that they stay.
pub async fn before(broker: &str) -> Proxy {
    let port = broker.rsplit_once(':').unwrap().1.parse().unwrap();
    let broker = SocketAddr::from(([127, 0, 0, 1], port));
    let proxy = Proxy::start(vec![broker]).await.unwrap();
    let told = |port: u16| [broker.ip().to_string().as_bytes(), &u32::from(port).to_be_bytes()].concat();
    let (theirs, ours) = (told(broker.port()), told(proxy.address().port()));
    proxy.tamper(move || Box::new(Ports { theirs: theirs.clone(), ours: ours.clone(), waiting: Vec::new() }));
    proxy
}

/// Replaces the port after each mention of the host: both are written plainly, side by side.
struct Ports {
    theirs: Vec<u8>,
    ours: Vec<u8>,
    /// The part of an answer that is there.
    waiting: Vec<u8>,
}

impl Tamper for Ports {
    fn take(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.waiting.extend_from_slice(bytes);
        let mut whole = 0;
        while let Some(length) = self.waiting[whole..].first_chunk() {
            let end = whole + 4 + usize::try_from(u32::from_be_bytes(*length)).unwrap();
            if self.waiting.len() < end {
                break;
            }
            whole = end;
        }
        let mut answers: Vec<u8> = self.waiting.drain(..whole).collect();
        let mut at = 0;
        while let Some(found) = answers[at..].windows(self.theirs.len()).position(|window| window == self.theirs) {
            at += found + self.theirs.len();
            answers[at - self.ours.len()..at].copy_from_slice(&self.ours);
        }
        answers
    }
}
