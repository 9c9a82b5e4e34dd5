//! What all connections of a node share.

use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lru::LruCache;
use parking_lot::Mutex;
use slab::Slab;
use souk_chat::ports::Runtime;

use crate::commands::Commands;
use crate::hub::{ConnectionHandle, Hub};
use crate::metrics::Metrics;
use crate::session::Verify;

/// How long a token whose connection was closed for misuse is refused.
const MISUSE_PAUSE: Duration = Duration::from_secs(60);
/// Most such tokens remembered.
const MISUSE_REMEMBERED: usize = 4_096;

/// What is counted on the wire. Plain numbers that only rise.
#[derive(Debug, Default)]
pub struct WireCounters {
    /// Text frames that came in.
    pub frames_in: AtomicU64,
    /// Frames that went out.
    pub frames_out: AtomicU64,
    /// Writes to sockets: fewer than frames, since frames that wait together go together.
    pub writes: AtomicU64,
    /// Bytes that went out.
    pub bytes_out: AtomicU64,
    /// Connections ended as slow consumers.
    pub slow_consumers: AtomicU64,
}

/// The connections of a node, for the sweep and for draining.
#[derive(Default)]
pub struct Census {
    handles: Mutex<Slab<(Arc<ConnectionHandle>, bool)>>,
    next: AtomicU64,
}

impl Census {
    /// A number for a connection; never 0.
    pub(super) fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Lists a handle. `socket_io`: which kind of heartbeat it gets. Returns its place, for [`Census::leave`].
    pub(crate) fn enter(&self, handle: Arc<ConnectionHandle>, socket_io: bool) -> usize {
        self.handles.lock().insert((handle, socket_io))
    }

    pub(super) fn leave(&self, place: usize) {
        let mut handles = self.handles.lock();
        handles.remove(place);
        if handles.len() * 4 < handles.capacity() {
            handles.shrink_to_fit();
        }
    }

    /// Calls `visit` with each handle and whether it is Socket.IO.
    pub(super) fn each(&self, mut visit: impl FnMut(&ConnectionHandle, bool)) {
        for (_, (handle, socket_io)) in self.handles.lock().iter() {
            visit(handle, *socket_io);
        }
    }

    /// All handles.
    pub fn handles(&self) -> Vec<Arc<ConnectionHandle>> {
        self.handles.lock().iter().map(|(_, (handle, _))| Arc::clone(handle)).collect()
    }

    /// How many connections there are.
    pub fn len(&self) -> usize {
        self.handles.lock().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What all connections of a node share.
pub struct SocketContext {
    /// Who is connected.
    pub(crate) hub: Arc<Hub>,
    /// What carries out commands.
    pub(crate) commands: Arc<Commands>,
    /// Checks tokens.
    pub(crate) verify: Arc<dyn Verify>,
    /// Time.
    pub(crate) runtime: Arc<dyn Runtime>,
    /// All connections.
    pub(crate) census: Census,
    /// What is counted.
    pub(crate) counters: WireCounters,
    /// What is counted for operators.
    pub(crate) metrics: Arc<Metrics>,
    /// A random number of this run of the node.
    pub(crate) node: u64,
    misusers: Mutex<LruCache<u64, Duration>>,
    hasher: RandomState,
}

impl SocketContext {
    /// A context over these parts.
    pub fn new(
        hub: Arc<Hub>,
        commands: Arc<Commands>,
        verify: Arc<dyn Verify>,
        runtime: Arc<dyn Runtime>,
        metrics: Arc<Metrics>,
        node: u64,
    ) -> Self {
        let bound = NonZeroUsize::new(MISUSE_REMEMBERED).expect("the bound is above zero");
        Self {
            hub,
            commands,
            verify,
            runtime,
            census: Census::default(),
            counters: WireCounters::default(),
            metrics,
            node,
            misusers: Mutex::new(LruCache::new(bound)),
            hasher: RandomState::new(),
        }
    }

    /// Who is connected.
    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Seconds of the node's clock: what handles count in.
    pub fn seconds(&self) -> u32 {
        u32::try_from(self.runtime.monotonic().as_secs()).unwrap_or(u32::MAX)
    }

    /// A number that stands for a token, of no use to anybody else.
    pub(super) fn token_number(&self, token: &str) -> u64 {
        self.hasher.hash_one(token)
    }

    pub(super) fn remember_misuse(&self, token: u64) {
        self.misusers.lock().put(token, self.runtime.monotonic() + MISUSE_PAUSE);
    }

    pub(super) fn is_misuser(&self, token: u64) -> bool {
        self.misusers.lock().get(&token).is_some_and(|until| *until > self.runtime.monotonic())
    }
}
