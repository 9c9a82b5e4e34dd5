//! What was really written, for admins, and the log of who looked.

use crate::actor::{Actor, Role};
use crate::id::{OrderId, UserId};
use crate::limits::{ADMIN_PAGE, ADMIN_PAGE_MAX};
use crate::log::{EntryKey, Seq};
use crate::ports::{AuditAction, AuditId, AuditRow, Known, OriginalId, OriginalRow, Why};
use crate::refusal::Refusal;
use crate::seal::OpenError;
use crate::time::Timestamp;

use super::Chats;

/// A text that somebody wrote, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// Why it was kept.
    pub why: Why,
    /// The entry that it was kept for; `None`: that entry is not in the log, so nobody was shown this text's outcome.
    pub entry: Option<Seq>,
    /// The message that said it, or whose edit it was; `None` for a refused send, and where `entry` is `None` for what it
    /// would have made.
    pub message: Option<Seq>,
    /// The version of the message that said this, or would have.
    pub version: u32,
    /// Who wrote it.
    pub sender: UserId,
    /// When it was kept.
    pub at: Timestamp,
    /// The text as it was written, or why it cannot be read.
    pub text: Result<String, OpenError>,
}

/// A page of originals of one order, in the order of their keys, not of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginalsPage {
    /// The originals.
    pub originals: Vec<Original>,
    /// Where the next page starts; `None`: this was the last.
    pub cursor: Option<String>,
}

/// A page of the audit log, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditPage {
    /// The rows.
    pub rows: Vec<AuditRow>,
    /// Where the next page starts; `None`: this was the last.
    pub cursor: Option<String>,
}

impl Chats {
    /// What was really written in an order where moderation or an edit changed it. The look is in the audit log before anything
    /// is read; where that fails nothing is. `cursor`: of the page before; `limit`: 1 to
    /// [`ADMIN_PAGE_MAX`], else [`ADMIN_PAGE`].
    ///
    /// Errors: [`Refusal::WrongRole`] for who is no admin, [`Refusal::Forbidden`] for an order that is not there,
    /// [`Refusal::BadRequest`], [`Refusal::Unavailable`].
    pub async fn originals(
        &self,
        actor: &Actor,
        order: &OrderId,
        cursor: Option<&str>,
        limit: Option<usize>,
    ) -> Result<OriginalsPage, Refusal> {
        if actor.role != Role::Admin {
            return Err(Refusal::WrongRole("admin"));
        }
        let limit = page(limit)?;
        let after = cursor.map(parse_original).transpose()?;
        let order = self.readable(actor, order).await?;
        let runtime = &self.ports.runtime;
        let row = AuditRow {
            id: AuditId { at: runtime.now(), number: runtime.random() },
            actor: actor.user.clone(),
            role: actor.role,
            action: AuditAction::OriginalsRead,
            order: Some(order.id.clone()),
            details: format!("at most {limit}, {}", if after.is_some() { "a later page" } else { "the first page" })
                .into(),
        };
        let store = &self.ports.store;
        store.record(&row).await?;
        // One more than asked tells whether there are more.
        let found = store.originals(&order.id, after.as_ref(), limit + 1).await;
        let mut rows = found?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        // Several rows may belong to one entry, and a look is for distinct keys.
        let mut keys: Vec<EntryKey> = Vec::with_capacity(rows.len());
        let mut place = |row: &OriginalRow| {
            let key = row.id.entry();
            keys.iter().position(|known| *known == key).unwrap_or_else(|| {
                keys.push(key);
                keys.len() - 1
            })
        };
        let places: Vec<usize> = rows.iter().map(&mut place).collect();
        let look = store.look(&order.id, &keys).await?;
        let known = look.ok_or(Refusal::Forbidden)?.known;
        let cursor = rows.last().filter(|_| more).map(|row| write_original(&row.id));
        let known = |place: usize| known.get(place).and_then(Option::as_ref);
        let originals = rows.into_iter().zip(places).map(|(row, place)| self.original(row, known(place))).collect();
        Ok(OriginalsPage { originals, cursor })
    }

    fn original(&self, row: OriginalRow, known: Option<&Known>) -> Original {
        let text = self.ports.sealer.open(&row);
        // Under an id that was taken somebody may have sent another text: that came to nothing.
        let known = known.filter(|known| row.id.is_of(known.fingerprint.as_ref()));
        let entry = known.map(|known| known.seq);
        let made = entry.filter(|_| row.id.why != Why::Refused);
        Original {
            why: row.id.why,
            entry,
            message: row.id.message.or(made),
            version: row.version,
            sender: row.sender,
            at: row.at,
            text,
        }
    }

