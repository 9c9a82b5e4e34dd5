//! The floor: what a relay costs that does nothing else. It counts bytes to find where frames end and sends canned ones: no JSON, no
//! tokens, no numbers, no store. A connection is a task with a buffer and a mailbox, a write per frame, as anybody would write
//! it with tokio. souk runs beside it, round by round, so that both see the same machine.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use parking_lot::Mutex;
use serde::Serialize;
use souk_chat::OrderId;
use souk_loadtest::scenario::Engines;
use souk_loadtest::target::TargetError;
use souk_testkit::ports::free_address;
use souk_testkit::process::{Running, tied};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::failure::Failure;
use crate::load::{self, Plan, Tally};
use crate::process::{Memory, Used};
use crate::report::{Percentiles, figure, median_by, rounded, say};
use crate::socket::{OpenError, Socket, source};

use super::relay::{self, Bytes, Load, Round, Session};

/// Bytes read at once by the floor.
const BUFFER_BYTES: usize = 4 * 1024;
/// Most frames that wait for one connection of the floor; more are dropped, and the figure shows it.
const MAILBOX: usize = 1_024;
/// Connections opened at the same time.
const OPENING_AT_ONCE: usize = 64;
/// How often connecting to the floor is tried while it starts.
const STARTING_TRIES: usize = 100;
/// The pause between.
const STARTING_PAUSE: Duration = Duration::from_millis(20);
/// What a client asks for, its number behind it.
const PATH: &str = "/relay/";

/// The length of what souk answers to a send of this load, and of what the other party is told.
const ANSWER: &str = r#"{"id":9223372036,"data":{"id":"o0a1b2c3d-123:45","orderId":"o0a1b2c3d-123","seq":45,"rev":45,"version":1,"senderId":"u0a1b2c3d-246","kind":"text","content":"aaaadbcfe I can be there tomorrow in the morning and bring the tools we spoke about, and more","status":"sent","isEdited":false,"isModerated":false,"moderationFlags":[],"createdAt":"2026-01-01T00:00:00.000Z","clientMessageId":"m3dbcfe4-9223372036"}}"#;
const PUSH: &str = r#"{"event":"new_message","data":{"id":"o0a1b2c3d-123:45","orderId":"o0a1b2c3d-123","seq":45,"rev":45,"version":1,"senderId":"u0a1b2c3d-246","kind":"text","content":"aaaadbcfe I can be there tomorrow in the morning and bring the tools we spoke about, and more","status":"sent","isEdited":false,"isModerated":false,"moderationFlags":[],"createdAt":"2026-01-01T00:00:00.000Z"}}"#;

/// What to measure.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Options {
    /// Only the floor, without souk beside it.
    #[arg(long)]
    only: bool,
    /// The load.
    #[command(flatten)]
    load: Load,
}

#[derive(Serialize)]
struct Ratio {
    rounds: usize,
    floor_cpu_us: f64,
    souk_cpu_us: f64,
    ratio: f64,
    ratio_of_least: f64,
}

/// Measures and reports the floor, and souk beside it.
pub(crate) async fn run(options: Options, souk: &Path) -> Result<(), Failure> {
    let load = options.load;
    let floor = Floor::start(&load).await?;
    let session = match options.only {
        true => None,
        false => Some(Session::start(Engines::Alone, &load, souk).await?),
    };
    let (mut canned, mut real) = (Vec::new(), Vec::new());
    for number in 1..=load.rounds {
        let round = floor.round(load.plan()).await?;
        round.say(&format!("floor, round {number}"));
        canned.push(round);
        if let Some(session) = &session {
            let round = session.round(load.plan()).await?;
            round.say(&format!("souk alone, round {number}"));
            real.push(round);
        }
    }
    relay::report("floor", "floor", &load, floor.bytes()?, &canned);
    let Some(session) = session else { return Ok(()) };
    relay::report("floor", "alone", &load, session.bytes()?, &real);
    let cpu = |round: &Round| round.cpu_us;
    let middle = |rounds: &[Round]| median_by(rounds, cpu).map_or(f64::NAN, cpu);
    let least = |rounds: &[Round]| rounds.iter().map(cpu).fold(f64::INFINITY, f64::min);
    let (floor_cpu_us, souk_cpu_us) = (middle(&canned), middle(&real));
    let ratio = Ratio {
        rounds: load.rounds,
        floor_cpu_us,
        souk_cpu_us,
        ratio: rounded(souk_cpu_us / floor_cpu_us, 2),
        ratio_of_least: rounded(least(&real) / least(&canned), 2),
    };
    say(format!(
        "souk alone costs {} × the floor: {souk_cpu_us} µs against {floor_cpu_us} µs a delivery (least of {} rounds each: {} ×)",
        ratio.ratio, ratio.rounds, ratio.ratio_of_least
    ));
    figure("ratio", &ratio);
    Ok(())
}

