//! Settings. They are few and for the whole store: each case has a name of its own.

use futures_util::future::join_all;
use souk_chat::ports::{KeptSettings, SETTING_BYTES_MAX, StoreError};

use super::Engine;
use super::chat::{answered, fresh};

async fn keep(settings: &dyn KeptSettings, name: &str, value: &str) -> String {
    answered(|| settings.keep_setting(name, value)).await.0
}

async fn replace(settings: &dyn KeptSettings, name: &str, from: &str, to: &str) -> Option<String> {
    answered(|| settings.replace_setting(name, from, to)).await.0
}

pub async fn the_first_value_stands(engine: &dyn Engine) {
    let [one, two] = engine.settings();
    let (name, other) = (fresh("setting"), fresh("setting"));
    assert!(!one.settings().await.unwrap().contains_key(&name));
    let first = "a text: é 😀 '\"; ".to_owned();
    assert_eq!(keep(&*one, &name, &first).await, first);
    assert_eq!(keep(&*two, &name, "second").await, first);
    assert_eq!(keep(&*one, &name, "third").await, first);
    assert_eq!(keep(&*two, &other, "").await, "", "an empty text is a value");
    for settings in [one, two] {
        let all = settings.settings().await.unwrap();
        assert_eq!((all.get(&name), all.get(&other)), (Some(&first), Some(&String::new())));
    }
}

pub async fn of_many_that_keep_one_is_kept(engine: &dyn Engine) {
    let settings = engine.settings();
    let name = fresh("setting");
    let answers = join_all((0..8).map(async |n| keep(&*settings[n % 2], &name, &format!("value {n}")).await)).await;
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(settings[1].settings().await.unwrap()[&name], answers[0]);
}

pub async fn a_value_is_replaced_only_by_who_knows_it(engine: &dyn Engine) {
    let [one, two] = engine.settings();
    let name = fresh("setting");
    assert_eq!(replace(&*one, &name, "a", "b").await, None, "nothing is made by replacing");
    assert_eq!(keep(&*one, &name, "a").await, "a");
    assert_eq!(replace(&*two, &name, "x", "b").await.as_deref(), Some("a"));
    assert_eq!(replace(&*two, &name, "a", "b").await.as_deref(), Some("b"));
    assert_eq!(replace(&*one, &name, "a", "b").await.as_deref(), Some("b"), "repeating tells that it was done");
    assert_eq!(replace(&*one, &name, "a", "c").await.as_deref(), Some("b"));
    assert_eq!(two.settings().await.unwrap()[&name], "b");
}

pub async fn of_many_that_replace_one_does(engine: &dyn Engine) {
    let settings = engine.settings();
    let name = fresh("setting");
    keep(&*settings[0], &name, "old").await;
    let replaces = (0..8).map(async |n| replace(&*settings[n % 2], &name, "old", &format!("new {n}")).await.unwrap());
    let answers = join_all(replaces).await;
    let stands = settings[0].settings().await.unwrap()[&name].clone();
    assert!(stands.starts_with("new") && answers.iter().all(|answer| *answer == stands), "{stands}: {answers:?}");
}

pub async fn what_makes_no_sense_is_invalid(engine: &dyn Engine) {
    let [one, _] = engine.settings();
    let (name, long) = (fresh("setting"), "x".repeat(SETTING_BYTES_MAX + 1));
    for (name, value) in [("", "x"), (long.as_str(), "x"), (name.as_str(), long.as_str())] {
        for answer in [one.keep_setting(name, value).await.map(Some), one.replace_setting(name, "x", value).await] {
            assert!(matches!(answer, Err(StoreError::Invalid(_))), "{answer:?}");
        }
    }
    assert_eq!(keep(&*one, &name, &long[1..]).await, long[1..]);
}
