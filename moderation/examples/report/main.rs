//! Measures the rules on the labelled corpus: recall and false alarms per label, technique and language, with Wilson's
//! 95 % intervals, against the goals.
//!
//! ```text
//! cargo run --release -p souk-moderation --example report -- [options]
//!   --half dev|held|all            which half of the corpus (all); rules are written after `dev` only
//!   --misses LABEL[/TECHNIQUE[/LANGUAGE]]   what was missed, or falsely found, with what is shown of it
//!   --json FILE                    the rows, and for every message what was found
//!   --ordinary N                   so many generated ordinary lines (24000)
//!   --dump-ordinary FILE           writes the generated lines and ends
//!   --strict                       ends with 1 when a goal is missed
//! ```

#![allow(clippy::print_stderr, reason = "the report is the program's answer")]

mod corpus;
mod judge;
mod ordinary;
mod table;

use std::error::Error;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use corpus::{Half, Line};
use judge::Judged;
use souk_moderation::{Rules, Settings};

/// Links to it and below it stay: lines of the label `trade` hold some.
const OWN_HOST: &str = "soukmarket.ca";

struct Options {
    half: Half,
    misses: Option<String>,
    json: Option<PathBuf>,
    ordinary: usize,
    dump: Option<PathBuf>,
    strict: bool,
}

