use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::*;

fn has(text: &str, line: &str) {
    assert!(text.lines().any(|found| found == line), "no line {line:?} in\n{text}");
}

#[test]
fn what_is_counted_is_shown() {
    let metrics = Metrics::default();
    metrics.messages_sent.inc_by(3);
    metrics.sessions_opened.of(Carrier::SocketIo).inc();
    metrics.messages_refused.count("spam");
    metrics.messages_refused.count("spam");
    metrics.closes.count("slow_consumer");
    metrics.send_seconds.observe("plain", Duration::from_millis(3));
    let text = metrics.render();
    has(&text, "# TYPE souk_messages_sent counter");
    has(&text, "souk_messages_sent_total 3");
    has(&text, "souk_sessions_opened_total{carrier=\"socketio\"} 1");
    has(&text, "souk_sessions_opened_total{carrier=\"plain\"} 0");
    has(&text, "# HELP souk_messages_sent Messages that were stored.");
    has(&text, "souk_messages_refused_total{code=\"spam\"} 2");
    has(&text, "souk_closes_total{code=\"slow_consumer\"} 1");
    has(&text, "souk_send_seconds_bucket{le=\"0.002\",carrier=\"plain\"} 0");
    has(&text, "souk_send_seconds_bucket{le=\"0.004\",carrier=\"plain\"} 1");
    has(&text, "# EOF");
    assert_eq!((metrics.messages_refused.get("spam"), metrics.messages_refused.get("empty")), (2, 0));
}

#[test]
fn figures_of_other_parts_are_read_when_somebody_asks() {
    let (metrics, figure) = (Metrics::default(), Arc::new(AtomicU64::new(1)));
    let shared = figure.clone();
    metrics.attach(move || {
        let value = shared.load(Ordering::Relaxed);
        vec![
            Sample { name: "router_published", help: "Published.", kind: SampleKind::Counter, value },
            Sample { name: "router_queue", help: "Waiting.", kind: SampleKind::Gauge, value: value * 2 },
        ]
    });
    has(&metrics.render(), "souk_router_published_total 1");
    figure.store(5, Ordering::Relaxed);
    let text = metrics.render();
    has(&text, "souk_router_published_total 5");
    has(&text, "# TYPE souk_router_queue gauge");
    has(&text, "souk_router_queue 10");
}

#[test]
fn moderation_is_counted_without_naming_anybody() {
    use souk_chat::ports::Decision;
    use souk_chat::{Action, Category, Locale, RulesCell};
    use souk_moderation::{Rules, Settings};
    let metrics = Metrics::default();
    let decision = Decision { category: Category::Phone, action: Action::Mask, locale: Locale::Fr, shadow: false };
    metrics.moderation_decisions.count(&decision);
    metrics.moderation_decisions.count(&decision);
    metrics.moderation_decisions.count(&Decision { shadow: true, ..decision });
    metrics.moderation_seconds.since(std::time::Instant::now());
    let rules = Rules::new(Settings::default()).unwrap();
    let other = Rules::new(Settings { shadow: true, ..Settings::default() }).unwrap();
    let (first, second) = (rules.version().to_owned(), other.version().to_owned());
    let cell = Arc::new(RulesCell::new(rules));
    metrics.attach_rules(cell.clone());
    let text = metrics.render();
    let of = |shadow| {
        format!(
            "souk_moderation_decisions_total{{category=\"phone\",action=\"mask\",language=\"fr\",shadow=\"{shadow}\"}}"
        )
    };
    has(&text, &format!("{} 2", of("false")));
    has(&text, &format!("{} 1", of("true")));
    has(&text, "souk_moderation_seconds_count 1");
    has(&text, "souk_moderation_lexicon_refused 0");
    has(&text, &format!("souk_moderation_rules{{version=\"{first}\"}} 1"));
    cell.store(other);
    let text = metrics.render();
    has(&text, &format!("souk_moderation_rules{{version=\"{second}\"}} 1"));
    assert!(!text.contains(&first), "the rules before are no longer in force");
}

#[test]
fn the_process_is_described() {
    let text = Metrics::default().render();
    let figure = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name} in\n{text}"));
        line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()
    };
    assert!(figure("souk_process_resident_memory_bytes ") > 1e6);
    assert!(figure("souk_process_cpu_seconds_total ") >= 0.0);
    assert!(figure("souk_process_open_fds ") >= 3.0);
    assert!(figure("souk_process_start_time_seconds ") > 1.7e9);
    has(&text, &format!("souk_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION")));
}
