//! REST: what is not live.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::HeaderMap;
use hyper::{Method, Request, StatusCode};
use percent_encoding::percent_decode_str;
use souk_chat::ports::Origin;
use souk_chat::service::{Edit, Send, Sent};
use souk_chat::{Actor, ClientMessageId, Draft, OrderId, Status};
use souk_protocol::dto::{self, Audience, encode_message, with_masked};
use souk_protocol::{Code, Error, json as encoding, rest as parse};

use super::reply::{Answer, json, not_allowed, problem, problem_with};
use super::server::{Shared, signed_in};

/// Largest body of a request, in bytes.
const BODY_BYTES: usize = 64 * 1024;
/// How long a body may take.
const BODY_WITHIN: Duration = Duration::from_secs(10);
/// The header that names a send.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Answers a request that is not for a socket.
pub(super) async fn answer(shared: &Shared, request: Request<Incoming>) -> Answer {
    let path = request.uri().path().to_owned();
    let segments: Result<Vec<String>, _> = path
        .split('/')
        .skip(1)
        .map(|segment| percent_decode_str(segment).decode_utf8().map(|text| text.into_owned()))
        .collect();
    let Ok(segments) = segments else { return problem(&Error::bad_request("the path is not UTF-8")) };
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    if !is_known(&segments) {
        let error = Error::new(Code::NotFound, "there is nothing at this path");
        return problem_with(StatusCode::NOT_FOUND, &error);
    }
    let actor = match signed_in(shared, request.headers()) {
        Ok(Some((signed_in, _))) => signed_in.actor,
        Ok(None) => return problem(&Error::unauthorized("give a token: Authorization: Bearer <token>")),
        Err(error) => return problem(&error),
    };
    let query = request.uri().query().unwrap_or_default().to_owned();
    let outcome = match (request.method(), &segments[..]) {
        (&Method::GET, ["chats"]) => list(shared, &actor, &query).await,
        (_, ["chats"]) => return not_allowed("GET"),
        (&Method::GET, ["chats", order]) => one(shared, &actor, order).await,
        (_, ["chats", _]) => return not_allowed("GET"),
        (&Method::GET, ["chats", order, "messages"]) => history(shared, &actor, order, &query).await,
        (&Method::POST, ["chats", order, "messages"]) => send(shared, &actor, order, request).await,
        (_, ["chats", _, "messages"]) => return not_allowed("GET, POST"),
        (&Method::PATCH, ["chats", order, "messages", message]) => edit(shared, &actor, order, message, request).await,
        (_, ["chats", _, "messages", _]) => return not_allowed("PATCH"),
        (&Method::GET, ["admin", "chats", order, "originals"]) => originals(shared, &actor, order, &query).await,
        (&Method::GET, ["admin", "audit"]) => audit(shared, &actor, &query).await,
        (_, ["admin", "chats" | "audit", ..]) => return not_allowed("GET"),
        (&Method::PUT, ["admin", "orders", order]) => put_order(shared, &actor, order, request).await,
        (_, _) => return not_allowed("PUT"),
    };
    outcome.unwrap_or_else(|error| problem(&error))
}

fn is_known(segments: &[&str]) -> bool {
    // A path that ends with a slash is another one.
    let whole = segments.last().is_some_and(|last| !last.is_empty()) || segments.len() == 2;
    whole
        && matches!(
            segments,
            ["chats"]
                | ["chats", _]
                | ["chats", _, "messages"]
                | ["chats", _, "messages", _]
                | ["admin", "orders", _]
                | ["admin", "chats", _, "originals"]
                | ["admin", "audit"]
        )
}

fn order_id(text: &str) -> Result<OrderId, Error> {
    OrderId::new(text).map_err(|error| Error::bad_request(format!("orderId: {error}")))
}

async fn list(shared: &Shared, actor: &Actor, query: &str) -> Result<Answer, Error> {
    let (cursor, limit) = parse::list_query(query)?;
    let list = shared.chats.list(actor, cursor.as_deref(), limit).await?;
    Ok(json(StatusCode::OK, encoding::encode(&dto::ChatList::of(&list, &actor.user))))
}

async fn one(shared: &Shared, actor: &Actor, order: &str) -> Result<Answer, Error> {
    let view = shared.chats.chat(actor, &order_id(order)?).await?;
    Ok(json(StatusCode::OK, encoding::encode(&dto::Chat::of(&view, &actor.user))))
}

