//! Whether nodes of an older version still run on a keyspace that is about to be brought up to date.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use scylla::client::session::Session;

use super::schema::is_missing;
use crate::error::OpenError;

/// A living node's sign of life rises within this: it is written every ten seconds, and a write may take its time.
const RISES_WITHIN: Duration = Duration::from_secs(20);
/// How often they are looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Signs of life: the number of each run of a process that was not forgotten.
type Signs = BTreeMap<String, i64>;

/// Fails where one of the signs of life rises: its node would not understand what the newer ones write, and goes on all the same.
/// A keyspace without any is not waited for.
pub(super) async fn refuse_beside_older(session: &Session, keyspace: &str) -> Result<(), OpenError> {
    let before = signs(session).await?;
    let since = Instant::now();
    while !before.is_empty() && since.elapsed() < RISES_WITHIN {
        tokio::time::sleep(LOOK_EVERY).await;
        if let Some(node) = risen(&before, &signs(session).await?) {
            return Err(OpenError::InUse { keyspace: keyspace.to_owned(), node });
        }
    }
    Ok(())
}

async fn signs(session: &Session) -> Result<Signs, OpenError> {
    let answer = match session.query_unpaged("SELECT incarnation, beat FROM heartbeats", &[]).await {
        Ok(answer) => answer,
        Err(error) if is_missing(&error) => return Ok(Signs::new()),
        Err(error) => return Err(OpenError::migrating(error)),
    };
    let rows = answer.into_rows_result().map_err(OpenError::migrating)?;
    rows.rows::<(String, i64)>().map_err(OpenError::migrating)?.map(|row| row.map_err(OpenError::migrating)).collect()
}

/// Who has given a sign of life since.
fn risen(before: &Signs, now: &Signs) -> Option<String> {
    now.iter().find(|(node, beat)| before.get(*node).is_none_or(|known| known < *beat)).map(|(node, _)| node.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_lives_whose_sign_rises_or_is_new() {
        let signs = |signs: &[(&str, i64)]| signs.iter().map(|(node, beat)| ((*node).to_owned(), *beat)).collect();
        let before: Signs = signs(&[("a", 7), ("b", 9)]);
        assert_eq!(risen(&before, &before), None);
        assert_eq!(risen(&before, &signs(&[("a", 7)])), None, "the other was forgotten");
        assert_eq!(risen(&before, &signs(&[("a", 7), ("b", 10)])).as_deref(), Some("b"));
        assert_eq!(risen(&before, &signs(&[("a", 7), ("b", 9), ("c", 1)])).as_deref(), Some("c"));
    }
}
