//! A connection as the rest of the node sees it: a bounded outbox, notices for its task, and two times.

use std::collections::VecDeque;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use fastwebsockets::OpCode;
use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use souk_chat::{OrderId, Seq, UserId};
use souk_protocol::{Close, socketio};

use crate::socket::frame;

use super::encoding::text;
use super::sight::{Pushes, Sight};

/// Most bytes that wait for one connection; one more frame and it is a slow consumer (4101). A frame that waits alone may be longer:
/// nobody was slow about it.
pub const OUTBOX_BYTES: usize = 512 * 1024;
/// Most frames that wait for one connection.
pub const OUTBOX_FRAMES: usize = 2_048;

/// The other party's newest message that a person was certainly shown in an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Who.
    pub user: UserId,
    /// Where.
    pub order: OrderId,
    /// Its number.
    pub seq: Seq,
}

/// Something that a connection's task must hear, beside frames to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A request of the session in this slot is finished. `send`: it was the one in the lane of sends.
    Finished {
        /// Which of the connection's sessions.
        slot: u8,
        /// It was a send: the next may begin.
        send: bool,
    },
    /// The time that the session asked to be woken at is there.
    Tick,
    /// The connection must end.
    Close(Close),
}

/// What a connection's task takes from its handle in one go.
#[derive(Debug, Default)]
pub struct Outgoing {
    /// Frames, ready for the socket, in order.
    pub frames: VecDeque<Bytes>,
    /// Notices, in order.
    pub notices: Vec<Notice>,
}

#[derive(Default)]
struct Queue {
    out: Outgoing,
    bytes: usize,
    overflowed: bool,
    closed: bool,
    /// Heartbeats that went out.
    pings: u32,
}

impl Queue {
    /// Puts a frame at the end. Returns whether frames are still taken.
    fn put(&mut self, frame: Bytes) -> bool {
        if self.closed || self.overflowed {
            return false;
        }
        self.bytes += frame.len();
        self.out.frames.push_back(frame);
        let waiting = self.out.frames.len();
        if waiting > 1 && self.bytes > OUTBOX_BYTES || waiting > OUTBOX_FRAMES {
            self.overflowed = true;
            self.out.frames = VecDeque::new();
            self.out.notices.push(Notice::Close(Close::SlowConsumer));
        }
        true
    }
}

/// The handle of a connection. Its task is the only one that takes from it.
pub struct ConnectionHandle {
    id: u64,
    queue: Mutex<Queue>,
    waker: AtomicWaker,
    /// When the session wants a tick, in seconds of the node's clock; [`u32::MAX`]: never.
    tick_at: AtomicU32,
    /// When something last came in, in seconds of the node's clock.
    heard_at: AtomicU32,
    /// When something last came in while nothing waited to be written, likewise.
    seen_until: AtomicU32,
    pushes: Mutex<Pushes>,
    /// Something of what was pushed has yet to be told as arrived.
    unconfirmed: AtomicBool,
    user: OnceLock<UserId>,
    /// Heartbeats that were answered, on Socket.IO.
    pongs: AtomicU32,
    /// When the last heartbeat went out, likewise.
    pinged_at: AtomicU32,
}

impl ConnectionHandle {
    /// A handle with this number, heard at `now` (seconds of the node's clock).
    pub fn new(id: u64, now: u32) -> Self {
        Self {
            id,
            queue: Mutex::default(),
            waker: AtomicWaker::new(),
            tick_at: AtomicU32::new(u32::MAX),
            heard_at: AtomicU32::new(now),
            seen_until: AtomicU32::new(now),
            pushes: Mutex::default(),
            unconfirmed: AtomicBool::new(false),
            user: OnceLock::new(),
            pongs: AtomicU32::new(0),
            pinged_at: AtomicU32::new(now),
        }
    }

    /// The connection's number on this node; never 0.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Puts a frame at the end of the outbox. A full outbox loses all of it and ends the connection as a slow consumer: what
    /// it missed is caught up with when it comes back. Returns whether the connection still took frames
    /// before this one.
    pub fn push(&self, frame: Bytes) -> bool {
        let taken = self.queue.lock().put(frame);
        if taken {
            self.waker.wake();
        }
        taken
    }

