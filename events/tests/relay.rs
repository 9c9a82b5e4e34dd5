//! The relay against doubles, on paused time: crashes, fences, errors in the middle, two nodes at once.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use souk_chat::log::{Body, Entry, Head, NewEntry};
use souk_chat::ports::{
    Appended, EventData, Heartbeats, Incarnation, Outbox, OutboxIntent, OutboxIntents, Runtime, Store, StoreError,
};
use souk_chat::{Category, Message, ModerationAction, OrderId, Owed, Seq, Subject, Timestamp};
use souk_events::relay::{Relay, Settings};
use tokio::time::Instant;

use support::double::{StoreDouble, key, message, notify_ann, order, shard_of, user};
use support::sink::Sink;
use support::time::Process;
use support::until;

struct Node {
    process: Arc<Process>,
    relay: Relay,
}

fn node(store: &Arc<StoreDouble>, sink: &Arc<Sink>, name: &str, start: Instant) -> Node {
    node_with(store, sink, Settings::new(Incarnation(name.into())), start)
}

fn node_with(store: &Arc<StoreDouble>, sink: &Arc<Sink>, settings: Settings, start: Instant) -> Node {
    let name = &settings.incarnation.0;
    let seed = name.bytes().map(u64::from).sum();
    let process = Arc::new(Process::new(start, seed));
    let (store, sink): (Arc<dyn Store>, Arc<Sink>) = (Arc::clone(store) as _, Arc::clone(sink));
    let relay = Relay::start(store, sink, Arc::clone(&process) as Arc<dyn Runtime>, settings);
    Node { process, relay }
}

impl Node {
    /// The first half of a send: an intent in the store.
    async fn intent(&self, store: &StoreDouble, id: &OrderId, name: &str) -> (Head, OutboxIntent) {
        let head = store.head_now(id);
        let intent = self.relay.intents().intent(id, &key(name), head.seq);
        store.intend(std::slice::from_ref(&intent)).await.unwrap();
        (head, intent)
    }

    /// A whole send that owes a notification, without the nudge.
    async fn send(&self, store: &StoreDouble, id: &OrderId, name: &str) {
        let (head, _) = self.intent(store, id, name).await;
        let written = store.write(id, &head, name, vec![notify_ann()]).await;
        assert!(matches!(written, Appended::Applied(_)));
    }

    /// Dies at whatever await it is.
    fn kill(self) {
        self.process.kill();
    }

    fn count(&self, which: impl Fn(&souk_events::Metrics) -> u64) -> u64 {
        which(&self.relay.metrics())
    }
}

fn world(orders: &[&str]) -> (Arc<StoreDouble>, Arc<Sink>, Instant) {
    (Arc::new(StoreDouble::with(orders)), Arc::default(), Instant::now())
}

