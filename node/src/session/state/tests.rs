use std::borrow::Cow;

use souk_chat::{MessageId, OrderId, Role, Seq, UserId};
use souk_protocol::Code;
use souk_protocol::request::Token;

use super::*;

const HOUR: i64 = 3_600_000;
/// How long a token is taken after its end.
const LEEWAY: i64 = 5_000;

/// Takes `user@role@expiry` for a token.
struct Words;

impl Verify for Words {
    fn verify(&self, token: &str, now: Timestamp) -> Result<SignedIn, Error> {
        let parts: Vec<&str> = token.split('@').collect();
        let [user, role, expires_at] = parts[..] else { return Err(Error::unauthorized("bad token")) };
        let expires_at = Timestamp(expires_at.parse().unwrap());
        let good_until = Timestamp(expires_at.millis().saturating_add(LEEWAY));
        if good_until <= now {
            return Err(Error::unauthorized("expired"));
        }
        let actor =
            Actor { user: UserId::new(user).unwrap(), role: Role::parse(role).unwrap(), name: None, locale: None };
        Ok(SignedIn { actor, expires_at, good_until })
    }
}

fn token(text: &str) -> Token<'_> {
    Token(Cow::Borrowed(text))
}

fn at(seconds: i64) -> Timestamp {
    Timestamp(seconds * 1_000)
}

fn signed_in(expiry: &str) -> Session {
    let mut session = Session::new(at(0));
    let effects = session.request(Some(Ack(1)), Request::Authenticate { token: token(expiry) }, &Words, at(0));
    assert!(matches!(&effects[..2], [Effect::Enter(_), Effect::Answer(Some(Ack(1)), _)]), "{effects:?}");
    session
}

fn send(session: &mut Session, ack: u64, text: &str) -> Effects {
    let order = OrderId::new("o-1").unwrap();
    let request = Request::SendMessage { order, content: text.into(), client_message_id: None };
    session.request(Some(Ack(ack)), request, &Words, at(1))
}

#[test]
fn any_other_event_first_is_unauthorized_and_ends() {
    let mut session = Session::new(at(0));
    let effects = session.request(Some(Ack(4)), Request::Ping, &Words, at(0));
    let [Effect::Refuse { ack: Some(Ack(4)), error, .. }, Effect::Close(Close::Unauthorized)] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(error.code, Code::Unauthorized);
    assert!(session.request(None, Request::Ping, &Words, at(0)).is_empty(), "nothing comes out after the end");
}

#[test]
fn signing_in_has_ten_seconds() {
    let mut session = Session::new(at(0));
    assert_eq!(session.next_tick(), Some(at(10)));
    assert!(session.tick(at(9)).is_empty());
    assert!(matches!(session.tick(at(10))[..], [Effect::Close(Close::Unauthorized)]));
}

#[test]
fn a_token_is_announced_to_end_and_then_ends_the_session() {
    let mut session = signed_in(&format!("ann@client@{HOUR}"));
    assert_eq!(session.next_tick(), Some(at(3_570)));
    assert!(session.tick(at(3_569)).is_empty());
    assert!(matches!(session.tick(at(3_570))[..], [Effect::Push(_)]));
    assert!(session.tick(at(3_571)).is_empty(), "announced once");
    assert_eq!(session.next_tick(), Some(at(3_605)));
    assert!(session.tick(at(3_604)).is_empty(), "it is taken for so long elsewhere, too");
    assert!(matches!(session.tick(at(3_605))[..], [Effect::Close(Close::TokenExpired)]));
}

/// The clock of who signed it is behind ours.
#[test]
fn a_token_taken_within_the_leeway_goes_on_until_its_end() {
    let mut session = Session::new(at(3));
    let effects =
        session.request(Some(Ack(1)), Request::Authenticate { token: token("ann@client@1000") }, &Words, at(3));
    assert!(matches!(effects[..], [Effect::Enter(_), Effect::Answer(..), Effect::Push(_)]), "{effects:?}");
    assert!(matches!(session.tick(at(6))[..], [Effect::Close(Close::TokenExpired)]));
}

