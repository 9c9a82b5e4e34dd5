//! From the claims of a token whose signature is good to an identity.

use std::time::Duration;

use serde::Deserialize;
use souk_chat::{Actor, Role, Timestamp, UserId};

use super::AuthError;
use crate::config::Auth;

/// Longest name of a person, in Unicode scalar values; a longer one is cut.
pub const NAME_CHARS: usize = 100;
/// Longest address of a picture, in bytes; a longer one is left out.
pub const PICTURE_BYTES: usize = 2048;
/// Longest language tag, in bytes; a longer one is left out.
const LOCALE_BYTES: usize = 35;

/// A person whose token was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Who, for the service.
    pub actor: Actor,
    /// The token's `exp`. A token that is taken within the leeway has this in the past.
    pub expires_at: Timestamp,
    /// The token's `picture`: an http or https address.
    pub picture: Option<Box<str>>,
}

/// What a token says. A number where a text belongs, or the other way round, is an error and never counts as absent.
#[derive(Deserialize)]
pub(super) struct Claims {
    sub: Option<String>,
    exp: Option<f64>,
    nbf: Option<f64>,
    iss: Option<String>,
    aud: Option<Audience>,
    role: Option<String>,
    name: Option<String>,
    picture: Option<String>,
    locale: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn has(&self, wanted: &str) -> bool {
        match self {
            Self::One(one) => one == wanted,
            Self::Many(many) => many.iter().any(|one| one == wanted),
        }
    }
}

/// What the operator demands of claims.
pub(super) struct Demands {
    issuer: Option<String>,
    audience: Option<String>,
    leeway: Duration,
}

impl Demands {
    pub(super) fn new(auth: &Auth) -> Self {
        Self { issuer: auth.issuer.clone(), audience: auth.audience.clone(), leeway: auth.leeway }
    }

    /// The identity that `claims` make at `now`.
    pub(super) fn check(&self, claims: Claims, now: Timestamp) -> Result<Identity, AuthError> {
        let leeway = i64::try_from(self.leeway.as_millis()).map_err(|_| AuthError::Claims)?;
        let expires_at = moment(claims.exp.ok_or(AuthError::Claims)?)?;
        if expires_at.0.saturating_add(leeway) <= now.0 {
            return Err(AuthError::Expired);
        }
        if let Some(nbf) = claims.nbf
            && moment(nbf)?.0.saturating_sub(leeway) > now.0
        {
            return Err(AuthError::NotYet);
        }
        if self.issuer.is_some() && claims.iss != self.issuer {
            return Err(AuthError::Issuer);
        }
        if let Some(wanted) = &self.audience
            && !claims.aud.is_some_and(|aud| aud.has(wanted))
        {
            return Err(AuthError::Audience);
        }
        let user = claims.sub.and_then(|sub| UserId::new(&sub).ok()).ok_or(AuthError::Subject)?;
        let role = claims.role.map_or(Some(Role::Client), |role| Role::parse(&role)).ok_or(AuthError::Role)?;
        // What only decorates is left out where it cannot be used, rather than the person.
        let name = claims.name.map(|name| name.trim().chars().filter(|c| !c.is_control()).take(NAME_CHARS).collect());
        let is_web = |url: &String| url.starts_with("https://") || url.starts_with("http://");
        let picture = claims.picture.filter(|url| url.len() <= PICTURE_BYTES && is_web(url));
        let actor = Actor {
            user,
            role,
            name: name.filter(|name: &String| !name.is_empty()).map(String::into_boxed_str),
            locale: claims.locale.filter(|tag| is_language_tag(tag)).map(String::into_boxed_str),
        };
        Ok(Identity { actor, expires_at, picture: picture.map(String::into_boxed_str) })
    }
}

fn is_language_tag(tag: &str) -> bool {
    !tag.is_empty() && tag.len() <= LOCALE_BYTES && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Seconds since the epoch, with or without a fraction, as the specification has them.
fn moment(seconds: f64) -> Result<Timestamp, AuthError> {
    let since = Duration::try_from_secs_f64(seconds).map_err(|_| AuthError::Claims)?;
    i64::try_from(since.as_millis()).map(Timestamp).map_err(|_| AuthError::Claims)
}
