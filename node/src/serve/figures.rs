//! Figures that the parts keep, for `/metrics`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use souk_events::Relay;

use crate::absences::Absences;
use crate::delivery::Delivery;
use crate::http::{Shared, Tally};
use crate::hub::Hub;
use crate::metrics::{Metrics, Sample, SampleKind};

/// Lets `/metrics` read what the parts count.
pub(super) fn attach(
    metrics: &Metrics,
    shared: &Arc<Shared>,
    delivery: &Arc<Delivery>,
    hub: &Arc<Hub>,
    relay: &Arc<Relay>,
    router: &Arc<souk_router::Metrics>,
) {
    let router = Arc::clone(router);
    metrics.attach(move || router.samples().into_iter().map(of_router).collect());
    let relay = Arc::clone(relay);
    metrics.attach(move || of_relay(&relay));
    let (shared, hub) = (Arc::clone(shared), Arc::clone(hub));
    metrics.attach(move || of_sockets(&shared, &hub));
    let delivery = Arc::clone(delivery);
    metrics.attach(move || {
        let counters = delivery.counters();
        vec![
            gauge("publishes_waiting", "Failed publishes that wait to be tried again", delivery.waiting_publishes()),
            counter(
                "gate_holes_filled",
                "Entries read from the store because they did not arrive",
                &counters.holes_filled,
            ),
            counter("gate_compared", "Rooms compared with the store", &counters.comparisons),
            counter(
                "logs_went_back",
                "Orders whose log was found to lack entries that had been delivered: the store lost them",
                &counters.logs_went_back,
            ),
            counter("resyncs", "Devices told to join again because the store went back", &counters.resyncs),
            counter("publishes_failed", "Publishes that the router did not take at first", &counters.publishes_failed),
            counter(
                "repeats_redone",
                "Repeats of sends that were delivered again, in case the first was not",
                &counters.redone,
            ),
            counter("envelopes_unreadable", "Envelopes whose body could not be read", &counters.unreadable),
        ]
    });
}

/// The same for absences.
pub(super) fn attach_absences(metrics: &Metrics, absences: &Arc<Absences>) {
    let absences = Arc::clone(absences);
    metrics.attach(move || {
        let counters = absences.counters();
        vec![
            counter(
                "absences_notified",
                "Notifications owed to people who were taken for connected and were not",
                &counters.notified,
            ),
            counter("absences_orphans", "People of nodes that died who were looked at", &counters.orphans),
            counter("absences_failed", "Times that it could not be read what somebody missed", &counters.failed),
            counter(
                "absences_overflowed",
                "People who left and were not looked at because too many waited",
                &counters.overflowed,
            ),
        ]
    });
}

fn counter(name: &'static str, help: &'static str, value: &AtomicU64) -> Sample {
    Sample { name, help, kind: SampleKind::Counter, value: value.load(Ordering::Relaxed) }
}

fn tally(name: &'static str, help: &'static str, tally: &Tally) -> Sample {
    Sample { name, help, kind: SampleKind::Counter, value: tally.total() }
}

fn gauge(name: &'static str, help: &'static str, value: usize) -> Sample {
    Sample { name, help, kind: SampleKind::Gauge, value: value as u64 }
}

fn of_router(sample: souk_router::Sample) -> Sample {
    let kind = match sample.kind {
        souk_router::SampleKind::Counter => SampleKind::Counter,
        souk_router::SampleKind::Gauge => SampleKind::Gauge,
    };
    Sample { name: sample.name, help: sample.help, kind, value: sample.value }
}

fn of_sockets(shared: &Shared, hub: &Hub) -> Vec<Sample> {
    let context = &shared.sockets;
    let (wire, admission) = (&context.counters, shared.admission.counters());
    vec![
        gauge("connections", "Sockets that are open", context.census.len()),
        gauge("people_here", "People with a session on this node", hub.people_count()),
        gauge("rooms", "Orders that somebody on this node joined", hub.rooms_count()),
        counter("frames_in", "Text frames that arrived, whole", &wire.frames_in),
        counter("frames_out", "Frames written to sockets", &wire.frames_out),
        counter("socket_writes", "Writes to sockets; fewer than frames where several went together", &wire.writes),
        counter("bytes_out", "Bytes written to sockets", &wire.bytes_out),
        counter("slow_consumers", "Connections ended because their outbox was full", &wire.slow_consumers),
        counter("handshakes_admitted", "Handshakes let in", &admission.admitted),
        counter("handshakes_delayed", "Handshakes held back first", &admission.delayed),
        gauge("handshakes_waiting", "Handshakes that wait for their turn", admission.waiting.load(Ordering::Relaxed)),
        counter("handshakes_left", "Clients that left before it was their turn", &admission.left),
        tally("handshakes_refused_full", "Connections refused because the node had all it may have", &admission.full),
        tally(
            "handshakes_refused_address",
            "Connections refused because their address had all it may have",
            &admission.full_for_source,
        ),
        tally("handshakes_refused_backlog", "Handshakes refused because too many waited", &admission.backlog),
        tally(
            "handshakes_refused_address_backlog",
            "Handshakes refused because too many of their address waited",
            &admission.backlog_of_source,
        ),
        tally("connections_cut_off", "Connections cut off while others were being refused", &shared.counters.cut_off),
        tally("forwarded_unreadable", "Handshakes whose proxy did not say for whom", &shared.counters.unnamed),
    ]
}

fn of_relay(relay: &Relay) -> Vec<Sample> {
    let (relayed, oldest) = (relay.metrics(), relay.oldest_owed());
    vec![
        counter("events_notifications", "Notification events that went out", &relayed.notifications),
        counter("events_moderations", "Moderation events that went out", &relayed.moderations),
        counter("events_failed", "Times that events could not be confirmed and are tried again", &relayed.failed),
        counter("intents_swept", "Intents that the sweeper dealt with", &relayed.swept),
        counter("intents_fenced", "Intents without a message that were fenced off", &relayed.fenced),
        counter("intents_lost", "Intents against the head of a log that the store has lost: void", &relayed.lost),
        gauge(
            "events_oldest_owed_seconds",
            "Age of the oldest event on its way",
            usize::try_from(oldest.as_secs()).unwrap_or(usize::MAX),
        ),
    ]
}
