//! Cutting what a server sends into WebSocket frames, however the bytes arrive.
//!
//! Only whole text frames of a bearable size are looked at; everything else goes through as it comes, without being kept. A
//! connection that does not become a WebSocket with its first answer is left alone for good.

use std::mem;

use souk_testkit::socket::{CLOSE, Head, TEXT};

/// Largest head of the answer to the handshake; a longer one is no WebSocket of ours.
const HEAD_MAX: usize = 16 * 1024;
/// Largest frame that is looked at, with its head: more than a node sends in one.
const FRAME_MAX: u64 = 128 * 1024;

/// A piece of the stream. The pieces, put together, are the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Bytes to pass on.
    Bytes(&'a [u8]),
    /// A whole text frame that is a whole message.
    Text {
        /// With its head.
        raw: &'a [u8],
        /// Without.
        payload: &'a [u8],
    },
    /// The first bytes of a close frame: after it nothing else may be sent.
    Close(&'a [u8]),
}

/// Where in the stream we are.
#[derive(Debug, Default)]
pub(super) struct Cutter {
    state: State,
    /// The head of the answer so far, which has been passed on, or the part of a frame that is there, which has not.
    waiting: Vec<u8>,
    /// A message in fragments is under way.
    fragments: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Head,
    /// Frames, after so many bytes of the present one.
    Frames(u64),
    /// No WebSocket.
    Other,
}

impl Cutter {
    /// Whether a frame may be put in here: not within another one, nor between the fragments of a message.
    pub(super) fn is_between_messages(&self) -> bool {
        self.state == State::Frames(0) && !self.fragments
    }

    /// Takes what came, and gives the pieces to `each`.
    pub(super) fn take(&mut self, bytes: &[u8], each: &mut impl FnMut(Piece<'_>)) {
        match self.state {
            State::Other => each(Piece::Bytes(bytes)),
            State::Head => {
                let head = self.head(bytes);
                let (head, rest) = bytes.split_at(head);
                each(Piece::Bytes(head));
                if !rest.is_empty() {
                    self.take(rest, each);
                }
            }
            State::Frames(_) => self.frames(bytes, each),
        }
    }

    /// How many of these bytes are still the head of the answer.
    fn head(&mut self, bytes: &[u8]) -> usize {
        let before = self.waiting.len();
        self.waiting.extend_from_slice(bytes);
        let from = before.saturating_sub(3);
        let end = self.waiting[from..].windows(4).position(|four| four == b"\r\n\r\n").map(|at| from + at + 4);
        if end.is_none() && self.waiting.len() <= HEAD_MAX {
            return bytes.len();
        }
        let upgraded = end.is_some() && self.waiting.starts_with(b"HTTP/1.1 101");
        self.state = if upgraded { State::Frames(0) } else { State::Other };
        self.waiting = Vec::new();
        end.map_or(bytes.len(), |end| end - before)
    }

    fn frames(&mut self, bytes: &[u8], each: &mut impl FnMut(Piece<'_>)) {
        let mut kept = mem::take(&mut self.waiting);
        let input = if kept.is_empty() {
            bytes
        } else {
            kept.extend_from_slice(bytes);
            &kept
        };
        let used = self.cut(input, each);
        if used == input.len() {
            return;
        }
        if used == 0 && !kept.is_empty() {
            // A large frame in small pieces is not copied with each of them.
            self.waiting = kept;
        } else {
            self.waiting = input[used..].to_vec();
        }
    }

    /// Cuts as much as is there, and says how much it was.
    fn cut(&mut self, input: &[u8], each: &mut impl FnMut(Piece<'_>)) -> usize {
        let mut at = 0;
        loop {
            let rest = &input[at..];
            let State::Frames(skip) = &mut self.state else { return at };
            if *skip > 0 {
                let now = fitting(*skip, rest.len());
                *skip -= now as u64;
                if now > 0 {
                    each(Piece::Bytes(&rest[..now]));
                }
                at += now;
                if now == rest.len() {
                    return at;
                }
                continue;
            }
            let Some(head) = Head::read(rest) else { return at };
            // A whole text, neither masked nor compressed.
            let looked_at = head.first == TEXT && !head.masked && head.all <= FRAME_MAX;
            let now = fitting(head.all, rest.len());
            if looked_at {
                if (now as u64) < head.all {
                    return at;
                }
                each(Piece::Text { raw: &rest[..now], payload: &rest[head.bytes..now] });
            } else {
                let (is_close, is_control) = (head.opcode() == CLOSE & 0x0f, head.opcode() & 0x08 != 0);
                if !is_control {
                    self.fragments = head.first & 0x80 == 0;
                }
                *skip = head.all - now as u64;
                let piece = &rest[..now];
                each(if is_close { Piece::Close(piece) } else { Piece::Bytes(piece) });
            }
            at += now;
        }
    }
}

fn fitting(wanted: u64, there: usize) -> usize {
    usize::try_from(wanted).map_or(there, |wanted| wanted.min(there))
}

#[cfg(test)]
mod tests {
    use souk_testkit::socket::unmasked as frame;

    use super::*;

    const HEAD: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";

    fn text(payload: &[u8]) -> Vec<u8> {
        frame(TEXT, payload)
    }

    /// The stream as it went through, and the texts that were looked at.
    fn through(stream: &[u8], sizes: impl Fn(usize) -> usize) -> (Vec<u8>, Vec<Vec<u8>>) {
        let (mut cutter, mut out, mut texts) = (Cutter::default(), Vec::new(), Vec::new());
        let (mut at, mut turn) = (0, 0);
        while at < stream.len() {
            let end = stream.len().min(at + sizes(turn).max(1));
            cutter.take(&stream[at..end], &mut |piece| match piece {
                Piece::Bytes(bytes) | Piece::Close(bytes) => out.extend_from_slice(bytes),
                Piece::Text { raw, payload } => {
                    out.extend_from_slice(raw);
                    texts.push(payload.to_vec());
                }
            });
            (at, turn) = (end, turn + 1);
        }
        (out, texts)
    }

    fn everything() -> Vec<u8> {
        [
            HEAD.to_vec(),
            text(b"one"),
            frame(0x89, b"ping"),
            text(&[b'm'; 300]),
            frame(0x01, b"frag"),
            frame(0x80, b"ment"),
            frame(0xc1, b"compressed"),
            text(b""),
            text(&vec![b'l'; 70_000]),
            text(&vec![b'h'; 200_000]),
            frame(0x82, &[0x81; 130]),
            text(b"last"),
            frame(0x88, b"\x03\xe8bye"),
        ]
        .concat()
    }

    #[test]
    fn any_slicing_gives_the_same_frames_and_every_byte() {
        let stream = everything();
        let wanted = [&b"one"[..], &[b'm'; 300], b"", &[b'l'; 70_000], b"last"].map(<[u8]>::to_vec);
        for size in [1, 2, 3, 5, 7, 11, 64, 127, 1_000, 16_384, stream.len()] {
            let (out, texts) = through(&stream, |_| size);
            assert!(out == stream, "slices of {size}");
            assert!(texts == wanted, "slices of {size}");
        }
        let (out, texts) = through(&stream, |turn| turn * 31 % 97);
        assert!(out == stream && texts == wanted);
    }

    #[test]
    fn a_cut_at_any_place_changes_nothing() {
        let stream = [HEAD, &text(b"one"), &text(&[b'm'; 130]), &frame(0x8a, b""), &text(b"two")].concat();
        for cut in 1..stream.len() {
            let (out, texts) = through(&stream, |turn| if turn == 0 { cut } else { stream.len() });
            assert_eq!(out, stream, "cut at {cut}");
            assert_eq!(texts, [b"one".to_vec(), vec![b'm'; 130], b"two".to_vec()], "cut at {cut}");
        }
    }

    #[test]
    fn what_is_no_websocket_is_left_alone() {
        for head in [&b"HTTP/1.1 200 OK\r\n\r\n"[..], &[b'x'; HEAD_MAX + 1], b"SSH-2.0"] {
            let stream = [head, &text(b"one")].concat();
            let (out, texts) = through(&stream, |_| 100);
            assert!(out == stream && texts.is_empty());
        }
    }

    #[test]
    fn frames_may_be_put_in_only_between_messages() {
        let mut cutter = Cutter::default();
        let mut between = |bytes: &[u8]| {
            cutter.take(bytes, &mut |_| ());
            cutter.is_between_messages()
        };
        assert!(!between(b"HTTP/1.1 101 OK\r\n"));
        assert!(between(b"\r\n"));
        assert!(!between(&frame(0x01, b"frag")));
        assert!(!between(&frame(0x89, b"ping")), "a ping between fragments ends nothing");
        assert!(between(&frame(0x80, b"ment")));
        assert!(!between(&frame(0x82, b"binary")[..4]));
        assert!(between(b"nary"));
        // A text of which a part is there is held back whole, so that a frame may go before it.
        assert!(between(&text(b"one")[..3]));
    }
}
