//! How fast a store appends, and what it keeps: `append <address> [messages] [orders at once] [entries a batch] [command]`.
//!
//! With a command, which is to crash the server and start it again, the writers go on until that stops them; then every log is
//! looked at: what was acknowledged and is not there is lost.
//!
//! Every order has one writer that appends batch after batch, each against the head the last one left. Prints messages per
//! second, this process's CPU time per message (drivers and, for SQLite, the database itself), and the batch latency.
//!
//! `cargo run --release -p souk-store --example append -- sqlite:bench/souk.db 400000 256`
//!
//! `… --example append -- "$SOUK_STORE_URL" 400 8 1 'deploy/stack kill cql; deploy/stack start cql'`

#![allow(clippy::print_stdout, reason = "the figures are the program's answer")]

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use souk_chat::log::{Body, Entry, EntryKey, Head, NewEntry};
use souk_chat::ports::Store;
use souk_chat::ports::store::Appended;
use souk_chat::{ClientMessageId, Fingerprint, Message, NewOrder, Order, OrderId, Side, Timestamp, UserId};
use souk_moderation::Categories;
use souk_store::Settings;

type Failed = Box<dyn Error + Send + Sync>;

/// About the length of a real message.
const TEXT: &str =
    "Hello! Could you come on Tuesday after ten and look at the leaking tap in the kitchen? The door code is 12.";

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let mut args = std::env::args().skip(1);
    let address = args.next().ok_or("append <address> [messages] [orders] [entries a batch]")?;
    let mut number = |default: usize| args.next().map_or(Ok(default), |text| text.parse());
    let (messages, orders, batch) = (number(200_000)?, number(256)?, number(1)?.clamp(1, 16));
    let crash = args.next();

    souk_store::migrate(&address, &Settings::default()).await?;
    let opened = souk_store::open(&address, &Settings::default()).await?;
    let store = opened.store;
    let run = std::process::id();
    let made = try_join_all((0..orders).map(|n| make_order(&store, format!("bench-{run}-{n}")))).await?;

    if let Some(crash) = crash {
        return crash_under(&store, made, messages, batch, &crash).await;
    }
    let (started, cpu) = (Instant::now(), cpu_time()?);
    let rounds = messages / orders / batch;
    let writers = made.into_iter().map(|order| {
        let store = store.clone();
        tokio::spawn(async move { write(&store, &order, rounds, batch).await })
    });
    let mut latencies: Vec<Duration> = Vec::with_capacity(rounds * orders);
    for writer in try_join_all(writers).await? {
        latencies.extend(writer?);
    }
    let (wall, cpu) = (started.elapsed(), cpu_time()?.saturating_sub(cpu));
    let written = u32::try_from(rounds * orders * batch)?;
    latencies.sort_unstable();
    let at = |share: usize| latencies.get(latencies.len() * share / 100).copied().unwrap_or_default();
    println!(
        "{} ({}): {written} messages, {orders} orders at once, {batch} a batch: {:.0} messages/s, {:.1} us CPU a message, p50 {:?}, p99 {:?}",
        opened.engine,
        opened.server,
        f64::from(written) / wall.as_secs_f64(),
        cpu.as_secs_f64() * 1e6 / f64::from(written),
        at(50),
        at(99),
    );
    Ok(())
}

