//! What moderation does to a conversation, seen in the log, the originals, the events and the answers of the service.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod place;

use std::time::Duration;

use place::{Place, actor, admin, user};
use souk_chat::ports::Why;
use souk_chat::seal::OpenError;
use souk_chat::{
    Action, Actor, Body, Categories, Category, ModerationAction, OrderId, Refusal, Role, RulesCell, Seq, Subject,
};
use souk_moderation::{Policies, Policy, Rules, Settings, WINDOW_MESSAGES};
use souk_simulation::judge::Words;

fn words() -> Place {
    Place::words()
}

fn with(change: impl FnOnce(&mut Settings)) -> Rules {
    let mut settings = Settings::default();
    change(&mut settings);
    Rules::new(settings).unwrap()
}

fn spam(policy: Policy) -> Rules {
    with(|settings| settings.policies.set(Category::Spam, policy))
}

#[tokio::test(start_paused = true)]
async fn what_is_split_is_masked_in_both_messages() {
    let place = words();
    place.say("ann", "a", "hello first-xa").await.unwrap();
    place.say("bob", "b", "second-xa of another").await.unwrap();
    let sent = place.say("ann", "c", "second-xa bye").await.unwrap();
    assert_eq!(&*sent.message.content, "*** bye");
    let first = place.now(1);
    assert_eq!((&*first.content, first.version, first.rev, first.is_moderated), ("hello ***", 2, Seq(4), true));
    assert!(first.flags.contains(Category::Phone) && first.edited_at.is_none());
    assert_eq!(&*place.now(2).content, "second-xa of another");
    let bodies = place.bodies();
    assert!(matches!(&bodies[2..], [Body::Message(_), Body::Masking(masked)] if masked.len() == 1), "{bodies:?}");
    let masked = ModerationAction::Masked;
    assert_eq!(place.owed(), [(3, masked, Subject::Entry), (4, masked, Subject::Message(Seq(1)))]);
    let mut originals = place.originals().await;
    originals.sort_by_key(|row| row.1);
    assert_eq!(
        originals,
        [
            (Why::MaskedLater, Some(1), 1, "hello first-xa".to_owned()),
            (Why::Masked, Some(3), 1, "second-xa bye".to_owned())
        ]
    );
    // The masking is nobody's answer; the message is.
    let committed = place.heard.committed.lock();
    let last = committed.last().unwrap();
    assert_eq!((last.entries.len(), last.origins.len(), last.masked.len()), (2, 2, 2));
}

#[tokio::test(start_paused = true)]
async fn what_waits_together_is_masked_before_it_is_written() {
    let place = words();
    // Once the order is known, sends reach its lane as they were called.
    place.say("bob", "w", "hello").await.unwrap();
    let (one, other) =
        futures_util::future::join(place.say("ann", "a", "first-xb"), place.say("ann", "b", "second-xb")).await;
    assert_eq!((&*one.unwrap().message.content, &*other.unwrap().message.content), ("***", "***"));
    let bodies = place.bodies();
    assert!(bodies.iter().all(|body| matches!(body, Body::Message(_))), "{bodies:?}");
    assert_eq!((place.now(2).version, place.now(3).version), (1, 1));
    let masked = ModerationAction::Masked;
    assert_eq!(place.owed(), [(2, masked, Subject::Entry), (3, masked, Subject::Entry)]);
    let originals = place.originals().await;
    let texts: Vec<(Why, &str)> = originals.iter().map(|row| (row.0, row.3.as_str())).collect();
    assert_eq!(texts, [(Why::Masked, "first-xb"), (Why::Masked, "second-xb")]);
}

