//! Everything that must be there before the first client comes.

use std::num::NonZeroU32;
use std::sync::Arc;

use souk_client::Carrier;
use souk_protocol::dto::Hello;
use souk_protocol::socketio::Namespace;
use souk_testkit::proxy::{Proxy, ProxyError};
use souk_testkit::rest::RestError;
use souk_testkit::token::Signer;

use crate::context::storm::StormBook;
use crate::context::{Context, Remarks};
use crate::crowd::Crowd;
use crate::crowd::people::{Layout, People, Share};
use crate::measure::watch::Watch;
use crate::offences::Offences;
use crate::recorder::Recorder;
use crate::sabotage::{Sabotage, SabotageKind};
use crate::scenario::{Cut, Scenario};
use crate::talk;
use crate::target::{Carriers, OrderMaking, OwnNodes, Target, TargetError, make_orders};

/// Where the system says how many descriptors a process may have.
const LIMITS: &str = "/proc/self/limits";
/// Descriptors that the harness needs beside those of its clients.
const SPARE_DESCRIPTORS: u64 = 200;
/// Connections used for making orders.
const MAKERS: usize = 8;
/// Addresses of this machine that each process of a run may use: 500 devices each.
const ADDRESSES_PER_PROCESS: usize = 64;

/// Why a run cannot begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    /// The target.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The orders cannot be made.
    #[error("making orders: {0}")]
    Orders(#[from] RestError),
    /// The proxy in front of it.
    #[error("the proxy in front of the nodes: {0}")]
    Proxy(#[from] ProxyError),
    /// More clients than this process may hold.
    #[error(
        "{wanted} descriptors are needed and this process may have {allowed}: take fewer devices (about {devices}), raise `ulimit -n`, \
         or let more processes join the run (--processes)"
    )]
    Descriptors {
        /// How many the run needs.
        wanted: u64,
        /// How many there may be.
        allowed: u64,
        /// How many devices would do.
        devices: u64,
    },
    /// More orders than stamps can say.
    #[error("{0} orders are more than a process can tell apart: at most {max}", max = talk::ORDERS_MAX)]
    TooManyOrders(usize),
    /// The scenario wants something of nodes that the harness did not start.
    #[error(
        "storm.cut = \"{0}\" needs nodes that the harness starts itself: leave --target out, or use \"close\" or \"network\""
    )]
    NotOurs(&'static str),
}

/// What to run, and against what.
pub(crate) struct Setup {
    pub(crate) scenario: Scenario,
    pub(crate) target: Target,
    /// The nodes, where they are ours.
    pub(crate) own: Option<OwnNodes>,
    /// What the proxies are to spoil, and how often.
    pub(crate) sabotage: Option<(SabotageKind, NonZeroU32)>,
    pub(crate) share: Share,
    /// Eight hexadecimal digits, new in every run, the same in all its processes.
    pub(crate) tag: String,
}

/// Everything that a run needs.
pub(crate) struct Prepared {
    pub(crate) scenario: Scenario,
    pub(crate) target: Target,
    pub(crate) own: Option<OwnNodes>,
    pub(crate) proxies: Vec<Proxy>,
    pub(crate) hello: Hello,
    pub(crate) context: Arc<Context>,
    pub(crate) crowd: Arc<Crowd>,
    pub(crate) watch: Watch,
    pub(crate) share: Share,
}

