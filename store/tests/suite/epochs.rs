//! Which cursors are good.

use souk_chat::{Epoch, OrderId, Seq, Side};

use super::Engine;
use super::chat::{Chat, fresh};

pub async fn an_epoch_goes_on_until_one_begins_and_voids_it(engine: &dyn Engine) {
    let (store, rival) = (engine.store(), engine.rival());
    let mut chat = Chat::new(store.clone()).await;
    let before = chat.say(Side::Client, "a", "x").await;
    let first = store.epoch().await.unwrap();
    assert_eq!(store.epoch().await.unwrap(), first);
    let is_ours = async |store: &dyn souk_chat::ports::Store, epoch: &Epoch, since| {
        store.is_ours(chat.id(), epoch, since).await.unwrap()
    };
    for since in [Seq::ZERO, before, before.next()] {
        assert!(is_ours(&*rival, &first, since).await, "how far the log reaches is not asked here");
    }
    let foreign = Epoch::new("of-another-store").unwrap();
    assert!(!is_ours(&*store, &foreign, before).await);
    assert!(!is_ours(&*store, &foreign, Seq::ZERO).await);
    assert_eq!(store.begin_epoch(&foreign).await.unwrap(), first, "it has left that one already");

    let second = store.begin_epoch(&first).await.unwrap();
    assert_ne!(second, first);
    assert_eq!(store.epoch().await.unwrap(), second);
    // The other node may take seconds to go by it, but knows it when it is asked.
    assert!(is_ours(&*rival, &second, before).await);
    for store in [&store, &rival] {
        assert!(!is_ours(&**store, &first, before).await);
        assert_eq!(store.begin_epoch(&first).await.unwrap(), second, "repeating begins nothing");
        assert_eq!(store.epoch().await.unwrap(), second);
    }
    assert!(is_ours(&*store, &second, before).await);
    let missing = OrderId::new(&fresh("o")).unwrap();
    assert!(store.is_ours(&missing, &second, Seq(1)).await.unwrap());
    chat.say(Side::Client, "b", "y").await;
    chat.assert_dense().await;
}

pub async fn of_two_that_begin_an_epoch_one_does(engine: &dyn Engine) {
    let (store, rival) = (engine.store(), engine.rival());
    let from = store.epoch().await.unwrap();
    let (one, other) = tokio::join!(store.begin_epoch(&from), rival.begin_epoch(&from));
    assert_eq!(one.unwrap(), other.unwrap());
}