#[tokio::test(start_paused = true)]
async fn a_window_ends_after_its_messages_or_five_minutes() {
    let place = words();
    place.say("ann", "a", "first-xa").await.unwrap();
    for word in (0..WINDOW_MESSAGES).map(|place| "abcdefghijklmn"[place..].chars().next().unwrap()) {
        place.say("ann", &format!("w{word}"), &format!("{word}lpha")).await.unwrap();
    }
    assert!(!place.say("ann", "b", "second-xa").await.unwrap().message.is_moderated, "a window on");
    place.say("ann", "c", "first-xb").await.unwrap();
    tokio::time::sleep(Duration::from_secs(301)).await;
    assert!(!place.say("ann", "d", "second-xb").await.unwrap().message.is_moderated, "five minutes on");
    place.say("ann", "e", "first-xc").await.unwrap();
    tokio::time::sleep(Duration::from_secs(290)).await;
    assert!(place.say("ann", "f", "second-xc").await.unwrap().message.is_moderated, "just in time");
}

#[tokio::test(start_paused = true)]
async fn a_masking_that_a_volume_cuts_off_follows() {
    let place = Place::new(RulesCell::new(Words::default()), 2);
    place.say("ann", "a", "first-xa").await.unwrap();
    let sent = place.say("ann", "b", "second-xa").await.unwrap();
    assert_eq!((&*sent.message.content, sent.message.seq), ("***", Seq(2)));
    assert_eq!(&*place.now(1).content, "***");
    assert!(matches!(place.bodies()[..], [Body::Message(_), Body::Message(_), Body::Masking(_)]));
}

#[tokio::test(start_paused = true)]
async fn the_sender_is_told_where_it_was_masked_and_a_repeat_is_not() {
    let place = words();
    let sent = place.say("ann", "a", "ring 514-555-0101 now").await.unwrap();
    let spans: Vec<_> = sent.masked.iter().map(|span| (span.start, span.end, span.category)).collect();
    assert_eq!(spans, [(5, 17, Category::Phone)]);
    let again = place.say("ann", "a", "ring 514-555-0101 now").await.unwrap();
    assert!(again.repeat && again.masked.is_empty());
    assert_eq!(place.decisions(), [(Category::Phone, Action::Mask, false)], "a repeat decides nothing");
}

