//! Sealing what was really written: AES-256-GCM with a ring of keys.
//!
//! A sealed text is, in this order:
//!
//! | bytes | |
//! |---|---|
//! | 1 | the form, 1 |
//! | 4 | the key's id: the beginning of HMAC-SHA-256 of `souk seal key id` under the key |
//! | 12 | the nonce, random |
//! | n | the text, encrypted |
//! | 16 | the tag |
//!
//! The tag also covers where the text belongs (associated data: `souk original`, the order, the owner of the entry's key or
//! nothing, the key's id, the message's number or 0, the version and the number of [`Why`](crate::ports::Why); texts are
//! preceded by their length, numbers are big-endian), so that a row moved elsewhere does not open. Random nonces of 96 bits are
//! good for 2³² texts per key; whoever comes near that has rotated for other reasons long before.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::id::{OrderId, UserId};
use crate::ports::{OriginalId, OriginalRow, Runtime};

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;

const FORM: u8 = 1;
const KEY_ID_BYTES: usize = 4;
const NONCE_BYTES: usize = 12;
const HEADER_BYTES: usize = 1 + KEY_ID_BYTES + NONCE_BYTES;

/// The public name of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyId(pub [u8; KEY_ID_BYTES]);

impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Why a sealed text does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It was sealed with a key that is not on the ring.
    #[error("sealed with the key {0}, which this node was not given")]
    UnknownKey(KeyId),
    /// It was changed, cut, or belongs elsewhere.
    #[error("not what was sealed here")]
    Damaged,
}

/// The keys: the first seals, all of them open, so that keys can be rotated.
pub struct Sealer {
    keys: Vec<(KeyId, Aes256Gcm)>,
}

impl Sealer {
    /// A ring of these keys, current one first. Panics without any: a node always has one.
    pub fn new<'a>(keys: impl IntoIterator<Item = &'a [u8; KEY_BYTES]>) -> Self {
        let keys: Vec<_> = keys.into_iter().map(|key| (key_id(key), Aes256Gcm::new(key.into()))).collect();
        assert!(!keys.is_empty(), "sealing needs a key");
        Self { keys }
    }

    /// Seals `text` as the content of the row of this place. The nonce comes from the runtime's generator.
    pub fn seal(&self, runtime: &dyn Runtime, order: &OrderId, id: &OriginalId, version: u32, text: &str) -> Vec<u8> {
        let (name, cipher) = &self.keys[0];
        let mut nonce = [0; NONCE_BYTES];
        nonce[..8].copy_from_slice(&runtime.random().to_be_bytes());
        nonce[8..].copy_from_slice(&runtime.random().to_be_bytes()[..NONCE_BYTES - 8]);
        let aad = place(order, id, version);
        let payload = Payload { msg: text.as_bytes(), aad: &aad };
        let encrypted =
            cipher.encrypt(&Nonce::from(nonce), payload).expect("a message is shorter than AES-GCM's limit");
        let mut sealed = Vec::with_capacity(HEADER_BYTES + encrypted.len());
        sealed.push(FORM);
        sealed.extend_from_slice(&name.0);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&encrypted);
        sealed
    }

    /// The text of a row. Errors leave the other rows readable.
    pub fn open(&self, row: &OriginalRow) -> Result<String, OpenError> {
        let sealed = row.sealed.as_slice();
        if sealed.len() < HEADER_BYTES || sealed[0] != FORM {
            return Err(OpenError::Damaged);
        }
        let (header, encrypted) = sealed.split_at(HEADER_BYTES);
        let (name, nonce) = header[1..].split_at(KEY_ID_BYTES);
        let name = KeyId(name.try_into().map_err(|_| OpenError::Damaged)?);
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| OpenError::Damaged)?;
        let keys = self.keys.iter().filter(|(id, _)| *id == name);
        let aad = place(&row.order, &row.id, row.version);
        let payload = || Payload { msg: encrypted, aad: &aad };
        let mut error = OpenError::UnknownKey(name);
        // Two keys may share a name: one in four thousand million.
        for (_, cipher) in keys {
            match cipher.decrypt(&Nonce::from(nonce), payload()) {
                Ok(text) => return String::from_utf8(text).map_err(|_| OpenError::Damaged),
                Err(_) => error = OpenError::Damaged,
            }
        }
        Err(error)
    }
}