    /// The audit log, newest first. `cursor` and `limit` as for [`Chats::originals`]. Errors: [`Refusal::WrongRole`] for who is no
    /// admin, [`Refusal::BadRequest`], [`Refusal::Unavailable`].
    pub async fn audit(&self, actor: &Actor, cursor: Option<&str>, limit: Option<usize>) -> Result<AuditPage, Refusal> {
        if actor.role != Role::Admin {
            return Err(Refusal::WrongRole("admin"));
        }
        let limit = page(limit)?;
        let before = cursor.map(parse_audit).transpose()?;
        // One more than asked tells whether there are more.
        let found = self.ports.store.audit(before, limit + 1).await;
        let mut rows = found?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let cursor = rows.last().filter(|_| more).map(|row| format!("{}.{}", row.id.at.millis(), row.id.number));
        Ok(AuditPage { rows, cursor })
    }
}

fn page(limit: Option<usize>) -> Result<usize, Refusal> {
    match limit {
        None => Ok(ADMIN_PAGE),
        Some(limit) if (1..=ADMIN_PAGE_MAX).contains(&limit) => Ok(limit),
        Some(_) => Err(Refusal::BadRequest(format!("limit is a number from 1 to {ADMIN_PAGE_MAX}"))),
    }
}

fn wrong() -> Refusal {
    Refusal::BadRequest("cursor is what the page before gave as its cursor".into())
}

/// Message, reason, owner, id: only the last may hold any character.
fn write_original(id: &OriginalId) -> String {
    let owner = id.key.owner.as_ref().map_or("", UserId::as_str);
    format!("{}/{}/{owner}/{}", id.message.map_or(0, |seq| seq.0), id.why.as_str(), id.key.id)
}

fn parse_original(text: &str) -> Result<OriginalId, Refusal> {
    let mut parts = text.splitn(4, '/');
    let mut part = || parts.next().ok_or_else(wrong);
    let (message, why, owner, id) = (part()?, part()?, part()?, part()?);
    let message: u64 = message.parse().map_err(|_| wrong())?;
    let owner = Some(owner).filter(|owner| !owner.is_empty()).map(UserId::new).transpose().map_err(|_| wrong())?;
    Ok(OriginalId {
        key: EntryKey { owner, id: id.into() },
        message: (message > 0).then_some(Seq(message)),
        why: Why::parse(why).ok_or_else(wrong)?,
    })
}

fn parse_audit(text: &str) -> Result<AuditId, Refusal> {
    let (at, number) = text.split_once('.').ok_or_else(wrong)?;
    Ok(AuditId { at: Timestamp(at.parse().map_err(|_| wrong())?), number: number.parse().map_err(|_| wrong())? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_under_an_id_that_is_taken_is_a_row_of_its_own() {
        let prints = crate::fingerprint::Fingerprints::new([b"secret".as_slice()]);
        let key = EntryKey { owner: Some(UserId::new("ann").unwrap()), id: "m-1".into() };
        let [first, second] = [prints.of("call 1"), prints.of("call 2")];
        let id = OriginalId { key: key.clone(), message: None, why: Why::Masked };
        let (one, other) = (id.clone().of_text(&first), id.clone().of_text(&second));
        assert!(one != other && one.entry() == key && other.entry() == key);
        assert!(one.is_of(Some(&first)) && !other.is_of(Some(&first)), "the entry was made of the first");
        assert!(other.is_of(None) && id.is_of(Some(&first)), "nothing speaks against it");
        assert_eq!(parse_original(&write_original(&one)), Ok(one));
    }

    #[test]
    fn cursors_come_back_as_they_went() {
        for (owner, id, message) in [(Some("ann"), "m-1", None), (None, "masked~ann~m/1", Some(Seq(7)))] {
            let key = EntryKey { owner: owner.map(|user| UserId::new(user).unwrap()), id: id.into() };
            let id = OriginalId { key, message, why: Why::MaskedLater };
            assert_eq!(parse_original(&write_original(&id)), Ok(id));
        }
        for bad in ["", "x", "1/masked/ann", "1/never/ann/x", "-1/masked/ann/x", "1/masked/a b/x"] {
            assert_eq!(parse_original(bad), Err(wrong()), "{bad}");
        }
        assert_eq!(parse_audit("-5.7"), Ok(AuditId { at: Timestamp(-5), number: 7 }));
        assert_eq!(parse_audit("5"), Err(wrong()));
    }
}
