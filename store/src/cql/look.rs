//! Heads, keys, and which volume is the newest.

use std::collections::HashMap;

use futures_util::future::try_join_all;
use souk_chat::log::{Counts, EntryKey, Head, Seq};
use souk_chat::ports::store::{Known, Look, StoreError};
use souk_chat::{Fingerprint, OrderId, Timestamp};

use super::Cql;
use super::answer::unreadable;
use super::schema::stored;
use crate::form::{broken, key_name, seq, state, state_number};

/// The name of the row that is written when a volume opens.
const MARKER: &str = "";

/// The head as the one value that writes are conditional on: last number, state, messages of client and contractor, and the time
/// of the last entry, which heads written by the first version do not have. The volume is the partition it stands in.
pub(crate) fn head_text(head: &Head) -> String {
    let Head { seq, counts, at, .. } = head;
    let text = format!("{} {} {} {}", seq.0, state_number(head.state), counts.client, counts.contractor);
    if *at == Timestamp::default() { text } else { format!("{text} {}", at.millis()) }
}

/// Reads what [`head_text`] wrote.
pub(crate) fn head_of(text: &str, volume: u32) -> Result<Head, StoreError> {
    let numbers: Option<Vec<u64>> = text.split(' ').map(|number| number.parse().ok()).collect();
    let (last, chat, client, contractor, at) = match numbers.as_deref() {
        Some([last, chat, client, contractor]) => (*last, *chat, *client, *contractor, 0),
        Some([last, chat, client, contractor, at]) => (*last, *chat, *client, *contractor, *at),
        _ => return Err(broken("the head of a log")),
    };
    let at = i64::try_from(at).map_err(|_| broken("the time of a log's head"))?;
    let (state, counts) = (state(i64::try_from(chat).unwrap_or(-1))?, Counts { client, contractor });
    Ok(Head { seq: Seq(last), state, counts, volume, at: Timestamp(at) })
}

/// How sure a read must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Quorum: everything that was answered for, never ahead of the truth.
    Quorum,
    /// SERIAL: also finishes what was under way.
    Serial,
}

/// A volume's head, and those of the asked keys that it holds.
pub(crate) struct Seen {
    pub(crate) head: Head,
    known: HashMap<String, Known>,
}

impl Cql {
    /// [`Log::look`](souk_chat::ports::Log::look).
    pub(crate) async fn look_serial(&self, order: &OrderId, keys: &[EntryKey]) -> Result<Option<Look>, StoreError> {
        let names: Vec<String> = keys.iter().map(key_name).collect();
        let asked: Vec<&str> = names.iter().map(String::as_str).collect();
        let Some((newest, mut known)) = self.newest(order, &asked, Sight::Serial).await? else { return Ok(None) };
        let missing: Vec<&str> = asked.iter().filter(|name| !known.contains_key(**name)).copied().collect();
        if newest.volume > 0 && !missing.is_empty() {
            // Earlier volumes are full and change no more: they may be read at once, in any order.
            let earlier = (0..newest.volume).map(|volume| self.see(order, volume, &missing, Sight::Serial));
            for seen in try_join_all(earlier).await?.into_iter().flatten() {
                known.extend(seen.known);
            }
        }
        Ok(Some(Look { head: newest, known: names.iter().map(|name| known.remove(name)).collect() }))
    }

    /// [`Log::head`](souk_chat::ports::Log::head).
    pub(crate) async fn read_head(&self, order: &OrderId) -> Result<Option<Head>, StoreError> {
        Ok(self.newest(order, &[], Sight::Quorum).await?.map(|(head, _)| head))
    }