async fn history(shared: &Shared, actor: &Actor, order: &str, query: &str) -> Result<Answer, Error> {
    let (window, limit) = parse::history_query(query)?;
    let caught_up = shared.chats.history(actor, &order_id(order)?, window, limit).await?;
    Ok(json(StatusCode::OK, encoding::encode(&dto::Page::of(&caught_up, &actor.user))))
}

async fn send(shared: &Shared, actor: &Actor, order: &str, request: Request<Incoming>) -> Result<Answer, Error> {
    let order = order_id(order)?;
    let id = match request.headers().get(IDEMPOTENCY_KEY) {
        Some(value) => {
            let id = value.to_str().ok().and_then(|text| ClientMessageId::new(text).ok());
            id.ok_or_else(|| Error::bad_request("Idempotency-Key is 1 to 64 of A–Z a–z 0–9 . _ -"))?
        }
        None => shared.chats.message_id(),
    };
    let body = body(request).await?;
    let draft = Draft::new(&parse::content(&body)?)?;
    let sent = shared.chats.send(actor, Send { order, draft, id, origin: origin(shared) }).await?;
    let (status, code) = match sent.repeat {
        true => (shared.chats.status(&sent).await, StatusCode::OK),
        false => (Status::Sent, StatusCode::CREATED),
    };
    Ok(json(code, written(&sent, status)))
}

async fn edit(
    shared: &Shared,
    actor: &Actor,
    order: &str,
    message: &str,
    request: Request<Incoming>,
) -> Result<Answer, Error> {
    let order = order_id(order)?;
    let seq = parse::message(&order, message)?;
    let body = body(request).await?;
    let draft = Draft::new(&parse::content(&body)?)?;
    let sent = shared.chats.edit(actor, Edit { order, seq, draft, origin: origin(shared) }).await?;
    shared.surroundings.metrics.messages_edited.inc();
    let status = shared.chats.status(&sent).await;
    Ok(json(StatusCode::OK, written(&sent, status)))
}

/// What comes over REST comes over none of the sockets: they all hear of it.
fn origin(shared: &Shared) -> Origin {
    Origin { node: shared.surroundings.node, connection: 0 }
}

/// The answer to who wrote a message.
fn written(sent: &Sent, status: Status) -> Bytes {
    with_masked(encode_message(&sent.message, status, Audience::Sender), &sent.masked)
}

async fn originals(shared: &Shared, actor: &Actor, order: &str, query: &str) -> Result<Answer, Error> {
    let order = order_id(order)?;
    let (cursor, limit) = parse::admin_query(query)?;
    let page = shared.chats.originals(actor, &order, cursor.as_deref(), limit).await?;
    Ok(json(StatusCode::OK, encoding::encode(&dto::Originals::of(page, &order))))
}

async fn audit(shared: &Shared, actor: &Actor, query: &str) -> Result<Answer, Error> {
    let (cursor, limit) = parse::admin_query(query)?;
    let page = shared.chats.audit(actor, cursor.as_deref(), limit).await?;
    Ok(json(StatusCode::OK, encoding::encode(&dto::Audit::from(page))))
}

async fn put_order(shared: &Shared, actor: &Actor, order: &str, request: Request<Incoming>) -> Result<Answer, Error> {
    let order = order_id(order)?;
    let spec = parse::order_spec(&body(request).await?)?;
    let (view, made) = shared.chats.put_order(actor, order, spec).await?;
    let status = if made { StatusCode::CREATED } else { StatusCode::OK };
    Ok(json(status, encoding::encode(&dto::Chat::of(&view, &actor.user))))
}

/// The whole body, within its bounds of size and time.
async fn body(request: Request<Incoming>) -> Result<Bytes, Error> {
    check_type(request.headers())?;
    match tokio::time::timeout(BODY_WITHIN, Limited::new(request.into_body(), BODY_BYTES).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(_)) => Err(Error::bad_request(format!("the body was cut off, or is over {BODY_BYTES} bytes"))),
        Err(_) => Err(Error::bad_request("the body did not arrive in time")),
    }
}

fn check_type(headers: &HeaderMap) -> Result<(), Error> {
    let Some(kind) = headers.get(hyper::header::CONTENT_TYPE) else { return Ok(()) };
    let is_json = kind.to_str().is_ok_and(|kind| {
        kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
    });
    if is_json { Ok(()) } else { Err(Error::new(Code::MediaNotAllowed, "send JSON: Content-Type: application/json")) }
}
