use std::time::Duration;

use redis::aio::{AsyncPushSender, MultiplexedConnection};
use redis::{AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, RedisError, Value, cmd};
use tokio::time::timeout;

use super::address::Servers;

/// A connection stands, greeting included, within this time.
const CONNECT_DEADLINE: Duration = Duration::from_secs(2);
/// One sentinel or seed answers within this time, or the next is asked.
const ASK_DEADLINE: Duration = Duration::from_secs(1);
/// Commands that wait inside the library for the connection's task.
const LIBRARY_QUEUE: usize = 1_024;
/// Bytes after which the library writes although more is coming.
const WRITE_BUFFER: usize = 64 * 1024;

/// Names the provider of cryptography, unless the program has named one. Without one the first TLS connection would panic.
#[cfg(feature = "redis-tls")]
pub(super) fn prepare_tls() {
    // An error says that there is one already.
    drop(rustls::crypto::ring::default_provider().install_default());
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum DialError {
    /// The server, or the way to it.
    #[error(transparent)]
    Redis(#[from] RedisError),
    /// No answer in time.
    #[error("no answer in time")]
    Silent,
    /// Those who should know the server do not.
    #[error("{0}")]
    Unknown(&'static str),
}

impl Servers {
    /// Connects, and says to which address. Pushes go to `pushes`.
    pub(super) async fn dial(
        &self,
        pushes: impl AsyncPushSender,
    ) -> Result<(MultiplexedConnection, String), DialError> {
        let info = match self {
            Self::Single(info) => info.clone(),
            Self::Sentinel { sentinels, name, master } => {
                master.clone().set_addr(ask_sentinels(sentinels, name).await?)
            }
            Self::Cluster { seeds, tag } => ask_seeds(seeds, tag).await?,
        };
        let address = info.addr().to_string();
        let mut connection = connect(info, config().set_push_sender(pushes), CONNECT_DEADLINE).await?;
        if matches!(self, Self::Sentinel { .. }) {
            // A sentinel may still name a master that has just been replaced.
            let role = timeout(ASK_DEADLINE, cmd("ROLE").query_async::<Value>(&mut connection)).await;
            match role.map_err(|_| DialError::Silent)?? {
                Value::Array(parts) if matches!(parts.first(), Some(Value::BulkString(role)) if role == b"master") => {}
                _ => return Err(DialError::Unknown("the server that the sentinels named is not a master")),
            }
        }
        Ok((connection, address))
    }
}

fn config() -> AsyncConnectionConfig {
    // Every call has a deadline of its own: the library's would be a second timer for each.
    AsyncConnectionConfig::new()
        .set_connection_timeout(None)
        .set_response_timeout(None)
        .set_pipeline_buffer_size(LIBRARY_QUEUE)
        .set_write_backpressure_boundary(WRITE_BUFFER)
}

async fn connect(
    info: ConnectionInfo,
    config: AsyncConnectionConfig,
    deadline: Duration,
) -> Result<MultiplexedConnection, DialError> {
    let client = Client::open(info)?;
    let connection = timeout(deadline, client.get_multiplexed_async_connection_with_config(&config)).await;
    Ok(connection.map_err(|_| DialError::Silent)??)
}

async fn ask(info: &ConnectionInfo, command: &redis::Cmd) -> Result<Value, DialError> {
    let mut connection = connect(info.clone(), config(), ASK_DEADLINE).await?;
    let answer = timeout(ASK_DEADLINE, command.query_async(&mut connection)).await;
    Ok(answer.map_err(|_| DialError::Silent)??)
}

async fn ask_sentinels(sentinels: &[ConnectionInfo], name: &str) -> Result<ConnectionAddr, DialError> {
    let mut question = cmd("SENTINEL");
    question.arg("GET-MASTER-ADDR-BY-NAME").arg(name);
    let mut last = DialError::Unknown("no sentinel knows a master of this name");
    for sentinel in sentinels {
        match ask(sentinel, &question).await {
            Ok(answer) => {
                if let Ok((host, port)) = redis::from_redis_value::<(String, u16)>(answer) {
                    return Ok(ConnectionAddr::Tcp(host, port));
                }
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// How to connect to the owner of the tag's slot.
async fn ask_seeds(seeds: &[ConnectionInfo], tag: &str) -> Result<ConnectionInfo, DialError> {
    let mut last = DialError::Unknown("no seed knows an owner of the slot");
    for seed in seeds {
        match ask_seed(seed, tag).await {
            Ok(Some(owner)) => return Ok(seed.clone().set_addr(owner)),
            Ok(None) => {}
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn ask_seed(seed: &ConnectionInfo, tag: &str) -> Result<Option<ConnectionAddr>, DialError> {
    let slot: i64 =
        redis::from_redis_value(ask(seed, cmd("CLUSTER").arg("KEYSLOT").arg(tag)).await?).map_err(RedisError::from)?;
    let Value::Array(ranges) = ask(seed, cmd("CLUSTER").arg("SLOTS")).await? else { return Ok(None) };
    Ok(ranges.iter().find_map(|range| owner(range, slot, seed)))
}

/// The owner of the slot, if this range `[first, last, [host, port, …], replicas …]` holds it. An empty host is the seed's own.
fn owner(range: &Value, slot: i64, seed: &ConnectionInfo) -> Option<ConnectionAddr> {
    let Value::Array(parts) = range else { return None };
    let [Value::Int(first), Value::Int(last), Value::Array(node), ..] = parts.as_slice() else { return None };
    if !(*first..=*last).contains(&slot) {
        return None;
    }
    let [host, Value::Int(port), ..] = node.as_slice() else { return None };
    let host: String = redis::from_redis_value_ref::<Option<String>>(host).ok()?.unwrap_or_default();
    let host = match (host.is_empty(), seed.addr()) {
        (true, ConnectionAddr::Tcp(own, _)) => own.clone(),
        _ => host,
    };
    Some(ConnectionAddr::Tcp(host, u16::try_from(*port).ok()?))
}
