//! The saboteur: breaks the promises of chat on purpose, so that it can be seen that a checker notices.
//!
//! It touches pushes of `new_message` and nothing else, on both carriers; all other bytes stay as they are, in their order.

mod frames;

use std::borrow::Cow;
use std::mem;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;
use souk_testkit::proxy::{Proxy, Tamper};
use souk_testkit::socket::{TEXT, put_unmasked};
use tokio::time::Instant;

use frames::{Cutter, Piece};

/// How long a push is held back at most for another one to overtake it.
pub const HELD_AT_MOST: Duration = Duration::from_secs(2);
/// How soon it is tried again to let one go when that is not possible within a frame or between fragments.
const TRY_AGAIN: Duration = Duration::from_millis(50);

/// What is done to pushes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum SabotageKind {
    /// They never arrive.
    Drop,
    /// They arrive twice.
    Double,
    /// They arrive after the next one of the same connection, if that comes within two seconds.
    Reorder,
}

/// What is done, to how many, and how often it was done.
#[derive(Clone, Debug)]
pub struct Sabotage {
    kind: SabotageKind,
    every: NonZeroU32,
    tally: Arc<Tally>,
}

impl Sabotage {
    /// One in `every` pushes of `new_message`, counted over all connections, is tampered with.
    pub fn new(kind: SabotageKind, every: NonZeroU32) -> Self {
        Self { kind, every, tally: Arc::default() }
    }

    /// Begins, on the connections that this proxy accepts from now on.
    pub fn on(&self, proxy: &Proxy) {
        let sabotage = self.clone();
        proxy.tamper(move || Box::new(Saboteur::new(sabotage.clone())));
    }

    /// How many pushes were dropped or doubled, or how many pairs swapped.
    pub fn done(&self) -> u64 {
        self.tally.done.load(Ordering::Relaxed)
    }
}

/// Counts over all connections.
#[derive(Debug, Default)]
struct Tally {
    pushes: AtomicU64,
    done: AtomicU64,
}

impl Tally {
    fn count(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    fn is_turn(&self, every: NonZeroU32) -> bool {
        (self.pushes.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(u64::from(every.get()))
    }
}

/// The saboteur of one connection's answers.
#[derive(Debug)]
struct Saboteur {
    cutter: Cutter,
    hand: Hand,
}

#[derive(Debug)]
struct Hand {
    sabotage: Sabotage,
    /// The text of a push that waits to be overtaken, and until when.
    held: Option<(Vec<u8>, Instant)>,
}

impl Saboteur {
    fn new(sabotage: Sabotage) -> Self {
        Self { cutter: Cutter::default(), hand: Hand { sabotage, held: None } }
    }
}

impl Tamper for Saboteur {
    fn take(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len());
        let hand = &mut self.hand;
        self.cutter.take(bytes, &mut |piece| match piece {
            Piece::Bytes(bytes) => out.extend_from_slice(bytes),
            Piece::Text { raw, payload } => hand.text(raw, payload, &mut out),
            Piece::Close(bytes) => {
                hand.let_go(&mut out);
                out.extend_from_slice(bytes);
            }
        });
        out
    }

    fn due(&self) -> Option<Instant> {
        self.hand.held.as_ref().map(|(_, until)| *until)
    }

    /// Nobody overtook it in time, or nothing more comes. What cannot be put in here is tried again later.
    fn release(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        if self.cutter.is_between_messages() {
            self.hand.let_go(&mut out);
        } else if let Some((_, until)) = &mut self.hand.held {
            *until = Instant::now() + TRY_AGAIN;
        }
        out
    }
}

impl Hand {
    /// A text frame. With `batch=1` it has several pushes, one a line: each is judged, and where one is tampered with all of them
    /// go as frames of their own.
    fn text(&mut self, raw: &[u8], payload: &[u8], out: &mut Vec<u8>) {
        let (mut made, mut touched) = (Vec::new(), false);
        for line in payload.split(|byte| *byte == b'\n') {
            touched |= self.line(line, &mut made);
        }
        out.extend_from_slice(if touched { &made } else { raw });
    }

    /// Whether anything but this line, once, went out.
    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) -> bool {
        if !is_new_message(line) {
            put_unmasked(TEXT, line, out);
            return false;
        }
        if let Some((held, _)) = self.held.take() {
            put_unmasked(TEXT, line, out);
            put_unmasked(TEXT, &held, out);
            self.sabotage.tally.count();
            return true;
        }
        if !self.sabotage.tally.is_turn(self.sabotage.every) {
            put_unmasked(TEXT, line, out);
            return false;
        }
        match self.sabotage.kind {
            SabotageKind::Drop => self.sabotage.tally.count(),
            SabotageKind::Double => {
                put_unmasked(TEXT, line, out);
                put_unmasked(TEXT, line, out);
                self.sabotage.tally.count();
            }
            SabotageKind::Reorder => self.held = Some((line.to_vec(), Instant::now() + HELD_AT_MOST)),
        }
        true
    }

