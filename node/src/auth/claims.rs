//! From the claims of a token whose signature is good to an identity.

use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;
use souk_chat::{Actor, Role, Timestamp, UserId, text};

use super::AuthError;
use crate::config::Auth;

/// Longest name of a person, in Unicode scalar values; a longer one is cut.
pub const NAME_CHARS: usize = 100;
/// Longest address of a picture, in bytes; a longer one is left out.
pub const PICTURE_BYTES: usize = 2048;
/// Longest language tag, in bytes; a longer one is left out.
const LOCALE_BYTES: usize = 35;
/// How far ahead the times of a token may be. A token for longer is a mistake: most often its times are in milliseconds.
const AHEAD_MAX: Duration = Duration::from_secs(10 * 366 * 24 * 3600);

/// A person whose token was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Who, for the service.
    pub actor: Actor,
    /// The token's `exp`. A token that is taken within the leeway has this in the past.
    pub expires_at: Timestamp,
    /// Until when the token is taken: its `exp` and the leeway.
    pub good_until: Timestamp,
    /// The token's `picture`: an http or https address.
    pub picture: Option<Box<str>>,
}

/// What a token says.
#[derive(Deserialize)]
pub(super) struct Claims {
    sub: Option<Claim<String>>,
    exp: Option<Claim<f64>>,
    nbf: Option<Claim<f64>>,
    iss: Option<Claim<String>>,
    aud: Option<Claim<Audience>>,
    role: Option<Claim<String>>,
    name: Option<Claim<String>>,
    picture: Option<Claim<String>>,
    locale: Option<Claim<String>>,
}

/// A claim of its type, or of another. Of those that decide, a number where a text belongs, or the other way round, is an error and
/// never counts as absent.
#[derive(Deserialize)]
#[serde(untagged)]
enum Claim<T> {
    Right(T),
    Wrong(IgnoredAny),
}

impl<T> Claim<T> {
    /// The value. Errors: it is of another type than `expected`.
    fn need(self, name: &'static str, expected: &'static str) -> Result<T, AuthError> {
        self.decorative().ok_or(AuthError::Type { name, expected })
    }

    /// The value of what can be left out where it cannot be used.
    fn decorative(self) -> Option<T> {
        match self {
            Self::Right(value) => Some(value),
            Self::Wrong(_) => None,
        }
    }
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
        let leeway = i64::try_from(self.leeway.as_millis()).unwrap_or(i64::MAX);
        let expires_at = moment("exp", claims.exp.ok_or(AuthError::NoEnd)?, now)?;
        let good_until = Timestamp(expires_at.0.saturating_add(leeway));
        if good_until <= now {
            return Err(AuthError::Expired);
        }
        if let Some(nbf) = claims.nbf
            && moment("nbf", nbf, now)?.0.saturating_sub(leeway) > now.0
        {
            return Err(AuthError::NotYet);
        }
        if let Some(wanted) = &self.issuer {
            let issuer = claims.iss.ok_or(AuthError::Issuer)?.need("iss", "a text")?;
            if issuer != *wanted {
                return Err(AuthError::Issuer);
            }
        }
        if let Some(wanted) = &self.audience {
            let audience = claims.aud.ok_or(AuthError::Audience)?.need("aud", "a text or a list of texts")?;
            if !audience.has(wanted) {
                return Err(AuthError::Audience);
            }
        }
        let user = claims.sub.ok_or(AuthError::NoSubject)?.need("sub", "a text, the user's id")?;
        let user = UserId::new(&user).map_err(|_| AuthError::Subject)?;
        let role = claims.role.map(|role| role.need("role", "one text: client, contractor, admin or service"));
        let role = role.transpose()?.map_or(Some(Role::Client), |role| Role::parse(&role)).ok_or(AuthError::Role)?;
        // What only decorates is left out where it cannot be used, rather than the person.
        let name = claims.name.and_then(Claim::decorative).and_then(|name| text::name(&name, NAME_CHARS));
        let picture =
            claims.picture.and_then(Claim::decorative).filter(|url| url.len() <= PICTURE_BYTES && is_web(url));
        let locale = claims.locale.and_then(Claim::decorative);
        let actor = Actor {
            user,
            role,
            name: name.map(String::into_boxed_str),
            locale: locale.filter(|tag| is_language_tag(tag)).map(String::into_boxed_str),
        };
        Ok(Identity { actor, expires_at, good_until, picture: picture.map(String::into_boxed_str) })
    }
}

/// An address has no control characters and no white space: they are encoded.
fn is_web(url: &str) -> bool {
    let whole = !url.contains(|c: char| c.is_control() || c.is_whitespace());
    whole && (url.starts_with("https://") || url.starts_with("http://"))
}

/// As BCP 47 writes it, or as POSIX does: `ru-RU`, `ru_RU`.
fn is_language_tag(tag: &str) -> bool {
    !tag.is_empty()
        && tag.len() <= LOCALE_BYTES
        && tag.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// Seconds since the epoch, with or without a fraction, as the specification has them.
fn moment(name: &'static str, claim: Claim<f64>, now: Timestamp) -> Result<Timestamp, AuthError> {
    let expected = "a number, in seconds since 1970";
    let seconds = claim.need(name, expected)?;
    if seconds < 0.0 {
        return Err(AuthError::Type { name, expected });
    }
    // What is beyond all time is far ahead, too.
    let since = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
    let millis = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    let ahead = u64::try_from(millis.saturating_sub(now.0)).unwrap_or(0);
    if Duration::from_millis(ahead) > AHEAD_MAX {
        return Err(AuthError::FarAhead { name });
    }
    Ok(Timestamp(millis))
}
