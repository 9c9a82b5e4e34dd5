//! What REST requests bring: bodies and queries. Answers have the forms of [`dto`](crate::dto), errors that of
//! [`Error::problem`].

use std::borrow::Cow;

use souk_chat::limits::{ADMIN_PAGE_MAX, LIST_CHATS_MAX, PAGE_MESSAGES_MAX};
use souk_chat::service::{OrderSpec, Window};
use souk_chat::{ClientMessageId, Cursor, Epoch, MessageId, OrderId, OrderStatus, Seq, UserId};

use crate::depth;
use crate::error::Error;
use crate::fields::{self, Fields};
use crate::limits::{CURSOR_BYTES, JSON_DEPTH};

/// Longest body of a request, in bytes: what a frame may hold.
pub const BODY_BYTES: usize = crate::limits::FRAME_BYTES;

/// The body of `POST /chats/{orderId}/messages`: `content`, not yet trimmed or measured, and the sender's own id if there is one.
/// Errors, here and below: `bad_request`.
pub fn message_to_send(body: &[u8]) -> Result<(Cow<'_, str>, Option<ClientMessageId>), Error> {
    let fields = read(body, ["content", "clientMessageId"])?;
    Ok((fields.need_text("content")?, fields.id("clientMessageId")?))
}

/// The body of the `PATCH` of a message: its `content`, not yet trimmed or measured.
pub fn content(body: &[u8]) -> Result<Cow<'_, str>, Error> {
    read(body, ["content"])?.need_text("content")
}

/// The body of `POST /chats`: with whom.
pub fn partner(body: &[u8]) -> Result<UserId, Error> {
    read(body, ["userId"])?.need_id("userId")
}

/// The body of `POST /chats/{orderId}/read`: up to which entry.
pub fn read_up_to(body: &[u8]) -> Result<Seq, Error> {
    let seq = read(body, ["seq"])?.number("seq")?;
    seq.map(Seq).ok_or_else(|| Error::bad_request("seq is missing"))
}

/// The body of `PUT /admin/orders/{orderId}`.
pub fn order_spec(body: &[u8]) -> Result<OrderSpec, Error> {
    let fields = read(body, ["client", "contractor", "title", "status"])?;
    let status = fields.text("status")?.map(|status| OrderStatus::parse(&status).ok_or_else(wrong_status));
    Ok(OrderSpec {
        client: fields.need_id("client")?,
        contractor: fields.need_id("contractor")?,
        title: fields.text("title")?.map(Cow::into_owned),
        status: status.transpose()?,
    })
}

fn wrong_status() -> Error {
    Error::bad_request("status must be created, accepted, paid, completed or disputed")
}

fn read<'a, const N: usize>(body: &'a [u8], names: [&'static str; N]) -> Result<Fields<'a, N>, Error> {
    let text = std::str::from_utf8(body).map_err(|_| Error::bad_request("the body must be UTF-8"))?;
    if !depth::is_shallow(text) {
        return Err(Error::bad_request(format!("JSON may be nested {JSON_DEPTH} levels deep, no deeper")));
    }
    Fields::read(text, names)
}

/// The query of `GET /chats/{orderId}/messages`: which part, and how many messages at most. Beside `since` may stand the `epoch`
/// that came with the page before, as it may when joining. Unknown parameters are ignored.
pub fn history_query(query: &str) -> Result<(Window, Option<usize>), Error> {
    let since = number(query, "since")?.map(Seq);
    let before = number(query, "before")?.map(Seq);
    let window = match (since, before) {
        (Some(_), Some(_)) => return Err(Error::bad_request("ask for since or before, not for both")),
        (Some(since), None) => Window::Since(Cursor { since, epoch: epoch(query)? }),
        (None, Some(before)) => Window::Before(before),
        (None, None) => Window::Newest,
    };
    Ok((window, limit(query, PAGE_MESSAGES_MAX)?))
}

fn epoch(query: &str) -> Result<Option<Epoch>, Error> {
    let epoch = parameter(query, "epoch")?.map(|epoch| epoch.parse());
    epoch.transpose().map_err(|error| Error::bad_request(format!("epoch: {error}")))
}

/// Where the page before ended, and how many things at most.
pub type PageQuery<'a> = (Option<Cow<'a, str>>, Option<usize>);

