//! From an event's name and data to a request.

use std::collections::BTreeMap;

use souk_chat::limits::{LIST_CHATS_MAX, SYNC_ORDERS};
use souk_chat::{ClientMessageId, Cursor, Epoch, IdError, MessageId, OrderId, Seq, text};

use super::{Request, Token};
use crate::error::Error;
use crate::fields::{self, Fields};
use crate::limits::{COMMENT_CHARS, CURSOR_BYTES, EVENT_NAME_BYTES, REASON_CHARS, TOKEN_BYTES};

impl<'a> Request<'a> {
    /// Reads the event `name` with its `data` (`None` and `null` are `{}`). Unknown fields are ignored.
    ///
    /// Errors, all `bad_request`: an unknown name, data that is not an object, a field that is missing, of another type, or out of
    /// its bounds. The depth of `data` is not checked here, the carriers did: see [`depth`](crate::depth).
    pub fn parse(name: &str, data: Option<&'a str>) -> Result<Self, Error> {
        let data = data.filter(|data| *data != "null").unwrap_or("{}");
        Ok(match name {
            "authenticate" => Self::Authenticate { token: token(data)? },
            "join_app" => Fields::read(data, []).map(|_| Self::JoinApp)?,
            "list_chats" => list_chats(data)?,
            "join_order_chat" => {
                let fields = Fields::read(data, ["orderId", "since", "epoch"])?;
                let epoch = fields.id("epoch")?;
                let cursor = fields.number("since")?.map(|since| Cursor { since: Seq(since), epoch });
                Self::JoinOrderChat { order: fields.need_id("orderId")?, cursor }
            }
            "leave_order_chat" => Self::LeaveOrderChat { order: order(data)? },
            "send_message" => {
                let fields = Fields::read(data, ["orderId", "content", "clientMessageId"])?;
                Self::SendMessage {
                    order: fields.need_id("orderId")?,
                    content: fields.need_text("content")?,
                    client_message_id: fields.id("clientMessageId")?,
                }
            }
            "edit_message" => {
                let fields = Fields::read(data, ["messageId", "content"])?;
                Self::EditMessage { message: fields.need_id("messageId")?, content: fields.need_text("content")? }
            }
            "message_delivered" => Self::MessageDelivered { message: message(data)? },
            "message_read" => Self::MessageRead { message: message(data)? },
            "set_visible" => {
                let fields = Fields::read(data, ["orderId", "visible"])?;
                Self::SetVisible { order: fields.need_id("orderId")?, visible: fields.need_bool("visible")? }
            }
            "typing" => Self::Typing { order: order(data)? },
            "report_message" => report_message(data)?,
            "sync" => {
                let fields = Fields::read(data, ["cursors", "epochs"])?;
                let epochs = fields.json("epochs").map(epochs).transpose()?.unwrap_or_default();
                Self::Sync { cursors: cursors(fields.need_json("cursors")?, epochs)? }
            }
            "refresh_token" => Self::RefreshToken { token: token(data)? },
            "ping" => Fields::read(data, []).map(|_| Self::Ping)?,
            unknown => return Err(unknown_event(unknown)),
        })
    }
}

/// The `clientMessageId` in data that was refused, if it has a good one: an `exception` repeats it.
pub fn client_message_id(data: Option<&str>) -> Option<ClientMessageId> {
    Fields::read(data?, ["clientMessageId"]).ok()?.id("clientMessageId").ok()?
}

fn unknown_event(name: &str) -> Error {
    if name.len() > EVENT_NAME_BYTES {
        return Error::bad_request("there is no event of this name");
    }
    Error::bad_request(format!("there is no event '{name}'; there are {}", Request::NAMES.join(", ")))
}

fn order(data: &str) -> Result<OrderId, Error> {
    Fields::read(data, ["orderId"])?.need_id("orderId")
}

fn message(data: &str) -> Result<MessageId, Error> {
    Fields::read(data, ["messageId"])?.need_id("messageId")
}

fn token(data: &str) -> Result<Token<'_>, Error> {
    let token = Fields::read(data, ["token"])?.need_text("token")?;
    if token.len() > TOKEN_BYTES {
        return Err(Error::bad_request(format!("token must have at most {TOKEN_BYTES} characters")));
    }
    Ok(Token(token))
}

