//! Answers are bounded in bytes, and what they leave out comes with the next.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod place;

use std::collections::BTreeMap;

use place::{Place, actor, user};
use souk_chat::limits::ANSWER_TEXT_BYTES;
use souk_chat::ports::Origin;
use souk_chat::service::{Send, Window};
use souk_chat::{ClientMessageId, Cursor, Draft, Message, NewOrder, OrderId, Seq, Timestamp};

/// The longest text there is in Cyrillic: about twice as many bytes as characters.
fn long(order: &OrderId, n: u64) -> String {
    format!("{order} {n} {}", "я".repeat(1_980))
}

fn bytes(messages: &[Message]) -> usize {
    messages.iter().map(|message| message.content.len()).sum()
}

fn numbers(messages: &[Message]) -> Vec<u64> {
    messages.iter().map(|message| message.seq.0).collect()
}

async fn say(place: &Place, order: &OrderId, n: u64) {
    let (draft, id) = (Draft::new(&long(order, n)).unwrap(), ClientMessageId::new(&format!("{order}-{n}")).unwrap());
    let send = Send { order: order.clone(), draft, id, origin: Origin::default() };
    place.chats.send(&actor("ann"), send).await.unwrap();
}

/// Orders of the two, each with so many long messages.
async fn orders(place: &Place, orders: u64, messages: u64) -> Vec<OrderId> {
    let mut made = Vec::new();
    for n in 0..orders {
        let id: OrderId = format!("o-{n}").parse().unwrap();
        let parties = (user("ann"), user("bob"));
        let new = NewOrder { id: id.clone(), client: parties.0, contractor: parties.1, title: None, status: None };
        place.shelf.history().put_order(&new, Timestamp(0));
        for message in 1..=messages {
            say(place, &id, message).await;
        }
        made.push(id);
    }
    made
}

#[tokio::test(start_paused = true)]
async fn a_long_history_is_caught_up_with_and_paged_through_answer_by_answer() {
    const MESSAGES: u64 = 150;
    let place = Place::words();
    for n in 1..=MESSAGES {
        say(&place, &place.order, n).await;
    }
    let all: Vec<u64> = (1..=MESSAGES).collect();

    let (mut since, mut seen) = (Seq(0), Vec::new());
    loop {
        let cursor = Some(Cursor::from(since));
        let history = place.chats.catch_up(&actor("bob"), &place.order, cursor).await.unwrap().history;
        assert!(bytes(&history.messages) <= ANSWER_TEXT_BYTES && history.up_to > since, "{since:?}");
        assert_eq!(history.messages.last().map(|message| message.seq), Some(history.up_to));
        seen.extend(numbers(&history.messages));
        since = history.up_to;
        if !history.more {
            break;
        }
    }
    assert_eq!(seen, all);

    let (mut window, mut pages) = (Window::Newest, Vec::new());
    loop {
        let history = place.chats.history(&actor("bob"), &place.order, window, Some(200)).await.unwrap().history;
        assert!(bytes(&history.messages) <= ANSWER_TEXT_BYTES);
        window = Window::Before(history.messages[0].seq);
        pages.push(numbers(&history.messages));
        if !history.more {
            break;
        }
    }
    assert!(pages.len() > 3, "it did not fit into {} pages", pages.len());
    assert_eq!(pages.into_iter().rev().flatten().collect::<Vec<_>>(), all);
}

#[tokio::test(start_paused = true)]
async fn a_sync_of_many_long_chats_goes_on_where_its_answer_was_full() {
    let place = Place::words();
    let orders = orders(&place, 30, 12).await;
    let mut since: BTreeMap<OrderId, Seq> = orders.iter().map(|order| (order.clone(), Seq(0))).collect();
    let mut seen: BTreeMap<OrderId, Vec<u64>> = BTreeMap::new();
    let mut answers = 0;
    while !since.is_empty() {
        let cursors: Vec<_> = since.iter().map(|(order, seq)| (order.clone(), Cursor::from(*seq))).collect();
        let synced = place.chats.sync(&actor("bob"), &cursors).await.unwrap();
        let mut total = 0;
        for (order, caught_up) in synced.orders {
            let history = caught_up.unwrap().history;
            total += bytes(&history.messages);
            seen.entry(order.clone()).or_default().extend(numbers(&history.messages));
            if history.more {
                since.insert(order, history.up_to);
            } else {
                assert_eq!(history.up_to, history.head);
                since.remove(&order);
            }
        }
        // Those under way at once do not know of each other: each may take its share more.
        assert!(total > 0 && total <= 2 * ANSWER_TEXT_BYTES, "{total}");
        answers += 1;
    }
    let all: Vec<u64> = (1..=12).collect();
    assert!(orders.iter().all(|order| seen[order] == all), "{seen:?}");
    assert!(answers > 5, "{answers}");
}

#[tokio::test(start_paused = true)]
async fn a_list_of_chats_with_long_messages_is_cut_where_it_is_full_and_goes_on() {
    let place = Place::words();
    let orders = orders(&place, 120, 1).await;
    let (mut cursor, mut seen) = (None, Vec::new());
    loop {
        let list = place.chats.list(&actor("bob"), cursor.as_deref(), Some(200)).await.unwrap();
        let last: Vec<Message> = list.chats.iter().filter_map(|chat| chat.last_message.clone()).collect();
        assert!(bytes(&last) <= ANSWER_TEXT_BYTES && !list.chats.is_empty());
        seen.extend(list.chats.into_iter().map(|chat| chat.order.id.clone()));
        cursor = list.cursor;
        if cursor.is_none() {
            break;
        }
    }
    seen.retain(|order| *order != place.order);
    seen.sort();
    let mut expected = orders;
    expected.sort();
    assert_eq!(seen, expected, "every chat once");

    // What `sync` names beside is bounded likewise, and never nothing.
    let chats = place.chats.sync(&actor("bob"), &[]).await.unwrap().chats;
    let last: Vec<Message> = chats.iter().filter_map(|chat| chat.last_message.clone()).collect();
    assert!(!chats.is_empty() && bytes(&last) <= ANSWER_TEXT_BYTES, "{}", chats.len());
}