#[tokio::test(start_paused = true)]
async fn a_refused_text_is_recorded_once_and_kept_for_admins() {
    let place = words();
    for _ in 0..3 {
        let refused = place.say("ann", "a", "forbidden 1").await;
        assert!(matches!(refused, Err(Refusal::RefusedByModeration { flags }) if flags.contains(Category::Profanity)));
    }
    let flags: Categories = [Category::Profanity].into_iter().collect();
    let refused = Subject::Refused { sender: user("ann"), flags };
    assert_eq!(place.owed(), [(1, ModerationAction::Refused, refused)]);
    assert!(matches!(place.bodies()[..], [Body::Empty]));
    assert_eq!(place.decisions().len(), 1);
    assert_eq!(place.originals().await, [(Why::Refused, None, 1, "forbidden 1".to_owned())]);
    // A person's list does not move by what nobody sees.
    assert_eq!(place.chats.at_a_glance(&actor("bob")).await.unwrap().0, 0);
    assert_eq!(place.say("ann", "b", "fine").await.unwrap().message.seq, Seq(2));
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_refused_texts_does_not_fill_the_log() {
    let place = words();
    for n in 0..50 {
        assert!(place.say("ann", &format!("a{n}"), &format!("forbidden {n}")).await.is_err());
    }
    assert_eq!(place.bodies().len(), souk_chat::limits::REFUSALS_RECORDED);
    assert_eq!(place.decisions().len(), 50, "all of them are counted");
}

#[tokio::test(start_paused = true)]
async fn an_author_edits_within_five_minutes() {
    let place = words();
    place.say("ann", "a", "one").await.unwrap();
    let edited = place.edit("ann", 1, "two").await.unwrap().message;
    assert_eq!((&*edited.content, edited.version, edited.seq, edited.rev), ("two", 2, Seq(1), Seq(2)));
    assert!(edited.edited_at.is_some() && !edited.is_moderated);
    let again = place.edit("ann", 1, " two ").await.unwrap().message;
    assert_eq!((again.version, place.bodies().len()), (2, 2), "the same text is no new version");
    let masked = place.edit("ann", 1, "ring 514-555-0101").await.unwrap();
    assert!(masked.message.is_moderated && !masked.message.content.contains("0101") && !masked.masked.is_empty());
    assert_eq!(place.edit("bob", 1, "mine").await.unwrap_err(), Refusal::NotAuthor);
    assert_eq!(place.edit("ann", 2, "no message").await.unwrap_err(), Refusal::NotFound);
    assert_eq!(place.edit("ann", 99, "nor that").await.unwrap_err(), Refusal::NotFound);
    assert_eq!(place.edit("eve", 1, "mine").await.unwrap_err(), Refusal::Forbidden);
    let originals = place.originals().await;
    for wanted in [(Why::Replaced, 1, "one"), (Why::Edited, 2, "two"), (Why::Edited, 3, "ring 514-555-0101")] {
        let wanted = (wanted.0, Some(1), wanted.1, wanted.2.to_owned());
        assert!(originals.contains(&wanted), "{wanted:?} is not in {originals:?}");
    }
    assert_eq!(originals.len(), 3);
    tokio::time::sleep(Duration::from_secs(301)).await;
    assert_eq!(place.edit("ann", 1, "too late").await.unwrap_err(), Refusal::EditWindowOver);
}

#[tokio::test(start_paused = true)]
async fn an_edit_is_judged_with_what_stands_before_and_after_it() {
    let place = words();
    place.say("ann", "a", "harmless").await.unwrap();
    place.say("ann", "b", "second-xa").await.unwrap();
    assert!(!place.now(2).is_moderated);
    let edited = place.edit("ann", 1, "first-xa").await.unwrap().message;
    assert_eq!((&*edited.content, &*place.now(2).content), ("***", "***"));
    assert_eq!(place.now(1).version, 2, "one entry says it at once");
    place.say("ann", "c", "first-xb").await.unwrap();
    place.say("ann", "d", "harmless too").await.unwrap();
    let last = place.bodies().len() as u64;
    place.edit("ann", last, "second-xb").await.unwrap();
    assert_eq!((&*place.now(last - 1).content, &*place.now(last).content), ("***", "***"));
    assert!(place.edit("ann", last, "forbidden").await.is_err());
    assert_eq!(&*place.now(last).content, "***");
}

#[tokio::test(start_paused = true)]
async fn in_shadow_nothing_changes_and_decisions_are_counted() {
    let place = Place::new(RulesCell::new(with(|settings| settings.shadow = true)), 50_000);
    let text = "ring 514-555-0101";
    for n in 0..4 {
        let sent = place.say("ann", &format!("a{n}"), text).await.unwrap();
        assert_eq!((&*sent.message.content, sent.message.flags, sent.masked.len()), (text, Categories::EMPTY, 0));
    }
    assert!(place.owed().is_empty() && place.originals().await.is_empty());
    let decisions = place.decisions();
    assert!(decisions.iter().all(|(_, _, shadow)| *shadow));
    let count = |wanted| decisions.iter().filter(|(category, ..)| *category == wanted).count();
    assert_eq!((count(Category::Phone), count(Category::Spam)), (4, 2));
}

#[tokio::test(start_paused = true)]
async fn the_third_time_is_spam_by_policy() {
    let place = Place::new(RulesCell::new(spam(Policy::Refuse)), 50_000);
    place.say("ann", "a", "Buy now!").await.unwrap();
    place.say("ann", "b", "buy NOW 😀").await.unwrap();
    assert!(place.say("ann", "b", "buy NOW 😀").await.unwrap().repeat, "a retry is no repetition");
    assert_eq!(place.say("ann", "c", "b-u-y now").await.unwrap_err(), Refusal::Spam);
    let flags: Categories = [Category::Spam].into_iter().collect();
    assert_eq!(place.owed(), [(3, ModerationAction::Refused, Subject::Refused { sender: user("ann"), flags })]);
    place.say("bob", "a", "buy now").await.unwrap();

    place.rules.store(spam(Policy::Flag));
    let flagged = place.say("ann", "d", "buy now").await.unwrap().message;
    assert!(flagged.flags.contains(Category::Spam) && !flagged.is_moderated && &*flagged.content == "buy now");
    assert_eq!(place.owed().last(), Some(&(5, ModerationAction::Flagged, Subject::Entry)));
    place.rules.store(spam(Policy::Off));
    assert!(place.say("ann", "e", "buy now").await.unwrap().message.flags.is_empty());
    place.rules.store(spam(Policy::Mask));
    assert_eq!(place.say("ann", "f", "buy now").await.unwrap_err(), Refusal::Spam);
}

#[tokio::test(start_paused = true)]
async fn rules_are_changed_while_messages_come() {
    let place = Place::new(RulesCell::new(Rules::new(Settings::default()).unwrap()), 50_000);
    let text = "ring 514-555-0101";
    assert!(place.say("ann", "a", text).await.unwrap().message.is_moderated);
    place.rules.store(with(|settings| settings.policies = Policies::all(Policy::Off)));
    assert!(!place.say("ann", "b", text).await.unwrap().message.is_moderated);
    assert!(place.say("ann", "a", text).await.unwrap().message.is_moderated, "a retry gets what was stored");
}

#[tokio::test(start_paused = true)]
async fn originals_are_for_admins_and_every_look_is_on_record() {
    let place = words();
    place.say("ann", "a", "ring 514-555-0101").await.unwrap();
    for who in [actor("ann"), Actor { role: Role::Service, ..actor("back-end") }, actor("eve")] {
        assert_eq!(place.chats.originals(&who, &place.order, None, None).await, Err(Refusal::WrongRole("admin")));
        assert_eq!(place.chats.audit(&who, None, None).await, Err(Refusal::WrongRole("admin")));
    }
    let missing: OrderId = "missing".parse().unwrap();
    assert_eq!(place.chats.originals(&admin(), &missing, None, None).await, Err(Refusal::Forbidden));
    assert!(place.chats.audit(&admin(), None, None).await.unwrap().rows.is_empty());
    assert_eq!(place.originals().await.len(), 1);
    let rows = place.chats.audit(&admin(), None, None).await.unwrap().rows;
    assert_eq!((rows.len(), &rows[0].actor, rows[0].order.as_ref()), (1, &user("root"), Some(&place.order)));
    assert_eq!(rows[0].action.as_str(), "originals_read");
    // No record, no look.
    place.shelf.fail_between(0, u64::MAX);
    assert!(matches!(
        place.chats.originals(&admin(), &place.order, None, None).await,
        Err(Refusal::Unavailable { .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn originals_come_in_pages_and_a_lost_key_costs_its_rows() {
    let place = words();
    for n in 0..7 {
        place.say("ann", &format!("a{n}"), &format!("{n}: ring 514-555-0101")).await.unwrap();
    }
    let (mut cursor, mut seen) = (None, Vec::new());
    loop {
        let page = place.chats.originals(&admin(), &place.order, cursor.as_deref(), Some(3)).await.unwrap();
        assert!(page.originals.len() <= 3);
        seen.extend(page.originals.into_iter().map(|original| original.message.unwrap().0));
        cursor = page.cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7]);
    let mut page = place.chats.audit(&admin(), None, Some(2)).await.unwrap();
    assert_eq!(page.rows.len(), 2);
    page = place.chats.audit(&admin(), page.cursor.as_deref(), Some(2)).await.unwrap();
    assert_eq!((page.rows.len(), page.cursor), (1, None));
    let another = place.another_with(&[8; 32]);
    let originals = another.chats.originals(&admin(), &place.order, None, None).await.unwrap().originals;
    assert_eq!(originals.len(), 7);
    assert!(originals.iter().all(|original| matches!(original.text, Err(OpenError::UnknownKey(_)))));
}

#[tokio::test(start_paused = true)]
async fn the_same_edit_twice_at_once_is_one_version_and_both_answers_stand_in_the_log() {
    let place = words();
    place.say("ann", "a", "one").await.unwrap();
    let written = || place.bodies().len();
    let (first, second) =
        futures_util::future::join(async { (place.edit("ann", 1, "two").await.unwrap(), written()) }, async {
            (place.edit("ann", 1, "two").await.unwrap(), written())
        })
        .await;
    for (sent, written) in [first, second] {
        assert_eq!((&*sent.message.content, sent.message.version, written), ("two", 2, 2));
    }
}
