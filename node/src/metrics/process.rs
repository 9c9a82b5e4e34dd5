//! What the system says of this process. Read at every scrape; left out where there is no `/proc`.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::attached::write;

/// Ticks of `/proc/self/stat` in a second: the same on every Linux, whatever the kernel's own clock does.
const TICKS_PER_SECOND: f64 = 100.0;

#[derive(Debug)]
struct Process {
    started: f64,
}

/// Adds the figures of the process and of the build.
pub(super) fn register(registry: &mut Registry) {
    let started = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
    registry.register_collector(Box::new(Process { started }));
    registry.register("build", "The program", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let gauge = ConstGauge::new(self.started);
        write(&mut encoder, "process_start_time_seconds", "When the process started, as Unix time.", &gauge)?;
        if let Some(bytes) = resident_bytes() {
            let gauge = ConstGauge::new(i64::try_from(bytes).unwrap_or(i64::MAX));
            write(&mut encoder, "process_resident_memory_bytes", "Resident memory.", &gauge)?;
        }
        if let Some(seconds) = cpu_seconds() {
            let counter = ConstCounter::new(seconds);
            write(&mut encoder, "process_cpu_seconds", "Time of processors, user and system.", &counter)?;
        }
        if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
            // The listing's own descriptor is among them.
            let gauge = ConstGauge::new(i64::try_from(open.count().saturating_sub(1)).unwrap_or(i64::MAX));
            write(&mut encoder, "process_open_fds", "Open descriptors.", &gauge)?;
        }
        Ok(())
    }
}

fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in brackets and may hold anything; after it the 12th and 13th are the times.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u32>().ok().map(f64::from);
    Some((ticks()? + ticks()?) / TICKS_PER_SECOND)
}
