//! Reading the corpus: files of JSON lines, and the halves that it is cut into.

use std::io;
use std::path::Path;

use serde::Deserialize;
use souk_moderation::{Category, Locale};

/// Every label, in the order of the report, with the name of its file.
pub(crate) const LABELS: [&str; 12] = [
    "phone",
    "email",
    "link",
    "messenger",
    "social",
    "profanity",
    "insult",
    "threat",
    "spam",
    "trade",
    "trap",
    "ordinary",
];

/// The languages, in the order of the report's columns.
pub(crate) const LANGUAGES: [&str; 3] = ["en", "fr", "ru"];

/// What is to be found, in Unicode scalar values.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Wanted {
    /// The first.
    pub(crate) start: usize,
    /// One past the last.
    pub(crate) end: usize,
    /// What it is.
    pub(crate) category: String,
    /// What it may as well be called: a number on WhatsApp is a phone number too.
    #[serde(default)]
    pub(crate) also: Vec<String>,
}

impl Wanted {
    /// The categories that count as right.
    pub(crate) fn categories(&self) -> impl Iterator<Item = Category> {
        std::iter::once(&self.category).chain(&self.also).filter_map(|name| Category::parse(name))
    }
}

/// One message.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Line {
    /// Its name, unique in the corpus.
    pub(crate) id: String,
    /// What was written.
    pub(crate) text: String,
    /// What is to be found in it.
    #[serde(default)]
    pub(crate) spans: Vec<Wanted>,
    /// What must stay: the order's own number, the price beside the phone number.
    #[serde(default)]
    pub(crate) keep: Vec<(usize, usize)>,
    /// What the message is: a category, `trade`, `trap` or `ordinary`.
    pub(crate) label: String,
    /// How it was hidden, or of which kind of talk it is.
    pub(crate) technique: String,
    /// `en`, `fr` or `ru`.
    pub(crate) language: String,
    /// The conversation that it belongs to: judged as one.
    pub(crate) group: Option<String>,
    /// In which order, when it is not the conversation's own.
    #[serde(default)]
    pub(crate) order: String,
    /// When, in milliseconds since the conversation began.
    #[serde(default)]
    pub(crate) at: i64,
}

impl Line {
    /// What is counted once: the conversation, or the message by itself.
    pub(crate) fn unit(&self) -> &str {
        self.group.as_deref().unwrap_or(&self.id)
    }

    /// Who said it: one person per conversation.
    pub(crate) fn sender(&self) -> Option<&str> {
        self.group.as_deref()
    }

    /// The chat's language.
    pub(crate) fn locale(&self) -> Locale {
        Locale::parse(&self.language)
    }
}

/// Which part of the corpus is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Half {
    /// What rules may be written after.
    Dev,
    /// What nobody looks at while writing rules.
    Held,
    /// Both.
    All,
}

impl Half {
    /// The half of this name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "dev" => Some(Self::Dev),
            "held" => Some(Self::Held),
            "all" => Some(Self::All),
            _ => None,
        }
    }

    /// Whether a message or conversation of this name belongs to it.
    pub(crate) fn holds(self, unit: &str) -> bool {
        // FNV-1a: the same in every build, and easily the same in another language.
        let hash = unit.bytes().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        match self {
            Self::All => true,
            Self::Dev => (hash >> 16) & 1 == 0,
            Self::Held => (hash >> 16) & 1 == 1,
        }
    }
}

/// The lines of every file, in the order of [`LABELS`].
pub(crate) fn read(folder: &Path, half: Half) -> io::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for label in LABELS {
        let path = folder.join(format!("{label}.jsonl"));
        let told = |error: String| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()));
        let Ok(body) = std::fs::read_to_string(&path) else { continue };
        for (number, json) in body.lines().enumerate() {
            let line: Line =
                serde_json::from_str(json).map_err(|error| told(format!("line {}: {error}", number + 1)))?;
            if line.label != label {
                return Err(told(format!("{} is labelled {}", line.id, line.label)));
            }
            if half.holds(line.unit()) {
                lines.push(line);
            }
        }
    }
    Ok(lines)
}
