//! Who somebody is: tokens are checked here, and made for development.
//!
//! Each key is good for one algorithm, which the key decides and never the token: a token's `alg` must be the key's, `none` is no
//! algorithm, and `kid` is a name to look up and nothing else. No other member of a token's header is acted upon. Claims are read
//! only after the signature was found good.

mod claims;
mod error;
mod keys;
mod sign;
#[cfg(test)]
mod tests;
mod verify;

pub use crate::watched::WATCH_EVERY;
pub use claims::{Identity, NAME_CHARS, PICTURE_BYTES};
pub use error::{AuthError, KeysError};
pub use sign::{Grant, sign};
pub use verify::{RECHECK_AFTER, TOKEN_BYTES, Verifier};
