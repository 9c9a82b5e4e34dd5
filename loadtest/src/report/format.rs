//! Numbers as people read them: three significant digits, thousands apart, the unit that fits.

use super::figures::Unit;

/// A whole number, thousands apart: `12,345`.
pub(crate) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number as short as it can be: whole where it is whole, otherwise three significant digits.
pub(crate) fn number(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1000.0 { format!("{:.0}", value + 0.0) } else { digits(value) }
}

/// A number with three significant digits, thousands apart: `0.123`, `1.00`, `12.3`, `123`, `12,345`.
fn digits(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let size = value.abs();
    // What rounding lifts over a power of ten already has a digit more before the point: 99.97 is 100, not 100.0.
    let decimals = if !(0.000_05..99.95).contains(&size) {
        0
    } else if size >= 9.995 {
        1
    } else if size >= 0.9995 {
        2
    } else if size >= 0.1 {
        3
    } else {
        4
    };
    let text = format!("{size:.decimals$}");
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let mut grouped = whole.parse().map_or_else(|_| whole.to_owned(), count);
    if let Some(rest) = rest {
        grouped.push('.');
        grouped.push_str(rest);
    }
    if value < 0.0 && grouped != "0" { format!("-{grouped}") } else { grouped }
}

/// A value with its unit, lifted where it is long: 12,000 ms are `12.0 s`.
pub(crate) fn value(unit: Unit, value: f64) -> String {
    let size = value.abs();
    match unit {
        Unit::Milliseconds if size >= 10_000.0 => format!("{} s", digits(value / 1000.0)),
        Unit::Milliseconds => format!("{} ms", digits(value)),
        Unit::Microseconds if size >= 10_000.0 => format!("{} ms", digits(value / 1000.0)),
        Unit::Microseconds => format!("{} µs", digits(value)),
        Unit::Seconds => format!("{} s", digits(value)),
        Unit::Bytes => bytes(value),
        Unit::PerSecond => format!("{}/s", number(value)),
        Unit::Count | Unit::Ratio => number(value),
    }
}

/// A size: `812 B`, `2.10 KiB`, `48.2 MiB`.
pub(crate) fn bytes(value: f64) -> String {
    let mut scaled = value;
    let mut unit = "B";
    for next in ["KiB", "MiB", "GiB", "TiB"] {
        // A node's size in MiB up to 9,999 would be long, one step of 1,024 is what people expect.
        if scaled.abs() < 1024.0 {
            break;
        }
        scaled /= 1024.0;
        unit = next;
    }
    if unit == "B" { format!("{} B", number(scaled)) } else { format!("{} {unit}", digits(scaled)) }
}

/// A value for an axis: as [`value`], without noughts behind the point, and a bare 0.
pub(crate) fn short(unit: Unit, value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let text = self::value(unit, value);
    let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ',' | '-')).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    if digits.contains('.') { format!("{}{unit}", digits.trim_end_matches('0').trim_end_matches('.')) } else { text }
}

/// A time in milliseconds.
pub(crate) fn milliseconds(value: f64) -> String {
    self::value(Unit::Milliseconds, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_and_thousands_apart() {
        let shown = |value| number(value);
        assert_eq!(shown(0.0), "0");
        assert_eq!(shown(0.0123), "0.0123");
        assert_eq!(shown(0.5), "0.500");
        assert_eq!(shown(1.0), "1");
        assert_eq!(shown(1.234), "1.23");
        assert_eq!(shown(12.34), "12.3");
        assert_eq!(shown(9.999), "10.0");
        assert_eq!(shown(99.97), "100");
        assert_eq!(shown(123.4), "123");
        assert_eq!(shown(1234.5), "1,234");
        assert_eq!(shown(1_234_567.0), "1,234,567");
        assert_eq!(shown(-1234.0), "-1,234");
        assert_eq!(shown(f64::NAN), "–");
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1000), "1,000");
    }

    #[test]
    fn units_are_lifted() {
        assert_eq!(value(Unit::Milliseconds, 2.5), "2.50 ms");
        assert_eq!(value(Unit::Milliseconds, 12_000.0), "12.0 s");
        assert_eq!(value(Unit::Milliseconds, 0.0), "0 ms");
        assert_eq!(value(Unit::Microseconds, 29.4), "29.4 µs");
        assert_eq!(value(Unit::Bytes, 812.0), "812 B");
        assert_eq!(value(Unit::Bytes, 2150.0), "2.10 KiB");
        assert_eq!(value(Unit::Bytes, 50_536_121.0), "48.2 MiB");
        assert_eq!(value(Unit::PerSecond, 3998.2), "3,998/s");
        assert_eq!(short(Unit::Milliseconds, 0.5), "0.5 ms");
        assert_eq!(short(Unit::Bytes, 0.0), "0");
        assert_eq!(short(Unit::PerSecond, 2000.0), "2,000/s");
    }
}
