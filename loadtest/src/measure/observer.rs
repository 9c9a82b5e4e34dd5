//! An independent witness of what passes through Redis, with a client library that souk does not use.

use std::time::Duration;

use fred::clients::SubscriberClient;
use fred::prelude::{Builder, ClientLike, Config, EventInterface, PubsubInterface, ReconnectPolicy};
use fred::types::{InfoKind, Message, RespVersion};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::timeout;

use crate::report::RedisSeen;

/// How long connecting and subscribing may take.
pub const START_WITHIN: Duration = Duration::from_secs(5);
/// How long the last publishes may take to arrive when the observer finishes.
pub const FINISH_WITHIN: Duration = Duration::from_secs(5);
/// How long `INFO` may take, with connecting.
pub const INFO_WITHIN: Duration = Duration::from_secs(5);
/// Publishes that wait to be counted. More at once are lost to the observer, and counted as missed.
const WAITING: usize = 16 * 1024;
/// Pause before a lost connection is made again, in milliseconds; and the longest.
const AGAIN_MS: (u32, u32) = (50, 1_000);

const SCHEMES: [&str; 2] = ["redis://", "redis-cluster://"];
const ORDERS: &str = "souk:order:{";
const USERS: &str = "souk:user:{";
const PATTERNS: [&str; 2] = ["souk:order:*", "souk:user:*"];

/// Why Redis could not be observed.
#[derive(Debug, thiserror::Error)]
pub enum ObserverError {
    /// No address of a Redis.
    #[error("this is no address of a Redis: it looks like redis://host:port or redis-cluster://host:port")]
    Address,
    /// It refused.
    #[error("Redis refused: {0}")]
    Refused(fred::error::Error),
    /// It did not answer in time.
    #[error("Redis did not answer within {0:?}")]
    Silent(Duration),
    /// It said something else than was asked for.
    #[error("Redis answered `INFO cpu` without processor times")]
    NoTimes,
}

/// Counts publishes. What it started ends when it is dropped.
pub struct Observer {
    client: SubscriberClient,
    counting: JoinHandle<RedisSeen>,
    stop: oneshot::Sender<()>,
    _tasks: Tasks,
}

/// Tasks that end with their owner.
struct Tasks(Vec<AbortHandle>);

impl Drop for Tasks {
    fn drop(&mut self) {
        self.0.iter().for_each(AbortHandle::abort);
    }
}

impl Observer {
    /// Observes from now on: when this returns, every later publish is counted. Rooms whose id contains `run_tag` are the run's.
    /// Errors: the address is none, or Redis is not there within [`START_WITHIN`]. Needs Redis 6, for RESP3.
    pub async fn start(url: &str, run_tag: &str) -> Result<Self, ObserverError> {
        let mut builder = builder(url)?;
        builder
            .with_performance_config(|performance| performance.broadcast_channel_capacity = WAITING)
            .set_policy(ReconnectPolicy::new_exponential(0, AGAIN_MS.0, AGAIN_MS.1, 2))
            // In RESP3 an answer comes behind all publishes before it: that is how we know that we have them all.
            .with_config(|config| config.version = RespVersion::RESP3);
        let client = builder.build_subscriber_client().map_err(|_| ObserverError::Address)?;
        let start = async {
            let connection = client.init().await?;
            let mut tasks = Tasks(vec![connection.abort_handle()]);
            let (messages, cuts) = (client.message_rx(), client.reconnect_rx());
            tasks.0.push(client.manage_subscriptions().abort_handle());
            client.psubscribe(PATTERNS.to_vec()).await?;
            client.ping::<()>(None).await?;
            Ok((tasks, messages, cuts))
        };
        let started = timeout(START_WITHIN, start).await.map_err(|_| ObserverError::Silent(START_WITHIN))?;
        let (mut tasks, messages, cuts) = started.map_err(ObserverError::Refused)?;
        let (stop, stopped) = oneshot::channel();
        let counting = tokio::spawn(count(run_tag.to_owned(), messages, cuts, stopped));
        tasks.0.push(counting.abort_handle());
        Ok(Self { client, counting, stop, _tasks: tasks })
    }

    /// Everything that was published until now. `cpu` is left open: see [`redis_cpu`]. A Redis that does not answer any more
    /// counts as a gap.
    pub async fn finish(self) -> RedisSeen {
        let last = timeout(FINISH_WITHIN, self.client.ping::<()>(None)).await;
        // The task ends only by this, so that it is there to hear it; if it panicked there is nothing to tell.
        let _ = self.stop.send(());
        let mut seen = self.counting.await.unwrap_or_default();
        seen.gaps += u64::from(!matches!(last, Ok(Ok(()))));
        seen
    }
}

/// Counts until stopped, and then what is still waiting.
async fn count<S>(
    tag: String,
    mut messages: Receiver<Message>,
    mut cuts: Receiver<S>,
    mut stopped: oneshot::Receiver<()>,
) -> RedisSeen
where
    S: Clone,
{
    let mut seen = RedisSeen::default();
    loop {
        tokio::select! {
            message = messages.recv() => match message {
                Ok(message) => add(&mut seen, &tag, &message),
                Err(RecvError::Lagged(missed)) => seen.missed += missed,
                Err(RecvError::Closed) => break,
            },
            cut = cuts.recv() => match cut {
                Ok(_) => seen.gaps += 1,
                Err(RecvError::Lagged(more)) => seen.gaps += more,
                Err(RecvError::Closed) => break,
            },
            _ = &mut stopped => break,
        }
    }
    loop {
        match messages.try_recv() {
            Ok(message) => add(&mut seen, &tag, &message),
            Err(TryRecvError::Lagged(missed)) => seen.missed += missed,
            Err(TryRecvError::Empty | TryRecvError::Closed) => return seen,
        }
    }
}