/// The query of `GET /chats`.
pub fn list_query(query: &str) -> Result<PageQuery<'_>, Error> {
    page_query(query, LIST_CHATS_MAX)
}

/// The query of `GET /admin/audit` and `GET /admin/chats/{orderId}/originals`.
pub fn admin_query(query: &str) -> Result<PageQuery<'_>, Error> {
    page_query(query, ADMIN_PAGE_MAX)
}

fn page_query(query: &str, most: usize) -> Result<PageQuery<'_>, Error> {
    let cursor = parameter(query, "cursor")?;
    if cursor.as_ref().is_some_and(|cursor| cursor.len() > CURSOR_BYTES) {
        return Err(Error::bad_request("cursor is not one that this server gave"));
    }
    Ok((cursor, limit(query, most)?))
}

/// A message of `order` as a path names it: by its entry's number, or by its id. Errors: `bad_request`, also for a message of another
/// order.
pub fn message(order: &OrderId, text: &str) -> Result<Seq, Error> {
    let seq = match text.parse::<MessageId>() {
        Ok(id) if id.order == *order => Some(id.seq),
        Ok(_) => None,
        Err(_) => fields::number(text).filter(|number| *number > 0).map(Seq),
    };
    seq.ok_or_else(|| Error::bad_request("the path names a message of this chat by its number, or by its id"))
}

fn limit(query: &str, most: usize) -> Result<Option<usize>, Error> {
    let Some(limit) = number(query, "limit")? else { return Ok(None) };
    let limit = usize::try_from(limit).ok().filter(|limit| (1..=most).contains(limit));
    limit.map(Some).ok_or_else(|| Error::bad_request(format!("limit must be 1 to {most}")))
}

fn number(query: &str, name: &str) -> Result<Option<u64>, Error> {
    let Some(text) = parameter(query, name)? else { return Ok(None) };
    let number = fields::number(&text);
    number.map(Some).ok_or_else(|| Error::bad_request(format!("{name} must be a whole number from 0 to 2^53-1")))
}

/// The parameter of this name, decoded. Errors: it stands twice, has no value, or is not well encoded.
fn parameter<'a>(query: &'a str, name: &str) -> Result<Option<Cow<'a, str>>, Error> {
    let mut found = None;
    for part in query.split('&') {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        // What is not well encoded is the name of nothing here.
        if percent_decoded(key).is_none_or(|key| key != name) {
            continue;
        }
        if found.replace(value).is_some() {
            return Err(Error::bad_request(format!("{name} stands twice")));
        }
    }
    match found {
        None => Ok(None),
        Some("") => Err(Error::bad_request(format!("{name} has no value; say one, or leave it out"))),
        Some(value) => {
            let decoded = percent_decoded(value);
            decoded.map(Some).ok_or_else(|| Error::bad_request(format!("{name} is not well encoded")))
        }
    }
}

