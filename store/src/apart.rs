//! What is kept apart from the logs, originals, the audit log and settings: what both engines check before, and forms that both store.

use std::collections::BTreeMap;

use souk_chat::limits::ORIGINALS_PER_BATCH;
use souk_chat::log::{EntryKey, Seq};
use souk_chat::ports::{AuditAction, AuditId, AuditRow, OriginalId, OriginalRow, SETTING_BYTES_MAX, StoreError, Why};
use souk_chat::{OrderId, Role, Timestamp, UserId};

use crate::form::{broken, owner_of, seq};
use crate::plan::check_key;

/// Most bytes of an audit row's details, as [`AuditRow`] says.
const DETAILS_BYTES: usize = 512;

fn invalid(what: impl Into<String>) -> StoreError {
    StoreError::Invalid(what.into())
}

/// The name of an original within its order, in the form and in the order that both engines keep: owner (empty: souk itself),
/// id, message (0: none), number of the reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) owner: String,
    pub(crate) id: String,
    pub(crate) message: u64,
    pub(crate) why: u8,
}

impl Name {
    /// The name that an id stands for.
    pub(crate) fn of(id: &OriginalId) -> Self {
        Self {
            owner: id.key.owner.as_ref().map_or_else(String::new, ToString::to_string),
            id: id.key.id.to_string(),
            message: id.message.map_or(0, |seq| seq.0),
            why: id.why as u8,
        }
    }

    /// Before all others: no name has an empty id.
    pub(crate) fn first() -> Self {
        Self { owner: String::new(), id: String::new(), message: 0, why: 0 }
    }
}

/// What follows a name in an original's row, as it is stored.
pub(crate) struct Kept {
    pub(crate) version: i64,
    pub(crate) sender: String,
    pub(crate) at: i64,
    pub(crate) sealed: Vec<u8>,
}

/// Puts together an original from its stored form. `why` and `message` come as the numbers that are stored.
pub(crate) fn original(
    order: &OrderId,
    (owner, id, message, why): (&str, &str, i64, i64),
    kept: Kept,
) -> Result<OriginalRow, StoreError> {
    let message = seq(message)?;
    let why = u8::try_from(why).ok().and_then(Why::from_number).ok_or_else(|| broken("why an original was kept"))?;
    Ok(OriginalRow {
        order: order.clone(),
        id: OriginalId {
            key: EntryKey { owner: owner_of(owner)?, id: id.into() },
            message: Some(message).filter(|message| *message > Seq::ZERO),
            why,
        },
        version: u32::try_from(kept.version).map_err(|_| broken("a version"))?,
        sender: UserId::new(&kept.sender).map_err(|_| broken("a user id"))?,
        at: Timestamp(kept.at),
        sealed: kept.sealed,
    })
}

/// Originals that are to be kept.
pub(crate) struct ToKeep<'a> {
    pub(crate) order: &'a OrderId,
    /// By name; of those with the same name the last.
    pub(crate) rows: BTreeMap<Name, &'a OriginalRow>,
}

impl<'a> ToKeep<'a> {
    /// `None`: there are none. Errors: [`StoreError::Invalid`] where the rows are not what
    /// [`Originals::keep`](souk_chat::ports::Originals::keep) asks for.
    pub(crate) fn of(rows: &'a [OriginalRow]) -> Result<Option<Self>, StoreError> {
        let Some(first) = rows.first() else { return Ok(None) };
        if rows.len() > ORIGINALS_PER_BATCH {
            return Err(invalid(format!("at most {ORIGINALS_PER_BATCH} originals at once, not {}", rows.len())));
        }
        let mut named = BTreeMap::new();
        for row in rows {
            if row.order != first.order {
                return Err(invalid("originals of two orders at once"));
            }
            check_key(&row.id.key)?;
            if row.id.message == Some(Seq::ZERO) {
                return Err(invalid("an original of a message without a number"));
            }
            named.insert(Name::of(&row.id), row);
        }
        Ok(Some(Self { order: &first.order, rows: named }))
    }
}

/// Errors: [`StoreError::Invalid`] where an audit row is too long.
pub(crate) fn check_audit(row: &AuditRow) -> Result<(), StoreError> {
    if row.details.len() > DETAILS_BYTES {
        return Err(invalid(format!("an audit row says at most {DETAILS_BYTES} bytes, not {}", row.details.len())));
    }
    Ok(())
}

/// Errors: [`StoreError::Invalid`] where a setting has no name, or is too long.
pub(crate) fn check_setting(name: &str, value: &str) -> Result<(), StoreError> {
    if name.is_empty() || name.len() > SETTING_BYTES_MAX || value.len() > SETTING_BYTES_MAX {
        return Err(invalid(format!("a setting has a name and a value of at most {SETTING_BYTES_MAX} bytes each")));
    }
    Ok(())
}

/// The texts of an audit row, as they are stored.
pub(crate) struct AuditTexts<'a> {
    pub(crate) actor: &'a str,
    pub(crate) role: &'a str,
    pub(crate) action: &'a str,
    pub(crate) order: Option<&'a str>,
    pub(crate) details: &'a str,
}

/// Puts together an audit row from its stored form.
pub(crate) fn audit_row(at: i64, number: i64, texts: &AuditTexts<'_>) -> Result<AuditRow, StoreError> {
    let order = texts.order.map(|order| OrderId::new(order).map_err(|_| broken("an order id"))).transpose()?;
    Ok(AuditRow {
        id: AuditId { at: Timestamp(at), number: drawn(number) },
        actor: UserId::new(texts.actor).map_err(|_| broken("a user id"))?,
        role: Role::parse(texts.role).ok_or_else(|| broken("a role"))?,
        action: AuditAction::parse(texts.action).ok_or_else(|| broken("what somebody did"))?,
        order,
        details: texts.details.into(),
    })
}

/// Any 64 bits as databases keep them, in the same order: they know signed numbers only.
pub(crate) fn ordered(number: u64) -> i64 {
    (number ^ (1 << 63)).cast_signed()
}

/// The bits that [`ordered`] was given.
pub(crate) fn drawn(number: i64) -> u64 {
    number.cast_unsigned() ^ (1 << 63)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_comes_back_and_keeps_its_order() {
        let numbers = [0, 1, (1 << 63) - 1, 1 << 63, (1 << 63) + 1, u64::MAX];
        assert!(numbers.map(ordered).is_sorted());
        assert_eq!(numbers.map(ordered).map(drawn), numbers);
        assert_eq!((ordered(0), ordered(u64::MAX)), (i64::MIN, i64::MAX));
    }
}