    fn let_go(&mut self, out: &mut Vec<u8>) {
        if let Some((held, _)) = mem::take(&mut self.held) {
            put_unmasked(TEXT, &held, out);
        }
    }
}

/// Whether a text is a push of `new_message`, and not an answer or an event that asks for an acknowledgement.
fn is_new_message(text: &[u8]) -> bool {
    match text {
        [b'{', ..] => {
            serde_json::from_slice::<Plain>(text).is_ok_and(|it| it.id.is_none() && it.event == "new_message")
        }
        [b'4', b'2', rest @ ..] => {
            let rest = if rest.starts_with(b"/") {
                let comma = rest.iter().position(|byte| *byte == b',');
                comma.map_or(&[][..], |comma| &rest[comma + 1..])
            } else {
                rest
            };
            rest.starts_with(b"[\"new_message\",")
        }
        _ => false,
    }
}

/// What tells a push of the plain carrier.
#[derive(Deserialize)]
struct Plain<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
    id: Option<IgnoredAny>,
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use souk_testkit::proxy::Fault;
    use souk_testkit::wait::{until_true, within};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    const HEAD: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\n\r\n";

    fn saboteur(kind: SabotageKind, every: u32) -> Saboteur {
        let every = NonZeroU32::new(every).unwrap();
        let mut saboteur = Saboteur::new(Sabotage::new(kind, every));
        assert_eq!(saboteur.take(HEAD), HEAD);
        saboteur
    }

    fn plain(number: u32) -> String {
        format!(r#"{{"event":"new_message","data":{{"seq":{number}}}}}"#)
    }

    fn socket_io(number: u32) -> String {
        format!(r#"42/chat,["new_message",{{"seq":{number}}}]"#)
    }

    fn frames(texts: &[String]) -> Vec<u8> {
        let mut out = Vec::new();
        texts.iter().for_each(|text| put_unmasked(TEXT, text.as_bytes(), &mut out));
        out
    }

    #[test]
    fn pushes_of_new_messages_are_told_from_everything_else() {
        for yes in [
            r#"{"event":"new_message","data":{}}"#,
            r#"{ "data": {"id": 1}, "event": "new_message" }"#,
            r#"42["new_message",{"seq":1}]"#,
            r#"42/chat,["new_message",{}]"#,
        ] {
            assert!(is_new_message(yes.as_bytes()), "{yes}");
        }
        for no in [
            r#"{"event":"message_sent","data":{"content":"new_message"}}"#,
            r#"{"id":1,"event":"new_message","data":{}}"#,
            r#"{"event":"new_message","#,
            r#"427["new_message",{}]"#,
            r#"42/chat"#,
            r#"42["message_status",{}]"#,
            r#"431[{"event":"new_message"}]"#,
            "2",
            "",
        ] {
            assert!(!is_new_message(no.as_bytes()), "{no}");
        }
    }

    #[test]
    fn one_in_three_is_dropped_or_doubled_and_the_rest_passes() {
        let other = r#"{"event":"typing","data":{}}"#.to_owned();
        let sent = [plain(1), other.clone(), socket_io(2), plain(3), other.clone(), plain(4), plain(5), socket_io(6)];
        let mut dropping = saboteur(SabotageKind::Drop, 3);
        let kept = [plain(1), other.clone(), socket_io(2), other.clone(), plain(4), plain(5)];
        assert_eq!(dropping.take(&frames(&sent)), frames(&kept));
        assert_eq!(dropping.hand.sabotage.done(), 2);
        let mut doubling = saboteur(SabotageKind::Double, 6);
        let doubled = [&sent[..], &[socket_io(6)]].concat();
        assert_eq!(doubling.take(&frames(&sent)), frames(&doubled));
        assert_eq!(doubling.hand.sabotage.done(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn two_are_swapped_and_what_nobody_overtakes_is_let_go() {
        let other = r#"{"event":"typing","data":{}}"#.to_owned();
        let mut saboteur = saboteur(SabotageKind::Reorder, 2);
        let sent = frames(&[plain(1), plain(2), other.clone(), plain(3), plain(4)]);
        assert_eq!(saboteur.take(&sent), frames(&[plain(1), other, plain(3), plain(2), plain(4)]).as_slice());
        assert_eq!((saboteur.hand.sabotage.done(), saboteur.due()), (1, None));
        assert_eq!(saboteur.take(&frames(&[plain(5)])), frames(&[]));
        assert_eq!(saboteur.due(), Some(Instant::now() + HELD_AT_MOST));
        assert_eq!(saboteur.release(), frames(&[plain(5)]));
        assert_eq!((saboteur.hand.sabotage.done(), saboteur.due()), (1, None), "a delay is no swap");
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_put_into_a_frame_or_behind_the_close() {
        let mut holding = saboteur(SabotageKind::Reorder, 1);
        assert!(holding.take(&frames(&[plain(1)])).is_empty());
        let binary = [0x82, 3, 1];
        assert_eq!(holding.take(&binary), binary);
        assert!(holding.release().is_empty());
        assert_eq!(holding.due(), Some(Instant::now() + TRY_AGAIN));
        assert_eq!(holding.take(&[2, 3]), [2, 3]);
        let close = [0x88, 2, 3, 0xe8];
        assert_eq!(holding.take(&close), [&frames(&[plain(1)])[..], &close].concat());
    }

    #[test]
    fn a_batch_is_taken_apart_only_where_it_is_tampered_with() {
        let batch = frames(&[[plain(1), plain(2)].join("\n")]);
        let mut saboteur = saboteur(SabotageKind::Drop, 3);
        assert_eq!(saboteur.take(&batch), batch);
        assert_eq!(saboteur.take(&batch), frames(&[plain(2)]));
    }

    #[test]
    fn any_slicing_gives_the_same() {
        let texts: Vec<_> =
            (1..40).map(|number| if number % 2 == 0 { plain(number) } else { socket_io(number) }).collect();
        let stream = frames(&texts);
        for kind in [SabotageKind::Drop, SabotageKind::Double, SabotageKind::Reorder] {
            let whole = saboteur(kind, 3).take(&stream);
            assert_ne!(whole, stream);
            for size in 1..60 {
                let mut saboteur = saboteur(kind, 3);
                let sliced: Vec<u8> = stream.chunks(size).flat_map(|slice| saboteur.take(slice)).collect();
                assert_eq!(sliced, whole, "{kind:?} in slices of {size}");
            }
        }
    }

    const SOON: Duration = Duration::from_secs(10);

    /// A server that answers a connection's first bytes with `said`.
    async fn server(said: Vec<u8>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let said = said.clone();
                open.push(tokio::spawn(async move {
                    let mut buffer = [0; 64];
                    while let Ok(1..) = stream.read(&mut buffer).await {
                        stream.write_all(&said).await.unwrap();
                    }
                }));
            }
        });
        address
    }

    async fn hears(stream: &mut TcpStream, count: usize) -> Vec<u8> {
        stream.write_all(b"GET").await.unwrap();
        let mut bytes = vec![0; count];
        within("the answer", SOON, stream.read_exact(&mut bytes)).await.unwrap();
        bytes
    }

    #[tokio::test]
    async fn a_saboteur_on_a_real_wire_is_counted_and_touches_nothing_else() {
        let said = [HEAD, &frames(&[plain(1), "{}".into(), plain(2), plain(3), plain(4)])].concat();
        let server = server(said.clone()).await;
        let cases: [(_, &[u32], u64); 3] = [
            (SabotageKind::Drop, &[1, 3], 2),
            (SabotageKind::Double, &[1, 2, 2, 3, 4, 4], 2),
            (SabotageKind::Reorder, &[1, 3, 2, 4], 1),
        ];
        for (kind, wanted, done) in cases {
            let proxy = Proxy::start(vec![server]).await.unwrap();
            let mut early = TcpStream::connect(proxy.address()).await.unwrap();
            until_true("the connection is carried", SOON, || proxy.open() == 1).await;
            let sabotage = Sabotage::new(kind, NonZeroU32::new(2).unwrap());
            sabotage.on(&proxy);
            assert_eq!(hears(&mut early, said.len()).await, said, "a connection from before is left alone");
            assert_eq!(sabotage.done(), 0);

            let mut client = TcpStream::connect(proxy.address()).await.unwrap();
            proxy.set(Fault::Slice(5));
            let mut texts: Vec<_> = wanted.iter().map(|number| plain(*number)).collect();
            texts.insert(1, "{}".into());
            let wanted = [HEAD, &frames(&texts)].concat();
            assert_eq!(hears(&mut client, wanted.len()).await, wanted, "{kind:?}");
            assert_eq!(sabotage.done(), done);
        }
    }

    #[tokio::test]
    async fn a_push_that_nobody_overtakes_arrives_late() {
        let push = [HEAD, &frames(&[r#"42["new_message",{}]"#.to_owned()])].concat();
        let proxy = Proxy::start(vec![server(push.clone()).await]).await.unwrap();
        let sabotage = Sabotage::new(SabotageKind::Reorder, NonZeroU32::MIN);
        sabotage.on(&proxy);
        let mut client = TcpStream::connect(proxy.address()).await.unwrap();
        let began = Instant::now();
        assert_eq!(hears(&mut client, push.len()).await, push);
        assert!(began.elapsed() >= HELD_AT_MOST);
        assert_eq!(sabotage.done(), 0);
    }
}