/// `None`: a `%` without two hexadecimal digits, or bytes that are not UTF-8.
fn percent_decoded(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains(['%', '+']) {
        return Some(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => (digit(bytes.next()?)? << 4) | digit(bytes.next()?)?,
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8(out).ok().map(Cow::Owned)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message_of<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
        result.unwrap_err().message.into_owned()
    }

    #[test]
    fn bodies_are_read_and_errors_name_the_field() {
        assert_eq!(content(br#"{"content":"a\nb","more":1}"#).as_deref(), Ok("a\nb"));
        let id = Some(ClientMessageId::new("k-1").unwrap());
        assert_eq!(message_to_send(br#"{"content":"a","clientMessageId":"k-1"}"#), Ok(("a".into(), id)));
        assert_eq!(message_to_send(br#"{"content":"a","clientMessageId":null}"#), Ok(("a".into(), None)));
        assert!(
            message_of(message_to_send(br#"{"content":"a","clientMessageId":"k 1"}"#)).starts_with("clientMessageId: ")
        );
        let wrong = message_to_send(br#"{"content":"a","clientMessageId":7}"#);
        assert_eq!(message_of(wrong), "clientMessageId must be a text");
        assert_eq!(message_of(content(b"{}")), "content is missing");
        assert_eq!(message_of(content(b"")), "the data must be a JSON object");
        assert_eq!(message_of(content(b"\xff")), "the body must be UTF-8");
        assert_eq!(message_of(content("[".repeat(9).as_bytes())), "JSON may be nested 8 levels deep, no deeper");
        assert_eq!(partner(br#"{"userId":"bob"}"#).unwrap().as_str(), "bob");
        assert_eq!(read_up_to(br#"{"seq":7}"#), Ok(Seq(7)));
        assert_eq!(message_of(read_up_to(br#"{"seq":"7"}"#)), "seq must be a whole number from 0 to 2^53-1");
    }

    #[test]
    fn an_order_is_described_in_full_or_in_part() {
        let spec = order_spec(br#"{"client":"ann","contractor":"bob","title":"Fence","status":"paid"}"#).unwrap();
        assert_eq!((spec.title.as_deref(), spec.status), (Some("Fence"), Some(OrderStatus::Paid)));
        let spec = order_spec(br#"{"client":"ann","contractor":"bob"}"#).unwrap();
        assert_eq!((spec.client.as_str(), spec.title, spec.status), ("ann", None, None));
        assert_eq!(message_of(order_spec(br#"{"client":"ann"}"#)), "contractor is missing");
        let wrong = order_spec(br#"{"client":"ann","contractor":"bob","status":"lost"}"#);
        assert_eq!(message_of(wrong), "status must be created, accepted, paid, completed or disputed");
    }

    #[test]
    fn a_message_is_named_by_its_number_or_its_id() {
        let order = OrderId::new("dm~a~b").unwrap();
        assert_eq!(message(&order, "7"), Ok(Seq(7)));
        assert_eq!(message(&order, "dm~a~b:7"), Ok(Seq(7)));
        for bad in ["0", "", "x", "-1", "dm~a~c:7", "dm~a~b:0", "7.0", "99999999999999999999"] {
            assert!(message(&order, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn queries_are_read() {
        assert_eq!(history_query(""), Ok((Window::Newest, None)));
        assert_eq!(history_query("since=5&limit=200&x=y"), Ok((Window::Since(Seq(5).into()), Some(200))));
        let cursor = Cursor { since: Seq(5), epoch: Epoch::new("e1").ok() };
        assert_eq!(history_query("epoch=e1&since=5"), Ok((Window::Since(cursor), None)));
        assert_eq!(history_query("epoch=e1"), Ok((Window::Newest, None)));
        assert_eq!(history_query("before=5"), Ok((Window::Before(Seq(5)), None)));
        assert_eq!(
            history_query("%73ince=%35&%zz=1"),
            Ok((Window::Since(Seq(5).into()), None)),
            "names are encoded, too"
        );
        for (query, error) in [
            ("since=1&before=2", "ask for since or before, not for both"),
            ("limit=201", "limit must be 1 to 200"),
            ("limit=0", "limit must be 1 to 200"),
            ("since=-1", "since must be a whole number from 0 to 2^53-1"),
            ("since=2026-01-02T03:04:05Z", "since must be a whole number from 0 to 2^53-1"),
            (
                "since=5&epoch=a%20b",
                "epoch: an id may hold only letters A–Z a–z, digits, '.', '_' and '-' (order ids also '~'), and is not '.' or '..'",
            ),
            ("since=", "since has no value; say one, or leave it out"),
            ("since", "since has no value; say one, or leave it out"),
            ("limit=&since=1", "limit has no value; say one, or leave it out"),
            ("since=1&since=1", "since stands twice"),
            ("since=%4", "since is not well encoded"),
            ("since=%zz", "since is not well encoded"),
        ] {
            assert_eq!(message_of(history_query(query)), error, "{query}");
        }
        assert_eq!(admin_query("limit=100"), Ok((None, Some(100))));
        assert_eq!(message_of(admin_query("limit=101")), "limit must be 1 to 100");
        assert_eq!(message_of(list_query("cursor=&limit=5")), "cursor has no value; say one, or leave it out");
        assert_eq!(list_query("cursor=17.dm%7ea%7Eb&limit=3"), Ok((Some("17.dm~a~b".into()), Some(3))));
        assert_eq!(
            message_of(list_query(&format!("cursor={}", "c".repeat(513)))),
            "cursor is not one that this server gave"
        );
    }
}
