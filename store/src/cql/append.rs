//! One conditional batch, and opening the volume it goes to.

use std::collections::BTreeMap;

use souk_chat::log::{Body, Head, Seq};
use souk_chat::ports::store::{Appended, StoreError};
use souk_chat::{NewEntry, OrderId};

use super::look::{Sight, head_text};
use super::rows::{EntryValues, Overlay, State};
use super::schema::{ENTRIES, OVERLAYS, stored};
use super::{Cql, CqlBatch};
use crate::form::{join_pairs, join_seqs, key_name, signed};
use crate::plan::{Change, Made, Plan};

/// Where a changed message's new state goes.
enum Place {
    /// Its own row, in this volume.
    Own,
    /// Its overlay, which this volume has already.
    Overlay,
    /// An overlay that is new.
    NewOverlay,
}

impl Cql {
    /// [`Log::append`](souk_chat::ports::Log::append).
    pub(crate) async fn append_batch(
        &self,
        order: &OrderId,
        head: &Head,
        entries: &[NewEntry],
    ) -> Result<Appended, StoreError> {
        let (begin, end) = (self.volumes.end(head.volume) - self.volumes.size, self.volumes.end(head.volume));
        let plan = Plan::of(order, head, entries, end.saturating_sub(head.seq.0).max(1))?;
        if head.seq.0 < begin || head.seq.0 > end {
            return Ok(Appended::Refused);
        }
        if head.seq.0 == end {
            self.open_next(order, head).await?;
            return Ok(Appended::Refused);
        }
        let Some(places) = self.places(order, head, &plan.changes).await? else { return Ok(Appended::Refused) };
        let mut batch = CqlBatch::new();
        let at = Partition { order, volume: stored(head.volume)? };
        let values = (head_text(&plan.head), order.as_str(), at.volume, head_text(head));
        batch.add(&self.statements.raise_head, values);
        for made in &plan.made {
            self.add_entry(&mut batch, &at, made)?;
        }
        for (change, place) in plan.changes.iter().zip(places) {
            self.add_change(&mut batch, &at, change, &place)?;
        }
        Ok(if batch.send_if(&self.session()).await? { Appended::Applied(plan.head) } else { Appended::Refused })
    }

