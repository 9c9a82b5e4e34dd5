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
mod router;
mod session;
mod subscriber;
mod subscriptions;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use tokio::sync::{Mutex, mpsc};

use crate::{Background, ConfigError, Metrics, Parts, Settings};

/// Makes the engines and starts their tasks.
pub(crate) fn connect(url: &str, settings: &Settings) -> Result<Parts, ConfigError> {
    let servers = Arc::new(address::Servers::parse(url, &settings.prefix)?);
    #[cfg(feature = "redis-tls")]
    dial::prepare_tls();
    let metrics = Arc::new(Metrics::default());
    let names = Arc::new(names::Names::new(&settings.prefix, servers.is_cluster()));
    let mut background = Background::new(settings.tasks.clone());

    let link = Arc::new(link::Link::new(metrics.clone()));
    let (kept, to) = (link.clone(), servers.clone());
    background.keep("router link", move || kept.clone().keep(to.clone()));

    let gaps = Arc::new(gaps::Gaps::new(metrics.clone()));
    let telling = gaps.clone();
    background.keep("router gaps", move || telling.clone().tell());
    let subscriptions = Arc::new(subscriptions::Subscriptions::new(names.clone(), metrics.clone()));
    let dispatch = dispatch::Dispatch::start(subscriptions.clone(), gaps.clone(), metrics.clone(), &mut background);
    let stands = Arc::new(AtomicBool::new(false));
    let subscriber = Arc::new(subscriber::Subscriber {
        servers,
        generation: AtomicU64::new(0),
        link: link.clone(),
        subscriptions: subscriptions.clone(),
        dispatch: Arc::new(dispatch),
        gaps: gaps.clone(),
        metrics: metrics.clone(),
        stands: stands.clone(),
    });
    background.keep("router subscriber", move || subscriber.clone().keep());

    let (jobs, queue) = mpsc::channel(publisher::QUEUE);
    let jobs_waiting = Mutex::new(queue);
    let publisher = publisher::Publisher { link: link.clone(), jobs: jobs_waiting, metrics: metrics.clone() };
    let publisher = Arc::new(publisher);
    background.keep("router publisher", move || publisher.clone().run());

    let people = Arc::new(people::People::new(&settings.node, metrics.clone()));
    let lease = Arc::new(lease::Lease::new(people.clone(), link.clone(), names.clone(), metrics.clone()));
    let keeper = lease.clone();
    background.keep("router lease", move || keeper.clone().keep());

    let (limiter, forgiven) = limiter::RedisLimiter::new(settings.quota, link.clone(), names.clone(), metrics.clone());
    let forgiver =
        Arc::new(limiter::Forgiver { queue: Mutex::new(forgiven), link: link.clone(), metrics: metrics.clone() });
    background.keep("router forgiver", move || forgiver.clone().forgive());

    let presence = presence::RedisPresence::new(people, lease, link.clone(), names.clone(), metrics.clone());
    let router = router::RedisRouter {
        link,
        subscriptions,
        gaps,
        names,
        jobs,
        metrics: metrics.clone(),
        subscriptions_stand: stands,
    };
    Ok(Parts {
        router: Arc::new(router),
        presence: Arc::new(presence),
        limiter: Arc::new(limiter),
        metrics,
        background,
    })
}