impl Options {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options =
            Self { half: Half::All, misses: None, json: None, ordinary: 24_000, dump: None, strict: false };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} wants a value"));
            match word.as_str() {
                "--half" => options.half = Half::parse(&value()?).ok_or("--half is dev, held or all")?,
                "--misses" => options.misses = Some(value()?),
                "--json" => options.json = Some(value()?.into()),
                "--ordinary" => options.ordinary = value()?.parse().map_err(|_| "--ordinary wants a number")?,
                "--dump-ordinary" => options.dump = Some(value()?.into()),
                "--strict" => options.strict = true,
                _ => return Err(format!("{word} is none of the options at the top of examples/report/main.rs")),
            }
        }
        Ok(options)
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(met) => ExitCode::from(u8::from(!met)),
        // Whoever reads has seen enough.
        Err(error)
            if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) =>
        {
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("report: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether all went as asked.
fn run() -> Result<bool, Box<dyn Error>> {
    let options = Options::parse(std::env::args().skip(1))?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut lines = corpus::read(&folder, options.half)?;
    let generated = ordinary::lines(&folder.join("ordinary"), options.ordinary, options.half)?;
    if let Some(file) = &options.dump {
        let body: Vec<String> = generated.iter().map(|line| format!("{}\n", serde_json::json!(
            {"id": line.id, "text": line.text, "spans": [], "label": line.label, "technique": line.technique, "language": line.language}
        ))).collect();
        std::fs::write(file, body.concat())?;
        return Ok(true);
    }
    lines.extend(generated);
    let settings = Settings { own_hosts: vec![OWN_HOST.to_owned()], ..Settings::default() };
    let rules = Rules::new(settings)?;
    let judged: Vec<Judged> = units(&lines).iter().map(|unit| judge::judge(&rules, unit)).collect();
    let mut out = io::BufWriter::new(io::stdout().lock());
    if let Some(which) = &options.misses {
        misses(&mut out, &judged, which)?;
        out.flush()?;
        return Ok(true);
    }
    let rows = table::rows(&judged);
    let missed = rows.iter().filter(|row| row.has_goal() && !row.is_met()).count();
    let broken = judged.iter().any(|one| one.broken);
    if let Some(file) = &options.json {
        std::fs::write(file, serde_json::to_vec(&json(&rows, &judged, rules.version()))?)?;
    }
    writeln!(out, "rules {}; per cent, with 95 % intervals (Wilson)", rules.version())?;
    writeln!(out, "{}", table::HEAD)?;
    for row in &rows {
        writeln!(out, "{row}")?;
    }
    writeln!(out, "{missed} of {} goals missed", rows.iter().filter(|row| row.has_goal()).count())?;
    for one in judged.iter().filter(|one| one.broken) {
        writeln!(out, "BROKEN {}: what is shown does not follow from the spans: {:?}", one.unit, one.shown)?;
    }
    writeln!(out, "{}", pace(&judged))?;
    out.flush()?;
    Ok(!options.strict || (missed == 0 && !broken))
}

/// The lines of each conversation together, and every other line by itself.
fn units(lines: &[Line]) -> Vec<Vec<&Line>> {
    let mut units: Vec<Vec<&Line>> = Vec::new();
    for line in lines {
        match units.last_mut() {
            Some(unit) if line.group.is_some() && unit[0].unit() == line.unit() => unit.push(line),
            _ => units.push(vec![line]),
        }
    }
    units
}

/// What a developer needs to see.
fn misses(out: &mut impl Write, judged: &[Judged], which: &str) -> io::Result<()> {
    let mut wanted = which.split('/');
    let (label, technique, language) = (wanted.next(), wanted.next(), wanted.next());
    let is_wanted = |one: &&Judged| {
        label.is_none_or(|label| label == one.label)
            && technique.is_none_or(|technique| technique == one.technique)
            && language.is_none_or(|language| language == one.language)
    };
    let negative = |one: &Judged| matches!(one.label.as_str(), "trade" | "trap" | "ordinary");
    let contact = |one: &Judged| table::CONTACTS.contains(&one.label.as_str());
    let bad = |one: &&Judged| {
        if negative(one) { !one.flags.is_empty() } else { !one.found || contact(one) && (one.readable || one.wide) }
    };
    for one in judged.iter().filter(is_wanted).filter(bad) {
        let mut why: Vec<&str> = Vec::new();
        if !negative(one) {
            why.extend((!one.found).then_some(if one.covered { "wrong category" } else { "missed" }));
            why.extend((contact(one) && one.readable).then_some("readable"));
            why.extend((contact(one) && one.wide).then_some("hides more"));
        }
        let flags: Vec<&str> = one.flags.iter().map(souk_moderation::Category::as_str).collect();
        let rules: Vec<&str> = one.rules.iter().copied().collect();
        writeln!(out, "{} {} flags={} rules={}", one.unit, why.join(", "), flags.join(","), rules.join(","))?;
        for (written, shown) in &one.shown {
            writeln!(out, "    {written:?}")?;
            if shown != written {
                writeln!(out, " -> {shown:?}")?;
            }
        }
    }
    Ok(())
}

/// How long a message takes, as far as one run on a busy machine can say.
fn pace(judged: &[Judged]) -> String {
    let mut took: Vec<Duration> = judged.iter().flat_map(|one| one.took.iter().copied()).collect();
    took.sort_unstable();
    let at = |share: usize| took.get(took.len() * share / 100).copied().unwrap_or_default();
    format!("{} messages; each p50 {:?}, p99 {:?} (one run, not a benchmark)", took.len(), at(50), at(99))
}

fn json(rows: &[table::Row], judged: &[Judged], version: &str) -> serde_json::Value {
    let took: Duration = judged.iter().flat_map(|one| &one.took).sum();
    let messages = judged.iter().map(|one| one.took.len()).sum::<usize>();
    let units: Vec<serde_json::Value> = judged
        .iter()
        .map(|one| {
            let flags: Vec<&str> = one.flags.iter().map(souk_moderation::Category::as_str).collect();
            serde_json::json!({
                "unit": one.unit, "label": one.label, "technique": one.technique, "language": one.language,
                "found": one.found, "covered": one.covered, "readable": one.readable, "flags": flags,
            })
        })
        .collect();
    serde_json::json!({
        "rules": version, "rows": rows, "messages": messages, "microseconds": took.as_micros(), "units": units,
    })
}
