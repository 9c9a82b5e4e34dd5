//! REST: what is not live.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use hyper::{Method, Request, StatusCode};
use percent_encoding::percent_decode_str;
use souk_chat::ports::Origin;
use souk_chat::service::{Edit, Progress, Send, Sent, Window};
use souk_chat::{Actor, ClientMessageId, Draft, OrderId, Refusal, Status};
use souk_protocol::dto::{self, Audience, encode_message, with_masked};
use souk_protocol::rest::BODY_BYTES;
use souk_protocol::{Code, Error, json as encoding, rest as parse};

use super::check::IDEMPOTENCY_KEY;
use super::pace::Heard;
use super::reply::{Answer, json, last, not_allowed, packed, problem, problem_with, too_large, unauthorized};
use super::shared::{Shared, signed_in};

/// How long a body may take.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route<'a> {
    Chats,
    Chat(&'a str),
    Messages(&'a str),
    Message(&'a str, &'a str),
    Read(&'a str),
    Order(&'a str),
    Originals(&'a str),
    Audit,
}

impl<'a> Route<'a> {
    /// What these segments name; `None`: nothing.
    fn find(segments: &[&'a str]) -> Option<Self> {
        Some(match *segments {
            ["chats"] => Self::Chats,
            ["chats", order] => Self::Chat(order),
            ["chats", order, "messages"] => Self::Messages(order),
            ["chats", order, "messages", message] => Self::Message(order, message),
            ["chats", order, "read"] => Self::Read(order),
            ["admin", "orders", order] => Self::Order(order),
            ["admin", "chats", order, "originals"] => Self::Originals(order),
            ["admin", "audit"] => Self::Audit,
            _ => return None,
        })
    }

    /// The methods that it answers.
    fn methods(self) -> &'static str {
        match self {
            Self::Chats | Self::Chat(_) | Self::Originals(_) | Self::Audit => "GET, HEAD",
            Self::Messages(_) => "GET, HEAD, POST",
            Self::Message(..) => "PATCH",
            Self::Read(_) => "POST",
            Self::Order(_) => "PUT",
        }
    }
}

/// Answers a request that is not for a socket.
pub(super) async fn answer(shared: &Shared, request: Request<Heard>) -> Answer {
    let path = request.uri().path().to_owned();
    // A last slash changes nothing.
    let inside = path.strip_prefix('/').unwrap_or(&path);
    let inside = inside.strip_suffix('/').unwrap_or(inside);
    let segments: Result<Vec<String>, _> = inside
        .split('/')
        .map(|segment| percent_decode_str(segment).decode_utf8().map(|text| text.into_owned()))
        .collect();
    let Ok(segments) = segments else { return problem(&Error::bad_request("the path is not UTF-8")) };
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let Some(route) = Route::find(&segments) else { return nothing_at(&segments) };
    let actor = match signed_in(shared, request.headers()) {
        Ok(Some((signed_in, _))) => signed_in.actor,
        Ok(None) => return unauthorized(None),
        Err(error) => return unauthorized(Some(&error)),
    };
    let query = request.uri().query().unwrap_or_default().to_owned();
    // The body of an answer to HEAD is left out when it is written.
    let has_body = request.method() != Method::HEAD;
    let method = if request.method() == Method::HEAD { Method::GET } else { request.method().clone() };
    let outcome = match (method, route) {
        (Method::GET, Route::Chats) => list(shared, &actor, &query).await,
        (Method::GET, Route::Chat(order)) => one(shared, &actor, order).await,
        (Method::GET, Route::Messages(order)) => history(shared, &actor, order, &query, has_body).await,
        (Method::POST, Route::Messages(order)) => send(shared, &actor, order, request).await,
        (Method::PATCH, Route::Message(order, message)) => edit(shared, &actor, order, message, request).await,
        (Method::POST, Route::Read(order)) => read(shared, &actor, order, request).await,
        (Method::GET, Route::Originals(order)) => originals(shared, &actor, order, &query).await,
        (Method::GET, Route::Audit) => audit(shared, &actor, &query).await,
        (Method::PUT, Route::Order(order)) => put_order(shared, &actor, order, request).await,
        (_, route) => return not_allowed(route.methods()),
    };
    outcome.unwrap_or_else(|failure| match failure {
        Failure::Refused(error) => problem(&error),
        Failure::Answered(answer) => *answer,
    })
}

/// 404. Who looks for the stock server's client is told where else it is.
fn nothing_at(segments: &[&str]) -> Answer {
    let text = match segments {
        ["socket.io", file] if file.starts_with("socket.io.") => {
            "this server does not hand out the Socket.IO client: take socket.io-client 4 from npm, or put its dist/socket.io.min.js \
             beside your page"
        }
        ["metrics" | "livez" | "readyz"] => "this is for operators, on a port of its own: node.operator_listen",
        _ => "there is nothing at this path",
    };
    problem_with(StatusCode::NOT_FOUND, &Error::new(Code::NotFound, text))
}

/// Why there is no answer of the usual kind.
enum Failure {
    /// A refusal with its own status.
    Refused(Error),
    /// Something with another.
    Answered(Box<Answer>),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.into())
    }
}

impl Failure {
    fn answered(answer: Answer) -> Self {
        Self::Answered(Box::new(answer))
    }
}

fn order_id(text: &str) -> Result<OrderId, Error> {
    OrderId::new(text).map_err(|error| Error::bad_request(format!("orderId: {error}")))
}

async fn list(shared: &Shared, actor: &Actor, query: &str) -> Result<Answer, Failure> {
    let (cursor, limit) = parse::list_query(query)?;
    let list = shared.chats.list(actor, cursor.as_deref(), limit).await?;
    Ok(json(StatusCode::OK, encoding::encode(&dto::ChatList::of(&list, &actor.user))))
}

async fn one(shared: &Shared, actor: &Actor, order: &str) -> Result<Answer, Failure> {
    let view = shared.chats.chat(actor, &order_id(order)?).await?;
    Ok(json(StatusCode::OK, encoding::encode(&dto::Chat::of(&view, &actor.user))))
}

/// `is_shown`: the answer has a body, which arrives with it.
async fn history(shared: &Shared, actor: &Actor, order: &str, query: &str, is_shown: bool) -> Result<Answer, Failure> {
    let (window, limit) = parse::history_query(query)?;
    let pages_back = matches!(window, Window::Before(_));
    let caught_up = shared.chats.history(actor, &order_id(order)?, window, limit).await?;
    if let Some(progress) = shared.chats.arrives_with(actor, &caught_up).filter(|_| is_shown && !pages_back) {
        shared.chats.note(&caught_up.chat.order.id, &actor.user, progress);
    }
    shared.sockets.metrics.cursors_reset.inc_by(u64::from(caught_up.history.reset));
    Ok(json(StatusCode::OK, encoding::encode(&dto::Page::of(&caught_up, &actor.user))))
}

async fn send(shared: &Shared, actor: &Actor, order: &str, request: Request<Heard>) -> Result<Answer, Failure> {
    let order = order_id(order)?;
    let key = match request.headers().get(IDEMPOTENCY_KEY) {
        Some(value) => {
            let key = value.to_str().ok().and_then(|text| ClientMessageId::new(text).ok());
            Some(key.ok_or_else(|| Error::bad_request("Idempotency-Key is 1 to 64 of A–Z a–z 0–9 . _ -"))?)
        }
        None => None,
    };
    let body = body(request).await?;
    let (content, id) = parse::message_to_send(&body)?;
    let id = match (key, id) {
        (Some(key), Some(id)) if key != id => {
            return Err(Error::bad_request(
                "Idempotency-Key and clientMessageId are the same thing; send one, or both equal",
            )
            .into());
        }
        (key, id) => key.or(id).unwrap_or_else(|| shared.chats.message_id()),
    };
    let draft = Draft::new(&content)?;
    let sent = shared.chats.send(actor, Send { order, draft, id, origin: origin(shared) }).await?;
    let (status, code) = match sent.repeat {
        true => (shared.chats.status(&sent).await, StatusCode::OK),
        false => (Status::Sent, StatusCode::CREATED),
    };
    Ok(json(code, written(&sent, status)))
}

async fn read(shared: &Shared, actor: &Actor, order: &str, request: Request<Heard>) -> Result<Answer, Failure> {
    let order = order_id(order)?;
    let seq = parse::read_up_to(&body(request).await?)?;
    let standing = shared.chats.mark(actor, &order, Progress::read(seq)).await?;
    let answer = dto::ReadUpTo { unread: standing.unread, unread_total: standing.unread_total };
    Ok(json(StatusCode::OK, encoding::encode(&answer)))
}

async fn edit(
    shared: &Shared,
    actor: &Actor,
    order: &str,
    message: &str,
    request: Request<Heard>,
) -> Result<Answer, Failure> {
    let order = order_id(order)?;
    let seq = parse::message(&order, message)?;
    let body = body(request).await?;
    let draft = Draft::new(&parse::content(&body)?)?;
    let sent = shared.chats.edit(actor, Edit { order, seq, draft, origin: origin(shared) }).await?;
    shared.sockets.metrics.messages_edited.inc();
    let status = shared.chats.status(&sent).await;
    Ok(json(StatusCode::OK, written(&sent, status)))
}

/// What comes over REST comes over none of the sockets: they all hear of it.
fn origin(shared: &Shared) -> Origin {
    Origin { node: shared.sockets.node, connection: 0 }
}

/// The answer to who wrote a message.
fn written(sent: &Sent, status: Status) -> Bytes {
    with_masked(encode_message(&sent.message, status, Audience::Sender), &sent.masked)
}

async fn originals(shared: &Shared, actor: &Actor, order: &str, query: &str) -> Result<Answer, Failure> {
    let order = order_id(order)?;
    let (cursor, limit) = parse::admin_query(query)?;
    let page = shared.chats.originals(actor, &order, cursor.as_deref(), limit).await?;
    Ok(json(StatusCode::OK, encoding::encode(&dto::Originals::of(page, &order))))
}

async fn audit(shared: &Shared, actor: &Actor, query: &str) -> Result<Answer, Failure> {
    let (cursor, limit) = parse::admin_query(query)?;
    let page = shared.chats.audit(actor, cursor.as_deref(), limit).await?;
    Ok(json(StatusCode::OK, encoding::encode(&dto::Audit::from(page))))
}

async fn put_order(shared: &Shared, actor: &Actor, order: &str, request: Request<Heard>) -> Result<Answer, Failure> {
    let order = order_id(order)?;
    let spec = parse::order_spec(&body(request).await?)?;
    let (view, made) = shared.chats.put_order(actor, order, spec).await?;
    let status = if made { StatusCode::CREATED } else { StatusCode::OK };
    Ok(json(status, encoding::encode(&dto::Chat::of(&view, &actor.user))))
}

/// The whole body, within its bounds of size and time.
async fn body(request: Request<Heard>) -> Result<Bytes, Failure> {
    check_type(request.headers())?;
    match tokio::time::timeout(BODY_WITHIN, Limited::new(request.into_body(), BODY_BYTES).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Failure::answered(too_large())),
        Ok(Err(_)) => Err(Error::bad_request("the body was cut off").into()),
        Err(_) => {
            let error = Error::bad_request("the body did not arrive in time");
            Err(Failure::answered(last(problem_with(StatusCode::REQUEST_TIMEOUT, &error))))
        }
    }
}

fn check_type(headers: &HeaderMap) -> Result<(), Failure> {
    if headers.get_all(CONTENT_ENCODING).iter().any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Failure::answered(packed()));
    }
    let Some(kind) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let is_json = kind.to_str().is_ok_and(|kind| {
        kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
    });
    if is_json {
        Ok(())
    } else {
        Err(Error::new(Code::MediaNotAllowed, "send JSON: Content-Type: application/json").into())
    }
}
