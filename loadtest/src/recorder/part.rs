//! What one process recorded, in a form that can be sent to the process that reports.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::series::{Key, SecondNow, Series};
use crate::report::{self, Totals};

/// Everything that a process recorded.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) totals: Totals,
    /// The second in which the load began: those of the report count from it.
    pub(crate) zero: i64,
    pub(crate) seconds: Vec<PartSecond>,
    pub(crate) series: Vec<SeriesPart>,
}

/// A second.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct PartSecond {
    pub(crate) at: i64,
    counts: report::Second,
    pub(crate) ack: Vec<u8>,
    pub(crate) receive: Vec<u8>,
}

/// A series.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SeriesPart {
    key: Key,
    times: Vec<u8>,
}

impl SeriesPart {
    pub(super) fn new(key: Key, series: &Series) -> Self {
        Self { key, times: series.bytes() }
    }
}

impl PartSecond {
    pub(super) fn new(second: SecondNow) -> Self {
        Self { at: second.counts.at, ack: second.ack.bytes(), receive: second.receive.bytes(), counts: second.counts }
    }

    /// As the report tells it, counted from `zero`.
    pub(crate) fn told(&self, zero: i64) -> report::Second {
        let quantiles = |bytes: &[u8]| {
            let mut series = Series::default();
            series.add_all(bytes);
            series.quantiles()
        };
        report::Second {
            at: self.at - zero,
            ack: quantiles(&self.ack),
            receive: quantiles(&self.receive),
            ..self.counts.clone()
        }
    }

    fn merge(&mut self, other: &Self) {
        let (mine, theirs) = (&mut self.counts, &other.counts);
        mine.intended += theirs.intended;
        mine.acknowledged += theirs.acknowledged;
        mine.refused += theirs.refused;
        mine.received += theirs.received;
        mine.sign_ins += theirs.sign_ins;
        mine.connect_failures += theirs.connect_failures;
        mine.cuts += theirs.cuts;
        mine.connected += theirs.connected;
        for (mine, theirs) in [(&mut self.ack, &other.ack), (&mut self.receive, &other.receive)] {
            let mut sum = Series::default();
            sum.add_all(mine);
            sum.add_all(theirs);
            *mine = sum.bytes();
        }
    }
}

impl Part {
    /// Both together. Seconds are those from the beginning of each one's load.
    pub(crate) fn merge(&mut self, other: &Self) {
        merge_totals(&mut self.totals, &other.totals);
        let mut seconds: BTreeMap<i64, PartSecond> =
            self.seconds.drain(..).map(|second| (second.at - self.zero, second)).collect();
        for second in &other.seconds {
            let at = second.at - other.zero;
            match seconds.get_mut(&at) {
                Some(mine) => mine.merge(second),
                None => {
                    seconds.insert(at, second.clone());
                }
            }
        }
        self.zero = 0;
        self.seconds = seconds.into_iter().map(|(at, second)| PartSecond { at, ..second }).collect();
        for theirs in &other.series {
            match self.series.iter_mut().find(|mine| mine.key == theirs.key) {
                Some(mine) => {
                    let mut sum = Series::default();
                    sum.add_all(&mine.times);
                    sum.add_all(&theirs.times);
                    mine.times = sum.bytes();
                }
                None => self.series.push(theirs.clone()),
            }
        }
    }

    /// The seconds, as the report tells them.
    pub(crate) fn timeline(&self) -> Vec<report::Second> {
        self.seconds.iter().map(|second| second.told(self.zero)).collect()
    }

    /// The latencies, as the report tells them.
    pub(crate) fn latencies(&self) -> Vec<report::Latency> {
        let told = |part: &SeriesPart| {
            let mut series = Series::default();
            series.add_all(&part.times);
            series.told(part.key)
        };
        self.series.iter().map(told).collect()
    }
}

fn merge_totals(mine: &mut Totals, theirs: &Totals) {
    mine.intended += theirs.intended;
    mine.sent += theirs.sent;
    mine.acknowledged += theirs.acknowledged;
    mine.unanswered += theirs.unanswered;
    mine.unsettled += theirs.unsettled;
    mine.sent_again += theirs.sent_again;
    mine.received += theirs.received;
    mine.caught_up += theirs.caught_up;
    mine.sign_ins += theirs.sign_ins;
    mine.typing.0 += theirs.typing.0;
    mine.typing.1 += theirs.typing.1;
    mine.read += theirs.read;
    for (mine, theirs) in [
        (&mut mine.refused, &theirs.refused),
        (&mut mine.connect_failures, &theirs.connect_failures),
        (&mut mine.cuts, &theirs.cuts),
        (&mut mine.requests_refused, &theirs.requests_refused),
    ] {
        for (what, count) in theirs {
            *mine.entry(what.clone()).or_default() += count;
        }
    }
}
