//! Messages at a rate that does not wait for answers, and what came of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use souk_chat::{ClientMessageId, OrderId};
use souk_loadtest::Series;
use souk_protocol::{Request, plain};
use souk_testkit::socket::{TEXT, masked};
use tokio::net::TcpStream;

use crate::socket::send_now;

/// What people say here: plain talk of the three languages, 60 to 130 characters, nothing that is masked.
const TALK: [&str; 4] = [
    "I can be there tomorrow in the morning and bring the tools we spoke about",
    "Здравствуйте, подскажите, пожалуйста, когда вам удобно принять заказ и проверить работу",
    "Bonjour, le travail est presque fini; il me reste la porte de la cuisine et le carrelage",
    "Thank you, that works for me. Please ring twice, the bell of the house is not very loud, and mind the dog in the yard",
];

/// How the moment of sending is written into a text: so many letters, a to p, highest first.
const STAMP_LETTERS: usize = 9;
/// Where the stamp is in an answer and in a push.
const STAMP_BEHIND: &[u8] = b"\"content\":\"";

/// When to send, and what of it counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Messages a second, at random moments.
    pub(crate) rate: f64,
    /// How long before anything counts.
    pub(crate) warm: Duration,
    /// How long everything counts.
    pub(crate) measured: Duration,
}

/// When a plan, once begun, counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// From here on.
    pub(crate) from: Instant,
    /// Up to here.
    pub(crate) to: Instant,
}

impl Plan {
    /// The window of a plan that begins now.
    pub(crate) fn begin(self) -> Window {
        let from = Instant::now() + self.warm;
        Window { from, to: from + self.measured }
    }
}

/// What came back. Shared by all readers.
pub(crate) struct Tally {
    epoch: Instant,
    window: Mutex<Option<(u64, u64)>>,
    acknowledged: Mutex<Series>,
    received: Mutex<Series>,
    deliveries: AtomicU64,
    refusals: AtomicU64,
    refusal: Mutex<Option<String>>,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            epoch: Instant::now(),
            window: Mutex::default(),
            acknowledged: Mutex::default(),
            received: Mutex::default(),
            deliveries: AtomicU64::new(0),
            refusals: AtomicU64::new(0),
            refusal: Mutex::default(),
        }
    }
}

impl Tally {
    /// Microseconds from the tally's beginning to `moment`: what a stamp says.
    pub(crate) fn micros(&self, moment: Instant) -> u64 {
        u64::try_from(moment.saturating_duration_since(self.epoch).as_micros()).unwrap_or(u64::MAX)
    }

    /// Forgets what was measured, and counts messages meant for this window.
    pub(crate) fn measure(&self, window: Window) {
        *self.acknowledged.lock() = Series::default();
        *self.received.lock() = Series::default();
        self.refusals.store(0, Ordering::Relaxed);
        *self.window.lock() = Some((self.micros(window.from), self.micros(window.to)));
    }

    /// A text of the server.
    pub(crate) fn take(&self, text: &[u8]) {
        if text.starts_with(b"{\"event\":\"new_message\"") {
            self.delivered(stamp(text));
        } else if text.starts_with(b"{\"id\":") {
            match memchr::memmem::find(&text[..text.len().min(40)], b"\"data\":") {
                Some(_) => self.acknowledged(stamp(text)),
                None => self.refused(text),
            }
        }
    }

    /// The other party has a message that was meant to leave at this stamp.
    pub(crate) fn delivered(&self, stamp: Option<u64>) {
        self.deliveries.fetch_add(1, Ordering::Relaxed);
        self.add(&self.received, stamp);
    }

    /// The sender has the answer.
    pub(crate) fn acknowledged(&self, stamp: Option<u64>) {
        self.add(&self.acknowledged, stamp);
    }

    fn refused(&self, text: &[u8]) {
        self.refusals.fetch_add(1, Ordering::Relaxed);
        self.refusal.lock().get_or_insert_with(|| String::from_utf8_lossy(text).into_owned());
    }

