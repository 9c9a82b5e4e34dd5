//! Making a keyspace and bringing it up to date; and telling whether one is.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use scylla::client::session::Session;
use scylla::cluster::Node;
use scylla::errors::ExecutionError;
use scylla::policies::load_balancing::{NodeIdentifier, SingleTargetLoadBalancingPolicy};
use scylla::statement::unprepared::Statement;
use souk_chat::ports::StoreError;

use super::connect::{Levels, Product, connect};
use super::epochs::find_or_make;
use super::others::refuse_beside_older;
use super::schema::{MIGRATIONS, SETTINGS, STEPS, VERSION, is_missing};
use super::settings;
use crate::address::{Cql as Address, VOLUME_ENTRIES};
use crate::error::OpenError;
use crate::settings::Settings;

/// How long a keyspace may take from being listed to being usable.
const APPEARS_WITHIN: Duration = Duration::from_secs(10);
/// The setting that says how many entries a volume has.
const VOLUME: &str = "volume";
/// The setting that says where conditional writes are agreed on: the serial level, and behind LOCAL_SERIAL the data centre. Two
/// nodes that agree each in a circle of its own would both be right, and give one number to two entries.
const AGREED: &str = "serial";

/// Brings the keyspace at `address` up to date. Several may do so at once: every statement may be repeated, and all of them
/// send theirs to the same server, which makes one table after the other (Cassandra 5.0 and older can otherwise make a table
/// twice, under two ids).
pub(crate) async fn migrate(address: &Address, settings: &Settings) -> Result<(), OpenError> {
    let session = connect(address, settings, None).await?;
    let server = first_server(&session)?;
    let keyspace = &address.keyspace;
    if !exists(&session, keyspace).await? {
        check_copies(&session, address)?;
        let tablets =
            if Product::of(&session).await?.needs_tablets_off() { " AND tablets = {'enabled': false}" } else { "" };
        let copies = address.replication;
        let place = address.dc.as_deref().unwrap_or("replication_factor");
        let statement = format!(
            "CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = \
             {{'class': 'NetworkTopologyStrategy', '{place}': {copies}}}{tablets}"
        );
        change(&session, &server, &statement).await?;
    }
    enter(&session, keyspace).await?;
    for table in [MIGRATIONS, SETTINGS] {
        change(&session, &server, table).await?;
    }
    let done = version(&session).await.map_err(OpenError::migrating)?.unwrap_or(0);
    if done > VERSION {
        return Err(OpenError::Newer { found: done.into(), known: VERSION.into() });
    }
    if (1..VERSION).contains(&done) {
        refuse_beside_older(&session, keyspace).await?;
    }
    fix_agreed(&session, address).await?;
    fix_volume(&session, Levels::of(address), address.volume).await?;
    find_or_make(&session).await?;
    for (number, step) in (1..).zip(STEPS).filter(|(number, _)| *number > done) {
        for statement in *step {
            change(&session, &server, statement).await?;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let row = (number, i64::try_from(now).unwrap_or(i64::MAX));
        let insert = "INSERT INTO schema_migrations (version, done_at) VALUES (?, ?)";
        session.query_unpaged(insert, row).await.map_err(OpenError::migrating)?;
    }
    Ok(())
}

/// Fails unless the keyspace is what this program writes. Returns the entries of a volume.
pub(crate) async fn check(session: &Session, address: &Address) -> Result<u64, OpenError> {
    let unmigrated = |found: String| OpenError::Unmigrated { keyspace: address.keyspace.clone(), found };
    match version(session).await {
        Ok(Some(VERSION)) => {}
        Ok(Some(newer)) if newer > VERSION => {
            return Err(OpenError::Newer { found: newer.into(), known: VERSION.into() });
        }
        Ok(Some(older)) => return Err(unmigrated(format!("version {older} of {VERSION}"))),
        Ok(None) => return Err(unmigrated("a schema that was never finished".into())),
        Err(error) if is_missing(&error) => return Err(unmigrated("no souk tables".into())),
        Err(error) => return Err(OpenError::Connect(error.to_string())),
    }
    let kept = settings::all(session).await.map_err(|error| OpenError::Connect(error.to_string()))?;
    let agreed = kept.get(AGREED).ok_or_else(|| unmigrated("it does not say where numbers are agreed on".into()))?;
    check_agreed(agreed, address)?;
    let made = kept.get(VOLUME).and_then(|text| volume_of(text));
    let made = made.ok_or_else(|| unmigrated("no size of volumes".into()))?;
    match address.volume {
        Some(asked) if asked != made => Err(OpenError::Volume { made, asked }),
        _ => Ok(made),
    }
}

/// Whether the keyspace is there.
pub(crate) async fn exists(session: &Session, keyspace: &str) -> Result<bool, OpenError> {
    let select = "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?";
    let answer = session.query_unpaged(select, (keyspace,)).await.map_err(OpenError::migrating)?;
    Ok(answer.into_rows_result().map_err(OpenError::migrating)?.rows_num() > 0)
}

/// The connected server with the smallest id: every migrating node picks the same.
fn first_server(session: &Session) -> Result<Arc<Node>, OpenError> {
    let state = session.get_cluster_state();
    let connected = state.get_nodes_info().iter().filter(|node| node.is_connected());
    connected
        .min_by_key(|node| node.host_id)
        .cloned()
        .ok_or_else(|| OpenError::Connect("no server is connected".into()))
}

/// A keyspace that wants more copies than there are servers would take no write.
fn check_copies(session: &Session, address: &Address) -> Result<(), OpenError> {
    let state = session.get_cluster_state();
    let servers =
        state.get_nodes_info().iter().filter(|node| address.dc.is_none() || node.datacenter == address.dc).count();
    if servers >= address.replication as usize {
        return Ok(());
    }
    Err(OpenError::migrating(format!(
        "{} copies of each row need as many servers, there are {servers}: say ?replication={} in the address, or start more",
        address.replication,
        servers.max(1)
    )))
}

async fn change(session: &Session, server: &Arc<Node>, text: &str) -> Result<(), OpenError> {
    let mut statement = Statement::new(text);
    statement.set_load_balancing_policy(Some(SingleTargetLoadBalancingPolicy::new(
        NodeIdentifier::Node(server.clone()),
        None,
    )));
    // A schema change is given a minute: on a busy cluster it is slow, and repeating it is safe but no faster.
    statement.set_request_timeout(Some(Duration::from_secs(60)));
    session.query_unpaged(statement, &[]).await.map_err(OpenError::migrating)?;
    // The driver waits by itself only for changes that this statement made, not for those it found made.
    session.await_schema_agreement().await.map(drop).map_err(OpenError::migrating)
}

/// Uses the keyspace. One that another node is making is listed a moment before it can be used.
async fn enter(session: &Session, keyspace: &str) -> Result<(), OpenError> {
    let deadline = Instant::now() + APPEARS_WITHIN;
    loop {
        match session.use_keyspace(keyspace, false).await {
            Ok(()) => return Ok(()),
            Err(error) if Instant::now() > deadline => return Err(OpenError::migrating(error)),
            Err(_) => tokio::time::sleep(APPEARS_WITHIN / 100).await,
        }
    }
}

/// Where the nodes that have this address agree on numbers.
fn agreed(address: &Address) -> String {
    address.dc.as_ref().map_or("SERIAL".into(), |dc| format!("LOCAL_SERIAL {dc}"))
}

fn check_agreed(stands: &str, address: &Address) -> Result<(), OpenError> {
    if *stands == agreed(address) {
        return Ok(());
    }
    let made = stands.strip_prefix("LOCAL_SERIAL ").map(str::to_owned);
    Err(OpenError::DataCentre { keyspace: address.keyspace.clone(), made, asked: address.dc.clone() })
}

/// Keeps where numbers are agreed on, unless it stands already: then it never changes.
async fn fix_agreed(session: &Session, address: &Address) -> Result<(), OpenError> {
    let stands = settings::keep(session, Levels::EVERYWHERE, AGREED, &agreed(address)).await;
    check_agreed(&stands.map_err(|error| not_everywhere(&address.keyspace, &error))?, address)
}

/// What a server says that takes no write [everywhere](Levels::EVERYWHERE): it does so only in keyspaces that name data centres.
fn not_everywhere(keyspace: &str, error: &StoreError) -> OpenError {
    match error {
        StoreError::Invalid(why) if why.contains("EACH_QUORUM") || why.contains("replication strategy") => {
            OpenError::migrating(format!(
                "the keyspace {keyspace} was not made with NetworkTopologyStrategy, and its server takes no write there that all data \
                 centres acknowledge ({why}): ALTER KEYSPACE {keyspace} WITH replication = {{'class': 'NetworkTopologyStrategy', \
                 '<data centre>': <copies>}}, repair, then run `souk migrate` again"
            ))
        }
        error => OpenError::migrating(error),
    }
}

async fn fix_volume(session: &Session, levels: Levels, asked: Option<u64>) -> Result<(), OpenError> {
    let wanted = asked.unwrap_or(VOLUME_ENTRIES);
    let made = settings::keep(session, levels, VOLUME, &wanted.to_string()).await.map_err(OpenError::migrating)?;
    let made = volume_of(&made).ok_or_else(|| OpenError::migrating("the size of volumes makes no sense"))?;
    match asked {
        Some(asked) if asked != made => Err(OpenError::Volume { made, asked }),
        _ => Ok(()),
    }
}

fn volume_of(text: &str) -> Option<u64> {
    text.parse().ok().filter(|size| *size > 0)
}

async fn version(session: &Session) -> Result<Option<i32>, ExecutionError> {
    let answer = session.query_unpaged("SELECT version FROM schema_migrations", &[]).await?;
    let Ok(rows) = answer.into_rows_result() else { return Ok(None) };
    let versions = rows.rows::<(i32,)>().map(|rows| rows.filter_map(Result::ok).map(|(version,)| version).max());
    Ok(versions.ok().flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyspace_that_names_no_data_centre_is_told_what_to_do() {
        let refused = "consistency level EACH_QUORUM not compatible with replication strategy (org.apache.cassandra.locator.SimpleStrategy)";
        let told = not_everywhere("souk", &StoreError::Invalid(refused.into())).to_string();
        assert!(told.contains(refused), "{told}");
        assert!(told.contains("ALTER KEYSPACE souk WITH replication = {'class': 'NetworkTopologyStrategy'"), "{told}");
        for other in [StoreError::Invalid("no such table".into()), StoreError::Unknown("EACH_QUORUM timed out".into())]
        {
            assert_eq!(not_everywhere("souk", &other), OpenError::migrating(&other));
        }
    }
}
