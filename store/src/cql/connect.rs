//! Reaching a cluster, and learning what it is.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::policies::retry::FallthroughRetryPolicy;
use scylla::statement::{Consistency, SerialConsistency};

use crate::address::Cql as Address;
use crate::error::OpenError;
use crate::settings::Settings;

/// A connection on which nothing was asked for so long is asked whether it lives...
const ASK_EVERY: Duration = Duration::from_secs(1);
/// ... and given up without an answer after so long: whoever waits for one on it is told then.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// The levels that all requests of a store run at: both global, or both inside one data centre.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Levels {
    pub(crate) normal: Consistency,
    pub(crate) serial: SerialConsistency,
}

impl Levels {
    /// For what every node must see whatever data centre it is in: agreed over all of them, and known in each when it is done.
    pub(crate) const EVERYWHERE: Self = Self { normal: Consistency::EachQuorum, serial: SerialConsistency::Serial };

    /// LOCAL ones where the address names a data centre.
    pub(crate) fn of(address: &Address) -> Self {
        if address.dc.is_some() {
            Self { normal: Consistency::LocalQuorum, serial: SerialConsistency::LocalSerial }
        } else {
            Self { normal: Consistency::Quorum, serial: SerialConsistency::Serial }
        }
    }

    /// The serial level, as reads take it.
    pub(crate) fn serial_read(self) -> Consistency {
        match self.serial {
            SerialConsistency::LocalSerial => Consistency::LocalSerial,
            SerialConsistency::Serial => Consistency::Serial,
        }
    }
}

/// Connects. Errors: [`OpenError::Connect`], also when it takes longer than the settings allow.
pub(crate) async fn connect(
    address: &Address,
    settings: &Settings,
    keyspace: Option<&str>,
) -> Result<Session, OpenError> {
    let levels = Levels::of(address);
    // What happens after a lost answer is decided by reading, above: a driver that sends a conditional write twice by itself
    // would turn its own success into "not applied".
    let profile = ExecutionProfile::builder()
        .consistency(levels.normal)
        .serial_consistency(Some(levels.serial))
        .retry_policy(Arc::new(FallthroughRetryPolicy::new()))
        .speculative_execution_policy(None)
        .request_timeout(Some(settings.request_timeout))
        .build();
    let mut builder = SessionBuilder::new()
        .known_nodes(&address.nodes)
        .connection_timeout(settings.connect_timeout)
        .keepalive_interval(ASK_EVERY)
        .keepalive_timeout(ANSWERS_WITHIN)
        .tcp_keepalive_interval(ASK_EVERY)
        .default_execution_profile_handle(profile.into_handle())
        .keyspaces_to_fetch([address.keyspace.as_str()]);
    if let Some((user, password)) = &address.login {
        builder = builder.user(user, password);
    }
    if let Some(dc) = &address.dc {
        builder = builder.prefer_datacenter(dc.clone());
    }
    if let Some(keyspace) = keyspace {
        builder = builder.use_keyspace(keyspace, false);
    }
    let session = within(settings.connect_timeout, async {
        builder.build().await.map_err(|error| OpenError::Connect(error.to_string()))
    })
    .await?;
    check_data_centre(&session, address)?;
    Ok(session)
}

/// Nobody would be asked in a data centre that does not exist.
fn check_data_centre(session: &Session, address: &Address) -> Result<(), OpenError> {
    let Some(asked) = &address.dc else { return Ok(()) };
    let state = session.get_cluster_state();
    let there: BTreeSet<&str> = state.get_nodes_info().iter().filter_map(|node| node.datacenter.as_deref()).collect();
    if there.contains(asked.as_str()) {
        return Ok(());
    }
    let there = there.into_iter().collect::<Vec<_>>().join(", ");
    Err(OpenError::Address(format!("it says dc={asked}, and the cluster's data centres are {there}")))
}

/// Gives `work` that long. Errors: its own, or [`OpenError::Connect`].
pub(crate) async fn within<T>(
    patience: Duration,
    work: impl Future<Output = Result<T, OpenError>>,
) -> Result<T, OpenError> {
    match tokio::time::timeout(patience, work).await {
        Ok(result) => result,
        Err(_) => Err(OpenError::Connect(format!("no answer within {patience:?}"))),
    }
}

/// The product that answers, as far as souk minds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Product {
    /// Apache Cassandra.
    Cassandra(String),
    /// ScyllaDB.
    Scylla(String),
}

impl Product {
    /// Asks. ScyllaDB tells the driver of its shards when it connects, Cassandra has none.
    pub(crate) async fn of(session: &Session) -> Result<Self, OpenError> {
        let sharded = session.get_cluster_state().get_nodes_info().iter().any(|node| node.sharder().is_some());
        let (table, column) = if sharded { ("versions", "version") } else { ("local", "release_version") };
        let asked = session.query_unpaged(format!("SELECT {column} FROM system.{table}"), &[]).await;
        let version = asked
            .map_err(|error| error.to_string())
            .and_then(|answer| answer.into_rows_result().map_err(|error| error.to_string()))
            .and_then(|rows| rows.first_row::<(String,)>().map_err(|error| error.to_string()));
        match version {
            Ok((version,)) if sharded => Ok(Self::Scylla(version)),
            Ok((version,)) => Ok(Self::Cassandra(version)),
            // Old ScyllaDB has no such table: its version is told as unknown.
            Err(_) if sharded => Ok(Self::Scylla("of unknown version".into())),
            Err(why) => Err(OpenError::Connect(why)),
        }
    }

    /// Whether a keyspace made here needs tablets switched off. Conditional writes work with tablets from ScyllaDB 2025.4 on;
    /// tablets, and the option, exist since 6.0 and 2024.2. Cassandra refuses the option.
    pub(crate) fn needs_tablets_off(&self) -> bool {
        let Self::Scylla(version) = self else { return false };
        let mut numbers = version.split(['.', '-', '~']).map_while(|part| part.parse::<u32>().ok());
        let (Some(major), minor) = (numbers.next(), numbers.next().unwrap_or(0)) else { return false };
        match major {
            ..6 => false,
            6..2000 => true,
            _ => (2024, 2) <= (major, minor) && (major, minor) < (2025, 4),
        }
    }
}

impl std::fmt::Display for Product {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Cassandra(version) => write!(f, "Cassandra {version}"),
            Self::Scylla(version) => write!(f, "ScyllaDB {version}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tablets_are_switched_off_only_where_they_harm() {
        let scylla = |version: &str| Product::Scylla(version.into()).needs_tablets_off();
        for off in ["6.0.1", "6.2.3-0.20250119.abc", "2024.2.0", "2025.1.0~rc1", "2025.3.2-0.2025"] {
            assert!(scylla(off), "{off}");
        }
        for untouched in ["5.4.9", "2024.1.12", "2025.4.0-rc1", "2025.4.1", "2026.1.0", "of unknown version"] {
            assert!(!scylla(untouched), "{untouched}");
        }
        assert!(!Product::Cassandra("5.0.6".into()).needs_tablets_off());
    }
}
