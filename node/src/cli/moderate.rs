//! `souk moderate`: judging lines as a node would judge messages, for operators who try a rule before they roll it out, and for
//! measuring.
//!
//! One line in, one line of JSON out, in the order of the lines. What was read is answered before more is waited for, so a person at a
//! terminal and a program at the other end of a pipe get each answer at once, and a file goes through in large pieces.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Read, Write};
use std::ops::RangeInclusive;

use serde::de::value::StrDeserializer;
use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use souk_chat::Timestamp;
use souk_moderation::{Action, Locale, Outcome, Replay, Rules, Said};
use souk_protocol::dto::Time;

/// Longest line, in bytes.
const LINE_BYTES_MAX: usize = 1024 * 1024;
/// Read at once, in bytes.
const PIECE_BYTES: usize = 64 * 1024;
/// Moments that can be told apart from nonsense: years 0 to 9999, in milliseconds since the Unix epoch.
const MOMENTS: RangeInclusive<i64> = -62_167_219_200_000..=253_402_300_799_999;

const LINE_FORM: &str =
    "the form is {\"text\", \"sender\"?, \"order\"?, \"at\"? (RFC 3339, or milliseconds), \"locale\"?}";

/// Judges every line of `input`. Returns whether all of them could be read. A reader of `out` that went away ends it without an
/// error. Errors: reading failed.
pub(super) fn moderate(rules: &Rules, input: &mut dyn Read, out: &mut dyn Write) -> io::Result<bool> {
    let mut judge = Judge { replay: Replay::new(rules), line: 0, at_ms: 0, all_read: true, answers: Vec::new() };
    let mut piece = vec![0; PIECE_BYTES];
    let mut line = Partial::default();
    loop {
        let count = match input.read(&mut piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        let mut lines = piece[..count].split(|byte| *byte == b'\n');
        // What stands behind the last line end is the beginning of a line.
        let rest = lines.next_back().unwrap_or_default();
        for end in lines {
            judge.next(line.with(end));
            line = Partial::default();
        }
        line.push(rest);
        if count == 0 && line.has_begun {
            judge.next(line.with(&[]));
            line = Partial::default();
        }
        if out.write_all(&judge.answers).and_then(|()| out.flush()).is_err() {
            return Ok(judge.all_read);
        }
        judge.answers.clear();
        if count == 0 {
            return Ok(judge.all_read);
        }
    }
}

/// The beginning of a line. Of one that is too long only so much is kept as shows that.
#[derive(Default)]
struct Partial {
    bytes: Vec<u8>,
    has_begun: bool,
}

impl Partial {
    fn push(&mut self, bytes: &[u8]) {
        let room = (LINE_BYTES_MAX + 1).saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.has_begun |= !bytes.is_empty();
    }

    /// The whole line, which ends with `end`.
    fn with<'a>(&'a mut self, end: &'a [u8]) -> &'a [u8] {
        if !self.has_begun {
            return end;
        }
        self.push(end);
        &self.bytes
    }
}

/// Where the judging stands.
struct Judge<'r> {
    replay: Replay<'r>,
    /// The last line, counted from 1.
    line: u64,
    /// When it was said.
    at_ms: i64,
    all_read: bool,
    answers: Vec<u8>,
}

impl Judge<'_> {
    fn next(&mut self, line: &[u8]) {
        self.line += 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match Line::read(line) {
            Ok(line) => {
                self.at_ms = line.at.map_or(self.at_ms, |at| at.0);
                let outcome = self.replay.say(&line.said(self.at_ms));
                self.answer(&Judged::of(&outcome));
            }
            Err(error) => {
                self.replay.skip();
                self.all_read = false;
                let line = self.line;
                self.answer(&Unread { line, error });
            }
        }
    }

    fn answer(&mut self, answer: &impl Serialize) {
        serde_json::to_writer(&mut self.answers, answer).expect("texts, numbers and lists of them are always JSON");
        self.answers.push(b'\n');
    }
}

/// A line as it was written. Unknown fields are ignored.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    text: Cow<'a, str>,
    #[serde(borrow)]
    sender: Option<Cow<'a, str>>,
    #[serde(borrow)]
    order: Option<Cow<'a, str>>,
    at: Option<At>,
    #[serde(borrow)]
    locale: Option<Cow<'a, str>>,
}

