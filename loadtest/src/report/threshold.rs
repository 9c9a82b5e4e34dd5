//! What must hold of a figure: read, and applied.

use std::fmt;

use souk_settings::{Wrong, did_you_mean, nearest};

use super::figures::{FIGURES, Figure, Unit, find};

/// What must hold of a figure of the report, as `p99_receive < 250ms` says it.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// As it was written.
    pub text: String,
    /// The figure's name.
    pub metric: String,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what; in the figure's own unit, as [`super::figures`] has it.
    pub limit: f64,
}

/// How a figure is compared with its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `==`
    Equal,
    /// `!=`
    Unequal,
    /// `>=`
    AtLeast,
    /// `>`
    More,
}

/// Operators, the longer before those that they begin with.
const OPERATORS: &[(&str, Comparison)] = &[
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("==", Comparison::Equal),
    ("!=", Comparison::Unequal),
    ("<", Comparison::Less),
    (">", Comparison::More),
];

const FORM: &str = "write a figure, a comparison and a number: \"p99_receive < 250ms\"";

impl Threshold {
    /// Reads `p99_receive < 250ms`. Times need a unit, and so do sizes; the limit is kept in the figure's own.
    ///
    /// # Errors
    /// Says what is wrong and what to write instead.
    pub fn parse(text: &str) -> Result<Self, Wrong> {
        let text = text.trim();
        let ends = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
        let (metric, rest) = text.split_at(ends);
        if metric.is_empty() {
            return Err(Wrong::new(format!("{text:?} is no threshold"), FORM));
        }
        let figure = find(metric).ok_or_else(|| {
            let near = nearest(metric, FIGURES.iter().map(|figure| figure.name));
            Wrong::new(format!("there is no figure {metric}"), did_you_mean(near, "SCENARIOS.md lists them all"))
        })?;
        let (comparison, value) = comparison(text, rest.trim_start())?;
        let limit = limit(text, value.trim(), figure)?;
        Ok(Self { text: text.to_owned(), metric: metric.to_owned(), comparison, limit })
    }

    /// Whether it holds of what was found. What was not found never holds, and neither does what is no number.
    pub fn holds(&self, found: Option<f64>) -> bool {
        let Some(found) = found.filter(|found| !found.is_nan()) else { return false };
        match self.comparison {
            Comparison::Less => found < self.limit,
            Comparison::AtMost => found <= self.limit,
            Comparison::Equal => found == self.limit,
            Comparison::Unequal => found != self.limit,
            Comparison::AtLeast => found >= self.limit,
            Comparison::More => found > self.limit,
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Splits the operator off.
fn comparison<'a>(text: &str, rest: &'a str) -> Result<(Comparison, &'a str), Wrong> {
    let ends = rest.find(|c: char| !matches!(c, '<' | '>' | '=' | '!' | '≤' | '≥' | '≠')).unwrap_or(rest.len());
    let (operator, value) = rest.split_at(ends);
    if let Some((_, comparison)) = OPERATORS.iter().find(|(known, _)| *known == operator) {
        return Ok((*comparison, value));
    }
    let meant = match operator {
        "" => return Err(Wrong::new(format!("{text:?} compares with nothing"), FORM)),
        "=" | "===" => "write ==",
        "=<" | "≤" => "write <=",
        "=>" | "≥" => "write >=",
        "<>" | "≠" | "!" => "write !=",
        _ => "write one of < <= == != >= >",
    };
    Err(Wrong::new(format!("{text:?} compares by {operator}, which is nothing"), meant))
}

/// The number behind the operator, in the figure's own unit.
fn limit(text: &str, value: &str, figure: &Figure) -> Result<f64, Wrong> {
    let ends = value.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '_' | '-' | '+')).unwrap_or(value.len());
    let (digits, unit) = (value[..ends].replace('_', ""), value[ends..].trim());
    let number = digits.parse::<f64>().ok().filter(|number| number.is_finite()).ok_or_else(|| {
        Wrong::new(format!("{text:?} has no number to compare with"), format!("write {}", example(figure)))
    })?;
    if number.is_sign_negative() {
        return Err(Wrong::new(format!("{text:?} compares with less than nothing"), "no figure is below 0"));
    }
    let limit = number * scale(text, number, unit, figure)?;
    if figure.unit == Unit::Count && limit.fract() != 0.0 {
        return Err(Wrong::new(format!("{} counts, and {digits} is not whole", figure.name), "write a whole number"));
    }
    Ok(limit)
}