fn list_chats(data: &str) -> Result<Request<'_>, Error> {
    let fields = Fields::read(data, ["cursor", "limit"])?;
    let cursor = fields.text("cursor")?;
    if cursor.as_ref().is_some_and(|cursor| cursor.len() > CURSOR_BYTES) {
        return Err(Error::bad_request(
            "cursor is not one that this server gave; leave it out to start from the newest",
        ));
    }
    let limit = fields.number("limit")?.map(usize::try_from).transpose();
    match limit {
        Ok(limit @ (None | Some(1..=LIST_CHATS_MAX))) => Ok(Request::ListChats { cursor, limit }),
        _ => Err(Error::bad_request(format!("limit must be 1 to {LIST_CHATS_MAX}"))),
    }
}

fn report_message(data: &str) -> Result<Request<'_>, Error> {
    let fields = Fields::read(data, ["messageId", "reason", "comment"])?;
    let reason = fields.need_text("reason")?;
    let comment = fields.text("comment")?;
    if !text::is_visible(&reason) || reason.chars().count() > REASON_CHARS {
        return Err(Error::bad_request(format!("reason must have 1 to {REASON_CHARS} characters")));
    }
    if comment.as_ref().is_some_and(|comment| comment.chars().count() > COMMENT_CHARS) {
        return Err(Error::bad_request(format!("comment must have at most {COMMENT_CHARS} characters")));
    }
    Ok(Request::ReportMessage { message: fields.need_id("messageId")?, reason, comment })
}

/// Reads `{orderId: since}`.
fn cursors(raw: &str, mut epochs: BTreeMap<OrderId, Epoch>) -> Result<Vec<(OrderId, Cursor)>, Error> {
    let pairs = fields::pairs(raw, "cursors", SYNC_ORDERS)?;
    let mut cursors = Vec::with_capacity(pairs.len());
    for (order, since) in pairs {
        let order: OrderId = order.parse().map_err(|error| Error::bad_request(format!("cursors: {error}")))?;
        let since = fields::number(since)
            .ok_or_else(|| Error::bad_request("cursors: each must be a whole number from 0 to 2^53-1"))?;
        let epoch = epochs.remove(&order);
        cursors.push((order, Cursor { since: Seq(since), epoch }));
    }
    cursors.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    if cursors.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err(Error::bad_request("cursors: each order may stand once"));
    }
    Ok(cursors)
}