impl<'a> Line<'a> {
    /// Reads a line. One that begins like a JSON object must be one; any other is a text. The errors quote nothing of the line.
    fn read(line: &'a [u8]) -> Result<Self, Cow<'static, str>> {
        if line.len() > LINE_BYTES_MAX {
            return Err(format!("the line is longer than {LINE_BYTES_MAX} bytes").into());
        }
        let text = std::str::from_utf8(line).map_err(|_| "the line is not UTF-8")?;
        let is_json = text.trim_start().strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with('"'));
        if !is_json {
            return Ok(Self { text: text.into(), sender: None, order: None, at: None, locale: None });
        }
        serde_json::from_str(text).map_err(|error| {
            let what = if error.is_data() { LINE_FORM } else { "the line begins like a JSON object and is none" };
            format!("{what}; column {}", error.column()).into()
        })
    }

    fn said(&self, at_ms: i64) -> Said<'_> {
        Said {
            text: &self.text,
            sender: self.sender.as_deref().filter(|sender| !sender.is_empty()),
            order: self.order.as_deref().unwrap_or_default(),
            at_ms,
            locale: self.locale.as_deref().map_or_else(Locale::default, Locale::parse),
        }
    }
}

/// A moment, in milliseconds since the Unix epoch.
#[derive(Clone, Copy)]
struct At(i64);

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Moment;

        impl Visitor<'_> for Moment {
            type Value = At;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time as in RFC 3339, or milliseconds since 1970")
            }

            fn visit_i64<E: serde::de::Error>(self, millis: i64) -> Result<At, E> {
                if MOMENTS.contains(&millis) { Ok(At(millis)) } else { Err(E::custom("years 0 to 9999")) }
            }

            fn visit_u64<E: serde::de::Error>(self, millis: u64) -> Result<At, E> {
                self.visit_i64(i64::try_from(millis).unwrap_or(i64::MAX))
            }

            #[expect(
                clippy::cast_possible_truncation,
                reason = "parts of a millisecond are cut off, and bounds stay bounds"
            )]
            fn visit_f64<E: serde::de::Error>(self, millis: f64) -> Result<At, E> {
                self.visit_i64(millis as i64)
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<At, E> {
                let time = Time::deserialize(StrDeserializer::<E>::new(text)).map_err(|_| E::custom("no RFC 3339"))?;
                Ok(At(Timestamp::from(time).millis()))
            }
        }

        deserializer.deserialize_any(Moment).map_err(D::Error::custom)
    }
}

/// The answer to a line.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Judged<'a> {
    content: &'a str,
    is_moderated: bool,
    flags: Vec<&'static str>,
    action: &'static str,
    spans: Vec<Span>,
    masks_earlier: &'a [u64],
}

/// Something that was found: in Unicode scalar values of the line's text.
#[derive(Serialize)]
struct Span {
    start: usize,
    end: usize,
    category: &'static str,
    rule: &'static str,
}

impl<'a> Judged<'a> {
    fn of(outcome: &'a Outcome<'_>) -> Self {
        let verdict = &outcome.verdict;
        let spans = verdict.spans.iter().map(|span| Span {
            start: span.start,
            end: span.end,
            category: span.category.as_str(),
            rule: span.rule,
        });
        Self {
            content: &verdict.text,
            is_moderated: verdict.action >= Action::Mask,
            flags: verdict.flags.iter().map(|flag| flag.as_str()).collect(),
            action: verdict.action.as_str(),
            spans: spans.collect(),
            masks_earlier: &outcome.masks_earlier,
        }
    }
}

/// The answer to a line that could not be read.
#[derive(Serialize)]
struct Unread {
    line: u64,
    error: Cow<'static, str>,
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use souk_moderation::Settings;

    use super::*;

    /// Gives its pieces one after another, as a pipe does.
    struct Pieces(VecDeque<Vec<u8>>);

