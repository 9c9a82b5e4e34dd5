//! Checking tokens.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use parking_lot::{Mutex, RwLock};
use souk_chat::{Tasks, Timestamp};

use super::claims::{Claims, Demands};
use super::keys::{Key, KeySet};
use super::{AuthError, Identity, KeysError};
use crate::config::{Auth, Secrets};
use crate::watched::{WATCH_EVERY, Watched, aside};

/// Longest token, in bytes.
pub const TOKEN_BYTES: usize = souk_protocol::limits::TOKEN_BYTES;
/// Longest header of a token, in encoded bytes.
const HEADER_BYTES: usize = 2 * 1024;
/// A token with an unknown key makes the file be looked at, at most this often.
pub const RECHECK_AFTER: Duration = Duration::from_secs(3);

/// Checks tokens. One per node, shared.
pub struct Verifier {
    secret: Option<Key>,
    file: Option<KeyFile>,
    demands: Demands,
}

impl Verifier {
    /// A verifier with the secret in force and the key set that `auth` names. Reads the file. Errors: it cannot be used, or there is no
    /// key at all.
    pub fn new(auth: &Auth, secrets: &Secrets) -> Result<Self, KeysError> {
        let secret = secrets
            .auth
            .as_ref()
            .map(|secret| Key { algorithm: Algorithm::HS256, decoding: DecodingKey::from_secret(secret.expose()) });
        let file = auth.jwks.as_deref().map(KeyFile::open).transpose()?;
        if secret.is_none() && file.is_none() {
            return Err(KeysError::None);
        }
        Ok(Self { secret, file, demands: Demands::new(auth) })
    }

    /// Whether the key set that `auth` names can be used. Errors: it cannot.
    pub fn check(auth: &Auth) -> Result<(), KeysError> {
        auth.jwks.as_deref().map(KeyFile::open).transpose().map(drop)
    }

    /// Who the bearer of `token` is at `now`. Computes only, except that an unknown `kid` makes the file of keys be looked at, at
    /// most every [`RECHECK_AFTER`].
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Identity, AuthError> {
        if token.len() > TOKEN_BYTES || token.find('.').is_some_and(|end| end > HEADER_BYTES) {
            return Err(AuthError::TooLong);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| AuthError::Malformed)?;
        // An extension that must be understood and is not; and encrypted tokens are not signed ones.
        if header.crit.is_some() || header.enc.is_some() {
            return Err(AuthError::Malformed);
        }
        let kid = header.kid.as_deref();
        let claims = match self.verify_now(token, kid, header.alg) {
            Err(AuthError::UnknownKey) if self.file.as_ref().is_some_and(KeyFile::look_again) => {
                self.verify_now(token, kid, header.alg)
            }
            result => result,
        };
        self.demands.check(claims?, now)
    }

    fn verify_now(&self, token: &str, kid: Option<&str>, algorithm: Algorithm) -> Result<Claims, AuthError> {
        let set = self.file.as_ref().map(|file| file.keys.read().clone());
        let set = set.as_deref();
        let named = kid.and_then(|kid| set?.named(kid));
        // Who signs with the one secret may name it as they like.
        let secret = || self.secret.as_ref().filter(|_| algorithm == Algorithm::HS256);
        let only = || set.filter(|_| kid.is_none())?.only(algorithm);
        let key = named.or_else(secret).or_else(only).ok_or(AuthError::UnknownKey)?;
        if key.algorithm != algorithm {
            return Err(AuthError::Algorithm);
        }
        signed(token, key)
    }

    /// Reads the file of keys again, changed or not. Blocks while it reads.
    pub fn reread(&self) {
        if let Some(file) = &self.file {
            file.file.forget();
            file.look();
        }
    }

    /// Looks at the file of keys every [`WATCH_EVERY`], for ever: so that a key that was taken out is no longer good. Returns at once
    /// without a file. A panic over it is counted as one of the task `name`. May be dropped at any time.
    pub async fn watch(self: Arc<Self>, tasks: Tasks, name: &'static str) {
        while self.file.is_some() {
            tokio::time::sleep(WATCH_EVERY).await;
            let this = self.clone();
            let look = move || {
                if let Some(file) = &this.file {
                    file.look();
                }
            };
            aside(&tasks, name, look).await;
        }
    }
}

/// The claims, if the signature is good. The library checks the signature and reads the claims; what they say is for [`Demands`].
fn signed(token: &str, key: &Key) -> Result<Claims, AuthError> {
    let mut validation = Validation::new(key.algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    let data = jsonwebtoken::decode::<Claims>(token, &key.decoding, &validation);
    data.map(|data| data.claims).map_err(|error| match error.kind() {
        ErrorKind::Json(_) | ErrorKind::Utf8(_) => AuthError::Claims,
        ErrorKind::InvalidAlgorithm | ErrorKind::MissingAlgorithm => AuthError::Algorithm,
        ErrorKind::InvalidToken | ErrorKind::Base64(_) => AuthError::Malformed,
        _ => AuthError::Signature,
    })
}

/// A file of public keys. One that cannot be used any more leaves the keys in force that were read last.
struct KeyFile {
    file: Watched,
    keys: RwLock<Arc<KeySet>>,
    /// When a token last made it be looked at.
    asked: Mutex<Instant>,
}

impl KeyFile {
    fn open(path: &Path) -> Result<Self, KeysError> {
        let file = Watched::new(path);
        let keys = file.read().and_then(|text| KeySet::parse(&text));
        let keys = keys.map_err(|why| KeysError::File { path: path.to_owned(), why })?;
        tracing::info!(keys = keys.len(), path = %path.display(), "key set read");
        Ok(Self { file, keys: RwLock::new(Arc::new(keys)), asked: Mutex::new(Instant::now()) })
    }

    /// [`KeyFile::look`], unless it was looked at a moment ago.
    fn look_again(&self) -> bool {
        // Not held while reading: a second asker finds the moment taken and goes on with the old keys.
        let due = {
            let mut asked = self.asked.lock();
            let due = asked.elapsed() >= RECHECK_AFTER;
            if due {
                *asked = Instant::now();
            }
            due
        };
        due && self.look()
    }

    /// Reads the file if it changed. Whether other keys are in force now.
    fn look(&self) -> bool {
        let path = self.file.path().display();
        match self.file.changed().map(|read| read.and_then(|text| KeySet::parse(&text))) {
            None => false,
            Some(Ok(keys)) => {
                tracing::info!(keys = keys.len(), %path, "key set read again");
                *self.keys.write() = Arc::new(keys);
                true
            }
            Some(Err(why)) => {
                tracing::warn!(why, %path, "the key set cannot be used; the one before stays in force");
                false
            }
        }
    }
}

#[cfg(test)]
impl Verifier {
    /// Lets the next unknown `kid` look at the file, as if [`RECHECK_AFTER`] had passed.
    pub(super) fn pass_time(&self) {
        let file = self.file.as_ref().expect("a verifier with a file");
        *file.asked.lock() = Instant::now().checked_sub(RECHECK_AFTER).expect("a clock that has run for some seconds");
    }

    /// Looks at the file as [`Verifier::watch`] does.
    pub(super) fn look(&self) -> bool {
        self.file.as_ref().is_some_and(KeyFile::look)
    }
}