/// Writes until `crash` is through, and looks for what was acknowledged.
async fn crash_under(
    store: &Arc<dyn Store>,
    orders: Vec<Order>,
    messages: usize,
    batch: usize,
    crash: &str,
) -> Result<(), Failed> {
    let acknowledged: Arc<Vec<AtomicU64>> = Arc::new(orders.iter().map(|_| AtomicU64::new(0)).collect());
    let all = |counts: &[AtomicU64]| counts.iter().map(|count| count.load(Ordering::Acquire)).sum::<u64>();
    let writers: Vec<_> = orders
        .iter()
        .cloned()
        .enumerate()
        .map(|(place, order)| {
            let (store, acknowledged) = (store.clone(), acknowledged.clone());
            tokio::spawn(async move {
                let mut head = Head::default();
                loop {
                    let mut next = head;
                    let entries = (0..batch).map(|_| message(&order, &mut next)).collect::<Result<Vec<_>, _>>()?;
                    match store.append(&order.id, &head, &entries).await? {
                        Appended::Applied(applied) => head = applied,
                        Appended::Refused => return Err("another writer".into()),
                    }
                    acknowledged[place].store(head.seq.0, Ordering::Release);
                }
                #[allow(unreachable_code, reason = "says what the errors are")]
                Ok::<(), Failed>(())
            })
        })
        .collect();
    while all(&acknowledged) < messages as u64 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let status = tokio::process::Command::new("sh").args(["-c", crash]).status().await?;
    if !status.success() {
        return Err(format!("the command failed: {status}").into());
    }
    for writer in writers {
        if writer.await?.is_ok() {
            return Err("a writer was not stopped: nothing crashed".into());
        }
    }
    let mut lost = 0;
    for (order, acknowledged) in orders.iter().zip(&*acknowledged) {
        let head = look(store, &order.id).await?;
        lost += acknowledged.load(Ordering::Acquire).saturating_sub(head.seq.0);
    }
    println!("{} messages were acknowledged, {lost} of them are lost", all(&acknowledged));
    Ok(())
}

/// The head, as soon as the store answers again.
async fn look(store: &Arc<dyn Store>, order: &OrderId) -> Result<Head, Failed> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        match store.look(order, &[]).await {
            Ok(look) => return Ok(look.ok_or("the order is gone")?.head),
            Err(error) if Instant::now() > deadline => return Err(error.into()),
            Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    }
}

async fn make_order(store: &Arc<dyn Store>, id: String) -> Result<Order, Failed> {
    let new = NewOrder {
        id: OrderId::new(&id)?,
        client: UserId::new(&format!("client-{id}"))?,
        contractor: UserId::new(&format!("contractor-{id}"))?,
        title: None,
        status: None,
    };
    let (order, _) = store.put_order(&new, Timestamp(0)).await?.ok_or("another pair has the order")?;
    Ok(order)
}

async fn write(store: &Arc<dyn Store>, order: &Order, rounds: usize, batch: usize) -> Result<Vec<Duration>, Failed> {
    let mut head = Head::default();
    let mut latencies = Vec::with_capacity(rounds);
    while latencies.len() < rounds {
        let mut next = head;
        let entries = (0..batch).map(|_| message(order, &mut next)).collect::<Result<Vec<_>, _>>()?;
        let started = Instant::now();
        head = match store.append(&order.id, &head, &entries).await? {
            Appended::Applied(head) => head,
            Appended::Refused => store.look(&order.id, &[]).await?.ok_or("the order is gone")?.head,
        };
        latencies.push(started.elapsed());
    }
    Ok(latencies)
}

fn message(order: &Order, head: &mut Head) -> Result<NewEntry, Failed> {
    let seq = head.seq.next();
    let side = if seq.0.is_multiple_of(2) { Side::Client } else { Side::Contractor };
    let id = ClientMessageId::new(&format!("0190a2f4-7d3e-7b1c-9a55-{:012x}", seq.0))?;
    let at = Timestamp(1_700_000_000_000);
    *head = Head { seq, counts: head.counts.plus(side), at, ..*head };
    let message = Message {
        order: order.id.clone(),
        seq,
        rev: seq,
        version: 1,
        sender: Some(order.party(side).clone()),
        content: TEXT.into(),
        edited_at: None,
        is_moderated: false,
        flags: Categories::EMPTY,
        created_at: at,
        client_message_id: Some(id.clone()),
    };
    let key = EntryKey { owner: message.sender.clone(), id: id.as_str().into() };
    let entry = Entry { seq, key, at, counts: head.counts, body: Body::Message(Arc::new(message)) };
    Ok(NewEntry { entry, fingerprint: Some(Fingerprint([7; 20])), owed: Vec::new() })
}

/// User and system time of this process, from `/proc/self/stat` in ticks of 10 ms.
fn cpu_time() -> Result<Duration, Failed> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit_once(')').ok_or("an unusual /proc/self/stat")?.1;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
    Ok(Duration::from_millis(ticks * 10))
}
