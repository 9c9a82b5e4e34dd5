//! The saboteur: breaks the promises of chat on purpose, so that it can be seen that a checker notices.
//!
//! It touches pushes of `new_message` and nothing else, on both carriers; all other bytes stay as they are, in their order.

use std::borrow::Cow;
use std::mem;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::time::Instant;

use super::frames::{Cutter, Piece, write_text};

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

/// What is done, and to how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sabotage {
    /// What.
    pub kind: SabotageKind,
    /// To one in so many.
    pub every: NonZeroU32,
}

/// Counts over all connections.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pushes: AtomicU64,
    done: AtomicU64,
}

impl Tally {
    /// Pushes that were tampered with.
    pub(super) fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    fn count(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    fn is_turn(&self, every: NonZeroU32) -> bool {
        (self.pushes.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(u64::from(every.get()))
    }
}

/// The saboteur of one connection's answers.
#[derive(Debug)]
pub(super) struct Saboteur {
    cutter: Cutter,
    hand: Hand,
}

#[derive(Debug)]
struct Hand {
    sabotage: Sabotage,
    tally: Arc<Tally>,
    /// The text of a push that waits to be overtaken, and until when.
    held: Option<(Vec<u8>, Instant)>,
}

impl Saboteur {
    pub(super) fn new(sabotage: Sabotage, tally: Arc<Tally>) -> Self {
        Self { cutter: Cutter::default(), hand: Hand { sabotage, tally, held: None } }
    }

    /// What is to be passed on of what came.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Vec<u8> {
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

    /// When to call [`release`](Self::release).
    pub(super) fn due(&self) -> Option<Instant> {
        self.hand.held.as_ref().map(|(_, until)| *until)
    }

    /// What was held back and is to be passed on now: nobody overtook it in time, or nothing more comes. Empty: there is nothing,
    /// or it cannot be put in here and is tried again later.
    pub(super) fn release(&mut self) -> Vec<u8> {
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
            write_text(out, line);
            return false;
        }
        if let Some((held, _)) = self.held.take() {
            write_text(out, line);
            write_text(out, &held);
            self.tally.count();
            return true;
        }
        if !self.tally.is_turn(self.sabotage.every) {
            write_text(out, line);
            return false;
        }
        match self.sabotage.kind {
            SabotageKind::Drop => self.tally.count(),
            SabotageKind::Double => {
                write_text(out, line);
                write_text(out, line);
                self.tally.count();
            }
            SabotageKind::Reorder => self.held = Some((line.to_vec(), Instant::now() + HELD_AT_MOST)),
        }
        true
    }

    fn let_go(&mut self, out: &mut Vec<u8>) {
        if let Some((held, _)) = mem::take(&mut self.held) {
            write_text(out, &held);
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
    use super::*;

    const HEAD: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\n\r\n";

    fn saboteur(kind: SabotageKind, every: u32) -> Saboteur {
        let every = NonZeroU32::new(every).unwrap();
        let mut saboteur = Saboteur::new(Sabotage { kind, every }, Arc::default());
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
        texts.iter().for_each(|text| write_text(&mut out, text.as_bytes()));
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
        assert_eq!(dropping.hand.tally.done(), 2);
        let mut doubling = saboteur(SabotageKind::Double, 6);
        let doubled = [&sent[..], &[socket_io(6)]].concat();
        assert_eq!(doubling.take(&frames(&sent)), frames(&doubled));
        assert_eq!(doubling.hand.tally.done(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn two_are_swapped_and_what_nobody_overtakes_is_let_go() {
        let other = r#"{"event":"typing","data":{}}"#.to_owned();
        let mut saboteur = saboteur(SabotageKind::Reorder, 2);
        let sent = frames(&[plain(1), plain(2), other.clone(), plain(3), plain(4)]);
        assert_eq!(saboteur.take(&sent), frames(&[plain(1), other, plain(3), plain(2), plain(4)]).as_slice());
        assert_eq!((saboteur.hand.tally.done(), saboteur.due()), (1, None));
        assert_eq!(saboteur.take(&frames(&[plain(5)])), frames(&[]));
        assert_eq!(saboteur.due(), Some(Instant::now() + HELD_AT_MOST));
        assert_eq!(saboteur.release(), frames(&[plain(5)]));
        assert_eq!((saboteur.hand.tally.done(), saboteur.due()), (1, None), "a delay is no swap");
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
}
