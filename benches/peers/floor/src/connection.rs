//! The life of one connection.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, interval_at};

use crate::canned::{
    DATA, DONE, EMPTY, HELLO, ID, INCOMPLETE, JOINED, MESSAGE, NEW_MESSAGE, OWN_ID, READ, SIGNED_IN, TOO_LONG, TYPING,
    UNKNOWN,
};
use crate::frames::{self, CLOSE, PING, PONG, TEXT};
use crate::handshake;
use crate::rooms::{Mailbox, Room, Rooms};
use crate::splice;

/// Room for what is read at first; it grows for longer frames.
const BUFFER_BYTES: usize = 4 * 1024;
/// How often a ping goes out: clients take a silent server for dead.
const HEARTBEAT: Duration = Duration::from_secs(25);
const CONTENT_CHARS: usize = 2_000;
/// Who a token does not name.
const NOBODY: &str = "nobody";

/// Serves a connection until it ends.
pub(crate) async fn serve(mut stream: TcpStream, rooms: Arc<Rooms>) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(BUFFER_BYTES);
    let token = handshake::open(&mut stream, &mut buffer).await?;
    let (mailbox, pushes) = Mailbox::new();
    let mut connection = Connection { me: Person::default(), rooms, joined: Vec::new(), mailbox, out: Vec::new() };
    if let Some(token) = token {
        connection.me = Person::named_by(token.as_bytes());
    }
    let ended = connection.run(&mut stream, &mut buffer, pushes).await;
    connection.joined.iter().for_each(|(_, room)| room.leave(&connection.mailbox));
    ended
}

struct Connection {
    me: Person,
    rooms: Arc<Rooms>,
    joined: Vec<(Box<[u8]>, Arc<Room>)>,
    mailbox: Mailbox,
    /// What is to be written.
    out: Vec<u8>,
}

impl Connection {
    async fn run(
        &mut self,
        stream: &mut TcpStream,
        buffer: &mut Vec<u8>,
        mut pushes: mpsc::Receiver<Bytes>,
    ) -> io::Result<()> {
        let mut heartbeat = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
        let mut open = self.take(buffer)?;
        while open {
            if !self.out.is_empty() {
                stream.write_all(&self.out).await?;
                self.out.clear();
            }
            tokio::select! {
                count = stream.read_buf(buffer) => match count? {
                    0 => return Ok(()),
                    _ => open = self.take(buffer)?,
                },
                Some(push) = pushes.recv() => {
                    self.out.extend_from_slice(&push);
                    // What waits already goes in the same write.
                    while let Ok(push) = pushes.try_recv() {
                        self.out.extend_from_slice(&push);
                    }
                }
                _ = heartbeat.tick() => frames::put(&mut self.out, PING, &[]),
            }
        }
        stream.write_all(&self.out).await
    }

