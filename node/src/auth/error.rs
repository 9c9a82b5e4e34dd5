//! Why a token or a set of keys is not good.

use std::path::PathBuf;

/// Why a token is refused. Neither the texts nor the labels hold anything of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum AuthError {
    /// Longer than tokens may be.
    #[error("the token is too long")]
    TooLong,
    /// Not a signed JWT with an algorithm that souk knows; `none` is among these.
    #[error("this is not a signed token: a JWT, three parts with dots between them")]
    Malformed,
    /// The key that it names, or any key for its algorithm, is not there.
    #[error("the token was signed with a key that is not known here")]
    UnknownKey,
    /// Its algorithm is not that of the key.
    #[error("the token's algorithm is not the one of its key")]
    Algorithm,
    /// The signature is not good.
    #[error("the token's signature is not good; it must be signed with the key that this server was given")]
    Signature,
    /// What was signed is no JSON object of claims, one of them stands twice, or a time is a list or an object.
    #[error(
        "the token's claims cannot be read: they are one JSON object, each claim once, exp and nbf numbers of seconds"
    )]
    Claims,
    /// A claim is not what it must be.
    #[error("the token's {name} must be {expected}")]
    Type {
        /// Which.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// `exp` is missing.
    #[error("the token has no exp: when it ends, in seconds since 1970")]
    NoEnd,
    /// A time is further ahead than any token may last.
    #[error("the token's {name} is more than ten years ahead; {name} is in seconds since 1970, not in milliseconds")]
    FarAhead {
        /// Which.
        name: &'static str,
    },
    /// `exp` is over.
    #[error("the token has expired; sign in with a new one")]
    Expired,
    /// `nbf` is still to come.
    #[error("the token is not valid yet")]
    NotYet,
    /// `iss` is another.
    #[error("the token comes from another issuer")]
    Issuer,
    /// `aud` is another.
    #[error("the token is meant for another audience")]
    Audience,
    /// `sub` is missing.
    #[error("the token has no sub: the user's id")]
    NoSubject,
    /// `sub` is no user id.
    #[error("the token's sub is not a user id: 1 to 128 of A–Z a–z 0–9 . _ -")]
    Subject,
    /// `role` is none of souk's.
    #[error("the token's role is not one of client, contractor, admin, service")]
    Role,
}

impl AuthError {
    /// The public code, the same for all of them.
    pub const CODE: &str = "unauthorized";

    /// A word for metrics and logs.
    pub fn label(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::Malformed => "malformed",
            Self::UnknownKey => "unknown_key",
            Self::Algorithm => "algorithm",
            Self::Signature => "signature",
            Self::Claims | Self::Type { .. } | Self::NoEnd => "claims",
            Self::FarAhead { .. } => "far_ahead",
            Self::Expired => "expired",
            Self::NotYet => "not_yet",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::NoSubject | Self::Subject => "subject",
            Self::Role => "role",
        }
    }
}

/// Why there are no keys to check tokens with.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// Neither a secret nor public keys.
    #[error("there is nothing to check tokens with; set auth.secret or auth.jwks")]
    None,
    /// The file of public keys.
    #[error("the key set {} cannot be used: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}
