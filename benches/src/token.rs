//! Tokens for the nodes of a run.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

/// The secret of the nodes started here. They listen on loopback, live for minutes, and hold nothing but made-up talk.
pub(crate) const SECRET: &str = "a secret for nodes that are measured on loopback only";
/// Longer than any run.
const GOOD_FOR: Duration = Duration::from_secs(6 * 3_600);

#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    role: &'a str,
    exp: u64,
}

/// A token of this person.
pub(crate) fn sign(user: &str, role: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let claims = Claims { sub: user, role, exp: (now + GOOD_FOR).as_secs() };
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(SECRET.as_bytes()))
        .expect("texts and numbers are always JSON, and HMAC takes every key")
}