/// Stamps on their way: frames are canned, so what comes is matched with what went by its turn.
type Turns = Arc<Vec<Mutex<VecDeque<u64>>>>;

struct Floor {
    running: Running,
    senders: Vec<Arc<TcpStream>>,
    tally: Arc<Tally>,
    answers: Turns,
    pushes: Turns,
    before: Memory,
    idle: Memory,
    _readers: JoinSet<()>,
    _folder: TempDir,
}

impl Floor {
    async fn start(load: &Load) -> Result<Self, Failure> {
        let folder = tempfile::tempdir().map_err(Failure::io("making a folder"))?;
        let listen = free_address().map_err(Failure::io("looking for a free port"))?;
        let mut command = tied(std::env::current_exe().map_err(Failure::io("looking for this program"))?);
        command.args(["floor-server", "--listen", &listen.to_string()]);
        let running =
            Running::start(command, "the floor", &folder.path().join("floor.log")).map_err(TargetError::from)?;
        wait_for(listen).await?;
        let before = Memory::of(running.pid())?;
        let count = load.users.next_multiple_of(2);
        let open = |number| Socket::open(listen, source(number), numbered(number), "none");
        let sockets: Vec<Socket> = stream::iter((0..count).map(open))
            .buffered(OPENING_AT_ONCE)
            .try_collect()
            .await
            .map_err(|error: OpenError| Failure::answer("connecting to the floor", error.to_string()))?;
        let turns = || -> Turns { Arc::new((0..count).map(|_| Mutex::default()).collect()) };
        let (tally, answers, pushes) = (Arc::new(Tally::default()), turns(), turns());
        let senders = sockets.iter().map(Socket::stream).collect();
        let mut readers = JoinSet::new();
        for (number, mut socket) in sockets.into_iter().enumerate() {
            let (tally, answers, pushes) = (Arc::clone(&tally), Arc::clone(&answers), Arc::clone(&pushes));
            let take = move |text: &[u8]| match text.starts_with(b"{\"id\"") {
                true => tally.acknowledged(answers[number].lock().pop_front()),
                false => tally.delivered(pushes[number].lock().pop_front()),
            };
            readers.spawn(async move { while socket.read(&take).await.is_ok() {} });
        }
        tokio::time::sleep(Duration::from_secs(load.settle)).await;
        let idle = Memory::of(running.pid())?;
        Ok(Self { running, senders, tally, answers, pushes, before, idle, _readers: readers, _folder: folder })
    }

    async fn round(&self, plan: Plan) -> Result<Round, Failure> {
        let window = plan.begin();
        self.tally.measure(window);
        let (senders, tally) = (self.senders.clone(), Arc::clone(&self.tally));
        let (answers, pushes) = (Arc::clone(&self.answers), Arc::clone(&self.pushes));
        let driver = tokio::task::spawn_blocking(move || {
            let order = OrderId::new("o0a1b2c3d-123").expect("letters, digits and a dash are an id");
            let frame = |sender: usize, stamp, number| {
                answers[sender].lock().push_back(stamp);
                pushes[sender ^ 1].lock().push_back(stamp);
                load::message(&order, stamp, number)
            };
            load::drive(&senders, plan, window, &tally, frame)
        });
        let reading = || Ok::<_, Failure>((Used::of(self.running.pid())?, self.tally.deliveries()));
        tokio::time::sleep_until(window.from.into()).await;
        let before = reading()?;
        tokio::time::sleep_until(window.to.into()).await;
        let after = reading()?;
        let unsent = driver.await.map_err(|error| Failure::answer("sending", error.to_string()))?;
        tokio::time::sleep(Duration::from_millis(500)).await;
        Ok(Round {
            acknowledged: Percentiles::of(&self.tally.acknowledgements()),
            received: Percentiles::of(&self.tally.receipts()),
            unsent,
            ..Round::of(after.0 - before.0, after.1 - before.1)
        })
    }