impl Prepared {
    /// Looks at the target, starts proxies where they are needed, makes the orders.
    pub(crate) async fn new(setup: Setup) -> Result<Self, RunError> {
        let Setup { mut scenario, target, own, sabotage, share, tag } = setup;
        let proxied = scenario.storm.cut == Cut::Network || sabotage.is_some();
        feasible(&scenario, &target, own.is_some(), proxied, share)?;
        share_rates(&mut scenario, share);
        let probe = target.probe(wanted_carriers(&scenario, &target)).await?;
        let mut proxies = Vec::new();
        if proxied {
            for node in &target.nodes {
                let proxy = Proxy::start(vec![node.clients]).await?;
                if let Some((kind, every)) = sabotage {
                    Sabotage::new(kind, every).on(&proxy);
                }
                proxies.push(proxy);
            }
        }
        let seed = u64::from_str_radix(&tag, 16).unwrap_or(0) << 8 | share.process as u64;
        let addresses = target.nodes.iter().map(|node| node.clients).chain(proxies.iter().map(Proxy::address));
        let context = Arc::new(Context {
            recorder: Recorder::new(),
            offences: Offences::default(),
            remarks: Remarks::default(),
            storm: StormBook::default(),
            policy: probe.hello.reconnect,
            seed,
            signer: Signer::new(&target.secret),
            addresses: addresses.collect(),
            first_address: share.process * ADDRESSES_PER_PROCESS,
            slow_buffer: u32::try_from(scenario.slow.buffer).unwrap_or(u32::MAX),
            read: scenario.load.read,
            think: scenario.load.think,
        });
        let layout = Layout {
            nodes: target.nodes.len(),
            all_proxied: sabotage.is_some(),
            carrier: only_carrier(target.carriers),
        };
        let people = People::new(scenario.clone(), layout, share, &tag, seed);
        let crowd = Arc::new(Crowd::new(Arc::clone(&context), people, scenario.connect.clone()));
        if target.orders == OrderMaking::Rest {
            let limited = crowd.limit_orders();
            let orders = crowd.orders().iter().chain(&limited);
            let orders = orders.map(|order| (order.id.clone(), order.people[0].clone(), order.people[1].clone()));
            make_orders(&target, orders, MAKERS).await?;
        }
        let watch = Watch::new(&target, Arc::clone(&context));
        Ok(Self { scenario, target, own, proxies, hello: probe.hello, context, crowd, watch, share })
    }

    /// Devices that this process is to connect.
    pub(crate) fn devices(&self) -> usize {
        self.crowd.devices()
    }
}

/// Each process has its part of what happens per second.
#[expect(clippy::cast_precision_loss, reason = "processes are few")]
fn share_rates(scenario: &mut Scenario, share: Share) {
    let of = share.of as f64;
    for rate in [&mut scenario.connect.rate, &mut scenario.load.rate, &mut scenario.churn.rate] {
        *rate /= of;
    }
}

fn feasible(scenario: &Scenario, target: &Target, own: bool, proxied: bool, share: Share) -> Result<(), RunError> {
    let follows = share.process > 0;
    match scenario.storm.cut {
        Cut::Kill if !own && !follows => return Err(RunError::NotOurs("kill")),
        Cut::Drain if !own && !follows => return Err(RunError::NotOurs("drain")),
        _ => {}
    }
    let orders = (scenario.people.orders + scenario.limit.senders).div_ceil(share.of);
    if orders > talk::ORDERS_MAX {
        return Err(RunError::TooManyOrders(orders));
    }
    let devices = u64::try_from(scenario.devices().div_ceil(share.of)).unwrap_or(u64::MAX);
    // Through a proxy of our own a connection has two more ends here.
    let each = if proxied { 3 } else { 1 };
    let nodes = u64::try_from(target.nodes.len()).unwrap_or(u64::MAX);
    let wanted =
        devices.saturating_mul(each).saturating_add(SPARE_DESCRIPTORS + 20 * nodes + half_open(scenario, share));
    let allowed = descriptor_limit();
    if wanted > allowed {
        let devices = allowed.saturating_sub(SPARE_DESCRIPTORS + 20 * nodes) / each;
        return Err(RunError::Descriptors { wanted, allowed, devices });
    }
    Ok(())
}

/// Sockets that phones leave half open during a run.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "an estimate")]
fn half_open(scenario: &Scenario, share: Share) -> u64 {
    let time = scenario.load.warm + scenario.load.duration;
    (scenario.churn.rate * scenario.churn.half_open * time.as_secs_f64() / share.of as f64).ceil() as u64
}

/// Descriptors that this process may have; where the system does not say, as many as one likes.
fn descriptor_limit() -> u64 {
    let limits = std::fs::read_to_string(LIMITS).unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(u64::MAX)
}

/// The carriers that the scenario's devices speak.
fn wanted_carriers(scenario: &Scenario, target: &Target) -> Carriers {
    match only_carrier(target.carriers) {
        Some(_) => target.carriers,
        None => Carriers::of_share(scenario.people.socketio),
    }
}

fn only_carrier(carriers: Carriers) -> Option<Carrier> {
    match carriers {
        Carriers { plain: true, socketio: false } => Some(Carrier::Plain { batch: false }),
        Carriers { plain: false, socketio: true } => Some(Carrier::SocketIo(Namespace::Root)),
        Carriers { .. } => None,
    }
}