/// Reads `{orderId: epoch}`.
fn epochs(raw: &str) -> Result<BTreeMap<OrderId, Epoch>, Error> {
    let mut epochs = BTreeMap::new();
    for (order, epoch) in fields::pairs(raw, "epochs", SYNC_ORDERS)? {
        let wrong = |error: IdError| Error::bad_request(format!("epochs: {error}"));
        let epoch = fields::text(epoch).map_err(|_| Error::bad_request("epochs: each must be a text"))?;
        epochs.insert(order.parse().map_err(wrong)?, epoch.parse().map_err(wrong)?);
    }
    Ok(epochs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Code;

    #[test]
    fn errors_name_the_field() {
        for (name, data, message) in [
            ("send_message", r#"{"orderId":"o"}"#, "content is missing"),
            ("send_message", r#"{"orderId":"o","content":5}"#, "content must be a text"),
            (
                "send_message",
                r#"{"orderId":"o","content":"\ud83d"}"#,
                "content holds half a character (a surrogate without its pair, \\ud800 to \\udfff); cut texts between characters",
            ),
            ("send_message", r#"{"orderId":5,"content":"a"}"#, "orderId must be a text"),
            ("typing", r#"{"orderId":null}"#, "orderId is missing"),
            ("typing", r#"["o"]"#, "the data must be a JSON object"),
            ("typing", r#"{"orderId":"o","orderId":"p"}"#, "orderId stands twice in one object"),
            ("set_visible", r#"{"orderId":"o","visible":1}"#, "visible must be true or false"),
            ("join_order_chat", r#"{"orderId":"o","since":-1}"#, "since must be a whole number from 0 to 2^53-1"),
            ("join_order_chat", r#"{"orderId":"o","since":1.0}"#, "since must be a whole number from 0 to 2^53-1"),
            ("join_order_chat", r#"{"orderId":"o","since":1,"epoch":7}"#, "epoch must be a text"),
            ("join_order_chat", r#"{"orderId":"o","since":1,"epoch":""}"#, "epoch: an id must not be empty"),
            ("sync", r#"{"cursors":{},"epochs":{"o":7}}"#, "epochs: each must be a text"),
            ("sync", r#"{"cursors":{},"epochs":[]}"#, "epochs must be a JSON object"),
            ("list_chats", r#"{"limit":0}"#, "limit must be 1 to 200"),
            ("sync", r#"{"cursors":[]}"#, "cursors must be a JSON object"),
            ("sync", r#"{"cursors":{"o":1,"o":2}}"#, "cursors: each order may stand once"),
            (
                "message_read",
                r#"{"messageId":"o"}"#,
                "messageId: a message id is the order id, a colon and the entry's number, without sign or leading zero",
            ),
        ] {
            let error = Request::parse(name, Some(data)).unwrap_err();
            assert_eq!((error.code, error.message.as_ref()), (Code::BadRequest, message), "{name} {data}");
        }
        let unknown = Request::parse("sendMessage", Some("{}")).unwrap_err().message;
        assert!(unknown.starts_with("there is no event 'sendMessage'; there are authenticate, "), "{unknown}");
        for name in Request::NAMES {
            let told = Request::parse(name, Some("[]")).unwrap_err().message;
            assert_eq!(told, "the data must be a JSON object", "{name} is an event");
        }
        let long = "x".repeat(EVENT_NAME_BYTES + 1);
        assert_eq!(Request::parse(&long, None).unwrap_err().message, "there is no event of this name");
    }

    #[test]
    fn bounds_are_held() {
        let many: Vec<_> = (0..=SYNC_ORDERS).map(|n| format!("\"o{n}\":0")).collect();
        let data = |pairs: &[String]| format!("{{\"cursors\":{{{}}}}}", pairs.join(","));
        assert!(Request::parse("sync", Some(&data(&many[1..]))).is_ok());
        assert!(Request::parse("sync", Some(&data(&many))).is_err());
        let token = |length| format!("{{\"token\":\"{}\"}}", "t".repeat(length));
        assert!(Request::parse("authenticate", Some(&token(TOKEN_BYTES))).is_ok());
        assert!(Request::parse("authenticate", Some(&token(TOKEN_BYTES + 1))).is_err());
        let report = |reason: &str| format!(r#"{{"messageId":"o:1","reason":"{reason}"}}"#);
        assert!(Request::parse("report_message", Some(&report(&"я".repeat(REASON_CHARS)))).is_ok());
        assert!(Request::parse("report_message", Some(&report(&"я".repeat(REASON_CHARS + 1)))).is_err());
        assert!(Request::parse("report_message", Some(&report(" "))).is_err());
    }

    #[test]
    fn an_epoch_goes_with_its_cursor_and_is_nothing_without_one() {
        let cursor = |epoch| Cursor { since: Seq(3), epoch: Epoch::new(epoch).ok() };
        let order = OrderId::new("o").unwrap();
        for (data, cursors) in [
            (r#"{"cursors":{"o":3},"epochs":{"o":"e1","p":"e2"}}"#, vec![(order.clone(), cursor("e1"))]),
            (r#"{"cursors":{"o":3},"epochs":null}"#, vec![(order.clone(), Seq(3).into())]),
        ] {
            assert_eq!(Request::parse("sync", Some(data)), Ok(Request::Sync { cursors }), "{data}");
        }
        let join = |data| Request::parse("join_order_chat", Some(data)).unwrap();
        let joined = |cursor| Request::JoinOrderChat { order: order.clone(), cursor };
        assert_eq!(join(r#"{"orderId":"o","since":3,"epoch":"e1"}"#), joined(Some(cursor("e1"))));
        assert_eq!(join(r#"{"orderId":"o","epoch":"e1"}"#), joined(None));
    }

    #[test]
    fn absent_data_is_an_empty_object_and_a_token_is_not_shown() {
        assert_eq!(Request::parse("ping", None), Ok(Request::Ping));
        assert_eq!(Request::parse("ping", Some("null")), Ok(Request::Ping));
        let request = Request::parse("authenticate", Some(r#"{"token":"secret","extra":[1]}"#)).unwrap();
        assert_eq!(format!("{request:?}"), "Authenticate { token: Token(…) }");
    }

    #[test]
    fn a_refused_send_still_tells_its_id() {
        let id = client_message_id(Some(r#"{"content":5,"clientMessageId":"c-1"}"#));
        assert_eq!(id, Some(ClientMessageId::new("c-1").unwrap()));
        assert_eq!(client_message_id(Some(r#"{"clientMessageId":7}"#)), None);
        assert_eq!(client_message_id(Some("[1")), None);
    }
}
