//! Log lines, on standard error.

use tracing_subscriber::filter::FilterExt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};

use crate::config::{Log, LogFormat};

use super::seldom::Seldom;

/// Starts logging. A program that logs already goes on as it did.
pub(super) fn init(log: &Log) {
    // The configuration was checked, so the directives are good; if not, too much is better than nothing.
    let filter = EnvFilter::try_new(&log.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let filter = filter.and(Seldom::start());
    let lines = fmt::layer().with_writer(std::io::stderr);
    let started = match log.format {
        LogFormat::Text => registry().with(lines.with_filter(filter)).try_init(),
        LogFormat::Json => registry().with(lines.json().flatten_event(true).with_filter(filter)).try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
}