#[tokio::test(start_paused = true)]
async fn a_nudge_brings_out_what_is_owed_with_all_that_it_says() {
    let (store, sink, start) = world(&["o-1", "o-2"]);
    let (id, other) = (order("o-1"), order("o-2"));
    store.write(&other, &store.head_now(&other), "elsewhere", vec![]).await;
    let node = node(&store, &sink, "a", start);
    let (head, _) = node.intent(&store, &id, "m").await;
    let text = "x".repeat(60);
    let masked = Owed::Moderation {
        action: ModerationAction::Masked,
        rules: vec!["phone.na".into()],
        rules_version: "7".into(),
        subject: Subject::Entry,
    };
    let entry = message(&id, &head, "m", &text, vec![notify_ann(), masked]);
    souk_chat::ports::Log::append(&*store, &id, &head, &[entry]).await.unwrap();
    node.relay.nudge(&id);
    until("both are out and the intent is dropped", || store.intents_now().is_empty()).await;

    let out = sink.out.lock().clone();
    assert_eq!(sink.ids(), store.owed_ids(&id));
    assert_eq!((out[0].order.clone(), out[0].at.millis()), (id.clone(), 1_700_000_000_001));
    let EventData::Notification { user: to, message, title, body, locale, unread_total } = &out[0].data else {
        panic!("{out:?}")
    };
    assert_eq!((to, message.seq, title.as_str(), locale.as_str()), (&user("ann"), Seq(1), "Title of o-1", "en"));
    assert_eq!(*body, format!("Bob: {}", "x".repeat(50)));
    assert_eq!(*unread_total, 2, "one here, one in the other chat");
    assert!(matches!(&out[1].data, EventData::Moderation { sender, rules_version, .. }
        if *sender == user("bob") && rules_version == "7"));
    assert_eq!(store.mark_now(&id), Seq(1));
    assert_eq!(node.relay.intents().open(), 0);
    assert_eq!(node.count(|m| m.notifications.load(Ordering::Relaxed) + m.moderations.load(Ordering::Relaxed)), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refused_text_and_each_masked_message_have_their_event() {
    let (store, sink, start) = world(&["o-1"]);
    let id = order("o-1");
    let node = node(&store, &sink, "a", start);
    for name in ["m1", "m2"] {
        store.write(&id, &store.head_now(&id), name, vec![]).await;
    }
    let owed = |action, subject| Owed::Moderation {
        action,
        rules: vec!["phone.na".into()],
        rules_version: "7".into(),
        subject,
    };
    let about = |seq| owed(ModerationAction::Masked, Subject::Message(Seq(seq)));
    let flags = [Category::Spam].into_iter().collect();
    let refused = owed(ModerationAction::Refused, Subject::Refused { sender: user("bob"), flags });
    let messages = souk_chat::ports::Log::messages(&*store, &id, &[Seq(1), Seq(2)]).await.unwrap();
    let masked = messages.into_iter().map(|m| Arc::new(Message { rev: Seq(3), version: 2, ..m })).collect();
    for (name, body, owed) in
        [("masked~m2", Body::Masking(masked), vec![about(1), about(2)]), ("refused~m3", Body::Empty, vec![refused])]
    {
        let (head, _) = node.intent(&store, &id, name).await;
        let entry = Entry { seq: head.seq.next(), key: key(name), at: Timestamp(5), counts: head.counts, body };
        souk_chat::ports::Log::append(&*store, &id, &head, &[NewEntry { entry, fingerprint: None, owed }])
            .await
            .unwrap();
    }
    node.relay.nudge(&id);
    until("all are out", || store.mark_now(&id) == Seq(4)).await;
    let told: Vec<_> = sink.out.lock().iter().map(|event| (event.id.clone(), event.data.clone())).collect();
    let ids: Vec<_> = told.iter().map(|(id, _)| id.as_str()).collect();
    let kind = "chat.moderation.v1";
    assert_eq!(ids, [format!("o-1:3#{kind}#1"), format!("o-1:3#{kind}#2"), format!("o-1:4#{kind}#")]);
    for ((_, data), (seq, done, found)) in told.iter().zip([
        (1, ModerationAction::Masked, &[][..]),
        (2, ModerationAction::Masked, &[]),
        (4, ModerationAction::Refused, &["spam"]),
    ]) {
        let EventData::Moderation { message, sender, flags, action, .. } = data else { panic!("{data:?}") };
        assert_eq!((message.seq, sender, *action, &flags[..]), (Seq(seq), &user("bob"), done, found));
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_entry_notifies_of_the_partners_last_message_and_not_of_what_souk_said_after_it() {
    let (store, sink, start) = world(&["o-1"]);
    let id = order("o-1");
    let node = node(&store, &sink, "a", start);
    store.write(&id, &store.head_now(&id), "bobs", vec![]).await;
    let said = souk_chat::ports::Log::messages(&*store, &id, &[Seq(1)]).await.unwrap().remove(0);
    let souks = Message { seq: Seq(2), rev: Seq(2), sender: None, content: "souks".into(), ..said };
    for (name, body, owed) in
        [("souks", Body::System(Arc::new(souks)), vec![]), ("notify~ann~1", Body::Empty, vec![notify_ann()])]
    {
        let (head, _) = node.intent(&store, &id, name).await;
        let entry = Entry { seq: head.seq.next(), key: key(name), at: Timestamp(5), counts: head.counts, body };
        let new = NewEntry { entry, fingerprint: None, owed };
        souk_chat::ports::Log::append(&*store, &id, &head, &[new]).await.unwrap();
    }
    node.relay.nudge(&id);
    until("it is out", || store.mark_now(&id) == Seq(3)).await;
    let out = sink.out.lock().clone();
    let EventData::Notification { message, body, .. } = &out[0].data else { panic!("{out:?}") };
    assert_eq!((message.seq, body.as_str()), (Seq(1), "Bob: bobs"));
}

#[tokio::test(start_paused = true)]
async fn an_error_in_the_middle_repeats_from_the_mark_in_order() {
    let (store, sink, start) = world(&["o-1"]);
    let id = order("o-1");
    let node = node(&store, &sink, "a", start);
    for number in 0..200 {
        node.send(&store, &id, &format!("m{number}")).await;
    }
    sink.fail_in_the_middle.store(2, Ordering::SeqCst);
    sink.hang.store(1, Ordering::SeqCst);
    sink.fail.store(1, Ordering::SeqCst);
    node.relay.nudge(&id);
    until("all is out", || store.mark_now(&id) == Seq(200)).await;
    assert_eq!(sink.firsts(), store.owed_ids(&id));
    assert!(sink.ids().len() > 200, "the failures bit");
    assert_eq!(node.count(|m| m.failed.load(Ordering::Relaxed)), 4);
    until("intents are dropped", || store.intents_now().is_empty()).await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_between_batch_and_emit_is_made_good_by_another_node() {
    let (store, sink, start) = world(&["o-1"]);
    let id = order("o-1");
    let dying = node(&store, &sink, "a", start);
    until("the sign of life is there", || dying.relay.intents().standing()).await;
    dying.send(&store, &id, "m").await;
    dying.kill();
    let living = node(&store, &sink, "b", start);
    until("the intent was swept", || store.intents_now().is_empty()).await;
    assert_eq!(sink.ids(), store.owed_ids(&id));
    assert!(start.elapsed() >= Duration::from_secs(60), "not before the sign of life has been still for a minute");
    until("the dead is forgotten", || store.state.lock().heartbeats.len() == 1).await;
    assert_eq!(living.count(|m| m.fenced.load(Ordering::Relaxed)), 0);
    assert_eq!(living.count(|m| m.swept.load(Ordering::Relaxed)), 1);
}

#[tokio::test(start_paused = true)]
async fn a_paused_owner_cannot_write_after_the_fence() {
    let (store, sink, start) = world(&["o-1"]);
    let id = order("o-1");
    let paused = node(&store, &sink, "a", start);
    until("the sign of life is there", || paused.relay.intents().standing()).await;
    store.write(&id, &store.head_now(&id), "earlier", vec![]).await;
    let (head, _) = paused.intent(&store, &id, "late").await;
    let (twin_head, _) = paused.intent(&store, &id, "late too").await;
    assert_eq!(head, twin_head);
    paused.kill();
    // The fence's own answer is lost once: that must not lead to a second one.
    store.lose_next_answer.store(true, Ordering::SeqCst);
    let living = node(&store, &sink, "b", start);
    until("the intents were swept", || store.intents_now().is_empty()).await;
    assert_eq!(store.write(&id, &head, "late", vec![notify_ann()]).await, Appended::Refused);
    assert_eq!(store.head_now(&id).seq, Seq(2), "one fence serves both intents");
    assert_eq!(store.head_now(&id).counts, support::double::of_bob(1), "a fence is nobody's message");
    assert_eq!(sink.ids(), Vec::<String>::new());
    // Against the new head, with a new intent, the same message may be written.
    living.send(&store, &id, "late").await;
    living.relay.nudge(&id);
    until("it is out", || sink.ids() == store.owed_ids(&id)).await;
}

#[tokio::test(start_paused = true)]
async fn an_intent_against_a_head_left_behind_needs_no_fence() {
    let (store, sink, start) = world(&["o-1"]);
    let id = order("o-1");
    let node = node(&store, &sink, "a", start);
    let (head, _) = node.intent(&store, &id, "refused").await;
    store.write(&id, &head, "somebody else's", vec![]).await;
    until("the intent was swept", || store.intents_now().is_empty()).await;
    assert!(start.elapsed() >= Duration::from_secs(30));
    assert_eq!(store.head_now(&id).seq, Seq(1));
    assert_eq!(node.count(|m| m.fenced.load(Ordering::Relaxed)), 0);
}

#[tokio::test(start_paused = true)]
async fn an_own_intent_that_nobody_kept_is_fenced_after_half_a_minute() {
    let (store, sink, start) = world(&["o-1"]);
    let id = order("o-1");
    let node = node(&store, &sink, "a", start);
    let (head, _) = node.intent(&store, &id, "given up").await;
    until("the intent was swept", || store.intents_now().is_empty()).await;
    assert!(start.elapsed() >= Duration::from_secs(30));
    assert_eq!(store.write(&id, &head, "given up", vec![notify_ann()]).await, Appended::Refused);
    assert_eq!(node.count(|m| m.fenced.load(Ordering::Relaxed)), 1);
    assert_eq!(node.relay.intents().open(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_of_one_dead_node_hides_no_other() {
    let (store, sink, start) = world(&["o-1", "o-2", "o-3"]);
    let dead = ["a1", "b1", "c1"].map(|name| (name, node(&store, &sink, name, start)));
    for ((name, node), order_name) in dead.into_iter().zip(["o-1", "o-2", "o-3"]) {
        until("it lives", || store.state.lock().heartbeats.iter().any(|beat| *beat.incarnation.0 == *name)).await;
        node.send(&store, &order(order_name), "m").await;
        node.kill();
    }
    // Whichever comes first of them: the intents of one cannot be read, nor can the signs of life that another is among.
    let hidden = order("o-2");
    assert_ne!(shard_of(&Incarnation("a1".into())), shard_of(&Incarnation("b1".into())));
    store.state.lock().deaf_shards = vec![shard_of(&Incarnation("b1".into()))];
    *store.unreadable.lock() = Some(Incarnation("a1".into()));
    let living = node(&store, &sink, "a2", start);
    until("the third one's is out", || sink.ids() == store.owed_ids(&order("o-3"))).await;
    assert!(living.count(|m| m.sweeps_failed.load(Ordering::Relaxed)) > 0, "the faults bit");
    *store.unreadable.lock() = None;
    store.state.lock().deaf_shards.clear();
    until("all are out", || sink.ids().len() == 3 && store.mark_now(&hidden) == Seq(1)).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_dead_node_left_of_one_order_hides_no_later_minute() {
    let (store, sink, start) = world(&["bad", "good"]);
    let (bad, good) = (order("bad"), order("good"));
    *sink.refused.lock() = Some(bad.clone());
    let dying = node(&store, &sink, "a", start);
    until("the sign of life is there", || dying.relay.intents().standing()).await;
    dying.send(&store, &bad, "m").await;
    tokio::time::sleep(Duration::from_secs(150)).await;
    dying.send(&store, &good, "m").await;
    let minutes: Vec<i64> = store.intents_now().iter().map(|intent| intent.minute).collect();
    assert!(minutes[0] < minutes[1], "{minutes:?}");
    dying.kill();
    let _living = node(&store, &sink, "b", start);
    until("the good one's is out", || sink.ids() == store.owed_ids(&good)).await;
    tokio::time::sleep(Duration::from_secs(1_200)).await;
    assert_eq!(
        (store.intents_now().len(), store.state.lock().heartbeats.len()),
        (1, 2),
        "it is remembered for the bad one"
    );
    *sink.refused.lock() = None;
    until("the bad one's is out", || store.mark_now(&bad) == Seq(1)).await;
    until("the dead is forgotten", || store.state.lock().heartbeats.len() == 1).await;
    assert!(store.intents_now().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_intent_against_a_head_that_the_store_lost_is_void() {
    let (store, sink, start) = world(&["o-1"]);
    let id = order("o-1");
    let dying = node(&store, &sink, "a", start);
    until("the sign of life is there", || dying.relay.intents().standing()).await;
    dying.intent(&store, &id, "first").await;
    store.write(&id, &store.head_now(&id), "lost", vec![]).await;
    let (head, _) = dying.intent(&store, &id, "second").await;
    dying.kill();
    {
        let log = &mut store.state.lock().orders;
        let log = log.get_mut(&id).unwrap();
        log.head = Head::default();
        log.entries.clear();
    }
    let living = node(&store, &sink, "b", start);
    until("the intents were swept", || store.intents_now().is_empty()).await;
    assert_eq!(living.count(|m| m.fenced.load(Ordering::Relaxed)), 1, "the first could still be kept");
    assert_eq!(living.count(|m| m.lost.load(Ordering::Relaxed)), 1);
    assert_eq!(store.head_now(&id).seq, head.seq, "the number is given again");
    assert_eq!(store.write(&id, &head, "second", vec![notify_ann()]).await, Appended::Refused);
    until("the dead is forgotten", || store.state.lock().heartbeats.len() == 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_page_begins_where_another_node_ended() {
    let (store, sink, start) = world(&["o-1"]);
    let id = order("o-1");
    let node = node(&store, &sink, "a", start);
    for number in 0..150 {
        node.send(&store, &id, &format!("m{number}")).await;
    }
    node.relay.nudge(&id);
    // The walk has read its first page, and not yet emitted it; another node is faster with the others.
    tokio::time::sleep(Duration::from_millis(3)).await;
    assert!(sink.ids().is_empty());
    Outbox::raise_events_mark(&*store, &id, Seq(149)).await.unwrap();
    until("all is out", || store.mark_now(&id) == Seq(150)).await;
    let owed = store.owed_ids(&id);
    assert!(sink.ids().len() < 150 && sink.ids().last() == owed.last(), "{} went out", sink.ids().len());
}

#[tokio::test(start_paused = true)]
async fn a_nudge_during_a_walk_is_not_lost() {
    let (store, sink, start) = world(&["o-1"]);
    let id = order("o-1");
    let node = node(&store, &sink, "a", start);
    node.send(&store, &id, "m1").await;
    node.relay.nudge(&id);
    // The walk has read what is owed, and not yet emitted it.
    tokio::time::sleep(Duration::from_millis(3)).await;
    node.send(&store, &id, "m2").await;
    assert!(sink.ids().is_empty());
    node.relay.nudge(&id);
    until("both are out", || store.mark_now(&id) == Seq(2)).await;
    assert!(start.elapsed() < Duration::from_secs(1), "by the nudge, not by the sweeper: {:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_intent_against_the_last_emitted_entry_is_still_open() {
    let (store, sink, start) = world(&["o-1"]);
    let id = order("o-1");
    let node = node(&store, &sink, "a", start);
    node.send(&store, &id, "m1").await;
    let (_, intent) = node.intent(&store, &id, "m2").await;
    node.relay.nudge(&id);
    until("the walk is over", || store.intents_now().len() == 1 && node.relay.oldest_owed() == Duration::ZERO).await;
    assert_eq!(store.intents_now(), [intent], "its batch may still come");
}

#[tokio::test(start_paused = true)]
async fn an_own_message_without_a_nudge_goes_out_all_the_same() {
    let (store, sink, start) = world(&["o-1"]);
    let id = order("o-1");
    let node = node(&store, &sink, "a", start);
    node.send(&store, &id, "m").await;
    until("it is out", || sink.ids() == store.owed_ids(&id)).await;
    until("the intent was swept", || store.intents_now().is_empty()).await;
    assert!(start.elapsed() < Duration::from_secs(90));
}

#[tokio::test(start_paused = true)]
async fn two_nodes_walking_one_order_repeat_but_never_disorder() {
    let (store, sink, start) = world(&["o-1"]);
    let id = order("o-1");
    let (a, b) = (node(&store, &sink, "a", start), node(&store, &sink, "b", start));
    for number in 0..150 {
        let node = if number % 3 == 0 { &a } else { &b };
        node.send(&store, &id, &format!("m{number}")).await;
        if number % 7 == 0 {
            sink.fail_in_the_middle.fetch_add(1, Ordering::SeqCst);
        }
        a.relay.nudge(&id);
        b.relay.nudge(&id);
    }
    until("all is out", || store.mark_now(&id) == Seq(150)).await;
    assert_eq!(sink.firsts(), store.owed_ids(&id));
    assert!(sink.ids().len() > 150, "they did walk at once");
    until("intents are dropped", || store.intents_now().is_empty()).await;
}

#[tokio::test(start_paused = true)]
async fn an_hour_without_events_delays_and_loses_nothing() {
    let names: Vec<String> = (0..100).map(|number| format!("o-{number}")).collect();
    let (store, sink, start) = world(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let node = node(&store, &sink, "a", start);
    sink.fail.store(usize::MAX, Ordering::SeqCst);
    for name in &names {
        node.send(&store, &order(name), "m").await;
        node.relay.nudge(&order(name));
    }
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert!(sink.ids().is_empty());
    let tries = node.count(|m| m.failed.load(Ordering::Relaxed));
    assert!((100..=100 * 3_600).contains(&tries), "{tries}: paced");
    assert!(node.relay.oldest_owed() >= Duration::from_secs(3_590));
    sink.fail.store(0, Ordering::SeqCst);
    until("all is out", || names.iter().all(|name| store.mark_now(&order(name)) == Seq(1))).await;
    until("intents are dropped", || store.intents_now().is_empty()).await;
    assert_eq!(node.relay.oldest_owed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn an_order_that_always_fails_stalls_no_other() {
    let (store, sink, start) = world(&["bad", "good"]);
    let (bad, good) = (order("bad"), order("good"));
    let settings = Settings { walkers: 1, ..Settings::new(Incarnation("a".into())) };
    let node = node_with(&store, &sink, settings, start);
    *sink.refused.lock() = Some(bad.clone());
    for number in 0..50 {
        for id in [&bad, &good] {
            node.send(&store, id, &format!("m{number}")).await;
            node.relay.nudge(id);
        }
        let begun = Instant::now();
        until("the good one is out", || store.mark_now(&good) == Seq(number + 1)).await;
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    }
    assert_eq!(store.mark_now(&bad), Seq::ZERO);
    *sink.refused.lock() = None;
    until("the bad one is out", || store.mark_now(&bad) == Seq(50)).await;
}

#[tokio::test(start_paused = true)]
async fn an_engine_without_intents_has_what_an_earlier_run_left() {
    let store = StoreDouble { needs_no_intents: true, ..StoreDouble::with(&["o-1"]) };
    let (store, sink, start) = (Arc::new(store), Arc::<Sink>::default(), Instant::now());
    let id = order("o-1");
    let dying = node(&store, &sink, "a", start);
    dying.send(&store, &id, "m").await;
    dying.kill();
    let living = node(&store, &sink, "b", start);
    until("it is out", || sink.ids() == store.owed_ids(&id)).await;
    assert!(start.elapsed() < Duration::from_secs(5), "at the start, not after a minute");
    assert_eq!(living.count(|m| m.fenced.load(Ordering::Relaxed)), 0);
    until("the earlier run is forgotten", || store.state.lock().heartbeats.len() == 1).await;
    assert_eq!(store.head_now(&id).seq, Seq(1));
}

#[tokio::test(start_paused = true)]
async fn minutes_rise_and_stay_within_reach_of_the_sign_of_life() {
    let (store, sink, start) = world(&["o-1"]);
    let id = order("o-1");
    let node = node(&store, &sink, "a", start);
    let intents = node.relay.intents();
    assert!(!intents.standing(), "nothing is in the store yet");
    until("the sign of life is there", || intents.standing()).await;
    let first = intents.intent(&id, &key("1"), Seq(9)).minute;
    store.down.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!(!intents.standing(), "the sign of life is old");
    let beaten = store.state.lock().heartbeats[0].clone();
    let late = intents.intent(&id, &key("2"), Seq(9)).minute;
    assert!(late <= beaten.minute + 1 && beaten.oldest_minute <= first && first <= late);
    assert_eq!(store.beat(&beaten).await, Err(StoreError::Unavailable("down".into())));
    store.down.store(false, Ordering::SeqCst);
    until("the sign of life is back", || intents.standing()).await;
    assert!(intents.intent(&id, &key("3"), Seq(9)).minute > late);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_leaves_in_good_order_leaves_nothing() {
    let (store, sink, start) = world(&["o-1"]);
    let id = order("o-1");
    let node = node(&store, &sink, "a", start);
    until("the sign of life is there", || node.relay.intents().standing()).await;
    node.send(&store, &id, "m").await;
    node.relay.nudge(&id);
    node.relay.stop(Duration::from_secs(5)).await;
    assert_eq!(sink.ids(), store.owed_ids(&id));
    assert!(store.intents_now().is_empty() && store.state.lock().heartbeats.is_empty());
    assert!(!node.relay.intents().standing());
}

#[tokio::test(start_paused = true)]
async fn a_node_that_leaves_something_keeps_its_sign_of_life() {
    let (store, sink, start) = world(&["o-1"]);
    let id = order("o-1");
    let leaving = node(&store, &sink, "a", start);
    until("the sign of life is there", || leaving.relay.intents().standing()).await;
    sink.hang.store(1, Ordering::SeqCst);
    leaving.send(&store, &id, "m").await;
    leaving.relay.nudge(&id);
    leaving.relay.stop(Duration::from_secs(5)).await;
    assert!(sink.ids().is_empty() && !store.state.lock().heartbeats.is_empty());
    leaving.kill();
    let _living = node(&store, &sink, "b", start);
    until("another node makes it good", || sink.ids() == store.owed_ids(&id)).await;
}
