//! Making tokens, for development and for the marketplace's own back end while it has none.

use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use souk_chat::{Role, Timestamp, UserId};

use crate::config::{Auth, Secret};

/// Whom a token is for.
#[derive(Clone, Debug)]
pub struct Grant<'a> {
    /// The `sub`.
    pub user: &'a UserId,
    /// The `role`.
    pub role: Role,
    /// The `name`.
    pub name: Option<&'a str>,
    /// The `locale`.
    pub locale: Option<&'a str>,
    /// How long it is good.
    pub ttl: Duration,
}

#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    role: &'a str,
    iat: i64,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locale: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
}

/// A token signed with HS256 and `secret`, which a node configured with `auth` and this secret takes.
pub fn sign(secret: &Secret, auth: &Auth, grant: &Grant<'_>, now: Timestamp) -> String {
    let iat = now.millis().div_euclid(1000);
    let ttl = i64::try_from(grant.ttl.as_secs()).unwrap_or(i64::MAX);
    let claims = Claims {
        sub: grant.user.as_str(),
        role: grant.role.as_str(),
        iat,
        exp: iat.saturating_add(ttl),
        name: grant.name,
        locale: grant.locale,
        iss: auth.issuer.as_deref(),
        aud: auth.audience.as_deref(),
    };
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(secret.expose()))
        .expect("texts and numbers are always JSON, and HMAC takes every key")
}
