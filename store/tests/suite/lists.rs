//! Watermarks and people's lists.

use futures_util::future::join_all;
use souk_chat::log::{Body, Seq};
use souk_chat::ports::store::ListRow;
use souk_chat::{Mark, Marks, NewOrder, OrderId, Side, UserId};

use super::Engine;
use super::chat::{Chat, at, fresh, own_key};

fn mark(seq: u64, others: u64) -> Mark {
    Mark { seq: Seq(seq), others }
}

pub async fn marks_only_rise(engine: &dyn Engine) {
    let chat = Chat::new(engine.store()).await;
    let (ann, bob) = (chat.party(Side::Client), chat.party(Side::Contractor));
    let stranger = UserId::new(&fresh("eve")).unwrap();
    let raise = |user, delivered, read| chat.store.raise(chat.id(), user, delivered, read);
    raise(ann, Some(mark(5, 2)), None).await.unwrap();
    raise(ann, Some(mark(3, 1)), Some(mark(2, 1))).await.unwrap();
    raise(bob, None, Some(mark(9, 4))).await.unwrap();
    raise(bob, Some(mark(1, 1)), Some(mark(8, 3))).await.unwrap();
    raise(bob, None, None).await.unwrap();
    for store in [engine.store(), engine.rival()] {
        let marks = store.marks(chat.id(), &[bob, &stranger, ann]).await.unwrap();
        let expected = [
            Marks { delivered: mark(1, 1), read: mark(9, 4) },
            Marks::default(),
            Marks { delivered: mark(5, 2), read: mark(2, 1) },
        ];
        assert_eq!(marks, expected);
    }
    assert!(chat.store.marks(chat.id(), &[]).await.unwrap().is_empty());
}

pub async fn concurrent_marks_end_at_the_highest(engine: &dyn Engine) {
    let chat = Chat::new(engine.store()).await;
    let (store, rival, ann) = (engine.store(), engine.rival(), chat.party(Side::Client));
    for round in 0..10 {
        let base = round * 20;
        let raises = [(5, &store), (12, &rival), (10, &store)].map(|(seq, store)| {
            let mark = mark(base + seq, base + seq - 1);
            store.raise(chat.id(), ann, Some(mark), Some(mark))
        });
        join_all(raises).await.into_iter().for_each(|raised| raised.unwrap());
        let highest = mark(base + 12, base + 11);
        let marks = store.marks(chat.id(), &[ann]).await.unwrap();
        assert_eq!(marks, [Marks { delivered: highest, read: highest }]);
        assert_eq!(store.list(ann, 10).await.unwrap()[0].read, highest);
    }
}

pub async fn a_list_shows_both_parties_their_chat(engine: &dyn Engine) {
    let mut chat = Chat::new(engine.store()).await;
    let store = engine.store();
    let (ann, bob) = (chat.party(Side::Client).clone(), chat.party(Side::Contractor).clone());
    let empty = ListRow { order: chat.id().clone(), head: Seq::ZERO, others: 0, at: at(0), read: Mark::default() };
    assert_eq!(store.list(&ann, 10).await.unwrap(), std::slice::from_ref(&empty));
    assert_eq!(store.list(&bob, 10).await.unwrap(), [empty]);

    for (side, id) in [(Side::Client, "a"), (Side::Contractor, "b"), (Side::Client, "c")] {
        chat.say(side, id, "x").await;
    }
    store.advance(&chat.order, &chat.head, at(3)).await.unwrap();
    store.raise(chat.id(), &bob, None, Some(mark(1, 1))).await.unwrap();
    let row = |others, read| ListRow { order: chat.id().clone(), head: Seq(3), others, at: at(3), read };
    assert_eq!(store.list(&ann, 10).await.unwrap(), [row(1, Mark::default())]);
    assert_eq!(store.list(&bob, 10).await.unwrap(), [row(2, mark(1, 1))]);
    // What comes late changes nothing, nor does making the order again.
    let late = souk_chat::Head { seq: Seq(2), ..souk_chat::Head::default() };
    engine.rival().advance(&chat.order, &late, at(2)).await.unwrap();
    let again =
        NewOrder { id: chat.id().clone(), client: ann.clone(), contractor: bob.clone(), title: None, status: None };
    store.put_order(&again, at(9)).await.unwrap();
    assert_eq!(store.list(&bob, 10).await.unwrap(), [row(2, mark(1, 1))]);
    let stranger = UserId::new(&fresh("eve")).unwrap();
    assert!(store.list(&stranger, 10).await.unwrap().is_empty());
}

pub async fn what_nobody_sees_moves_no_chat(engine: &dyn Engine) {
    let mut chat = Chat::new(engine.store()).await;
    let store = engine.store();
    let bob = chat.party(Side::Contractor).clone();
    chat.say(Side::Client, "a", "x").await;
    store.advance(&chat.order, &chat.head, at(1)).await.unwrap();
    chat.append(|chat, head| chat.entry_after(head, own_key("fence"), Body::Empty)).await;
    chat.edit(Seq(1), "e", "y").await;
    assert_eq!(store.list(&bob, 10).await.unwrap()[0].at, at(1));
    // What follows the first message is done again, when there is a later one.
    let first = souk_chat::Head { seq: Seq(1), ..chat.head };
    chat.say(Side::Client, "b", "z").await;
    store.advance(&chat.order, &chat.head, at(4)).await.unwrap();
    engine.rival().advance(&chat.order, &first, at(1)).await.unwrap();
    assert_eq!(store.list(&bob, 10).await.unwrap()[0].at, at(4));
}

pub async fn a_list_is_cut_at_its_limit(engine: &dyn Engine) {
    let store = engine.store();
    let ann = UserId::new(&fresh("ann")).unwrap();
    let mut orders = Vec::new();
    for n in 0..7 {
        // Of some she is the client, of others the contractor.
        let other = UserId::new(&fresh("bob")).unwrap();
        let (client, contractor) = if n % 2 == 0 { (ann.clone(), other) } else { (other, ann.clone()) };
        let id = OrderId::new(&fresh("o")).unwrap();
        orders.push(id.clone());
        store.put_order(&NewOrder { id, client, contractor, title: None, status: None }, at(n)).await.unwrap();
    }
    let mut listed: Vec<_> = store.list(&ann, 100).await.unwrap().into_iter().map(|row| row.order).collect();
    listed.sort();
    orders.sort();
    assert_eq!(listed, orders);
    assert_eq!(store.list(&ann, 3).await.unwrap().len(), 3);
}