    fn add_entry<'a>(
        &'a self,
        batch: &mut CqlBatch<'a>,
        at: &Partition<'a>,
        made: &'a Made<'a>,
    ) -> Result<(), StoreError> {
        let NewEntry { entry, fingerprint, owed } = made.new;
        let targets = match &entry.body {
            Body::Edit(message) => Some(message.seq.to_string()),
            Body::Masking(messages) => Some(join_seqs(messages.iter().map(|message| message.seq))),
            _ => None,
        };
        let (seq, name) = (signed(entry.seq.0)?, key_name(&entry.key));
        let print = fingerprint.as_ref().map(|print| print.as_bytes());
        let print = scylla::value::MaybeUnset::from_option(print);
        batch.add(&self.statements.put_key, (at.order.as_str(), at.volume, name.clone(), seq, print));
        let values = EntryValues::of(at.order, at.volume, entry, name, targets, made.message)?;
        batch.add(&self.statements.put_entry, values);
        for owed in owed {
            let name = format!("{}#{}", owed.event_type().as_str(), owed.about());
            let values = (at.order.as_str(), at.volume, seq, name, join_pairs(&owed.facts()));
            batch.add(&self.statements.put_owed, values);
        }
        Ok(())
    }

    fn add_change<'a>(
        &'a self,
        batch: &mut CqlBatch<'a>,
        at: &Partition<'a>,
        change: &'a Change<'a>,
        place: &Place,
    ) -> Result<(), StoreError> {
        let State { version, rev, content, edited_at, moderated, flags } = State::of(change.message)?;
        let (order, volume, seq) = (at.order.as_str(), at.volume, signed(change.seq.0)?);
        let section = match place {
            Place::Own => ENTRIES,
            Place::Overlay => OVERLAYS,
            Place::NewOverlay => {
                let values = (version, rev, content, edited_at, moderated, flags, order, volume, seq);
                batch.add(&self.statements.make_overlay, values);
                return Ok(());
            }
        };
        let expected = i32::try_from(change.expected).map_err(|_| StoreError::Invalid("a version too high".into()))?;
        let values = (version, rev, content, edited_at, moderated, flags, order, volume, section, seq, expected);
        batch.add(&self.statements.change, values);
        Ok(())
    }

    /// Where each change goes; `None`: a message of an earlier volume has another version by now. Messages of this volume are
    /// checked by the batch itself. Those of earlier volumes can only be changed in this one, where the batch's condition on
    /// the overlay holds; what stands in earlier volumes is final, so that reading it before is enough.
    async fn places(
        &self,
        order: &OrderId,
        head: &Head,
        changes: &[Change<'_>],
    ) -> Result<Option<Vec<Place>>, StoreError> {
        let is_own = |seq: Seq| self.volumes.of(seq.0) == Some(head.volume);
        let mut earlier: BTreeMap<u64, (u32, bool)> = BTreeMap::new();
        let seqs: Vec<Seq> = changes.iter().map(|change| change.seq).filter(|seq| !is_own(*seq)).collect();
        for (volume, rows) in self.rows_in(order, &seqs).await? {
            for row in rows.iter().filter(|row| row.version.is_some()) {
                earlier.insert(row.number()?.0, (row.version()?, false));
            }
            for later in volume + 1..=head.volume {
                for Overlay { seq, version, .. } in self.overlays(order, later, &rows).await? {
                    if let Some(state) = earlier.get_mut(&seq.0) {
                        *state = (version.max(state.0), later == head.volume);
                    }
                }
            }
        }
        let mut places = Vec::with_capacity(changes.len());
        for change in changes {
            places.push(match earlier.get(&change.seq.0) {
                _ if is_own(change.seq) => Place::Own,
                Some((version, overlaid)) if *version == change.expected => {
                    if *overlaid {
                        Place::Overlay
                    } else {
                        Place::NewOverlay
                    }
                }
                _ => return Ok(None),
            });
        }
        Ok(Some(places))
    }

    /// Opens the volume after a full one, which is `head`'s: only after a SERIAL read showed it full, so that nothing can still
    /// land in it and its state and counts are final. Another node may have done so: that is as good.
    async fn open_next(&self, order: &OrderId, head: &Head) -> Result<(), StoreError> {
        match self.see(order, head.volume, &[], Sight::Serial).await? {
            Some(seen) if seen.head == *head => {}
            _ => return Ok(()),
        }
        let next = head.volume + 1;
        match self.make_volume(order, &Head { volume: next, ..*head }).await {
            Ok(_) => {}
            // Nothing of the caller's entries was written, whatever became of the volume.
            Err(StoreError::Unknown(why)) => return Err(StoreError::Unavailable(why)),
            Err(error) => return Err(error),
        }
        self.saw_volume(order, next);
        let volume = stored(next)?;
        let hint = self.write(&self.statements.raise_volume, (i64::from(volume), volume, order.as_str())).await;
        if let Err(error) = hint {
            // Only a hint: without it the next reader probes volume by volume.
            tracing::debug!(%error, "a new volume was not announced");
        }
        Ok(())
    }

    /// Opens a volume with this head, unless it is open. True: this call did.
    pub(crate) async fn make_volume(&self, order: &OrderId, head: &Head) -> Result<bool, StoreError> {
        let volume = stored(head.volume)?;
        let mut batch = CqlBatch::new();
        batch.add(&self.statements.make_head, (head_text(head), order.as_str(), volume));
        batch.add(&self.statements.make_marker, (order.as_str(), volume));
        batch.send_if(&self.session()).await
    }
}

/// The partition that a batch goes to.
struct Partition<'a> {
    order: &'a OrderId,
    volume: i32,
}