    impl Read for Pieces {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let Some(mut piece) = self.0.pop_front() else { return Ok(0) };
            let rest = piece.split_off(piece.len().min(into.len()));
            if !rest.is_empty() {
                self.0.push_front(rest);
            }
            into[..piece.len()].copy_from_slice(&piece);
            Ok(piece.len())
        }
    }

    fn judged_in(pieces: impl IntoIterator<Item = Vec<u8>>) -> (bool, String) {
        let rules = Rules::new(Settings::default()).unwrap();
        let mut out = Vec::new();
        let all_read = moderate(&rules, &mut Pieces(pieces.into_iter().collect()), &mut out).unwrap();
        (all_read, String::from_utf8(out).unwrap())
    }

    fn judged(input: &str) -> (bool, Vec<serde_json::Value>) {
        let (all_read, out) = judged_in([input.as_bytes().to_vec()]);
        (all_read, out.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    #[test]
    fn each_line_is_answered_in_its_place() {
        let (all_read, out) = judged_in([b"see you at 5\r\n{\"text\":\"call +1 416 555 0188\"}".to_vec()]);
        assert!(all_read);
        let expected = concat!(
            r#"{"content":"see you at 5","isModerated":false,"flags":[],"action":"pass","spans":[],"masksEarlier":[]}"#,
            "\n",
            r#"{"content":"call ***","isModerated":true,"flags":["phone"],"action":"mask","#,
            r#""spans":[{"start":5,"end":20,"category":"phone","rule":"phone.international"}],"masksEarlier":[]}"#,
            "\n",
        );
        assert_eq!(out, expected);
    }

    #[test]
    fn however_the_lines_are_cut_the_answers_are_the_same() {
        let input = "\n{\"text\":\"été à 5\"}\nwrite to a@example.org\n\n{\"te";
        let (_, whole) = judged_in([input.as_bytes().to_vec()]);
        assert_eq!(whole.lines().count(), 5);
        for size in 1..input.len() {
            assert_eq!(judged_in(input.as_bytes().chunks(size).map(<[u8]>::to_vec)).1, whole, "pieces of {size}");
        }
    }

    #[test]
    fn a_line_that_begins_like_json_must_be_json() {
        let lines = [
            ("{\"text\":\"canary\"", "begins like a JSON object"),
            ("{ \"text\" : \"canary\" } x", "begins like a JSON object"),
            ("{\"canary\":1}", "the form is"),
            ("{\"text\":[\"canary\"]}", "the form is"),
            ("{\"text\":\"a\",\"at\":\"canary\"}", "the form is"),
            ("{\"text\":\"a\",\"at\":1e300}", "the form is"),
            ("{\"text\":\"a\",\"sender\":7}", "the form is"),
        ];
        let input: String = lines.iter().map(|(line, _)| format!("{line}\n")).collect();
        let (all_read, out) = judged(&input);
        assert!(!all_read);
        for (number, (answer, (line, said))) in out.iter().zip(lines).enumerate() {
            assert_eq!(answer["line"], number + 1);
            let error = answer["error"].as_str().unwrap();
            assert!(error.contains(said) && !error.contains("canary"), "{line}: {error}");
        }
        let (all_read, out) = judged("{smile}\n{}\n[1]\n\"quoted\"\n{\"text\":\"a\",\"order\":null,\"more\":{}}\n");
        assert!(all_read, "{out:?}");
        assert_eq!(
            out.iter().map(|answer| answer["content"].as_str().unwrap()).collect::<Vec<_>>(),
            ["{smile}", "{}", "[1]", "\"quoted\"", "a"]
        );
    }

    #[test]
    fn what_is_too_long_or_no_text_costs_its_line_and_no_other() {
        let longest = vec![b'a'; LINE_BYTES_MAX];
        let pieces = [longest.clone(), b"\n".to_vec(), longest, b"a\n\xff\n".to_vec(), b"fine".to_vec()];
        let (all_read, out) = judged_in(pieces);
        assert!(!all_read);
        let answers: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(answers[0]["action"], "pass");
        assert_eq!(answers[1]["error"], "the line is longer than 1048576 bytes");
        assert_eq!((&answers[2]["error"], &answers[2]["line"]), (&"the line is not UTF-8".into(), &3.into()));
        assert_eq!(answers[3]["content"], "fine");
    }

    #[test]
    fn lines_of_one_sender_and_order_are_a_conversation() {
        let same =
            |sender: &str, at: &str| format!("{{\"text\":\"Great!\",\"sender\":\"{sender}\",\"order\":\"o\"{at}}}\n");
        let mut input = String::new();
        for at in [",\"at\":1000", "", ",\"at\":\"1970-01-01T02:00:02+02:00\"", ",\"at\":601001.5"] {
            input += &same("ann", at);
        }
        input += &same("bob", "");
        input += &same("", "").repeat(3);
        let (_, out) = judged(&input);
        let actions: Vec<&str> = out.iter().map(|answer| answer["action"].as_str().unwrap()).collect();
        // The third within ten minutes is spam; the fourth is not, since two of those before have left the window.
        assert_eq!(actions, ["pass", "pass", "refuse", "pass", "pass", "pass", "pass", "pass"]);
        assert_eq!(out[2]["flags"], serde_json::json!(["spam"]));
    }

    #[test]
    fn who_stops_reading_ends_it() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let rules = Rules::new(Settings::default()).unwrap();
        let mut endless = io::repeat(b'\n');
        assert!(moderate(&rules, &mut endless, &mut Gone).unwrap());
    }
}
