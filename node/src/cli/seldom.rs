//! Lines that come again and again: of each place in the code a few a minute, the others counted.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tracing::callsite::Identifier;
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Filter};

/// Lines of one place within [`WINDOW`].
const LINES: u32 = 10;
/// See [`LINES`]; also how often is said how many lines were left out.
const WINDOW: Duration = Duration::from_secs(60);

#[derive(Debug)]
struct Said {
    window: Instant,
    lines: u32,
    left_out: u64,
}

/// What was said of late, by place. There are no more places than the program has.
#[derive(Debug)]
struct Places<K>(Mutex<HashMap<K, Said>>);

impl<K: Eq + Hash + Clone> Places<K> {
    /// Whether one more line of this place may be written.
    fn may_say(&self, place: K, now: Instant) -> bool {
        let mut places = self.0.lock();
        let said = places.entry(place).or_insert(Said { window: now, lines: 0, left_out: 0 });
        if now >= said.window + WINDOW {
            (said.window, said.lines) = (now, 0);
        }
        let may = said.lines < LINES;
        match may {
            true => said.lines += 1,
            false => said.left_out += 1,
        }
        may
    }

    /// Places whose lines were left out since this was last asked, with how many.
    fn left_out(&self) -> Vec<(K, u64)> {
        let mut places = self.0.lock();
        let quiet = places.iter_mut().filter(|(_, said)| said.left_out > 0);
        quiet.map(|(place, said)| (place.clone(), std::mem::take(&mut said.left_out))).collect()
    }
}

/// Lets few lines of each place through. What is asked for at the levels `debug` and `trace` comes whole.
#[derive(Clone, Debug)]
pub(super) struct Seldom(Arc<Places<(Identifier, &'static str)>>);

impl Seldom {
    /// Begins to count, and to say every minute what was left out.
    pub(super) fn start() -> Self {
        let seldom = Self(Arc::new(Places(Mutex::default())));
        let places = Arc::clone(&seldom.0);
        let counting = std::thread::Builder::new().name("souk-log".into()).spawn(move || {
            loop {
                std::thread::sleep(WINDOW);
                for ((_, from), lines) in places.left_out() {
                    tracing::warn!(lines, from, "lines like those before were left out");
                }
            }
        });
        if let Err(error) = counting {
            tracing::warn!(%error, "no thread that says how many log lines were left out");
        }
        seldom
    }
}

impl<S> Filter<S> for Seldom {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        true
    }

    // Nothing is decided here about a place as a whole: what the other filter leaves out costs what it did without this one.
    fn callsite_enabled(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::always()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        let metadata = event.metadata();
        *metadata.level() > Level::INFO || self.0.may_say((metadata.callsite(), metadata.name()), Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_says_so_much_a_minute_and_the_rest_is_counted() {
        let (places, start) = (Places(Mutex::default()), Instant::now());
        let said =
            |place, seconds| (0..25).filter(|_| places.may_say(place, start + Duration::from_secs(seconds))).count();
        assert_eq!((said("a", 0), said("b", 30), said("a", 59)), (10, 10, 0));
        assert_eq!((said("a", 60), said("b", 60)), (10, 0));
        let mut left_out = places.left_out();
        left_out.sort_unstable();
        assert_eq!(left_out, [("a", 15 + 25 + 15), ("b", 15 + 25)]);
        assert_eq!(places.left_out(), []);
    }

    #[test]
    fn a_line_in_a_loop_is_written_ten_times() {
        use tracing_subscriber::Layer;
        use tracing_subscriber::layer::SubscriberExt;

        #[derive(Default)]
        struct Lines(Arc<Mutex<Vec<Level>>>);
        impl<S: tracing::Subscriber> Layer<S> for Lines {
            fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
                self.0.lock().push(*event.metadata().level());
            }
        }
        let lines = Arc::new(Mutex::default());
        let layer = Lines(Arc::clone(&lines)).with_filter(Seldom(Arc::new(Places(Mutex::default()))));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            for number in 0..50 {
                tracing::warn!(number, "the same again");
                tracing::debug!(number, "asked for");
            }
            tracing::warn!("something else");
        });
        let count = |level| lines.lock().iter().filter(|known| **known == level).count();
        assert_eq!((count(Level::WARN), count(Level::DEBUG)), (11, 50));
    }
}