    fn add(&self, to: &Mutex<Series>, stamp: Option<u64>) {
        let Some(stamp) = stamp else { return };
        let counts = self.window.lock().is_some_and(|(from, until)| (from..until).contains(&stamp));
        if counts {
            to.lock().add(Duration::from_micros(self.micros(Instant::now()).saturating_sub(stamp)));
        }
    }

    /// From sending to the answer, of the window.
    pub(crate) fn acknowledgements(&self) -> Series {
        self.acknowledged.lock().clone()
    }

    /// From sending to the other party, of the window.
    pub(crate) fn receipts(&self) -> Series {
        self.received.lock().clone()
    }

    /// Messages that reached the other party, ever.
    pub(crate) fn deliveries(&self) -> u64 {
        self.deliveries.load(Ordering::Relaxed)
    }

    /// Refused sends of the window.
    pub(crate) fn refusals(&self) -> u64 {
        self.refusals.load(Ordering::Relaxed)
    }

    /// The first refusal, ever.
    pub(crate) fn refusal(&self) -> Option<String> {
        self.refusal.lock().clone()
    }
}

fn letters(stamp: u64) -> [u8; STAMP_LETTERS] {
    let mut letters = [b'a'; STAMP_LETTERS];
    let mut rest = stamp;
    for letter in letters.iter_mut().rev() {
        *letter += rest.to_le_bytes()[0] & 15;
        rest >>= 4;
    }
    letters
}

/// The stamp of the message in an answer or a push; `None`: another message.
pub(crate) fn stamp(text: &[u8]) -> Option<u64> {
    let at = memchr::memmem::find(text, STAMP_BEHIND)? + STAMP_BEHIND.len();
    let letters = text.get(at..at + STAMP_LETTERS)?;
    letters.iter().try_fold(0, |stamp, letter| {
        let digit = letter.checked_sub(b'a').filter(|digit| *digit < 16)?;
        Some(stamp << 4 | u64::from(digit))
    })
}

/// A frame that says something in `order`, with the stamp in the text. Every frame of a run needs its own `number`.
pub(crate) fn message(order: &OrderId, stamp: u64, number: u64) -> Vec<u8> {
    let talk = TALK[usize::from(number.to_le_bytes()[0]) % TALK.len()];
    let letters = letters(stamp);
    let content = format!("{} {talk}", String::from_utf8_lossy(&letters));
    let id = ClientMessageId::new(&format!("m{stamp:x}-{number}")).expect("letters, digits and a dash are an id");
    let request = Request::SendMessage { order: order.clone(), content: content.into(), client_message_id: Some(id) };
    masked(TEXT, &plain::request_frame(Some(number), &request))
}

/// Sends by `plan`, from its beginning to the window's end, on this thread: each message is by a random one of `senders`, as
/// `frame(sender, stamp, number)` makes it. Returns how many sockets did not take their message.
pub(crate) fn drive(
    senders: &[Arc<TcpStream>],
    plan: Plan,
    window: Window,
    tally: &Tally,
    mut frame: impl FnMut(usize, u64, u64) -> Vec<u8>,
) -> u64 {
    let mut random = StdRng::seed_from_u64(senders.len() as u64);
    let mut due = window.from - plan.warm;
    // Numbers begin high enough not to meet those of requests made while connecting.
    let (mut number, mut unsent) = (tally.micros(due) + 1_000, 0);
    while due < window.to {
        let now = Instant::now();
        if due > now {
            std::thread::sleep(due - now);
        }
        let sender = random.random_range(0..senders.len());
        number += 1;
        if send_now(&senders[sender], &frame(sender, tally.micros(due), number)).is_err() {
            unsent += 1;
        }
        // Independent people: the gaps are exponential.
        let gap = -f64::ln(1.0 - random.random::<f64>()) / plan.rate;
        due += Duration::from_secs_f64(gap);
    }
    unsent
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_comes_back() {
        for sent in [0, 15, 123_456_789, (1 << 36) - 1] {
            let text = format!("{{\"data\":{{\"content\":\"{} hello\"}}}}", String::from_utf8_lossy(&letters(sent)));
            assert_eq!(stamp(text.as_bytes()), Some(sent));
        }
        assert_eq!(stamp(b"{\"content\":\"hi\"}"), None);
        assert_eq!(stamp(b"{}"), None);
    }
}
