//! Which pages may talk to us, and telling browsers so.

use std::net::IpAddr;

use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HeaderMap, HeaderValue, ORIGIN, VARY,
};
use hyper::{Response, StatusCode};

use super::reply::{Answer, empty};
use super::shared::Shared;

/// How long browsers may remember a preflight, in seconds.
const REMEMBERED: HeaderValue = HeaderValue::from_static("600");

/// Whether the request comes from a page that may, or from no page at all.
pub(super) fn is_allowed(shared: &Shared, headers: &HeaderMap, peer: IpAddr) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let (host, scheme) = shared.trusted.target(headers, peer);
    // An origin that is no text is no origin of ours.
    origin.to_str().is_ok_and(|origin| shared.origins.allow(Some(origin), host, scheme))
}

/// Lets the page of an allowed request read the answer.
pub(super) fn share<B>(mut response: Response<B>, origin: Option<HeaderValue>) -> Response<B> {
    if let Some(origin) = origin {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Allow, Retry-After, WWW-Authenticate"));
        headers.insert(VARY, HeaderValue::from_static("Origin"));
    }
    response
}

/// The answer to a preflight.
pub(super) fn preflight() -> Answer {
    let mut response = empty(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH"));
    headers
        .insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("Authorization, Content-Type, Idempotency-Key"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, REMEMBERED);
    response
}
