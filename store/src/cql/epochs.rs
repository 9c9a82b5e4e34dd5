//! Epochs. A keyspace has one, kept in its settings; entries do not name theirs. So a cursor is good in its own epoch only, and
//! the next one begins where something was lost: when a node finds that out, or when an operator who put a backup back says so.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use scylla::client::session::Session;
use souk_chat::ports::StoreError;
use souk_chat::{Epoch, Timestamp};

use super::Cql;
use super::answer::unreadable;
use crate::error::OpenError;
use crate::form::broken;

/// How old the epoch may be that a node goes by: another node may have begun one since.
const FRESH: Duration = Duration::from_secs(5);

/// The newest epoch that this node knows.
pub(crate) struct Known(Mutex<Inner>);

struct Inner {
    epoch: Epoch,
    /// When it was last asked for.
    asked_at: Instant,
}

impl Known {
    pub(crate) fn new(epoch: Epoch) -> Self {
        Self(Mutex::new(Inner { epoch, asked_at: Instant::now() }))
    }

    /// The newest that is known, or that `read` finds. One of those who ask waits for the store, now and then; where it does not answer,
    /// what is known goes on, which may be newer by then.
    async fn newest(&self, read: impl Future<Output = Result<Epoch, StoreError>>) -> Epoch {
        {
            let mut known = self.0.lock();
            if known.asked_at.elapsed() < FRESH {
                return known.epoch.clone();
            }
            known.asked_at = Instant::now();
        }
        match read.await {
            Ok(epoch) => epoch,
            Err(_) => self.0.lock().epoch.clone(),
        }
    }

    /// Takes a newer one over: answers may overtake each other. Returns the newest.
    fn learn(&self, epoch: Epoch) -> Epoch {
        let mut known = self.0.lock();
        if begun_at(&epoch) > begun_at(&known.epoch) {
            known.epoch = epoch;
        }
        known.epoch.clone()
    }
}

/// The name of an epoch that begins now: when, in milliseconds, and something that no other node comes upon. `after`: it follows this
/// one, whatever the clocks say.
fn next(after: Option<&Epoch>) -> Epoch {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let now = u64::try_from(now).unwrap_or(u64::MAX);
    let at = after.map_or(now, |epoch| now.max(begun_at(epoch).saturating_add(1)));
    let random = RandomState::new().build_hasher().finish();
    Epoch::new(&format!("{at:x}-{:08x}", random >> 32)).expect("hexadecimal digits are of the alphabet")
}

/// When it began, as its name says.
fn begun_at(epoch: &Epoch) -> u64 {
    epoch.as_str().split_once('-').and_then(|(at, _)| u64::from_str_radix(at, 16).ok()).unwrap_or(0)
}

/// The same as a time.
pub(crate) fn began(epoch: &Epoch) -> Timestamp {
    Timestamp(i64::try_from(begun_at(epoch)).unwrap_or(i64::MAX))
}

/// The epoch of the keyspace in use; made, where it has none yet.
pub(crate) async fn find_or_make(session: &Session) -> Result<Epoch, OpenError> {
    let failed = |error: String| OpenError::Connect(error);
    let read = async || {
        let answer = session.query_unpaged("SELECT value FROM settings WHERE name = 'epoch'", &[]).await;
        let rows = answer.map_err(|error| failed(error.to_string()))?.into_rows_result();
        let row = rows.map_err(|error| failed(error.to_string()))?.maybe_first_row::<(String,)>();
        row.map_err(|error| failed(error.to_string()))
    };
    let (name,) = match read().await? {
        Some(row) => row,
        None => {
            let insert = "INSERT INTO settings (name, value) VALUES ('epoch', ?) IF NOT EXISTS";
            let made = session.query_unpaged(insert, (next(None).as_str(),)).await;
            made.map_err(|error| failed(error.to_string()))?;
            read().await?.ok_or_else(|| failed("the epoch was not kept".into()))?
        }
    };
    Epoch::new(&name).map_err(|_| failed(format!("the epoch in the settings is not one: {name:?}")))
}

impl Cql {
    /// [`Epochs::epoch`](souk_chat::ports::Epochs::epoch).
    pub(crate) async fn newest_epoch(&self) -> Epoch {
        self.epoch.newest(self.read_epoch()).await
    }

    async fn read_epoch(&self) -> Result<Epoch, StoreError> {
        Ok(self.epoch.learn(self.stored_epoch().await?))
    }

    async fn stored_epoch(&self) -> Result<Epoch, StoreError> {
        let rows = self.select(&self.statements.epoch, ()).await?;
        let row = rows.maybe_first_row::<(String,)>().map_err(unreadable)?;
        let (name,) = row.ok_or_else(|| broken("the epoch is gone"))?;
        Epoch::new(&name).map_err(|_| broken("the name of an epoch"))
    }

    /// [`Epochs::is_ours`](souk_chat::ports::Epochs::is_ours).
    pub(crate) async fn is_our_epoch(&self, epoch: &Epoch) -> Result<bool, StoreError> {
        // It may have begun just now, on another node.
        Ok(self.read_epoch().await? == *epoch)
    }

    /// [`Epochs::begin_epoch`](souk_chat::ports::Epochs::begin_epoch).
    pub(crate) async fn begin_next_epoch(&self, from: &Epoch) -> Result<Epoch, StoreError> {
        let stored = self.stored_epoch().await?;
        // An older one is there where the settings went back together with the logs.
        if begun_at(&stored) <= begun_at(from) {
            let next = next(Some(from));
            if self.write_if(&self.statements.change_epoch, (next.as_str(), stored.as_str())).await? {
                return Ok(self.epoch.learn(next));
            }
        }
        self.read_epoch().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_follows_the_one_before_whatever_the_clock_says() {
        let first = next(None);
        assert!(begun_at(&first) > 0);
        let ahead = Epoch::new(&format!("{:x}-00000000", begun_at(&first) + 1_000_000)).unwrap();
        assert!(begun_at(&next(Some(&ahead))) > begun_at(&ahead));
        let known = Known::new(ahead.clone());
        assert_eq!(known.learn(first), ahead, "an answer that was overtaken");
        let newer = next(Some(&ahead));
        assert_eq!(known.learn(newer.clone()), newer);
    }

    #[tokio::test]
    async fn what_was_learned_while_a_read_failed_is_not_forgotten() {
        let older = next(None);
        let newer = next(Some(&older));
        let known = Known::new(older);
        let old = Instant::now().checked_sub(FRESH).expect("the machine has been up for some seconds");
        known.0.lock().asked_at = old;
        let failing = async {
            known.learn(newer.clone());
            Err(StoreError::Unavailable("no quorum".into()))
        };
        assert_eq!(known.newest(failing).await, newer);
    }
}
