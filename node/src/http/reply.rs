//! Answers of the clients' port.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use hyper::{Response, StatusCode};
use souk_protocol::rest::BODY_BYTES;
use souk_protocol::{Code, Error};

/// What every handler gives.
pub(super) type Answer = Response<Full<Bytes>>;

/// JSON with this status. Nothing here is for caches: it is one person's.
pub(super) fn json(status: StatusCode, body: Bytes) -> Answer {
    with_type(status, body, "application/json")
}

/// An error as `application/problem+json`, with the status of its code.
pub(super) fn problem(error: &Error) -> Answer {
    let status = StatusCode::from_u16(error.code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    problem_with(status, error)
}

/// The same with another status, also in the body.
pub(super) fn problem_with(status: StatusCode, error: &Error) -> Answer {
    let mut response = with_type(status, error.problem_as(status.as_u16()), souk_protocol::error::PROBLEM_MEDIA_TYPE);
    if let Some(seconds) = error.retry_after_seconds() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// 405, with what is allowed.
pub(super) fn not_allowed(methods: &'static str) -> Answer {
    let mut response = problem(&Error::new(Code::MethodNotAllowed, format!("this path answers {methods}")));
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    response
}

/// 401, with the way to sign in. `error`: what is wrong with the token; `None`: there is none.
pub(super) fn unauthorized(error: Option<&Error>) -> Answer {
    let missing = || Error::unauthorized("give a token: Authorization: Bearer <token>");
    let (mut response, how) = match error {
        Some(error) => (problem(error), "Bearer error=\"invalid_token\""),
        None => (problem(&missing()), "Bearer"),
    };
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(how));
    response
}

/// 413. The rest of the body is not waited for: the connection ends.
pub(super) fn too_large() -> Answer {
    let error = Error::bad_request(format!("the body is over {BODY_BYTES} bytes"));
    last(problem_with(StatusCode::PAYLOAD_TOO_LARGE, &error))
}

/// 415 for a body that was packed.
pub(super) fn packed() -> Answer {
    let error = "send the body as it is, without Content-Encoding: it is not unpacked here";
    let mut response = problem(&Error::new(Code::MediaNotAllowed, error));
    response.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    response
}

/// The connection ends after this answer. Beside it an offer to upgrade may stand.
pub(super) fn last(mut response: Answer) -> Answer {
    let close = HeaderValue::from_static("close");
    if response.headers().get_all(CONNECTION).iter().all(|line| *line != close) {
        response.headers_mut().append(CONNECTION, close);
    }
    response
}

/// No body.
pub(super) fn empty(status: StatusCode) -> Answer {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

fn with_type(status: StatusCode, body: Bytes, kind: &'static str) -> Answer {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