    /// The head of the newest volume, and the keys found in the volumes on the way there. Nearly every order has one volume,
    /// and costs one read. One with more costs one as well once its newest volume was seen here; before that the hint is read.
    async fn newest(
        &self,
        order: &OrderId,
        names: &[&str],
        sight: Sight,
    ) -> Result<Option<(Head, HashMap<String, Known>)>, StoreError> {
        let mut volume = self.seen_volume(order);
        let Some(mut seen) = self.see(order, volume, names, sight).await? else {
            return if volume == 0 { Ok(None) } else { Err(broken("a volume that was open is gone")) };
        };
        let mut known = std::mem::take(&mut seen.known);
        let mut hinted = volume > 0;
        while seen.head.seq.0 >= self.volumes.end(volume) {
            let mut next = volume + 1;
            if !hinted {
                next = next.max(self.hint(order).await?);
                hinted = true;
            }
            match self.see(order, next, names, sight).await? {
                Some(later) => (seen, volume) = (later, next),
                // A hint is written after its volume was opened.
                None if next > volume + 1 => return Err(broken("a volume that is named is not there")),
                None => break,
            }
            known.extend(std::mem::take(&mut seen.known));
            self.saw_volume(order, volume);
        }
        Ok(Some((seen.head, known)))
    }

    /// Reads one volume's head and keys; `None`: it was not opened.
    pub(crate) async fn see(
        &self,
        order: &OrderId,
        volume: u32,
        names: &[&str],
        sight: Sight,
    ) -> Result<Option<Seen>, StoreError> {
        let statement = match sight {
            Sight::Quorum => &self.statements.look,
            Sight::Serial => &self.statements.serial_look,
        };
        let asked: Vec<&str> = std::iter::once(MARKER).chain(names.iter().copied()).collect();
        let rows = self.select(statement, (order.as_str(), stored(volume)?, asked)).await?;
        type Row<'a> = (Option<&'a str>, &'a str, Option<i64>, Option<&'a [u8]>);
        let (mut head, mut known) = (None, HashMap::new());
        for row in rows.rows::<Row<'_>>().map_err(unreadable)? {
            let (text, name, made, print) = row.map_err(unreadable)?;
            head = text.map(|text| head_of(text, volume)).transpose()?;
            if let Some(made) = made {
                let fingerprint = print
                    .map(|bytes| Fingerprint::from_bytes(bytes).ok_or_else(|| broken("a fingerprint")))
                    .transpose()?;
                known.insert(name.to_owned(), Known { seq: seq(made)?, fingerprint });
            }
        }
        Ok(head.map(|head| Seen { head, known }))
    }

    /// The newest volume that was announced; at most the newest there is.
    async fn hint(&self, order: &OrderId) -> Result<u32, StoreError> {
        let rows = self.select(&self.statements.order_marks, (order.as_str(),)).await?;
        let row = rows.maybe_first_row::<(Option<i64>, Option<i32>)>().map_err(unreadable)?;
        let volume = row.and_then(|(_, volume)| volume).unwrap_or(0);
        u32::try_from(volume).map_err(|_| broken("the number of a volume"))
    }
}

#[cfg(test)]
mod tests {
    use souk_chat::ChatState;

    use super::*;

    #[test]
    fn a_head_is_one_text_and_comes_back() {
        let head = Head {
            seq: Seq(12),
            state: ChatState::Closed,
            counts: Counts { client: 7, contractor: u64::MAX },
            volume: 3,
            at: Timestamp(1_790_000_000_000),
        };
        assert_eq!(head_text(&head), format!("12 1 7 {} 1790000000000", u64::MAX));
        assert_eq!(head_of(&head_text(&head), 3).unwrap(), head);
        // One that the first version wrote is compared as it wrote it.
        let old = Head { at: Timestamp::default(), ..head };
        assert_eq!(head_text(&old), format!("12 1 7 {}", u64::MAX));
        assert_eq!(head_of(&head_text(&old), 3).unwrap(), old);
        for bad in ["", "1 0 0", "1 2 0 0", "1 0 0 0 0 0", "x 0 0 0", "1 0 0 0 x", "1 0 0 0 18446744073709551615"] {
            assert!(head_of(bad, 0).is_err(), "{bad}");
        }
    }
}
