//! From what was said to values. Each says what is wrong and what to say instead, and is written so that it reads the same again.

use std::time::Duration;

use super::given::Given;
use super::mistake::{Faults, Wrong, did_you_mean, nearest};
use super::table::Kind;

/// What a key can hold. `write` writes what `read` reads.
pub trait Value: Sized {
    /// Reads a value of this form. Errors: what is wrong with it.
    fn read(given: &Given, kind: Kind) -> Result<Self, Faults>;

    /// The value as it would stand in a file.
    fn write(&self) -> String;
}

/// Puts a value where it belongs.
pub fn put<T, E: Into<Faults>>(place: &mut T, value: Result<T, E>) -> Result<(), Faults> {
    *place = value.map_err(Into::into)?;
    Ok(())
}

impl Value for String {
    fn read(given: &Given, _: Kind) -> Result<Self, Faults> {
        Ok(given.text("a text", "\"some words\"").map(str::to_owned)?)
    }

    fn write(&self) -> String {
        toml::Value::String(self.clone()).to_string()
    }
}

impl Value for bool {
    fn read(given: &Given, _: Kind) -> Result<Self, Faults> {
        let text = given.single()?;
        let wrong = || Wrong::new(format!("{text:?} is neither yes nor no"), "write true or false");
        Ok(text.parse().map_err(|_| wrong())?)
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

impl Value for u32 {
    fn read(given: &Given, _: Kind) -> Result<Self, Faults> {
        let text = given.single()?;
        let wrong = || Wrong::new(format!("{text:?} is not a whole number"), format!("write 0 to {}", Self::MAX));
        Ok(text.parse().map_err(|_| wrong())?)
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

impl Value for usize {
    fn read(given: &Given, kind: Kind) -> Result<Self, Faults> {
        let Kind::Count { least, most } = kind else { unreachable!("a count's key is one of counts") };
        let text = given.number(&least.max(1).to_string())?;
        let wrong = || Wrong::new(format!("{text} is not a whole number"), format!("write {least} to {most}"));
        let real = |count| u32::try_from(count).map_or(f64::INFINITY, f64::from);
        let number: f64 = text.parse().map_err(|_| wrong())?;
        in_bounds(text, number, [real(least), real(most)])?;
        Ok(text.parse().map_err(|_| wrong())?)
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

impl Value for f64 {
    fn read(given: &Given, kind: Kind) -> Result<Self, Faults> {
        let Kind::Number { least, most } = kind else { unreachable!("a number's key is one of numbers") };
        let text = given.number(&if most <= 1.0 { 0.5 } else { least.max(2.0) }.to_string())?;
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite()).ok_or_else(|| {
            Wrong::new(format!("{text} is not a number"), format!("write {least} to {most}, like 0.5 or 200"))
        })?;
        in_bounds(text, number, [least, most])?;
        // There is no less than nothing: -0 is 0.
        Ok(number.abs())
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

fn in_bounds(text: &str, number: f64, [least, most]: [f64; 2]) -> Result<(), Wrong> {
    if number < least {
        return Err(Wrong::new(format!("{text} is too little"), format!("write {least} or more")));
    }
    if number > most {
        return Err(Wrong::new(format!("{text} is too much"), format!("write {most} or less")));
    }
    Ok(())
}

impl Value for Duration {
    fn read(given: &Given, kind: Kind) -> Result<Self, Faults> {
        let Kind::Duration { least, most } = kind else { unreachable!("a time's key is one of times") };
        if let Given::Number(number) = given {
            let help = format!("write \"{number}s\" for seconds, \"{number}ms\" or \"{number}m\"");
            return Err(Wrong::new(format!("is the number {number}, without a unit"), help).into());
        }
        Ok(duration(given.text("a time", "\"30s\"")?, least, most)?)
    }

    fn write(&self) -> String {
        format!("\"{}\"", length(u64::try_from(self.as_millis()).unwrap_or(u64::MAX)))
    }
}

/// A length of time within bounds in milliseconds, as [`millis`] reads it.
pub fn duration(text: &str, least: u64, most: u64) -> Result<Duration, Wrong> {
    let millis = millis(text)?;
    if millis < least {
        return Err(Wrong::new(format!("{text} is too short"), format!("write {} or more", length(least))));
    }
    if millis > most {
        return Err(Wrong::new(format!("{text} is too long"), format!("write {} or less", length(most))));
    }
    Ok(Duration::from_millis(millis))
}

/// Milliseconds of a whole number and `ms`, `s`, `m`, `h` or `d`.
pub fn millis(text: &str) -> Result<u64, Wrong> {
    let wrong = || {
        let help = "write a whole number and its unit: 500ms, 60s, 2m, 1h or 1d";
        Wrong::new(format!("{text:?} is not a length of time"), help)
    };
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.trim_end().parse().map_err(|_| wrong())?;
    let unit = match &text[digits.len()..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        // Nothing is nothing in any unit.
        "" if number == 0 => 0,
        _ => return Err(wrong()),
    };
    number.checked_mul(unit).ok_or_else(wrong)
}

/// Milliseconds, as [`millis`] reads them.
pub fn length(millis: u64) -> String {
    match millis {
        ms if ms % 3_600_000 == 0 && ms > 0 => format!("{}h", ms / 3_600_000),
        ms if ms % 1_000 == 0 => format!("{}s", ms / 1_000),
        ms => format!("{ms}ms"),
    }
}

/// `"alone", "cluster", "auto"`.
pub fn quoted(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    words.join(", ")
}

/// One of a few words.
pub fn choose<T: Copy>(given: &Given, words: &[(&str, T)]) -> Result<T, Faults> {
    let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let list = format!("one of {}", quoted(&known));
    let text = given.text("a text", &list)?;
    let found = words.iter().find(|(word, _)| *word == text.trim());
    Ok(found.map(|(_, value)| *value).ok_or_else(|| {
        let near = nearest(text, known.iter().copied()).map(|near| format!("\"{near}\""));
        let near = near.map_or(String::new(), |near| format!("{} ", did_you_mean(Some(near), "")));
        Wrong::new(format!("there is no {text:?} here"), format!("{near}write {list}"))
    })?)
}