/// By what a number of this unit is to be multiplied to be in the figure's own.
fn scale(text: &str, number: f64, unit: &str, figure: &Figure) -> Result<f64, Wrong> {
    let is_time = matches!(figure.unit, Unit::Milliseconds | Unit::Microseconds | Unit::Seconds);
    // Both kinds of µ that keyboards have, and the letter that stands for it.
    let nanos = match unit {
        "ns" => Some(1.0),
        "µs" | "μs" | "us" => Some(1e3),
        "ms" => Some(1e6),
        "s" => Some(1e9),
        "m" | "min" => Some(6e10),
        _ => None,
    };
    let own = match figure.unit {
        Unit::Microseconds => 1e3,
        Unit::Milliseconds => 1e6,
        _ => 1e9,
    };
    let scale = match (figure.unit, unit) {
        // Nothing is nothing in any unit.
        (_, "") if number == 0.0 => Some(1.0),
        _ if is_time => nanos.map(|nanos| nanos / own),
        (Unit::Bytes, "B" | "byte" | "bytes") => Some(1.0),
        (Unit::Bytes, "KiB") => Some(1024.0),
        (Unit::Bytes, "MiB") => Some(1024.0 * 1024.0),
        (Unit::Bytes, "GiB") => Some(1024.0 * 1024.0 * 1024.0),
        (Unit::PerSecond, "" | "/s") | (Unit::Count | Unit::Ratio, "") => Some(1.0),
        _ => None,
    };
    scale.ok_or_else(|| {
        let what = match unit {
            "" => format!("{text:?} compares without a unit"),
            unit => format!("{} is not measured in {unit}", figure.name),
        };
        Wrong::new(what, format!("write {}", example(figure)))
    })
}

