//! Golden files: one readable case a block, `== name`, then the text of each line as it goes over the wire or is understood.
//!
//! `UPDATE_GOLDEN=1 cargo test -p souk-protocol` writes them anew; the difference is then for people to read.

use std::fmt::Write;
use std::path::PathBuf;

/// The cases of one file.
pub(crate) struct Golden {
    name: &'static str,
    text: String,
}

impl Golden {
    /// A file of this name under `tests/golden`, opened with a line that says what it holds.
    pub(crate) fn new(name: &'static str, about: &str) -> Self {
        Self {
            name,
            text: format!("# {about}\n# UPDATE_GOLDEN=1 cargo test -p souk-protocol writes this file anew.\n"),
        }
    }

    /// A case of several lines.
    pub(crate) fn case(&mut self, name: &str, lines: &[&str]) {
        writeln!(self.text, "\n== {name}").unwrap();
        for line in lines {
            writeln!(self.text, "{line}").unwrap();
        }
    }

    /// A frame that this side writes.
    pub(crate) fn frame(&mut self, name: &str, frame: &[u8]) {
        self.case(name, &[std::str::from_utf8(frame).unwrap()]);
    }

    /// A frame that this side reads, and what it is understood as.
    pub(crate) fn read(&mut self, name: &str, frame: &str, understood: &dyn std::fmt::Debug) {
        self.case(name, &[frame, &format!("-> {understood:?}")]);
    }

    /// Compares with the file, or writes it.
    pub(crate) fn check(self) {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(self.name);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &self.text).unwrap();
            return;
        }
        let stored = std::fs::read_to_string(&path).unwrap_or_default();
        for (number, (now, golden)) in self.text.lines().zip(stored.lines()).enumerate() {
            assert_eq!(now, golden, "{} line {}", self.name, number + 1);
        }
        assert_eq!(self.text.lines().count(), stored.lines().count(), "{} has more or fewer lines", self.name);
    }
}

/// The frames of a golden file of reads: every line of its cases that is not what was understood.
pub(crate) fn frames(name: &str) -> Vec<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let text = std::fs::read_to_string(path).unwrap();
    let skip = |line: &&str| !line.is_empty() && !["# ", "== ", "-> "].iter().any(|mark| line.starts_with(mark));
    text.lines().filter(skip).map(str::to_owned).collect()
}
