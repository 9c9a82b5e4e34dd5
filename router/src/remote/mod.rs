//! The engines over Redis.
//!
//! Two connections: one for commands ([`link`]), one for subscriptions ([`subscriber`]). Both are kept by a task that connects
//! again, and both notice a server that hangs. Nobody waits for a connection: a publish without one fails at once, a send is
//! limited by its node, presence is unknown.

mod address;
mod backoff;
mod breaker;
mod dial;
mod dispatch;
mod gaps;
mod lease;
mod limiter;
mod link;
mod names;
mod people;
mod presence;
mod publisher;
mod rooms;
mod router;
mod session;
mod subscriber;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::{Background, ConfigError, Metrics, Parts, Settings};

/// Makes the engines and starts their tasks.
pub(crate) fn connect(url: &str, settings: &Settings) -> Result<Parts, ConfigError> {
    let servers = Arc::new(address::Servers::parse(url, &settings.prefix)?);
    #[cfg(feature = "redis-tls")]
    dial::prepare_tls();
    let metrics = Arc::new(Metrics::default());
    let names = Arc::new(names::Names::new(&settings.prefix, servers.is_cluster()));
    let mut tasks = JoinSet::new();

    let link = Arc::new(link::Link::new(metrics.clone()));
    tasks.spawn(link.clone().keep(servers.clone()));

    let gaps = Arc::new(gaps::Gaps::new(metrics.clone()));
    tasks.spawn(gaps.clone().tell());
    let rooms = Arc::new(rooms::Rooms::new(names.clone(), metrics.clone()));
    let dispatch = dispatch::Dispatch::start(rooms.clone(), gaps.clone(), metrics.clone(), &mut tasks);
    let stands = Arc::new(AtomicBool::new(false));
    let subscriber = subscriber::Subscriber {
        servers,
        link: link.clone(),
        rooms: rooms.clone(),
        dispatch: Arc::new(dispatch),
        gaps: gaps.clone(),
        metrics: metrics.clone(),
        stands: stands.clone(),
    };
    tasks.spawn(subscriber.keep());

    let (jobs, queue) = mpsc::channel(publisher::QUEUE);
    tasks.spawn(publisher::Publisher { link: link.clone(), jobs: queue, metrics: metrics.clone() }.run());

    let people = Arc::new(people::People::new(&settings.node, metrics.clone()));
    let lease = Arc::new(lease::Lease::new(people.clone(), link.clone(), names.clone(), metrics.clone()));
    tasks.spawn(lease.clone().keep());

    let (limiter, forgiving) = limiter::RedisLimiter::new(settings.quota, link.clone(), names.clone(), metrics.clone());
    tasks.spawn(forgiving);

    let presence = presence::RedisPresence::new(people, lease, link.clone(), names.clone(), metrics.clone());
    let router =
        router::RedisRouter { link, rooms, gaps, names, jobs, metrics: metrics.clone(), subscriptions_stand: stands };
    Ok(Parts {
        router: Arc::new(router),
        presence: Arc::new(presence),
        limiter: Arc::new(limiter),
        metrics,
        background: Background { tasks },
    })
}