    /// Sends a heartbeat, and says its number: heartbeats are counted from 1, and each is answered once. On Socket.IO answers say no
    /// number and come in order; a WebSocket's ping takes its own along.
    pub fn ping(&self, socket_io: bool) -> u32 {
        let number = {
            let mut queue = self.queue.lock();
            queue.pings = queue.pings.wrapping_add(1);
            let number = queue.pings;
            queue.put(match socket_io {
                true => text(socketio::PING.as_bytes()),
                false => frame::encode(OpCode::Ping, &number.to_be_bytes()).into(),
            });
            number
        };
        self.waker.wake();
        number
    }

    /// A heartbeat of Socket.IO was answered: its number.
    pub fn ponged(&self) -> u32 {
        self.pongs.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
    }

    /// Whose connection it is, once somebody signed in: all its sessions are one person's.
    pub fn set_user(&self, user: &UserId) {
        let _ = self.user.set(user.clone());
    }

    /// Puts one of the connection's last frames at the end of the outbox, also where that overflowed: why it ends is told to slow
    /// readers too. For the few frames of a goodbye.
    pub fn push_last(&self, frame: Bytes) {
        let mut queue = self.queue.lock();
        if !queue.closed {
            queue.out.frames.push_back(frame);
        }
    }

    /// Tells the task something. Notices are few: at most one per request under way, a tick and a close.
    pub fn notify(&self, notice: Notice) {
        {
            let mut queue = self.queue.lock();
            if queue.closed || queue.out.notices.contains(&notice) && notice == Notice::Tick {
                return;
            }
            queue.out.notices.push(notice);
        }
        self.waker.wake();
    }

    /// Takes what waits: notices always, frames only if `frames`, so that those a slow socket does not take stay where they are
    /// counted. Pending while there is nothing. For the connection's own task.
    pub fn poll_take(&self, context: &Context<'_>, frames: bool) -> Poll<Outgoing> {
        self.waker.register(context.waker());
        let mut queue = self.queue.lock();
        let has_frames = frames && !queue.out.frames.is_empty();
        if !has_frames && queue.out.notices.is_empty() {
            return Poll::Pending;
        }
        if has_frames {
            queue.bytes = 0;
            return Poll::Ready(std::mem::take(&mut queue.out));
        }
        let notices = std::mem::take(&mut queue.out.notices);
        Poll::Ready(Outgoing { frames: VecDeque::new(), notices })
    }

    /// Ends the handle: what waits is dropped, nothing more is taken.
    pub fn close(&self) {
        let mut queue = self.queue.lock();
        queue.closed = true;
        queue.out = Outgoing::default();
    }

    /// Whether the task has ended.
    pub fn is_closed(&self) -> bool {
        self.queue.lock().closed
    }

    /// Asks for a [`Notice::Tick`] at this second of the node's clock.
    pub fn tick_at(&self, second: u32) {
        self.tick_at.store(second, Ordering::Relaxed);
    }

    /// Whether a tick is due; asks only once.
    pub fn take_tick(&self, now: u32) -> bool {
        self.tick_at.load(Ordering::Relaxed) <= now && self.tick_at.swap(u32::MAX, Ordering::Relaxed) <= now
    }

    /// Something came in. `all_written`: nothing that was taken from the handle waits for the socket.
    pub fn heard(&self, now: u32, all_written: bool) {
        self.heard_at.store(now, Ordering::Relaxed);
        if all_written {
            self.seen_until.store(now, Ordering::Relaxed);
        }
    }

    /// A push of an order's entry goes out now. Who pushes may know an older time: what was heard before it shows nothing of it.
    /// `message`: the entry brings one of the other party.
    pub(super) fn pushes(&self, order: &OrderId, seq: Seq, message: bool, now: u32) {
        let now = now.max(self.heard_at());
        self.pushes.lock().push(order, seq, message, now, self.seen_until.load(Ordering::Relaxed));
        if message {
            self.unconfirmed.store(true, Ordering::Release);
        }
    }

    /// The newest messages of other parties that were certainly shown since this was last asked. One atomic read where nothing was
    /// pushed.
    pub fn arrived(&self, into: &mut Vec<Arrival>) {
        let Some(user) = self.user.get().filter(|_| self.unconfirmed.load(Ordering::Acquire)) else { return };
        let mut pushes = self.pushes.lock();
        let (arrived, is_more) = pushes.arrived(self.seen_until.load(Ordering::Relaxed));
        self.unconfirmed.store(is_more, Ordering::Release);
        into.extend(arrived.into_iter().map(|(order, seq)| Arrival { user: user.clone(), order, seq }));
    }

