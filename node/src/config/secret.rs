//! Bytes that nobody may see.

use std::fmt;
use std::sync::Arc;

/// Fewest bytes of a secret.
pub(crate) const SECRET_BYTES_MIN: usize = 32;

/// A secret. Neither `Debug` nor anything else prints it; it is cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<[u8]>);

impl Secret {
    /// The bytes of `text`, if they are at least 32.
    pub fn new(text: &str) -> Option<Self> {
        (text.len() >= SECRET_BYTES_MIN).then(|| Self(text.as_bytes().into()))
    }

    /// The bytes, to make a key of.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