#[test]
fn a_short_token_is_announced_at_once() {
    let mut session = Session::new(at(0));
    let effects = session.request(None, Request::Authenticate { token: token("ann@client@20000") }, &Words, at(0));
    assert!(matches!(effects[..], [Effect::Enter(_), Effect::Answer(..), Effect::Push(_)]), "{effects:?}");
}

#[test]
fn expiry_waits_for_the_answers_under_way() {
    let mut session = signed_in("ann@client@100000");
    assert!(matches!(send(&mut session, 2, "hi")[..], [Effect::Run(..)]));
    let effects = session.tick(at(105));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Close(_))), "{effects:?}");
    assert!(matches!(session.finished(true)[..], [Effect::Close(Close::TokenExpired)]));
}

#[test]
fn refreshing_keeps_person_and_role_and_a_bad_token_changes_nothing() {
    let mut session = signed_in("ann@client@100000");
    for (text, code) in [
        ("bob@client@200000", Code::Forbidden),
        ("ann@contractor@200000", Code::Forbidden),
        ("nonsense", Code::Unauthorized),
    ] {
        let effects = session.request(Some(Ack(2)), Request::RefreshToken { token: token(text) }, &Words, at(1));
        let [Effect::Refuse { error, .. }] = &effects[..] else { panic!("{effects:?}") };
        assert_eq!(error.code, code, "{text}");
        assert_eq!(session.next_tick(), Some(at(70)));
    }
    let effects =
        session.request(Some(Ack(3)), Request::RefreshToken { token: token("ann@client@200000") }, &Words, at(1));
    assert!(matches!(effects[..], [Effect::Answer(Some(Ack(3)), _)]));
    assert_eq!(session.next_tick(), Some(at(170)));
}

#[test]
fn sends_run_one_after_another_and_other_requests_beside_them() {
    let mut session = signed_in(&format!("ann@client@{HOUR}"));
    assert!(matches!(send(&mut session, 1, "a")[..], [Effect::Run(Some(Ack(1)), Command::Send { .. })]));
    assert!(send(&mut session, 2, "b").is_empty());
    assert!(send(&mut session, 3, "c").is_empty());
    assert!(matches!(session.request(None, Request::JoinApp, &Words, at(1))[..], [Effect::Run(None, Command::Hello)]));
    assert!(session.finished(false).is_empty());
    assert!(matches!(session.finished(true)[..], [Effect::Run(Some(Ack(2)), _)]));
    assert!(matches!(session.finished(true)[..], [Effect::Run(Some(Ack(3)), _)]));
    assert!(session.finished(true).is_empty());
}

#[test]
fn an_edit_waits_for_the_sends_before_it() {
    let mut session = signed_in(&format!("ann@client@{HOUR}"));
    assert!(matches!(send(&mut session, 1, "a")[..], [Effect::Run(..)]));
    let message: MessageId = "o-1:3".parse().unwrap();
    let edit = |content: &'static str| Request::EditMessage { message: message.clone(), content: content.into() };
    assert!(session.request(Some(Ack(2)), edit(" b "), &Words, at(1)).is_empty());
    let effects = session.finished(true);
    let [Effect::Run(Some(Ack(2)), Command::Edit { seq: Seq(3), draft, .. })] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(draft.as_str(), "b");
    let effects = session.request(Some(Ack(3)), edit("  "), &Words, at(1));
    assert!(matches!(&effects[..], [Effect::Refuse { event: "edit_message", .. }]), "{effects:?}");
}

#[test]
fn a_busy_session_says_so_until_requests_finish() {
    let mut session = signed_in(&format!("ann@client@{HOUR}"));
    for ack in 0..REQUESTS_AT_ONCE {
        assert!(!session.is_busy());
        send(&mut session, ack as u64, "x");
    }
    assert!(session.is_busy());
    session.finished(true);
    assert!(!session.is_busy());
}

#[test]
fn a_bad_text_is_refused_without_running_anything() {
    let mut session = signed_in(&format!("ann@client@{HOUR}"));
    for (text, code) in [(" \n ", Code::Empty), (&*"x".repeat(2_001), Code::TooLong)] {
        let effects = send(&mut session, 1, text);
        let [Effect::Refuse { error, event: "send_message", .. }] = &effects[..] else { panic!("{effects:?}") };
        assert_eq!(error.code, code);
    }
}
