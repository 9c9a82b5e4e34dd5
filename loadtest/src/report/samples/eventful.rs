//! A run with a storm, a tested limit and a ramp, in which promises were broken.

use super::*;

/// Everything that a report can have.
pub(crate) fn eventful() -> Report {
    let mut report = sample();
    report.scenario = ScenarioEcho {
        name: "reconnect-storm".to_owned(),
        about: "Everybody is cut at once and comes back".to_owned(),
        knobs: report.scenario.knobs.clone(),
    };
    report.scenario.knobs.extend(text(&[("storm.cut", "close"), ("storm.at", "20s"), ("storm.share", "0.8")]));
    report.storm = Some(storm());
    storm_timeline(&mut report);
    report.latencies.push(latency(Of::Ack, "stayers", "before", 9000, 1.8));
    report.latencies.push(latency(Of::Ack, "stayers", "during", 900, 4.4));
    report.latencies.push(latency(Of::Ack, "limited", "load", 700, 2.0));
    report.limit = Some(limit());
    report.ramp = Some(ramp());
    report.integrity.violations.extend([(ViolationKind::Lost, 2), (ViolationKind::Doubled, 1)]);
    report.integrity.offenders = vec![
        offender(
            ViolationKind::Lost,
            "order-811",
            Some("client-811/1"),
            "number 14 (id 5f2c…) was acknowledged and the device has 13 and 15",
        ),
        offender(
            ViolationKind::Lost,
            "order-1204",
            None,
            "number 3 was acknowledged and is not in history, which ends at 9",
        ),
        offender(
            ViolationKind::Doubled,
            "order-90",
            Some("contractor-90/1"),
            "number 7 came twice on one connection <at 21.4 s>",
        ),
    ];
    report.figures = figures(&report, &extra());
    let thresholds = [
        ("p99_receive", Comparison::Less, "< 250ms", 250.0),
        ("back_100", Comparison::AtMost, "<= 10s", 10.0),
        ("lost", Comparison::Equal, "== 0", 0.0),
        ("p99_raceive", Comparison::Less, "< 1s", 1000.0),
    ];
    judged(&mut report, &thresholds);
    report
}

fn offender(kind: ViolationKind, order: &str, device: Option<&str>, what: &str) -> Offender {
    Offender { kind, order: order.to_owned(), device: device.map(str::to_owned), what: what.to_owned() }
}

/// How many of the 3,200 are back so many seconds after the cut.
fn back(seconds: f64) -> f64 {
    3200.0 / (1.0 + (-(seconds - 1.7) * 2.6).exp())
}

fn storm() -> StormFound {
    let mut curve: Vec<(f64, u64)> =
        (1..=52).map(|tenth| f64::from(tenth) / 10.0).map(|s| (s, whole(back(s)))).collect();
    curve.push((5.31, 3200));
    let until = |share: f64| curve.iter().find(|(_, back)| *back as f64 >= 3200.0 * share / 100.0).map(|(s, _)| *s);
    StormFound {
        cut: "close".to_owned(),
        at: 20.0,
        clients: 3200,
        back: 3200,
        back_s: [50.0, 90.0, 99.0, 100.0].map(|share| (format!("{share}"), until(share))).into_iter().collect(),
        curve,
        sign_ins_per_second: 1812,
        tried: 3420,
        refused: counted(&[("503", 220)]),
        retry_after_s: Some((1.0, 3.0)),
        stayers: 800,
        stayers_p99: (Some(6.3), Some(15.4)),
    }
}

fn storm_timeline(report: &mut Report) {
    let mut before = 0.0;
    for second in report.timeline.iter_mut().filter(|second| (20..26).contains(&second.at)) {
        let since = (second.at - 20) as f64;
        let now = if since < 5.0 { back(since + 0.95) } else { 3200.0 };
        second.sign_ins = whole(now - before);
        second.cuts = if since == 0.0 { 3200 } else { 0 };
        second.connect_failures = if since < 2.0 { 110 } else { 0 };
        second.connected = 800 + whole(now);
        second.acknowledged = whole(2000.0 * (0.2 + 0.8 * now / 3200.0) + if since == 3.0 { 1400.0 } else { 0.0 });
        second.received = whole(second.acknowledged as f64 * now / 3200.0);
        let late = 400.0 * (1.0 - now / 3400.0);
        for quantiles in [&mut second.ack, &mut second.receive].into_iter().flatten() {
            quantiles.p99 += late * 4.0;
            quantiles.max += late * 8.0;
            quantiles.p50 += late * 0.05;
        }
        before = now;
    }
    for server in &mut report.servers {
        for sample in server.samples.iter_mut().filter(|sample| (20.0..25.0).contains(&sample.at)) {
            sample.cpu = (sample.cpu * 5.0).min(0.92);
            sample.cpu_system = sample.cpu * 0.4;
        }
    }
}

fn limit() -> LimitFound {
    let group = |senders: u64, tried: u64, accepted: u64, most: u64| LimitGroup {
        senders,
        tried,
        accepted,
        refused: tried - accepted,
        retried: senders * 2,
        most_in_window: most,
    };
    let groups = [
        ("below".to_owned(), group(10, 340, 340, 17)),
        ("at".to_owned(), group(10, 400, 400, 20)),
        ("above".to_owned(), group(10, 2000, 400, 20)),
    ];
    LimitFound { messages: 20, window: 60_000, groups: groups.into_iter().collect(), retry_after_tried: (40, 41) }
}

fn ramp() -> RampFound {
    let step = |at: f64, value: f64, held: bool, confirms: bool| RampStep {
        at,
        value,
        held,
        confirms,
        figures: [("p99_receive".to_owned(), value / 160.0), ("lost".to_owned(), 0.0)].into_iter().collect(),
    };
    RampFound {
        of: "rate".to_owned(),
        steps: vec![
            step(0.0, 1000.0, true, false),
            step(10.0, 2000.0, true, false),
            step(20.0, 4000.0, true, false),
            step(30.0, 8000.0, false, false),
            step(40.0, 6000.0, true, false),
            step(50.0, 7000.0, false, false),
            step(60.0, 6500.0, true, true),
        ],
        capacity: Some(6500.0),
    }
}