    /// What was certainly seen: what was written before something came in while nothing waited to be written.
    pub(super) fn sight(&self) -> Sight {
        self.pushes.lock().sight(self.seen_until.load(Ordering::Relaxed))
    }

    /// When something last came in.
    pub fn heard_at(&self) -> u32 {
        self.heard_at.load(Ordering::Relaxed)
    }

    /// A heartbeat goes out.
    pub fn pinged(&self, now: u32) {
        self.pinged_at.store(now, Ordering::Relaxed);
    }

    /// When the last heartbeat went out.
    pub fn pinged_at(&self) -> u32 {
        self.pinged_at.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(handle: &ConnectionHandle) -> Poll<Outgoing> {
        handle.poll_take(&Context::from_waker(std::task::Waker::noop()), true)
    }

    #[test]
    fn a_full_outbox_costs_its_bound_and_ends_the_connection() {
        let handle = ConnectionHandle::new(1, 0);
        let frame = Bytes::from(vec![0; OUTBOX_BYTES / 4]);
        for _ in 0..4 {
            assert!(handle.push(frame.clone()));
        }
        handle.push(frame.clone());
        assert!(!handle.push(frame), "nothing is taken after the overflow");
        let Poll::Ready(out) = take(&handle) else { panic!("there is a notice") };
        assert!(out.frames.is_empty());
        assert_eq!(out.notices, [Notice::Close(Close::SlowConsumer)]);
    }

    #[test]
    fn one_long_frame_is_no_slowness() {
        let handle = ConnectionHandle::new(1, 0);
        assert!(handle.push(Bytes::from(vec![0; 2 * OUTBOX_BYTES])));
        let Poll::Ready(out) = take(&handle) else { panic!("there is a frame") };
        assert_eq!((out.frames.len(), out.notices.len()), (1, 0));
        for _ in 0..2 {
            handle.push(Bytes::from(vec![0; 2 * OUTBOX_BYTES]));
        }
        let Poll::Ready(out) = take(&handle) else { panic!("there is a notice") };
        assert_eq!(out.notices, [Notice::Close(Close::SlowConsumer)]);
    }

    #[test]
    fn what_is_taken_leaves_room() {
        let handle = ConnectionHandle::new(1, 0);
        for round in 0..3 {
            for _ in 0..OUTBOX_FRAMES {
                assert!(handle.push(Bytes::from_static(b"x")), "round {round}");
            }
            let Poll::Ready(out) = take(&handle) else { panic!("there are frames") };
            assert_eq!(out.frames.len(), OUTBOX_FRAMES);
        }
        assert!(take(&handle).is_pending());
    }

    #[test]
    fn notices_come_while_the_socket_takes_no_frames() {
        let handle = ConnectionHandle::new(1, 0);
        handle.push(Bytes::from_static(b"x"));
        let blocked = || handle.poll_take(&Context::from_waker(std::task::Waker::noop()), false);
        assert!(blocked().is_pending());
        handle.notify(Notice::Close(Close::StateLost));
        let Poll::Ready(out) = blocked() else { panic!("there is a notice") };
        assert_eq!((out.frames.len(), out.notices.len()), (0, 1));
        let Poll::Ready(out) = take(&handle) else { panic!("the frame is still there") };
        assert_eq!((out.frames.len(), out.notices.len()), (1, 0));
    }

    #[test]
    fn what_waits_for_the_socket_was_not_seen() {
        let handle = ConnectionHandle::new(1, 3);
        handle.heard(5, true);
        handle.heard(9, false);
        assert_eq!((handle.heard_at(), handle.sight().until), (9, 5));
    }

    #[test]
    fn what_was_heard_before_a_push_shows_nothing_of_it() {
        let (handle, order) = (ConnectionHandle::new(1, 0), OrderId::new("o-1").unwrap());
        handle.heard(9, true);
        // A join under way kept the entry, and it left the gate in the second 4.
        handle.pushes(&order, Seq(1), false, 4);
        assert_eq!(handle.sight().orders, []);
        handle.heard(10, true);
        assert_eq!(handle.sight().orders, [(order, Seq(1))]);
    }

    #[test]
    fn a_tick_comes_once_when_it_is_due() {
        let handle = ConnectionHandle::new(1, 0);
        assert!(!handle.take_tick(u32::MAX - 1));
        handle.tick_at(5);
        assert!(!handle.take_tick(4));
        assert!(handle.take_tick(5));
        assert!(!handle.take_tick(6));
    }
}
