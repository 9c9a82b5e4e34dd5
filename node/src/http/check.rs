//! What is wrong with a request before anybody looks at what it asks for.

use hyper::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, ORIGIN, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION,
};
use hyper::{Request, Version};
use souk_protocol::Error;
use souk_protocol::rest::BODY_BYTES;

use super::reply::{Answer, problem, too_large};

/// The header that names a send.
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Headers of which a second one would be a second answer to the same question: a proxy may have believed the other.
const ONCE: [HeaderName; 7] =
    [HOST, AUTHORIZATION, ORIGIN, CONTENT_TYPE, IDEMPOTENCY_KEY, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION];

/// Checks the head. Errors: the answer.
pub(super) fn head<B>(request: &Request<B>) -> Result<(), Box<Answer>> {
    let headers = request.headers();
    if let Some(name) = ONCE.iter().find(|name| headers.get_all(*name).iter().nth(1).is_some()) {
        return Err(Box::new(problem(&Error::bad_request(format!("there are two {} headers; send one", title(name))))));
    }
    if request.version() >= Version::HTTP_11 && !headers.contains_key(HOST) {
        return Err(Box::new(problem(&Error::bad_request("an HTTP/1.1 request has a Host header"))));
    }
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > BODY_BYTES as u64) {
        return Err(Box::new(too_large()));
    }
    Ok(())
}

/// A header's name as people write it.
fn title(name: &HeaderName) -> String {
    let word = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.as_str().split('-').map(word).collect::<Vec<_>>().join("-").replace("Websocket", "WebSocket")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_as_people_write_them() {
        assert_eq!(title(&IDEMPOTENCY_KEY), "Idempotency-Key");
        assert_eq!(title(&SEC_WEBSOCKET_KEY), "Sec-WebSocket-Key");
    }
}