    /// Answers all frames that are whole; whether the connection goes on.
    fn take(&mut self, buffer: &mut Vec<u8>) -> io::Result<bool> {
        let mut used = 0;
        while let Some(frame) = frames::next(buffer, used).map_err(|_| io::ErrorKind::InvalidData)? {
            used = frame.payload.end;
            let payload = &buffer[frame.payload];
            match frame.first {
                TEXT => self.text(payload),
                PING => frames::put(&mut self.out, PONG, &[payload]),
                PONG => {}
                CLOSE => {
                    frames::put(&mut self.out, CLOSE, &[payload]);
                    return Ok(false);
                }
                // Fragments and binary frames: nobody here sends them.
                _ => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
        buffer.drain(..used);
        Ok(true)
    }

    fn text(&mut self, frame: &[u8]) {
        let id = splice::id(frame);
        let answered = match splice::text(frame, b"\"event\":\"") {
            Some(b"send_message") => self.send(id, frame),
            Some(b"typing") => self.typing(id, frame),
            Some(b"message_read") => answer(&mut self.out, id, &[READ]),
            Some(b"message_delivered" | b"set_visible" | b"ping") => answer(&mut self.out, id, &[DONE]),
            Some(b"join_order_chat") => self.join(id, frame),
            Some(b"leave_order_chat") => self.leave(id, frame),
            Some(b"join_app") => {
                let [begin, role, end] = HELLO;
                answer(&mut self.out, id, &[begin, self.me.id.as_bytes(), role, self.me.role.as_bytes(), end])
            }
            Some(b"authenticate") => self.authenticate(id, frame),
            _ => answer(&mut self.out, id, &[UNKNOWN]),
        };
        if answered.is_none() {
            answer(&mut self.out, id, &[INCOMPLETE]);
        }
    }

    fn authenticate(&mut self, id: Option<&[u8]>, frame: &[u8]) -> Option<()> {
        self.me = Person::named_by(splice::text(frame, b"\"token\":\"")?);
        let [begin, end] = SIGNED_IN;
        answer(&mut self.out, id, &[begin, self.me.id.as_bytes(), end])
    }

    fn join(&mut self, id: Option<&[u8]>, frame: &[u8]) -> Option<()> {
        let order = order(frame)?;
        let room = self.room(order);
        let head = room.join(&self.mailbox);
        if !self.joined.iter().any(|(joined, _)| &**joined == order) {
            self.joined.push((order.into(), room));
        }
        let mut digits = itoa::Buffer::new();
        let head = digits.format(head).as_bytes();
        let [begin, kind, more, again, end] = JOINED;
        answer(&mut self.out, id, &[begin, order, kind, head, more, head, again, head, end])
    }

    fn leave(&mut self, id: Option<&[u8]>, frame: &[u8]) -> Option<()> {
        let order = order(frame)?;
        if let Some(place) = self.joined.iter().position(|(joined, _)| &**joined == order) {
            self.joined.swap_remove(place).1.leave(&self.mailbox);
        }
        answer(&mut self.out, id, &[DONE])
    }

    fn send(&mut self, id: Option<&[u8]>, frame: &[u8]) -> Option<()> {
        let order = order(frame)?;
        let content = splice::text(frame, b"\"content\":\"")?.trim_ascii();
        if content.is_empty() {
            return answer(&mut self.out, id, &[EMPTY]);
        }
        // Bytes are never fewer than characters.
        if content.len() > CONTENT_CHARS && splice::characters(content) > CONTENT_CHARS {
            return answer(&mut self.out, id, &[TOO_LONG]);
        }
        let own = splice::text(frame, b"\"clientMessageId\":\"");
        let room = self.room(order);
        let name = self.me.id.as_bytes();
        let seq = room.send(&self.mailbox, |seq| {
            let mut digits = itoa::Buffer::new();
            let message = message(order, digits.format(seq).as_bytes(), name, content);
            let mut push = Vec::new();
            let mut parts: [&[u8]; 17] = [&[]; 17];
            parts[0] = NEW_MESSAGE;
            parts[1..16].copy_from_slice(&message);
            parts[16] = b"}}";
            frames::put(&mut push, TEXT, &parts);
            push.into()
        });
        let mut digits = itoa::Buffer::new();
        let message = message(order, digits.format(seq).as_bytes(), name, content);
        let mut parts: [&[u8]; 20] = [&[]; 20];
        parts[0] = DATA;
        parts[1..16].copy_from_slice(&message);
        if let Some(own) = own {
            parts[16..19].copy_from_slice(&[OWN_ID, own, b"\""]);
        }
        parts[19] = b"}}";
        answer(&mut self.out, id, &parts)
    }

    fn typing(&mut self, id: Option<&[u8]>, frame: &[u8]) -> Option<()> {
        let order = order(frame)?;
        let [begin, person, end] = TYPING;
        let mut push = Vec::new();
        frames::put(&mut push, TEXT, &[begin, order, person, self.me.id.as_bytes(), end]);
        self.room(order).tell(&self.mailbox, &push.into());
        answer(&mut self.out, id, &[DONE])
    }

    /// The room of an order: mine, or one that I am not in.
    fn room(&self, order: &[u8]) -> Arc<Room> {
        match self.joined.iter().find(|(joined, _)| &**joined == order) {
            Some((_, room)) => Arc::clone(room),
            None => self.rooms.of(order),
        }
    }
}

/// Answers, where an answer is wanted. Always something, so that handlers can end with it.
fn answer(out: &mut Vec<u8>, id: Option<&[u8]>, parts: &[&[u8]]) -> Option<()> {
    if let Some(id) = id {
        let mut all: [&[u8]; 24] = [&[]; 24];
        all[0] = ID;
        all[1] = id;
        all[2..2 + parts.len()].copy_from_slice(parts);
        frames::put(out, TEXT, &all[..2 + parts.len()]);
    }
    Some(())
}

/// A message without its last brace.
fn message<'a>(order: &'a [u8], seq: &'a [u8], sender: &'a [u8], content: &'a [u8]) -> [&'a [u8]; 15] {
    let [id, colon, order_id, number, rev, sender_id, text, rest] = MESSAGE;
    [id, order, colon, seq, order_id, order, number, seq, rev, seq, sender_id, sender, text, content, rest]
}

fn order(frame: &[u8]) -> Option<&[u8]> {
    splice::text(frame, b"\"orderId\":\"").filter(|order| !order.is_empty())
}

/// Whoever a token names. It is not checked.
struct Person {
    id: Box<str>,
    role: Box<str>,
}

impl Default for Person {
    fn default() -> Self {
        Self { id: NOBODY.into(), role: "client".into() }
    }
}

impl Person {
    fn named_by(token: &[u8]) -> Self {
        let claims = token.split(|byte| *byte == b'.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
        let claim = |mark| splice::text(claims.as_deref()?, mark).and_then(|text| std::str::from_utf8(text).ok());
        Self {
            id: claim(b"\"sub\":\"".as_slice()).unwrap_or(NOBODY).into(),
            role: claim(b"\"role\":\"".as_slice()).unwrap_or("client").into(),
        }
    }
}
