use std::time::Duration;

use souk_chat::Tasks;

/// What may be set beside the address.
#[derive(Clone, Debug)]
pub struct Settings {
    /// SQLite: how many threads read. At least one.
    pub readers: usize,
    /// SQLite: entries that are found by memory, about 250 bytes each, before they are indexed. More make writing cheaper
    /// where many orders are busy, and opening slower.
    pub recent_entries: usize,
    /// How long one request may take before its outcome counts as unknown. SQLite: a disk that hangs longer takes no more writes
    /// until it has done the one that hangs.
    pub request_timeout: Duration,
    /// CQL: how long connecting to the cluster may take, all in all.
    pub connect_timeout: Duration,
    /// Is told what becomes of the store's threads.
    pub tasks: Tasks,
}

impl Default for Settings {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            readers: cores.clamp(2, 8),
            recent_entries: 16_384,
            request_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(10),
            tasks: Tasks::default(),
        }
    }
}