    fn bytes(&self) -> Result<Bytes, Failure> {
        let count = self.senders.len() as f64;
        let each = |now: Memory| rounded((now.resident as f64 - self.before.resident as f64) / count, 0);
        Ok(Bytes { idle: each(self.idle), busy: each(Memory::of(self.running.pid())?) })
    }
}

async fn wait_for(server: SocketAddr) -> Result<(), Failure> {
    for _ in 0..STARTING_TRIES {
        if TcpStream::connect(server).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(STARTING_PAUSE).await;
    }
    Err(Failure::Ended(format!("the floor does not answer at {server}")))
}

fn numbered(number: usize) -> String {
    format!("{PATH}{number}")
}

/// Runs the floor for ever.
pub(crate) async fn serve(listen: SocketAddr) -> Result<(), Failure> {
    let listener = TcpListener::bind(listen).await.map_err(Failure::io(format!("listening on {listen}")))?;
    let mailboxes = Arc::new(Mutex::new(HashMap::new()));
    loop {
        let (stream, _) = listener.accept().await.map_err(Failure::io("accepting"))?;
        let mailboxes = Arc::clone(&mailboxes);
        tokio::spawn(async move {
            // A connection that fails is a client that left.
            let _ = relay_one(stream, &mailboxes).await;
        });
    }
}

type Mailboxes = Mutex<HashMap<usize, mpsc::Sender<()>>>;

async fn relay_one(mut stream: TcpStream, mailboxes: &Mailboxes) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (answer, push) = (canned(ANSWER), canned(PUSH));
    let mut buffer = vec![0; BUFFER_BYTES];
    let head = stream.read(&mut buffer).await?;
    let number = number(&buffer[..head]).ok_or(io::ErrorKind::InvalidData)?;
    stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n").await?;
    let (sender, mut mailbox) = mpsc::channel(MAILBOX);
    mailboxes.lock().insert(number, sender);
    let mut partner = None;
    let mut filled = 0;
    loop {
        tokio::select! {
            count = stream.read(&mut buffer[filled..]) => {
                let count = count?;
                if count == 0 {
                    return Ok(());
                }
                filled += count;
                let mut used = 0;
                while let Some(length) = frame_length(&buffer[used..filled]) {
                    used += length;
                    if partner.is_none() {
                        partner = mailboxes.lock().get(&(number ^ 1)).cloned();
                    }
                    if let Some(partner) = &partner {
                        // A full mailbox shows as fewer deliveries than answers.
                        let _ = partner.try_send(());
                    }
                    stream.write_all(&answer).await?;
                }
                buffer.copy_within(used..filled, 0);
                filled -= used;
            }
            Some(()) = mailbox.recv() => stream.write_all(&push).await?,
        }
    }
}

/// The number in the first line of a handshake.
fn number(head: &[u8]) -> Option<usize> {
    let line = std::str::from_utf8(head).ok()?.lines().next()?;
    line.split_whitespace().nth(1)?.strip_prefix(PATH)?.parse().ok()
}

/// The length of the first frame of a client, header and all, once it is there.
fn frame_length(buffer: &[u8]) -> Option<usize> {
    let length = match (buffer.get(1)? & 0x7f, buffer.get(2..4)) {
        (126, Some(long)) => 8 + usize::from(u16::from_be_bytes([long[0], long[1]])),
        (short, _) => 6 + usize::from(short),
    };
    (buffer.len() >= length).then_some(length)
}

fn canned(text: &str) -> bytes::Bytes {
    let length = u16::try_from(text.len()).expect("the canned texts are short");
    [&[0x81, 126], &length.to_be_bytes()[..], text.as_bytes()].concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use souk_testkit::socket::{TEXT, decode, masked};

    #[test]
    fn the_floor_finds_where_frames_end() {
        for length in [0, 100, 125, 126, 400] {
            let frame = masked(TEXT, &vec![b'x'; length]);
            assert_eq!(frame_length(&frame), Some(frame.len()));
            assert_eq!(frame_length(&frame[..frame.len() - 1]), None);
        }
        assert_eq!(number(b"GET /relay/12 HTTP/1.1\r\n"), Some(12));
        let frame = canned(PUSH);
        assert_eq!(decode(&frame).map(|frame| frame.payload), Some(PUSH.as_bytes()));
    }
}
