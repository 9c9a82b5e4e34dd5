//! Telling a repeat from a second message under the same id, without keeping the text.
//!
//! The row of a `clientMessageId` holds an HMAC-SHA-256 of the trimmed original under `store.secret`. A plain hash would do for
//! telling texts apart, but a masked phone number could be guessed back from it.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Bytes of a key's short public name.
const KEY_ID_BYTES: usize = 4;
/// Bytes kept of the HMAC; 128 bits leave nothing to chance.
const TAG_BYTES: usize = 16;

/// A keyed hash of a text, with the name of its key. 20 bytes: key name, then tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; KEY_ID_BYTES + TAG_BYTES]);

impl Fingerprint {
    /// Reads what [`Fingerprint::as_bytes`] gave; `None` for any other length.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes a store keeps.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// A number for what needs no more than 64 bits: telling a person's texts apart for some minutes.
    pub fn number(&self) -> u64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.0[KEY_ID_BYTES..KEY_ID_BYTES + 8]);
        u64::from_be_bytes(bytes)
    }

    fn key_id(&self) -> &[u8] {
        &self.0[..KEY_ID_BYTES]
    }
}

/// The keys: the first makes fingerprints, all of them are recognised, so that a secret can be rotated.
pub struct Fingerprints {
    keys: Vec<([u8; KEY_ID_BYTES], Hmac<Sha256>)>,
}

impl Fingerprints {
    /// Keys made of the given secrets, current one first. Panics without any: a node always has one.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let keys: Vec<_> = secrets
            .into_iter()
            .map(|secret| {
                let mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
                let mut id = [0; KEY_ID_BYTES];
                id.copy_from_slice(&mac.clone().chain_update(b"souk key id").finalize().into_bytes()[..KEY_ID_BYTES]);
                (id, mac)
            })
            .collect();
        assert!(!keys.is_empty(), "a fingerprint needs a secret");
        Self { keys }
    }

    /// The fingerprint of `text` under the current key.
    pub fn of(&self, text: &str) -> Fingerprint {
        let (id, mac) = &self.keys[0];
        Self::sign(id, mac, text)
    }

    /// Whether `print` is of `text`. A key that is not known here decides nothing: the id alone counts then.
    pub fn matches(&self, print: &Fingerprint, text: &str) -> bool {
        match self.keys.iter().find(|(id, _)| id == print.key_id()) {
            Some((id, mac)) => Self::sign(id, mac, text).0.ct_eq(&print.0).into(),
            None => true,
        }
    }

    fn sign(id: &[u8; KEY_ID_BYTES], mac: &Hmac<Sha256>, text: &str) -> Fingerprint {
        let tag = mac.clone().chain_update(text.as_bytes()).finalize().into_bytes();
        let mut bytes = [0; KEY_ID_BYTES + TAG_BYTES];
        bytes[..KEY_ID_BYTES].copy_from_slice(id);
        bytes[KEY_ID_BYTES..].copy_from_slice(&tag[..TAG_BYTES]);
        Fingerprint(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_tells_texts_apart_and_survives_rotation() {
        let old = Fingerprints::new([b"old".as_slice()]);
        let both = Fingerprints::new([b"new".as_slice(), b"old".as_slice()]);
        let print = old.of("call 514 555 0101");
        assert!(old.matches(&print, "call 514 555 0101"));
        assert!(!old.matches(&print, "call 514 555 0102"));
        assert!(both.matches(&print, "call 514 555 0101"));
        assert!(!both.matches(&print, "something else"));
        assert_ne!(both.of("a"), old.of("a"));
    }

    #[test]
    fn an_unknown_key_leaves_the_decision_to_the_id() {
        let print = Fingerprints::new([b"lost".as_slice()]).of("a");
        assert!(Fingerprints::new([b"now".as_slice()]).matches(&print, "b"));
    }
}