fn add(seen: &mut RedisSeen, tag: &str, message: &Message) {
    let bytes = message.value.as_bytes().map_or(0, <[u8]>::len);
    seen.bytes += bytes as u64;
    *room(seen, tag, &message.channel) += 1;
}

/// The count that this channel belongs to.
fn room<'a>(seen: &'a mut RedisSeen, tag: &str, channel: &str) -> &'a mut u64 {
    match (channel.strip_prefix(ORDERS), channel.strip_prefix(USERS)) {
        (Some(order), _) if order.contains(tag) => &mut seen.order_rooms,
        (_, Some(user)) if user.contains(tag) => &mut seen.user_rooms,
        _ => &mut seen.others,
    }
}

/// Processor time that the Redis server has used since its start, its own and the system's for it. Errors as those of
/// [`Observer::start`], within [`INFO_WITHIN`].
pub async fn redis_cpu(url: &str) -> Result<Duration, ObserverError> {
    let client = builder(url)?.build().map_err(|_| ObserverError::Address)?;
    let ask = async {
        let connection = client.init().await?;
        let _tasks = Tasks(vec![connection.abort_handle()]);
        client.info::<String>(Some(InfoKind::Cpu)).await
    };
    let text = timeout(INFO_WITHIN, ask).await.map_err(|_| ObserverError::Silent(INFO_WITHIN))?;
    times(&text.map_err(ObserverError::Refused)?).ok_or(ObserverError::NoTimes)
}

/// The server's own time; its children and its main thread alone are said apart.
fn times(info: &str) -> Option<Duration> {
    let field = |name| info.lines().find_map(|line| line.strip_prefix(name))?.trim().parse::<f64>().ok();
    Duration::try_from_secs_f64(field("used_cpu_sys:")? + field("used_cpu_user:")?).ok()
}

fn builder(url: &str) -> Result<Builder, ObserverError> {
    // The library would take other schemes for this one, and a password would go over a wire that was to be encrypted.
    if !SCHEMES.iter().any(|scheme| url.starts_with(scheme)) {
        return Err(ObserverError::Address);
    }
    let mut builder = Builder::from_config(Config::from_url(url).map_err(|_| ObserverError::Address)?);
    builder.with_connection_config(|connection| {
        connection.connection_timeout = START_WITHIN;
        connection.internal_command_timeout = START_WITHIN;
    });
    Ok(builder)
}

#[cfg(test)]
mod tests {
    use tokio::sync::broadcast;

    use super::*;

    #[test]
    fn rooms_of_the_run_are_told_from_others() {
        let mut seen = RedisSeen::default();
        for channel in [
            "souk:order:{o0badcafe-1}",
            "souk:order:{dm~u0badcafe-1~u0badcafe-2}",
            "souk:user:{u0badcafe-7}",
            "souk:user:{u12345678-7}",
            "souk:order:{0badcaf}",
            "souk:0badcafe",
        ] {
            *room(&mut seen, "0badcafe", channel) += 1;
        }
        assert_eq!((seen.order_rooms, seen.user_rooms, seen.others), (2, 1, 3));
    }

    #[test]
    fn processor_times_are_added() {
        let info = "# CPU\r\nused_cpu_sys:1.5\r\nused_cpu_user:2.25\r\nused_cpu_sys_children:9.0\r\n";
        assert_eq!(times(info), Some(Duration::from_millis(3_750)));
        assert_eq!(times("used_cpu_sys:1.5\r\n"), None);
        assert_eq!(times("used_cpu_sys:-9\r\nused_cpu_user:0\r\n"), None);
    }

    #[tokio::test]
    async fn no_redis_is_an_error_and_soon() {
        for other in ["http://127.0.0.1:1", "rediss://127.0.0.1:1", "redis://:::"] {
            assert!(matches!(Observer::start(other, "tag").await, Err(ObserverError::Address)), "{other}");
        }
        let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let url = format!("redis://{gone}");
        assert!(matches!(Observer::start(&url, "tag").await, Err(ObserverError::Refused(_))));
        assert!(matches!(redis_cpu(&url).await, Err(ObserverError::Refused(_))));
    }

    #[tokio::test]
    async fn what_came_too_fast_is_missed_and_said() {
        let (sender, messages) = broadcast::channel(4);
        let (cuts, cut) = broadcast::channel(4);
        let (stop, stopped) = oneshot::channel();
        let message = |number: u32| Message {
            channel: format!("souk:user:{{u0badcafe-{number}}}").into(),
            value: "four".into(),
            kind: fred::types::MessageKind::PMessage,
            server: ("localhost", 1).into(),
        };
        (0..10).for_each(|number| assert!(sender.send(message(number)).is_ok()));
        cuts.send(()).unwrap();
        stop.send(()).unwrap();
        let seen = count("0badcafe".into(), messages, cut, stopped).await;
        assert_eq!((seen.user_rooms, seen.missed, seen.bytes), (4, 6, 16));
    }
}