/// A key made of a secret that serves other ends as well (`store.secret`), where an operator names none for originals.
pub fn key_from(secret: &[u8]) -> [u8; KEY_BYTES] {
    let mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.chain_update(b"souk key of originals").finalize().into_bytes().into()
}

fn key_id(key: &[u8; KEY_BYTES]) -> KeyId {
    let mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    let tag = mac.chain_update(b"souk seal key id").finalize().into_bytes();
    let mut id = [0; KEY_ID_BYTES];
    id.copy_from_slice(&tag[..KEY_ID_BYTES]);
    KeyId(id)
}

/// The associated data: where a text belongs.
fn place(order: &OrderId, id: &OriginalId, version: u32) -> Vec<u8> {
    let mut bytes = b"souk original".to_vec();
    let owner = id.key.owner.as_ref().map_or("", UserId::as_str);
    for text in [order.as_str(), owner, &id.key.id] {
        bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes.extend_from_slice(&id.message.map_or(0, |seq| seq.0).to_be_bytes());
    bytes.extend_from_slice(&version.to_be_bytes());
    bytes.push(id.why as u8);
    bytes
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::future::BoxFuture;

    use super::*;
    use crate::ports::Why;
    use crate::{EntryKey, Seq, Timestamp};

    /// A runtime that counts instead of drawing.
    #[derive(Default)]
    struct Counting(std::sync::atomic::AtomicU64, crate::tasks::Tasks);

    impl Runtime for Counting {
        fn now(&self) -> Timestamp {
            Timestamp(0)
        }
        fn monotonic(&self) -> Duration {
            Duration::ZERO
        }
        fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
            Box::pin(std::future::ready(()))
        }
        fn spawn(&self, _: &'static str, _: BoxFuture<'static, ()>) {}
        fn tasks(&self) -> &crate::tasks::Tasks {
            &self.1
        }
        fn random(&self) -> u64 {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
        }
    }

    const TEXT: &str = "звони 514 555 0101 😀";

    fn row(sealer: &Sealer) -> OriginalRow {
        let key = EntryKey { owner: Some(UserId::new("ann").unwrap()), id: "m-1".into() };
        let id = OriginalId { key, message: None, why: Why::Masked };
        let order = OrderId::new("o-1").unwrap();
        let sealed = sealer.seal(&Counting(7.into(), Default::default()), &order, &id, 1, TEXT);
        OriginalRow { order, id, version: 1, sender: UserId::new("ann").unwrap(), at: Timestamp(5), sealed }
    }

    #[test]
    fn what_was_sealed_opens_also_after_the_key_was_rotated() {
        let (old, new) = ([1; KEY_BYTES], [2; KEY_BYTES]);
        let row = row(&Sealer::new([&old]));
        assert_eq!(Sealer::new([&old]).open(&row).as_deref(), Ok(TEXT));
        assert_eq!(Sealer::new([&new, &old]).open(&row).as_deref(), Ok(TEXT));
        assert_eq!(Sealer::new([&new]).open(&row), Err(OpenError::UnknownKey(key_id(&old))));
    }

    #[test]
    fn nothing_of_the_text_shows_and_two_sealings_differ() {
        let sealer = Sealer::new([&[3; KEY_BYTES]]);
        let row = row(&sealer);
        assert!(!row.sealed.windows(3).any(|bytes| bytes == b"514"));
        let again = sealer.seal(&Counting(8.into(), Default::default()), &row.order, &row.id, 1, TEXT);
        assert_ne!(again, row.sealed);
    }

    #[test]
    fn a_row_that_was_moved_or_changed_does_not_open() {
        let sealer = Sealer::new([&[3; KEY_BYTES]]);
        let good = row(&sealer);
        let changes: [fn(&mut OriginalRow); 7] = [
            |row| row.order = OrderId::new("o-2").unwrap(),
            |row| row.id.key.owner = None,
            |row| row.id.key.id = "m-2".into(),
            |row| row.id.message = Some(Seq(1)),
            |row| row.version = 2,
            |row| row.id.why = Why::Edited,
            |row| *row.sealed.last_mut().unwrap() ^= 1,
        ];
        for (place, change) in changes.into_iter().enumerate() {
            let mut row = good.clone();
            change(&mut row);
            assert_eq!(sealer.open(&row), Err(OpenError::Damaged), "change {place}");
        }
        for cut in 0..good.sealed.len() {
            let row = OriginalRow { sealed: good.sealed[..cut].to_vec(), ..good.clone() };
            assert!(sealer.open(&row).is_err(), "cut at {cut}");
        }
    }
}
