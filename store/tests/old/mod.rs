//! Databases that earlier versions left behind: `<version>.sql` and `<version>.cql` hold one order each, the same in both.

#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]
#![allow(unreachable_pub, reason = "a module of a test program is reached by that program alone")]

use std::sync::Arc;

use souk_chat::log::{Body, Seq};
use souk_chat::ports::store::ListRow;
use souk_chat::ports::{OriginalId, OriginalRow, Store, Why};
use souk_chat::{Mark, OrderId, Owed, OwedRow, Side};
use souk_moderation::{Categories, Category};

use crate::suite::chat::{Chat, at, key, own_key, texts};

/// Fails unless the order of the old database is there and goes on.
pub async fn assert_goes_on(store: Arc<dyn Store>) {
    let order = store.order(&OrderId::new("kitchen-7").unwrap()).await.unwrap().unwrap();
    assert_eq!((order.client.as_str(), order.contractor.as_str(), order.created_at), ("ann", "bob", at(0)));
    let mut chat = Chat { store: store.clone(), order, head: souk_chat::Head::default() };
    let (ann, bob) = (chat.party(Side::Client).clone(), chat.party(Side::Contractor).clone());

    let entries = chat.assert_dense().await;
    assert_eq!(entries.len(), 5);
    let messages = chat.all_messages(50).await;
    assert_eq!(texts(&messages), ["The tap in the kitchen leaks", "Call ***", "owes"]);
    assert_eq!(entries[2].body, Body::Edit(messages[0].clone().into()));
    assert_eq!(entries[3].body, Body::Masking(vec![messages[1].clone().into()]));
    let [edited, masked, plain] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!((edited.version, edited.rev, edited.edited_at, edited.is_moderated), (2, Seq(3), Some(at(3)), false));
    assert_eq!((masked.version, masked.rev, masked.edited_at, masked.is_moderated), (2, Seq(4), None, true));
    assert_eq!((masked.flags, edited.flags), ([Category::Phone].into_iter().collect(), Categories::EMPTY));
    assert_eq!((plain.version, plain.rev, plain.created_at), (1, Seq(5), at(5)));
    let owed = Owed::Notification { to: bob.clone(), sender_name: Some("Ann".into()) };
    let owed = OwedRow { order: chat.id().clone(), seq: Seq(5), owed };
    assert_eq!(store.owed(chat.id(), Seq::ZERO, 10).await.unwrap(), [owed]);
    let row = |others, read| ListRow { order: chat.id().clone(), head: Seq(5), others, at: at(5), read };
    assert_eq!(store.list(&ann, 10).await.unwrap(), [row(1, Mark::default())]);
    assert_eq!(store.list(&bob, 10).await.unwrap(), [row(2, Mark { seq: Seq(1), others: 1 })]);

    assert_eq!(chat.known(key(&bob, "m-2")).await, Some(Seq(2)));
    assert_eq!(chat.known(own_key("mask-2")).await, Some(Seq(4)));
    chat.look().await;
    assert_eq!(chat.say(Side::Contractor, "m-6", "On my way").await, Seq(6));
    assert_eq!(chat.edit(Seq(2), "e-2", "Call me").await, Seq(7));
    chat.assert_dense().await;

    let id = OriginalId { key: key(&bob, "e-2"), message: Some(Seq(2)), why: Why::Replaced };
    let (order, sealed) = (chat.id().clone(), vec![1, 2, 3]);
    let original = OriginalRow { order, id, version: 2, sender: bob, at: at(7), sealed };
    store.keep(std::slice::from_ref(&original)).await.unwrap();
    assert_eq!(store.originals(chat.id(), None, 10).await.unwrap(), [original]);
    assert!(store.audit(None, 10).await.unwrap().is_empty());
}
