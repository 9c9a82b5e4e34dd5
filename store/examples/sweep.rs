//! What a sweep reads of a busy minute: intents are made and dropped, then looked for, all in one part of the minute as earlier
//! builds kept them, and spread as they are kept now.
//!
//! `cargo run --release -p souk-store --example sweep -- 'cql://host:port/keyspace' [intents]`

use std::time::Instant;

use souk_chat::log::EntryKey;
use souk_chat::ports::store::{Incarnation, OutboxIntent};
use souk_chat::{OrderId, Seq};
use souk_store::{Settings, migrate, open};

/// As the sequencer's batches write them.
const TOGETHER: usize = 16;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "this is its answer")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().ok_or("give cql://host:port/keyspace")?;
    let intents: usize = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
    migrate(&address, &Settings::default()).await?;
    let store = open(&address, &Settings::default()).await?.store;
    for (name, spread) in [("one partition", false), ("spread", true)] {
        let incarnation = Incarnation(format!("sweep-{name}-{}", std::process::id()).into());
        let intent = |number: usize| {
            let order = OrderId::new(&format!("o-{}", number / TOGETHER)).expect("a good id");
            let shard = if spread { OutboxIntent::shard_of(&order) } else { 0 };
            let key = EntryKey { owner: None, id: format!("m-{number}").into() };
            OutboxIntent { incarnation: incarnation.clone(), minute: 1, shard, order, key, head: Seq::ZERO }
        };
        let all: Vec<OutboxIntent> = (0..intents).map(intent).collect();
        for batch in all.chunks(TOGETHER) {
            store.intend(batch).await?;
            store.drop_intents(batch).await?;
        }
        for look in 1..=3 {
            let begun = Instant::now();
            let found = store.intents(&incarnation, 1, 256).await;
            let found = found.map_or_else(|error| error.to_string(), |found| format!("{} left", found.len()));
            println!("{name}: {intents} made and dropped; look {look}: {found} in {:.1?}", begun.elapsed());
        }
    }
    Ok(())
}
