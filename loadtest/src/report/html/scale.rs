//! From a value to a place on an axis, and the values that an axis names.

/// How values are spread over an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spread {
    Even,
    /// By powers of ten.
    Log,
    /// Percentiles by their nines, as HDR histograms are drawn: as much room from 90 to 99 as from 99 to 99.9.
    Nines,
}

/// An axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    spread: Spread,
    from: f64,
    to: f64,
    /// The distance of the named values, on an even axis.
    step: f64,
}

/// Most nines that a percentile axis shows.
const MOST_NINES: f64 = 6.0;

impl Scale {
    /// An even axis exactly from `from` to `to`, which names round values.
    pub(super) fn even(from: f64, to: f64) -> Scale {
        let to = if to > from { to } else { from + 1.0 };
        Scale { spread: Spread::Even, from, to, step: nice((to - from) / 8.0) }
    }

    /// An even axis from 0 to the first named value above `to`. `binary`: round in KiB, MiB, GiB.
    pub(super) fn from_zero(to: f64, binary: bool) -> Scale {
        let to = if to.is_finite() && to > 0.0 { to } else { 1.0 };
        let unit = if binary { 1024f64.powf(to.log2().div_euclid(10.0).max(0.0)) } else { 1.0 };
        let step = nice(to * 1.02 / unit / 4.0) * unit;
        Scale { spread: Spread::Even, from: 0.0, to: (to * 1.02 / step).ceil() * step, step }
    }

    /// A logarithmic axis around `from` and `to`, from and to 1, 2 or 5 times a power of ten.
    pub(super) fn log(from: f64, to: f64) -> Scale {
        let from = if from.is_finite() && from > 0.0 { from } else { 0.01 };
        let to = if to.is_finite() && to > from { to } else { from * 10.0 };
        let named = |decades: std::ops::RangeInclusive<i32>| {
            decades.flat_map(|decade| [1.0, 2.0, 5.0].map(|digit| digit * 10f64.powi(decade)))
        };
        let below = named(-9..=15).take_while(|value| *value <= from * 1.000_001).last().unwrap_or(from);
        let above = named(-9..=15).find(|value| *value >= to * 0.999_999).unwrap_or(to);
        Scale { spread: Spread::Log, from: below, to: above.max(below * 10.0), step: 0.0 }
    }

    /// A percentile axis that ends where one in `count` is.
    pub(super) fn nines(count: u64) -> Scale {
        let nines = (count.max(100) as f64).log10().min(MOST_NINES);
        Scale { spread: Spread::Nines, from: 0.0, to: nines, step: 0.0 }
    }

    /// Where a value is: 0 at the beginning, 1 at the end; what is beyond stands at the edge.
    pub(super) fn at(&self, value: f64) -> f64 {
        let share = match self.spread {
            Spread::Even => (value - self.from) / (self.to - self.from),
            Spread::Log if value <= 0.0 => 0.0,
            Spread::Log => (value / self.from).log10() / (self.to / self.from).log10(),
            Spread::Nines => nines(value) / self.to,
        };
        share.clamp(0.0, 1.0)
    }

    /// Whether the value is not beyond the axis's end.
    pub(super) fn holds(&self, value: f64) -> bool {
        let value = if self.spread == Spread::Nines { nines(value) } else { value };
        value <= self.to + 1e-6
    }

    /// The values that the axis names, rising.
    pub(super) fn ticks(&self) -> Vec<f64> {
        match self.spread {
            Spread::Even => self.even_ticks(),
            Spread::Log => self.log_ticks(),
            Spread::Nines => [50.0, 90.0, 99.0, 99.9, 99.99, 99.999, 99.9999]
                .into_iter()
                .filter(|percentile| nines(*percentile) <= self.to + 1e-6)
                .collect(),
        }
    }

    fn even_ticks(&self) -> Vec<f64> {
        let first = (self.from / self.step - 1e-9).ceil();
        let mut ticks = Vec::new();
        for nth in 0..32u32 {
            // Multiplied, not added up: 0.1 added ten times is not 1.
            let value = (first + f64::from(nth)) * self.step;
            if value > self.to + self.step * 1e-6 {
                break;
            }
            ticks.push(if value == 0.0 { 0.0 } else { value });
        }
        ticks
    }

    fn log_ticks(&self) -> Vec<f64> {
        let decades = (self.to / self.from).log10();
        let digits: &[f64] = if decades <= 3.02 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let within = |value: &f64| *value >= self.from * 0.999_999 && *value <= self.to * 1.000_001;
        (-9..=15).flat_map(|decade| digits.iter().map(move |digit| digit * 10f64.powi(decade))).filter(within).collect()
    }
}

/// How many nines a percentile has: 90 has one, 99 two, 0 none.
fn nines(percentile: f64) -> f64 {
    let rest = 1.0 - percentile / 100.0;
    if rest <= 0.0 { f64::from(u8::MAX) } else { -rest.log10() }
}

/// The least of 1, 2, 5 and 10 times a power of ten that is at least this.
fn nice(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|digit| digit * power)
        .find(|step| *step >= least * 0.999_999)
        .unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_axes_name_round_values() {
        assert_eq!(Scale::even(-16.0, 60.0).ticks(), [-10.0, 0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0]);
        assert_eq!(Scale::from_zero(1.0, false).ticks(), [0.0, 0.5, 1.0, 1.5]);
        assert_eq!(Scale::from_zero(0.0, false).ticks(), Scale::from_zero(1.0, false).ticks());
        assert_eq!(Scale::from_zero(9_300_000.0, true).ticks()[1], 5.0 * 1024.0 * 1024.0);
        assert_eq!(Scale::even(3.0, 3.0).at(3.0), 0.0);
    }

    #[test]
    fn a_log_axis_holds_its_values_and_names_round_ones() {
        let scale = Scale::log(1.9, 61.0);
        assert_eq!(scale.ticks(), [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]);
        assert_eq!(scale.at(1.0), 0.0);
        assert!((scale.at(10.0) - 0.5).abs() < 1e-9);
        assert_eq!(scale.at(100.0), 1.0);
        assert_eq!(scale.at(0.0), 0.0, "nothing takes no time");
        assert_eq!(Scale::log(0.5, 50_000.0).ticks(), [1.0, 10.0, 100.0, 1000.0, 10_000.0]);
        assert!(Scale::log(0.0, f64::NAN).ticks().len() > 1);
    }

    #[test]
    fn a_percentile_axis_gives_each_nine_the_same_room() {
        let scale = Scale::nines(10_000);
        assert_eq!(scale.ticks(), [50.0, 90.0, 99.0, 99.9, 99.99]);
        assert!((scale.at(90.0) - 0.25).abs() < 1e-9);
        assert!((scale.at(99.0) - 0.5).abs() < 1e-9);
        assert_eq!(scale.at(100.0), 1.0);
    }
}
