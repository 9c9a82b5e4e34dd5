//! The report as files.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{Formatter, PrettyFormatter};

use super::baseline::Moved;
use super::html::{html, html_against};
use super::{Report, SCHEMA};

/// Where a report was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// `report.json`: everything.
    pub json: PathBuf,
    /// `report.html`: the page.
    pub html: PathBuf,
}

/// Why a report cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// It is no JSON.
    #[error("{path} is no JSON: {error}")]
    NotJson {
        /// Which.
        path: String,
        /// Where and why.
        error: serde_json::Error,
    },
    /// It is JSON, and no report.
    #[error("{path} is no report of souk-loadtest: it has no number `schema`")]
    NotReport {
        /// Which.
        path: String,
    },
    /// Another version wrote it.
    #[error("{path} has schema {found}, this harness reads {SCHEMA}: run the older scenario again with this version")]
    Schema {
        /// Which.
        path: String,
        /// Its schema.
        found: u64,
    },
    /// A field is missing or has another form.
    #[error("{path}: {field}: {error}")]
    Field {
        /// Which.
        path: String,
        /// The field's path inside: `totals.sent`, `timeline[3].ack`; `.` for the whole.
        field: String,
        /// What is wrong with it.
        error: serde_json::Error,
    },
}

impl Report {
    /// Writes `report.json` and `report.html` into `dir`, which is made where it is missing; reports there are replaced, each at
    /// once, so that nobody reads half of one.
    pub fn write(&self, dir: &Path) -> io::Result<Paths> {
        self.write_page(dir, &html(self))
    }

    /// The same with what moved from an earlier run in the page.
    pub fn write_against(&self, dir: &Path, moved: &[Moved]) -> io::Result<Paths> {
        self.write_page(dir, &html_against(self, moved))
    }

    fn write_page(&self, dir: &Path, page: &str) -> io::Result<Paths> {
        fs::create_dir_all(dir)?;
        let paths = Paths { json: dir.join("report.json"), html: dir.join("report.html") };
        let mut json = Vec::new();
        self.serialize(&mut Serializer::with_formatter(&mut json, Tidy(PrettyFormatter::new())))?;
        json.push(b'\n');
        replace(&paths.json, &json)?;
        replace(&paths.html, page.as_bytes())?;
        Ok(paths)
    }

    /// Reads a `report.json`.
    pub fn read(path: &Path) -> Result<Report, ReadError> {
        let name = || path.display().to_string();
        let bytes = fs::read(path).map_err(|error| ReadError::File { path: name(), error })?;
        let json: serde_json::Value =
            serde_json::from_slice(&bytes).map_err(|error| ReadError::NotJson { path: name(), error })?;
        // The number first: what another version wrote has other fields, and naming one of them would mislead.
        match json.get("schema").and_then(serde_json::Value::as_u64) {
            None => return Err(ReadError::NotReport { path: name() }),
            Some(found) if found != u64::from(SCHEMA) => return Err(ReadError::Schema { path: name(), found }),
            Some(_) => {}
        }
        serde_path_to_error::deserialize(json).map_err(|error| {
            let field = error.path().to_string();
            ReadError::Field { path: name(), field, error: error.into_inner() }
        })
    }
}

/// Pretty JSON with four decimals at most: a tenth of a microsecond in times, and files that people can read.
struct Tidy(PrettyFormatter<'static>);

impl Formatter for Tidy {
    fn write_f64<W: Write + ?Sized>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        self.0.write_f64(writer, (value * 1e4).round() / 1e4)
    }
    fn begin_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }
    fn end_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }
    fn begin_array_value<W: Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }
    fn end_array_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }
    fn begin_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }
    fn end_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }
    fn begin_object_key<W: Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }
    fn begin_object_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }
    fn end_object_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    fs::write(&beside, content)?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::super::samples::eventful;
    use super::*;

    fn read_after(change: impl Fn(&mut serde_json::Value)) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("report.json");
        let mut json = serde_json::to_value(eventful()).unwrap();
        change(&mut json);
        fs::write(&path, json.to_string()).unwrap();
        let error = Report::read(&path).unwrap_err();
        error.to_string().replace(&path.display().to_string(), "FILE")
    }

    #[test]
    fn what_was_written_is_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let report = eventful();
        let paths = report.write(&dir.path().join("new/out")).unwrap();
        let first = fs::read_to_string(&paths.json).unwrap();
        assert!(first.contains("\"took_s\": 88.4,") && !first.contains("99999"), "numbers are short");
        let read = Report::read(&paths.json).unwrap();
        read.write(&dir.path().join("new/out")).unwrap();
        assert!(fs::read_to_string(&paths.json).unwrap() == first, "the same comes out, in the same order");
        assert!(fs::read_to_string(&paths.html).unwrap().starts_with("<!doctype html>"));
        assert_eq!(fs::read_dir(dir.path().join("new/out")).unwrap().count(), 2, "nothing stays behind");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        assert!(read_after(|json| json["schema"] = 99.into()).starts_with("FILE has schema 99, this harness reads 1"));
        assert!(read_after(|json| *json = 3.into()).contains("is no report of souk-loadtest"));
        let missing = read_after(|json| {
            json["totals"].as_object_mut().unwrap().remove("sent_again");
        });
        assert_eq!(missing, "FILE: totals: missing field `sent_again`");
        let other = read_after(|json| json["timeline"][3]["cuts"] = "many".into());
        assert!(other.starts_with("FILE: timeline[3].cuts: invalid type: string \"many\""), "{other}");
        let kind = read_after(|json| json["integrity"]["offenders"][0]["kind"] = "eaten".into());
        assert!(kind.starts_with("FILE: integrity.offenders[0].kind: unknown variant `eaten`"), "{kind}");
    }

    #[test]
    fn no_json_and_no_file_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("report.json");
        assert!(matches!(Report::read(&path), Err(ReadError::File { .. })));
        fs::write(&path, "{\"schema\": 1,").unwrap();
        let error = Report::read(&path).unwrap_err().to_string();
        assert!(error.contains("is no JSON") && error.contains("line 1"), "{error}");
    }
}
