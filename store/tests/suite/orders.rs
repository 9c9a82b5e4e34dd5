//! Orders and who is in them.

use futures_util::future::join_all;
use souk_chat::log::{Head, Seq};
use souk_chat::ports::store::{Appended, StoreError};
use souk_chat::{ChatKind, Marks, NewOrder, Order, OrderId, OrderStatus, Side, UserId};

use super::Engine;
use super::chat::{Chat, answered, at, fresh, key};

fn new_order() -> NewOrder {
    NewOrder {
        id: OrderId::new(&fresh("o")).unwrap(),
        client: UserId::new(&fresh("ann")).unwrap(),
        contractor: UserId::new(&fresh("bob")).unwrap(),
        title: None,
        status: None,
    }
}

pub async fn an_order_is_made_once_and_changed_after(engine: &dyn Engine) {
    let store = engine.store();
    let new = new_order();
    assert_eq!(store.order(&new.id).await.unwrap(), None);
    let (made, first) = store.put_order(&new, at(1)).await.unwrap().unwrap();
    assert!(first);
    assert_eq!((&made.client, &made.contractor, made.created_at), (&new.client, &new.contractor, at(1)));
    assert_eq!((made.kind, made.title.as_deref(), made.status), (ChatKind::Order, None, OrderStatus::Created));
    assert_eq!(store.head(&new.id).await.unwrap(), Some(Head::default()));

    let titled = NewOrder { title: Some("Крыша — é".into()), ..new.clone() };
    let (order, first) = store.put_order(&titled, at(2)).await.unwrap().unwrap();
    assert_eq!((order.title.as_deref(), order.status, first), (Some("Крыша — é"), OrderStatus::Created, false));
    let paid = NewOrder { status: Some(OrderStatus::Paid), ..new.clone() };
    let (order, _) = store.put_order(&paid, at(3)).await.unwrap().unwrap();
    assert_eq!((order.title.as_deref(), order.status), (Some("Крыша — é"), OrderStatus::Paid));
    assert_eq!(order.created_at, at(1), "an order is as old as it was");
    assert_eq!(store.put_order(&new, at(4)).await.unwrap(), Some((order.clone(), false)), "absent fields stay");
    assert_eq!(store.order(&new.id).await.unwrap(), Some(order.clone()));

    let swapped = NewOrder { client: new.contractor.clone(), contractor: new.client.clone(), ..titled.clone() };
    let other = NewOrder { contractor: UserId::new(&fresh("eve")).unwrap(), ..titled };
    for pair in [&swapped, &other] {
        assert_eq!(store.put_order(pair, at(5)).await.unwrap(), None);
    }
    assert_eq!(store.order(&new.id).await.unwrap(), Some(order));
    assert!(store.list(&other.contractor, 10).await.unwrap().is_empty(), "who was left out has no list row");

    let alone = NewOrder { client: new.client.clone(), contractor: new.client.clone(), ..new_order() };
    assert!(matches!(store.put_order(&alone, at(6)).await, Err(StoreError::Invalid(_))));
    let direct = NewOrder { id: OrderId::direct(&new.client, &new.contractor).unwrap(), ..new };
    assert_eq!(store.put_order(&direct, at(7)).await.unwrap().unwrap().0.kind, ChatKind::Direct);
}

/// One call made the order; which, nobody knows where an answer failed to come.
fn assert_one_made(answers: &[(Option<(Order, bool)>, usize)]) {
    let made = answers.iter().filter(|(answer, _)| answer.as_ref().is_some_and(|(_, made)| *made)).count();
    let unanswered: usize = answers.iter().map(|(_, unanswered)| unanswered).sum();
    assert!(made == 1 || made == 0 && unanswered > 0, "{made} calls made it");
}

pub async fn of_many_that_make_an_order_one_does(engine: &dyn Engine) {
    let new = new_order();
    let (store, rival) = (engine.store(), engine.rival());
    let puts = (0..8).map(|n| if n % 2 == 0 { &store } else { &rival }).zip(1..).map(|(store, n)| {
        let new = &new;
        answered(move || store.put_order(new, at(n)))
    });
    let answers = join_all(puts).await;
    assert_one_made(&answers);
    let orders: Vec<_> = answers.into_iter().map(|(answer, _)| answer.unwrap().0).collect();
    assert!(orders.iter().all(|order| *order == orders[0]), "all were told of the same order");
    assert_eq!(store.list(&new.client, 10).await.unwrap().len(), 1);
    let mut chat = Chat { store, order: orders[0].clone(), head: Head::default() };
    assert_eq!(chat.say(Side::Client, "first", "hello").await, Seq(1));
}

pub async fn of_two_pairs_one_gets_the_order(engine: &dyn Engine) {
    let new = new_order();
    let other = NewOrder { contractor: UserId::new(&fresh("eve")).unwrap(), ..new.clone() };
    let (store, rival) = (engine.store(), engine.rival());
    let puts: Vec<_> = join_all((0..6).map(|n| {
        let (store, new) = if n % 2 == 0 { (&store, &new) } else { (&rival, &other) };
        answered(move || store.put_order(new, at(n)))
    }))
    .await;
    let winner = store.order(&new.id).await.unwrap().unwrap();
    assert_one_made(&puts);
    for (n, (put, _)) in puts.iter().enumerate() {
        let asked = if n % 2 == 0 { &new } else { &other };
        assert_eq!(put.as_ref().map(|(order, _)| order), (asked.contractor == winner.contractor).then_some(&winner));
    }
    let loser = if winner.contractor == new.contractor { &other.contractor } else { &new.contractor };
    assert!(store.list(loser, 10).await.unwrap().is_empty());
}

pub async fn an_order_that_is_not_there_has_nothing(engine: &dyn Engine) {
    let store = engine.store();
    let mut chat = Chat::new(store.clone()).await;
    chat.order.id = OrderId::new(&fresh("none")).unwrap();
    let (id, ann) = (chat.id().clone(), chat.party(Side::Client).clone());
    assert_eq!(store.order(&id).await.unwrap(), None);
    assert_eq!(store.look(&id, &[key(&ann, "x")]).await.unwrap(), None);
    assert_eq!(store.head(&id).await.unwrap(), None);
    let message = chat.message_after(&chat.head, Side::Client, "x", "nobody hears");
    assert_eq!(chat.try_append(&[message]).await.unwrap(), Appended::Refused);
    assert!(store.entries(&id, Seq::ZERO, 10).await.unwrap().is_empty());
    assert!(store.messages_before(&id, None, 10).await.unwrap().is_empty());
    assert!(store.messages_before(&id, Some(Seq(9)), 10).await.unwrap().is_empty());
    assert!(store.messages(&id, &[Seq(1)]).await.unwrap().is_empty());
    assert!(store.owed(&id, Seq::ZERO, 10).await.unwrap().is_empty());
    assert_eq!(store.events_mark(&id).await.unwrap(), Seq::ZERO);
    assert_eq!(store.marks(&id, &[&ann]).await.unwrap(), [Marks::default()]);
}