/// What may stand behind a figure's comparison.
pub(crate) fn example(figure: &Figure) -> &'static str {
    match figure.unit {
        Unit::Milliseconds => "a time with its unit (µs, ms, s): 250ms",
        Unit::Microseconds => "a time with its unit (µs, ms, s): 40µs",
        Unit::Seconds => "a time with its unit (ms, s, m): 10s",
        Unit::Bytes => "a size with its unit (bytes, KiB, MiB, GiB): 64KiB",
        Unit::PerSecond => "a plain number, so many a second: 200",
        Unit::Count => "a plain whole number: 0",
        Unit::Ratio => "a plain number: 1.5",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        Threshold::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn a_limit_is_kept_in_the_figures_own_unit() {
        for (text, metric, comparison, limit) in [
            ("p99_receive < 250ms", "p99_receive", Comparison::Less, 250.0),
            ("p99_receive<=1.5s", "p99_receive", Comparison::AtMost, 1500.0),
            ("p99_ack < 800 µs", "p99_ack", Comparison::Less, 0.8),
            ("p99_ack < 800us", "p99_ack", Comparison::Less, 0.8),
            ("back_100 < 10s", "back_100", Comparison::Less, 10.0),
            ("back_100 <= 2m", "back_100", Comparison::AtMost, 120.0),
            ("back_50 < 500ms", "back_50", Comparison::Less, 0.5),
            ("cpu_per_delivery < 40µs", "cpu_per_delivery", Comparison::Less, 40.0),
            ("cpu_per_delivery < 1ms", "cpu_per_delivery", Comparison::Less, 1000.0),
            ("bytes_per_connection < 64KiB", "bytes_per_connection", Comparison::Less, 65536.0),
            ("node_resident < 1.5 GiB", "node_resident", Comparison::Less, 1_610_612_736.0),
            ("node_resident < 1_000 bytes", "node_resident", Comparison::Less, 1000.0),
            ("  lost == 0 ", "lost", Comparison::Equal, 0.0),
            ("received != 0", "received", Comparison::Unequal, 0.0),
            ("capacity >= 400/s", "capacity", Comparison::AtLeast, 400.0),
            ("rate_received > 12.5", "rate_received", Comparison::More, 12.5),
            ("p99_ratio < 3", "p99_ratio", Comparison::Less, 3.0),
            ("p99_ack >= 0", "p99_ack", Comparison::AtLeast, 0.0),
        ] {
            let read = Threshold::parse(text).unwrap();
            assert_eq!((read.metric.as_str(), read.comparison), (metric, comparison), "{text}");
            assert!((read.limit - limit).abs() < 1e-9, "{text}: {}", read.limit);
            assert_eq!(read.to_string(), text.trim());
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_what_to_write() {
        for (text, said) in [
            ("", "\"\" is no threshold; write a figure, a comparison and a number: \"p99_receive < 250ms\""),
            ("p99_recieve < 1s", "there is no figure p99_recieve; did you mean p99_receive?"),
            ("happiness > 1", "there is no figure happiness; SCENARIOS.md lists them all"),
            (
                "lost",
                "\"lost\" compares with nothing; write a figure, a comparison and a number: \"p99_receive < 250ms\"",
            ),
            ("lost = 0", "\"lost = 0\" compares by =, which is nothing; write =="),
            ("lost =< 0", "\"lost =< 0\" compares by =<, which is nothing; write <="),
            ("lost =! 0", "\"lost =! 0\" compares by =!, which is nothing; write one of < <= == != >= >"),
            ("lost ==", "\"lost ==\" has no number to compare with; write a plain whole number: 0"),
            ("lost == none", "\"lost == none\" has no number to compare with; write a plain whole number: 0"),
            ("lost == 0.5", "lost counts, and 0.5 is not whole; write a whole number"),
            ("lost < 5ms", "lost is not measured in ms; write a plain whole number: 0"),
            (
                "p99_ack < 250",
                "\"p99_ack < 250\" compares without a unit; write a time with its unit (µs, ms, s): 250ms",
            ),
            ("p99_ack < 2KiB", "p99_ack is not measured in KiB; write a time with its unit (µs, ms, s): 250ms"),
            (
                "node_resident < 2MB",
                "node_resident is not measured in MB; write a size with its unit (bytes, KiB, MiB, GiB): 64KiB",
            ),
            ("p99_ratio < 50%", "p99_ratio is not measured in %; write a plain number: 1.5"),
            ("p99_ack > -1ms", "\"p99_ack > -1ms\" compares with less than nothing; no figure is below 0"),
        ] {
            assert_eq!(wrong(text), said, "{text}");
        }
    }

    #[test]
    fn it_holds_of_what_was_found_and_of_nothing_else() {
        let holds = |text: &str, found: Option<f64>| Threshold::parse(text).unwrap().holds(found);
        assert!(holds("p99_ack < 250ms", Some(249.9)) && !holds("p99_ack < 250ms", Some(250.0)));
        assert!(
            holds("p99_ack <= 250ms", Some(250.0)) && holds("lost == 0", Some(0.0)) && !holds("lost == 0", Some(1.0))
        );
        assert!(holds("sent != 0", Some(1.0)) && !holds("sent != 0", Some(0.0)));
        assert!(holds("sent >= 5", Some(5.0)) && holds("sent > 5", Some(6.0)) && !holds("sent > 5", Some(5.0)));
        for comparison in ["<", "<=", "==", "!=", ">=", ">"] {
            let text = format!("lost {comparison} 1");
            assert!(!holds(&text, None) && !holds(&text, Some(f64::NAN)), "{text}");
        }
    }
}
