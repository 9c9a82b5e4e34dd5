//! What `linkify` with a port of libphonenumber, and `rustrict`, find in lines of the corpus.
//!
//! `souk-moderation-peers linkify+libphonenumber|rustrict < lines > answers`: a line of JSON with `id` and `text` in, a line with `id`,
//! `spans` (Unicode scalar values) and `flagged` out, and at last one with the time that all took.

use std::io::{self, BufRead, Write};
use std::time::{Duration, Instant};

use linkify::LinkFinder;
use rlibphonenumber::enums::Region;
use rlibphonenumber::phonenumber_matcher::FindNumberExt;
use rustrict::CensorStr;
use serde::{Deserialize, Serialize};

/// Numbers without a country code are tried as numbers of these: where the corpus is at home.
const REGIONS: [Region; 5] = [Region::CA, Region::RU, Region::KZ, Region::FR, Region::GB];

#[derive(Deserialize)]
struct Line {
    id: String,
    text: String,
}

#[derive(Serialize)]
struct Answer<'a> {
    id: &'a str,
    spans: Vec<[usize; 2]>,
    flagged: bool,
}

/// Byte ranges of addresses and phone numbers.
fn contacts(finder: &LinkFinder, text: &str) -> Vec<[usize; 2]> {
    let links = finder.links(text).map(|link| [link.start(), link.end()]);
    let numbers = text.find_phone_numbers_with_regions(REGIONS).map(|number| [number.start, number.end()]);
    links.chain(numbers).collect()
}

/// The same ranges in Unicode scalar values.
fn scalars(text: &str, bytes: Vec<[usize; 2]>) -> Vec<[usize; 2]> {
    let count = |end: usize| text[..end].chars().count();
    bytes.into_iter().map(|[start, end]| [count(start), count(end)]).collect()
}

fn main() -> io::Result<()> {
    let kind = std::env::args().nth(1).unwrap_or_default();
    let mut finder = LinkFinder::new();
    finder.url_must_have_scheme(false);
    let look = |text: &str| match kind.as_str() {
        "linkify+libphonenumber" => {
            let found = contacts(&finder, text);
            (!found.is_empty(), found)
        }
        "rustrict" => (text.is_inappropriate(), Vec::new()),
        _ => panic!("wanted: linkify+libphonenumber or rustrict"),
    };
    let lines = io::stdin().lock().lines().collect::<Result<Vec<_>, _>>()?;
    let lines: Vec<Line> = lines.iter().map(|line| serde_json::from_str(line)).collect::<Result<_, _>>()?;
    for line in lines.iter().take(1000) {
        std::hint::black_box(look(&line.text));
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut took = Duration::ZERO;
    for line in &lines {
        let start = Instant::now();
        let (flagged, found) = look(&line.text);
        took += start.elapsed();
        let answer = Answer { id: &line.id, spans: scalars(&line.text, found), flagged };
        writeln!(out, "{}", serde_json::to_string(&answer)?)?;
    }
    writeln!(out, "{}", serde_json::json!({ "messages": lines.len(), "microseconds": took.as_micros() }))
}
