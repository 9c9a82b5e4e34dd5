//! What was really written, apart from history: for admins, encrypted.

use async_trait::async_trait;

use crate::fingerprint::Fingerprint;
use crate::id::{OrderId, UserId};
use crate::log::{EntryKey, Seq};
use crate::time::Timestamp;

use super::store_error::StoreError;

/// Why a text was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Why {
    /// Moderation masked it when it was sent: the message `version` 1 shows the masked form.
    Masked = 1,
    /// Moderation refused it: no message shows it.
    Refused = 2,
    /// It was shown, until moderation masked it after the fact.
    MaskedLater = 3,
    /// It was shown, until its author edited it.
    Replaced = 4,
    /// The author wrote it over what stood there before.
    Edited = 5,
}

impl Why {
    const ALL: [Self; 5] = [Self::Masked, Self::Refused, Self::MaskedLater, Self::Replaced, Self::Edited];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Masked => "masked",
            Self::Refused => "refused",
            Self::MaskedLater => "masked_later",
            Self::Replaced => "replaced",
            Self::Edited => "edited",
        }
    }

    /// The reason of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.as_str() == name)
    }

    /// The reason of this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|why| *why as u8 == number)
    }
}

/// The name of a row within its order. Rows stand in the order of owner (souk itself first), id, message (none first), why;
/// texts compared byte by byte.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OriginalId {
    /// The entry whose writing the row belongs to; where its name was chosen by a sender, with the text's fingerprint behind it:
    /// see [`OriginalId::of_text`].
    pub key: EntryKey,
    /// The message that the entry changed; `None`: the one that the entry itself makes, or none at all. What it makes is
    /// numbered anew with each attempt, so its number is no part of the name.
    pub message: Option<Seq>,
    /// Why it was kept.
    pub why: Why,
}

/// Stands between the name of an entry and a fingerprint: in no name that a person or souk gives.
const MARK: char = '!';

impl OriginalId {
    /// The name of the row of this text. A row is kept before it is known whether its entry can be written: without the fingerprint
    /// whoever sends another text under an id that is taken would write over what was said first.
    #[must_use]
    pub fn of_text(mut self, print: &Fingerprint) -> Self {
        let print: String = print.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        self.key.id = format!("{}{MARK}{print}", self.key.id).into();
        self
    }

    /// The name of the entry that the row belongs to.
    pub fn entry(&self) -> EntryKey {
        let id = self.key.id.split_once(MARK).map_or(&*self.key.id, |(id, _)| id);
        EntryKey { owner: self.key.owner.clone(), id: id.into() }
    }

    /// Whether the row can be what the entry of this fingerprint was made of.
    pub fn is_of(&self, print: Option<&Fingerprint>) -> bool {
        match (print, self.key.id.contains(MARK)) {
            (Some(print), true) => Self { key: self.entry(), ..self.clone() }.of_text(print).key == self.key,
            _ => true,
        }
    }
}

/// A text that was written, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginalRow {
    /// The order it was written in.
    pub order: OrderId,
    /// The row's name within the order.
    pub id: OriginalId,
    /// The version of the message that said this, or would have.
    pub version: u32,
    /// Who wrote it.
    pub sender: UserId,
    /// When it was kept.
    pub at: Timestamp,
    /// The text, as [`Sealer::seal`](crate::seal::Sealer::seal) gave it. Opaque here.
    pub sealed: Vec<u8>,
}

/// Originals: a table of its own, no part of any conditional batch.
///
/// A row is written before the batch that its entry belongs to, under the entry's key. So an entry never stands without its
/// original; a row whose entry never came (somebody gave up, or wrote it in another form) is recognised by the reader, who looks
/// for the key.
#[async_trait]
pub trait Originals: Send + Sync {
    /// Keeps `rows`, all of one order, at most [`ORIGINALS_PER_BATCH`](crate::limits::ORIGINALS_PER_BATCH). A row whose name is
    /// there is overwritten. Must have returned `Ok` before the batch they are about is written; then they survive what the
    /// batch survives. Safe to repeat after any error.
    async fn keep(&self, rows: &[OriginalRow]) -> Result<(), StoreError>;
    /// The rows of an order whose names come after `after`, in the order of the names, at most `limit`. Fewer than `limit`: there
    /// were no more.
    async fn originals(
        &self,
        order: &OrderId,
        after: Option<&OriginalId>,
        limit: usize,
    ) -> Result<Vec<OriginalRow>, StoreError>;
}
